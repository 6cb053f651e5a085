"""The log of what streams of conversations lack, and of the setting that loads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.windows import Window

if TYPE_CHECKING:
    import logging

    from tap_genesys.replication.history import History
    from tap_genesys.replication.plan import PlanInputs


def log_missing_history(
    logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
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
