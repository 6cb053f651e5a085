"""Reports that the vendor prepares: requested by a window of time, waited for, and read."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from tap_genesys.api.page_steps import Page
from tap_genesys.api.pagination import LAST_PAGE, endless_pages
from tap_genesys.api.polling import Poll
from tap_genesys.api.response import body
from tap_genesys.endpoints.costs import PerWindow
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_genesys.api.response import Record
    from tap_genesys.api.shape import Shape
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.replication.windows import Window

T = TypeVar("T")


class ReportStream(WindowedStream):
    """A window's rows come in responses that nothing counts: by token, by job, as files."""

    selected_by_default = False

    @property
    @override
    def cost(self) -> Cost:
        requests = self.requests_of_window
        text = f"{requests} or more for each window: see below"
        return PerWindow(self.windows, self.lookback, requests, text=text)

    @abstractmethod
    def parts(self, window: Window) -> Iterator[list[Any]]:
        """Yield a window's records, response by response, as the vendor has them."""

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self.run.interruption.check()
        self.window = window
        for records in self.parts(window):
            yield from self.rows_of(records)
        self.finish_window(whole=self.holes.are_accepted(self.label))

    def submitted(self, window: Window, shape: Shape) -> Record:
        """Request a window's report; return the response, which needs a shape."""
        return body(self.call("POST", self.path, data=self.query(window, Page(1)), shape=shape))

    def wait_for(self, look: Callable[[], T | None]) -> T:
        """Look until the window's report is there.

        Raises:
            StopRun: It is not in time.
        """
        first, seconds = self.run.poll_times
        clock = self.run.clock
        poll = Poll(clock=clock, wait=self.wait, first=first, deadline=clock.seconds() + seconds)
        return poll.until(
            look,
            lambda: (
                f"{self.label} is not done after job_timeout_seconds ({seconds:g}). Raise it, or "
                "run again later."
            ),
        )

    def by_token(self, request: Callable[[str], tuple[T, str]]) -> Iterator[T]:
        """Yield page after page, each with the next one's token.

        Args:
            request: Returns the page of a token, and the token after it; the first token, and the
                one after the last page, are empty.

        Raises:
            StopRun: A token comes again.
        """
        token, seen = "", set[str]()
        for _ in range(LAST_PAGE):
            page, token = request(token)
            yield page
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
        raise endless_pages(self.label)

    def failed(self, what: Any) -> StopRun:  # noqa: ANN401 - whatever the vendor has
        """Return the error for a report that will not come."""
        return StopRun(f"{self.label}: the report is {what!r}. Run again later.")
