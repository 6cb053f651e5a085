"""Reports: the vendor prepares them per window; the stream submits, polls and reads them."""

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
    """A windowed stream whose responses have no counts: pages by token, job results, files."""

    selected_by_default = False

    @property
    @override
    def cost(self) -> Cost:
        requests = self.requests_of_window
        text = f"{requests} or more per window: see below"
        return PerWindow(self.windows, self.lookback, requests, text=text)

    @abstractmethod
    def parts(self, window: Window) -> Iterator[list[Any]]:
        """Yield the vendor's records of a window, one list per response."""

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self.run.interruption.check()
        self.window = window
        for records in self.parts(window):
            yield from self.rows_of(records)
        self.finish_window(whole=self.holes.are_accepted(self.label))

    def submitted(self, window: Window, shape: Shape) -> Record:
        """Submit a window's report; return the response's body, which must have a shape."""
        return body(self.call("POST", self.path, data=self.query(window, Page(1)), shape=shape))

    def wait_for(self, look: Callable[[], T | None]) -> T:
        """Poll until the window's report is ready, and return the result of `look`.

        Raises:
            StopRun: The report is not ready within `job_timeout_seconds`.
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
        """Yield page after page; each response has the next page's token.

        Args:
            request: Returns the page of a token, and the next token. The first token, and the one
                after the last page, are empty.

        Raises:
            StopRun: A token repeats.
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
        """Return the error for a report that failed."""
        return StopRun(f"{self.label}: the report is {what!r}. Run again later.")
