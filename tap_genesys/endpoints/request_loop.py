"""The requests for a stream's pages: sent when they are needed, or prefetched before that."""

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

#: A request that follows the present one: a part of the stream (a window, a partition's items), and
#: the token of a page of it.
PlannedRequest: TypeAlias = tuple[Any, Any]
_Key: TypeAlias = tuple[str | None, bytes | str | None]


class RequestLoop:
    """Sends the requests of one stream, and prefetches those that follow.

    Args:
        client: Sends them.
        interruption: May break into the wait for a response.
        most: How many may be under way at once.
        prepare: Makes a request that was planned.
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
        """Return the response to a request, and see to it that those that follow are under way.

        Args:
            request: The request that is needed now.
            following: Those that follow it, in their order, as far as they are known.
            may_split: Returns whether its window is split, since it timed out.

        Raises:
            TimedOut: Its window is to be split.
        """
        send = partial(self._client.send, request)
        try:
            response = self._prefetcher.result(_key(request), send, self._sends(following))
        except TimedOut as error:
            # Decided here, where its response is needed, and not where it was prefetched.
            if may_split(error):
                raise
            note_of(request).is_split = False
            response = self._client.send(request, after=error)
            self._client.time_outs.note(request, has_failed=True)
        else:
            self._client.time_outs.note(response.request)
        return response

    def forget(self) -> None:
        """Drop the requests that were prefetched, and those that were prepared for that."""
        self._prefetcher.forget()
        self._prepared = {}

    def _sends(
        self, following: Iterable[PlannedRequest]
    ) -> Iterator[tuple[_Key, Callable[[], requests.Response]]]:
        """Yield the requests that follow, each prepared once."""
        before, self._prepared = self._prepared, {}
        for planned in following:
            request = before.get(planned) or self._prepare(planned)
            self._prepared[planned] = request
            yield _key(request), partial(self._client.send, request)


def _key(request: requests.PreparedRequest) -> _Key:
    """Return a key that differs from that of every other request of the stream."""
    return request.url, request.body
