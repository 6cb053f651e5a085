"""The request loop of a stream: sends each request when it is needed, or prefetches it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.api.request_note import note_of
from tap_genesys.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import requests

    from tap_genesys.api.client import GenesysClient
    from tap_genesys.interruption import Interruption

#: A request after the present one: a part of the stream (a window, the items of a partition), and
#: a page token.
PlannedRequest: TypeAlias = tuple[Any, Any]
_Key: TypeAlias = tuple[str | None, bytes | str | None]


class RequestLoop:
    """Sends the requests of one stream, and prefetches the next ones.

    Args:
        client: Sends the requests.
        interruption: Ends the wait for a response on a signal.
        most: Requests in flight, at most.
        prepare: Returns the request of a plan.
    """

    def __init__(
        self,
        client: GenesysClient,
        interruption: Interruption,
        most: int,
        prepare: Callable[[PlannedRequest], requests.PreparedRequest],
    ) -> None:
        self._client = client
        self._prefetcher: Prefetcher[_Key, requests.Response] = Prefetcher(most, interruption)
        self._prepare = prepare
        self._prepared: dict[PlannedRequest, requests.PreparedRequest] = {}

    def response_to(
        self,
        request: requests.PreparedRequest,
        following: Iterable[PlannedRequest],
        may_split: Callable[[TimedOut], bool],
    ) -> requests.Response:
        """Return the response to a request, and prefetch the next ones.

        Args:
            request: The request whose response is needed now.
            following: The next requests in their order, as far as they are known.
            may_split: Returns whether the request's window may be split after a time-out.

        Raises:
            TimedOut: The request's window is to be split.
        """
        send = partial(self._client.send, request)
        try:
            response = self._prefetcher.result(_key(request), send, self._sends(following))
        except TimedOut as error:
            # Decided when the response is needed, not when the request was prefetched.
            if may_split(error):
                raise
            note_of(request).is_split = False
            response = self._client.send(request, after=error)
            self._client.time_outs.note(request, has_failed=True)
        else:
            self._client.time_outs.note(response.request)
        return response

    def forget(self) -> None:
        """Drop all prefetched responses and prepared requests."""
        self._prefetcher.forget()
        self._prepared = {}

    def _sends(
        self, following: Iterable[PlannedRequest]
    ) -> Iterator[tuple[_Key, Callable[[], requests.Response]]]:
        """Yield the next requests, each prepared once."""
        before, self._prepared = self._prepared, {}
        for planned in following:
            request = before.get(planned) or self._prepare(planned)
            self._prepared[planned] = request
            yield _key(request), partial(self._client.send, request)


def _key(request: requests.PreparedRequest) -> _Key:
    """Return a key that is unique among the stream's requests."""
    return request.url, request.body
