"""What streams lack from start_date on: the log of it, and its load (`load_history`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tap_genesys.replication.history import HISTORY, History
from tap_genesys.replication.lanes import LOADED_LATER
from tap_genesys.replication.query_passes import BEGINNING
from tap_genesys.replication.windows import Window

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Stream

    from tap_genesys.api.response import Record
    from tap_genesys.output.progress import StreamProgress
    from tap_genesys.replication.old_data import OldData
    from tap_genesys.replication.plan import PlanInputs
    from tap_genesys.replication.read_range import ReadRange

    Logger: TypeAlias = logging.Logger | logging.LoggerAdapter[logging.Logger]


class Windowed(Protocol):
    """A stream that is read window by window, from its bookmark on."""

    name: str

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings."""

    @property
    def own_state(self) -> dict[str, Any]:
        """The stream's part of the state."""

    @property
    def logger(self) -> Logger:
        """The stream's logger."""

    @property
    def counts(self) -> StreamProgress:
        """The counts that are logged and reported."""

    def oldest_wanted(self, bookmark: datetime | None, span: ReadRange) -> datetime:
        """Return the first moment that this run or a later one may read."""

    def old_data(self, start: datetime) -> OldData | None:
        """Return the part of a range beyond the horizon, if there is one, and log it."""

    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Return the windows of a range, in chronological order."""

    def read_windows(self, windows: Iterable[Window]) -> Iterator[Record]:
        """Yield the records of windows in order."""


class MissingHistory:
    """The part of the past that a stream lacks, since `start_date` was moved to an earlier date.

    The state has the range in which the stream is complete. Construct it before the stream's first
    STATE. Streams of conversations and of user details have a plan that does the same for their
    tables.

    Args:
        stream: The stream.
        span: The range that the run reads.
        bookmark: The bookmark of earlier runs; None on a first run.
    """

    def __init__(self, stream: Windowed, span: ReadRange, bookmark: datetime | None) -> None:
        self._stream = stream
        oldest = stream.oldest_wanted(bookmark, span)
        self._history = History(
            stream.own_state.get(HISTORY),
            [stream.name],
            bookmark=bookmark,
            start=span.start,
            oldest=oldest,
        )
        stream.own_state[HISTORY] = self._history.entry
        has_start = bookmark is not None and oldest != BEGINNING
        self._before = Window(oldest, bookmark if bookmark and has_start else oldest)
        self._end = span.end
        #: The parts that the stream lacked at the start of the run.
        self._parts = [*self._missing(self._before.end)]
        self._is_loaded = stream.name in stream.config["load_history"]
        names = frozenset([stream.name])
        # The look-back of this run reads what follows its start.
        for part in self._missing(span.start):
            log_missing(stream.logger, part, names, names if self._is_loaded else frozenset())

    def read(self) -> Iterator[Record]:
        """Yield the records of the missing parts, if `load_history` names the stream."""
        if not self._is_loaded:
            return
        for part in self._missing(self._end):
            self._stream.counts.enter(LOADED_LATER)
            self._stream.old_data(part.start)
            yield from self._stream.read_windows(self._stream.windows(*part.bounds))

    def note(self, window: Window) -> None:
        """Note that a window has been read whole, if a part of it was missing."""
        if self.holds(window):
            self._history.note(window, [self._stream.name])
            self._stream.own_state[HISTORY] = self._history.entry

    def holds(self, window: Window) -> bool:
        """Return whether a part of a window was missing at the start of the run."""
        return any(part.start < window.end and window.start < part.end for part in self._parts)

    def _missing(self, end: datetime) -> Iterator[Window]:
        start, bookmark = self._before.bounds
        within = Window(start, min(end, bookmark))
        for part, _ in self._history.missing([self._stream.name], within):
            yield part


def setting_problems(config: Mapping[str, Any], streams: Iterable[type[Stream]]) -> Iterator[str]:
    """Yield one line per name in `load_history` whose history cannot be loaded.

    Args:
        config: Completed settings without other problems.
        streams: The classes of all streams.
    """
    by_name = {vars(stream)["name"]: stream for stream in streams}
    read_by_job = []
    for name in config["load_history"]:
        stream = by_name.get(name)
        if stream is None:
            yield f'load_history has "{name}", and no stream has that name: see docs/streams.md.'
            continue
        # Tables and follow-up streams are read with their parent.
        readers = [reader for reader in (stream, stream.parent_stream_type) if is_windowed(reader)]
        if not readers:
            yield (
                f'load_history has "{name}", a stream without a bookmark: each run reads what the '
                "vendor has, and has no earlier rows to load. Leave it out."
            )
        elif vars(readers[0])["name"] == "conversation_details":
            read_by_job.append(name)
    if read_by_job and config["conversation_details_source"] == "query":
        yield (
            f"load_history is {json.dumps(read_by_job)}, which is loaded by job, and "
            "conversation_details_source is query: set that to auto or job."
        )


def is_windowed(stream: type[Stream] | None) -> bool:
    """Return whether a stream is read window by window."""
    return getattr(stream, "is_windowed", False)


def log_missing_history(logger: Logger, history: History, inputs: PlanInputs, of: str = "") -> None:
    """Log what the selected streams lack, and what of it the run loads.

    Args:
        logger: The stream's logger.
        history: What the streams have.
        inputs: The inputs of the plan.
        of: The records by whose start the streams are read, such as "conversations".
    """
    if inputs.bookmark is None:
        return
    if inputs.oldest == BEGINNING:
        # Without start_date, there is no first moment.
        if history.added:
            logger.info(
                "Selected now: %s. %s that are not read again have no rows there; set "
                "start_date, and load_history to %s, to load them.",
                ", ".join(sorted(history.added)),
                of.capitalize(),
                json.dumps(sorted(history.added)),
            )
        return
    for part, names in history.missing(inputs.selected, Window(inputs.oldest, inputs.bookmark)):
        log_missing(logger, part, names, inputs.load_history, of)


def log_missing(
    logger: Logger, part: Window, names: frozenset[str], loaded: frozenset[str], of: str = ""
) -> None:
    """Log a part of the past that streams lack: loaded after all else, or how to load it.

    Args:
        logger: The stream's logger.
        part: The part.
        names: The streams that lack it.
        loaded: The streams whose history the run loads.
        of: The records by whose start the streams are read, such as "conversations".
    """
    if loading := sorted(names & loaded):
        logger.info(
            "Loading what %s lacks%s in %s, after all else.",
            ", ".join(loading),
            f" of {of} that started" if of else "",
            part,
        )
    left = sorted(names - loaded)
    if left and of:
        logger.warning(
            "%s that started in %s are not loaded, unless they are read again: %s. "
            "To load them, set load_history to %s.",
            of.capitalize(),
            part,
            ", ".join(left),
            json.dumps(left),
        )
    elif left:
        logger.warning(
            "%s: start_date is earlier than what earlier runs have read; what is in %s is not "
            "loaded. To load it, set load_history to %s.",
            ", ".join(left),
            part,
            json.dumps(left),
        )
