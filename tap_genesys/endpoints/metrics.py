"""Counters for progress and report, in place of the SDK's; its metrics are logged once a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, cast

from singer_sdk import metrics
from typing_extensions import override

if TYPE_CHECKING:
    from types import TracebackType

    from singer_sdk.helpers.types import Context

    from tap_genesys.interruption import Clock
    from tap_genesys.output.progress import StreamProgress
    from tap_genesys.run import Run


class HasRun(Protocol):
    """A tap with a `Run`, the parts that its streams share."""

    run: Run


def run_of(tap: object) -> Run:
    """Return the run of a stream's tap."""
    return cast("HasRun", tap).run


class StreamCounters:
    """The counters of one stream's rows and requests.

    Args:
        run: The run.
        stream: The stream's name.
        endpoint: The path of its requests; empty for a derived table.
    """

    def __init__(self, run: Run, stream: str, endpoint: str = "") -> None:
        #: The counts that are logged and reported.
        self.progress = run.progress.of(stream)
        tags = {metrics.Tag.STREAM: stream, metrics.Tag.ENDPOINT: endpoint}
        #: The counter of all requests of the stream.
        self.requests = RequestCounter(metrics.Metric.HTTP_REQUEST_COUNT, tags)
        self._clock = run.clock

    def rows(self) -> RecordCounter:
        """Return a row counter, a context manager around the sync."""
        return RecordCounter(self.progress, self._clock, self.requests)


class RecordCounter(metrics.Counter):
    """Counts rows; the SDK's own counter would read the clock per row, and log each minute.

    Args:
        counts: The stream's counts, which it updates.
        clock: Counts seconds.
        requests: The request counter, which it closes at the end.
    """

    def __init__(self, counts: StreamProgress, clock: Clock, requests: RequestCounter) -> None:
        super().__init__(metrics.Metric.RECORD_COUNT, {metrics.Tag.STREAM: counts.stream})
        self._counts = counts
        self._clock = clock
        self._requests = requests
        self._before = counts.records

    @override
    def __enter__(self) -> Self:
        self._counts.begin(self._clock.seconds())
        return self

    @override
    def with_context(self, value: Context | None) -> None:
        """Ignore the context: the counter is for all partitions."""

    @override
    def increment(self, value: int = 1) -> None:
        self._counts.records += value

    @override
    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end(broke_off=error_type is not None)

    def end(self, *, broke_off: bool) -> None:
        """Log the counts of rows and requests.

        Args:
            broke_off: Whether an error or a signal ended the sync.
        """
        self._counts.end(self._clock.seconds(), broke_off=broke_off)
        self.value = self._counts.records - self._before
        self.exit()
        self._requests.close()


class RequestCounter(metrics.Counter):
    """Counts the requests of a stream; the SDK's own counter would log them per partition."""

    @override
    def __enter__(self) -> Self:
        return self

    @override
    def __exit__(self, *_error: object) -> None:
        """Do nothing: the counter goes on after a window or partition."""

    @override
    def with_context(self, value: Context | None) -> None:
        """Ignore the context: the counter is for all partitions."""

    @override
    def increment(self, value: int = 1) -> None:
        self.value += value

    def close(self) -> None:
        """Log the count."""
        if self.value:
            self.exit()
