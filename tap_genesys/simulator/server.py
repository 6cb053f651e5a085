"""The simulated Genesys Cloud on 127.0.0.1: a world, habits, and faults."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from tap_genesys.simulator.aggregating import Sums
from tap_genesys.simulator.api import Api
from tap_genesys.simulator.bodies import RefusedError
from tap_genesys.simulator.faults import Faults
from tap_genesys.simulator.habits import Habits
from tap_genesys.simulator.handler import Request, Server
from tap_genesys.simulator.holdings import holdings, requested_holdings
from tap_genesys.simulator.interactions import STORAGE, stored
from tap_genesys.simulator.lake import Lake
from tap_genesys.simulator.logins import Logins
from tap_genesys.simulator.reports import FILES, Reports
from tap_genesys.simulator.responses import SimulatedResponse, error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from types import TracebackType

    from tap_genesys.simulator.world import World

__all__ = ["Request", "Simulator"]

Row = dict[str, Any]


class Simulator:
    """A simulated Genesys Cloud; a context manager that serves while it is open.

    Its `world` may be changed meanwhile: `sim.world = sim.world.at(later)` moves the present on,
    and `sim.each_request = timedelta(seconds=2)` moves it on with each request.

    Args:
        world: The org and its history.
        port: The port on 127.0.0.1; 0 takes a free one.
        client_id: The org's only OAuth client.
        client_secret: Its secret.
        token_seconds: The lifetime of a token.
        clock: Returns seconds, like `time.monotonic`.
        habits: Fields of `Habits`.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        client_id: str = "demo",
        client_secret: str = "demo-secret",  # noqa: S107 - the key to nothing
        token_seconds: float = 86_399,
        clock: Callable[[], float] = time.monotonic,
        **habits: Any,  # noqa: ANN401 - Habits checks them
    ) -> None:
        self.world = world
        self.habits = Habits(**habits)
        self.faults = Faults()
        self.requests: list[Request] = []
        self._sums = Sums(
            on_clock=self.habits.aggregate_cells == "clock",
            takes_all_users=self.habits.unfiltered_users == "all",
        )
        self.reports = Reports()
        #: Set when the simulator closes, so that slow responses end with it.
        self.closing = threading.Event()
        self._logins = Logins(client_id, client_secret, token_seconds, clock)
        self._results: dict[str, Sequence[int]] = {}
        self.lake = Lake(
            interval_bounds=self.habits.job_interval_bounds,
            oversized_page=self.habits.oversized_job_page,
        )
        #: The time that passes with each request.
        self.each_request = timedelta(0)
        self._lock = threading.Lock()
        self._server = Server(port, self)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL of the API and of the login."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()

    def holdings(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        groupings: Sequence[str] = ("conversation:medium", "conversation:queueId"),
    ) -> Row:
        """Count the rows of each stream; see `holdings.holdings`."""
        has_summaries = self.habits.summaries
        return holdings(self.world, start, end, groupings, has_summaries=has_summaries)

    def expire_tokens(self) -> None:
        """Expire all tokens now."""
        self._logins.expire()

    def note(self, request: Request) -> None:
        """Record a request."""
        with self._lock:
            self.requests.append(request)

    def respond(
        self, method: str, path: str, query: dict[str, str], body: Row | None, login: str
    ) -> SimulatedResponse:
        """Return the response to a request without a fault."""
        if path.startswith("/_simulator/"):
            return self._respond_to_observer(path, query)
        if path == "/oauth/token":
            return self._logins.log_in(method, body, login)
        if path.startswith(STORAGE):
            return stored(path, query, login)
        if path.startswith(FILES):
            return self.reports.stored(path, login)
        refusal = self._logins.refuse(login)
        if refusal is not None:
            return refusal
        with self._lock:
            world = self.world
            if self.each_request:
                self.world = world.at(world.now + self.each_request)
        api = Api(world, self.habits, self._results, self.lake, self._sums, self.url, self.reports)
        return api.respond(method, path, query, body)

    def _respond_to_observer(self, path: str, query: dict[str, str]) -> SimulatedResponse:
        if path == "/_simulator/requests":
            with self._lock:
                return SimulatedResponse(
                    body={"requests": [vars(request) for request in self.requests]}
                )
        if path != "/_simulator/holdings":
            return error(404)
        try:
            return SimulatedResponse(
                body=requested_holdings(self.world, query, has_summaries=self.habits.summaries)
            )
        except RefusedError as refusal:
            return error(400, str(refusal))
