"""The log of what streams lack, and of the way to load it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_genesys.config.settings import OF_CONVERSATIONS
from tap_genesys.replication.history import HISTORY, History
from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.windows import Window

if TYPE_CHECKING:
    import logging
    from datetime import datetime

    from tap_genesys.replication.plan import PlanInputs
    from tap_genesys.replication.read_range import ReadRange

    Logger: TypeAlias = logging.Logger | logging.LoggerAdapter[logging.Logger]


def note_start(
    name: str,
    state: dict[str, Any],
    logger: Logger,
    bounds: tuple[ReadRange, datetime | None, datetime],
) -> None:
    """Write to the state from when on a stream is complete; log what it lacks from start_date on.

    Args:
        name: The stream; of conversations, their plan does it.
        state: The stream's part of the state.
        logger: The stream's logger.
        bounds: The range that the run reads, the bookmark, and the first moment that is wanted.
    """
    if name in OF_CONVERSATIONS:
        return
    span, bookmark, oldest = bounds
    entry = state.get(HISTORY)
    history = History(entry, [name], bookmark=bookmark, start=span.start, oldest=oldest)
    state[HISTORY] = history.entry
    if bookmark is None or oldest == BEGINNING:
        return
    for part, _ in history.missing([name], Window(oldest, bookmark)):
        logger.warning(
            "%s: start_date was moved to an earlier date; what is in %s is not loaded. To load it, "
            "remove the stream's entry from the state: the next run reads from start_date on.",
            name,
            part,
        )


def log_missing_history(
    logger: Logger,
    history: History,
    inputs: PlanInputs,
) -> None:
    """Log what the selected streams lack, and what of it the run loads.

    Args:
        logger: The stream's logger.
        history: What the streams have.
        inputs: The inputs of the plan.
    """
    if inputs.bookmark is None:
        return
    for name in sorted(inputs.load_history - inputs.selected):
        logger.warning("load_history: %s is not selected, so nothing is loaded of it.", name)
    if inputs.oldest == BEGINNING:
        # Without start_date, there is no first moment.
        if history.added:
            logger.info(
                "Selected now: %s. Conversations that are not read again have no rows there; set "
                "start_date, and load_history to %s, to load them.",
                ", ".join(sorted(history.added)),
                json.dumps(sorted(history.added)),
            )
        return
    for part, names in history.missing(inputs.selected, Window(inputs.oldest, inputs.bookmark)):
        if loading := names & inputs.load_history:
            logger.info(
                "Loading what %s lacks of conversations that started in %s, after all else.",
                ", ".join(sorted(loading)),
                part,
            )
        if left := names - inputs.load_history:
            logger.warning(
                "Conversations that started in %s are not loaded, unless they are read again: %s. "
                "To load them, set load_history to %s.",
                part,
                ", ".join(sorted(left)),
                json.dumps(sorted(left)),
            )
