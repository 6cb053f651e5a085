"""Where the SDK counts, we count too; its metrics come once, when a stream has been read."""

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
    """A tap that has the parts that its streams share."""

    run: Run


def run_of(tap: object) -> Run:
    """Return the run of a stream's tap."""
    return cast("HasRun", tap).run


class StreamCounters:
    """The counters of one stream's rows and requests, for people and for the report.

    Args:
        run: The run.
        stream: The stream's name.
        endpoint: The path of its requests; empty for a table, which makes none.
    """

    def __init__(self, run: Run, stream: str, endpoint: str = "") -> None:
        #: The numbers that are logged and reported.
        self.progress = run.progress.of(stream)
        tags = {metrics.Tag.STREAM: stream, metrics.Tag.ENDPOINT: endpoint}
        #: The one counter of all requests of the stream.
        self.requests = RequestCounter(metrics.Metric.HTTP_REQUEST_COUNT, tags)
        self._clock = run.clock

    def rows(self) -> RecordCounter:
        """Return a counter of rows, which is entered when reading begins."""
        return RecordCounter(self.progress, self._clock, self.requests)


class RecordCounter(metrics.Counter):
    """Counts rows for us; the SDK's own would look at the clock for each, and log each minute.

    Args:
        counts: Where they are counted.
        clock: Counts seconds.
        requests: Is closed when all rows have been counted.
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
        """Leave the parents out: it counts all of them."""

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
        """Log the count, of requests as well.

        Args:
            broke_off: Whether an error or a signal ended the reading.
        """
        self._counts.end(self._clock.seconds(), broke_off=broke_off)
        self.value = self._counts.records - self._before
        self.exit()
        self._requests.close()


class RequestCounter(metrics.Counter):
    """Counts the responses of a stream; the SDK's own would log them parent by parent."""

    @override
    def __enter__(self) -> Self:
        return self

    @override
    def __exit__(self, *_error: object) -> None:
        """Leave a window or a parent, and count on."""

    @override
    def with_context(self, value: Context | None) -> None:
        """Leave the parents out, as above."""

    @override
    def increment(self, value: int = 1) -> None:
        self.value += value

    def close(self) -> None:
        """Log what was counted."""
        if self.value:
            self.exit()
