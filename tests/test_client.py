"""One request: its token, its tries, and the action on its response."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import requests
from support.http_doubles import Clock, response

from tap_genesys.api.client import GenesysClient
from tap_genesys.api.request_note import RequestNote, annotate, note_of
from tap_genesys.api.response import body
from tap_genesys.api.retry import Retry
from tap_genesys.api.status import (
    ResponseAction,
    accepting,
    accepting_refusals,
    action_of,
    either,
)
from tap_genesys.errors import (
    PageTooLarge,
    SkipStream,
    StopRun,
    TimedOut,
    TooManyRows,
    TryAgain,
)

SECRET = "the-secret"
PATH = "/api/v2/users"


class Session(requests.Session):
    """A session with given responses; the last one is repeated."""

    def __init__(self, *responses: requests.Response) -> None:
        super().__init__()
        self._responses = [*responses]
        self.sent: list[requests.PreparedRequest] = []
        self.sent_with: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Return the next response."""
        self.sent.append(request)
        self.sent_with.append(options)
        result = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        result.request = request
        return result


class Login:
    """A token that counts its renewals."""

    def __init__(self) -> None:
        self.renewals = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = f"Bearer {self.renewals}"
        return request

    def renew(self, _request: requests.PreparedRequest) -> None:
        """Renew the token."""
        self.renewals += 1

    def redact(self, text: str) -> str:
        """Return a text without the secret."""
        return text.replace(SECRET, "***")


def client(*responses: requests.Response, tries: int = 3) -> GenesysClient:
    """Return a client with these responses, and a clock whose waits take no time."""
    retry = Retry(
        first_wait=1, tries=tries, longest_wait=10, clock=Clock(), logger=logging.getLogger("test")
    )
    return GenesysClient(
        base_url="https://api.example.test",
        session=Session(*responses),
        authenticator=Login(),  # type: ignore[arg-type]
        retry=retry,
        timeout=7,
    )


def session_of(api: GenesysClient) -> Session:
    assert isinstance(api.session, Session)
    return api.session


def refused(status: int, message: str = "no") -> requests.Response:
    return response({"message": message}, status=status)


def test_a_request_is_sent_to_the_api_with_its_note() -> None:
    """The note of the request is on its response, with the stream."""
    api = client(response({"id": 1}))
    note = RequestNote("users", "users, all of them")
    result = api.call("POST", PATH, note, params={"a": "b c"}, data={"d": 1})
    (request,) = session_of(api).sent
    assert request.url == f"https://api.example.test{PATH}?a=b+c"
    assert (request.method, request.body) == ("POST", b'{"d": 1}')
    assert request.headers["Authorization"] == "Bearer 0"
    assert note_of(result.request) is note
    assert session_of(api).sent_with == [{"timeout": 7}]


def test_a_request_without_a_note_belongs_to_no_stream() -> None:
    """Such as a login."""
    assert note_of(object()) == RequestNote()
    request = requests.Request("GET", "https://api.example.test").prepare()
    assert note_of(annotate(request, RequestNote("users"))).stream == "users"


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (ResponseAction.SPLIT, TooManyRows),
        (ResponseAction.SHRINK, PageTooLarge),
        (ResponseAction.SKIP, SkipStream),
        (ResponseAction.STOP, StopRun),
    ],
)
def test_each_action_has_its_error(action: ResponseAction, error: type[Exception]) -> None:
    """Overrides win over the table, in which 400 stops the run."""
    api = client(refused(400))
    note = RequestNote("users", "users, window", overrides=lambda _response: action)
    with pytest.raises(error) as raised:
        api.call("GET", PATH, note)
    assert type(raised.value) is error
    assert f"GET {PATH} answered 400: no." in str(raised.value)
    assert len(session_of(api).sent) == 1


def test_an_error_has_the_part_and_the_body_of_the_request() -> None:
    """Without the secret, from wherever it comes."""
    api = client(refused(400, f"bad {SECRET}"))
    with pytest.raises(StopRun) as error:
        api.call("POST", PATH, RequestNote("users", "users, window 1"), data={"secret": SECRET})
    assert str(error.value) == (
        f'users, window 1: POST {PATH} answered 400: bad ***. Sent: {{"secret": "***"}}'
    )


def test_an_accepted_response_is_returned_as_it_is() -> None:
    """It need not be JSON, and its status has no effect."""
    api = client(response(content=b"<html>", status=404))
    note = RequestNote("users", overrides=accepting({404}))
    assert api.call("GET", PATH, note).content == b"<html>"


def test_no_content_is_as_garbled_as_any_other_body() -> None:
    """No operation of the tap returns it, so the request is sent again."""
    api = client(response(content=b"", status=204), response({"id": 1}))
    assert body(api.call("GET", PATH, RequestNote())) == {"id": 1}
    assert len(session_of(api).sent) == 2


@pytest.mark.parametrize("may_be_array", [True, False])
def test_an_array_is_read_where_one_is_expected(may_be_array: bool) -> None:  # noqa: FBT001
    """Elsewhere it is malformed, and the request is sent again."""
    api = client(response([1]), tries=2)
    note = RequestNote("users", may_be_array=may_be_array)
    if may_be_array:
        assert api.call("GET", PATH, note).ok
    else:
        with pytest.raises(StopRun, match=r"Gave up after 2 tries .*: expected JSON.*but a list"):
            api.call("GET", PATH, note)
    assert len(session_of(api).sent) == 2 - may_be_array


def test_a_token_is_renewed_once() -> None:
    """Within one try, which goes on with the new token."""
    api = client(refused(401), response({}))
    api.call("GET", PATH, RequestNote())
    assert [request.headers["Authorization"] for request in session_of(api).sent][-1] == "Bearer 1"
    api = client(refused(401))
    with pytest.raises(StopRun, match="even with a new token"):
        api.call("GET", PATH, RequestNote())
    assert len(session_of(api).sent) == 2


def test_failures_are_recorded_and_retried() -> None:
    """The note of a request has the statuses of its failed tries."""
    api = client(refused(503), refused(429), response({}))
    note = RequestNote("users")
    assert api.call("GET", PATH, note).ok
    assert note.failures == [503, 429]


@pytest.mark.parametrize("is_split", [True, False])
def test_a_second_time_out_ends_the_tries_of_a_window(is_split: bool) -> None:  # noqa: FBT001
    """Of windows only; these tries count if the request is sent again unsplit."""
    api = client(refused(504), refused(503), refused(408), response({}), tries=4)
    request = api.prepare("GET", f"{api.base_url}{PATH}", RequestNote("a", is_split=is_split))
    if not is_split:
        assert api.send(request).ok
        return
    with pytest.raises(TimedOut) as error:
        api.send(request)
    assert error.value.tries == 3
    note_of(request).is_split = False
    assert api.send(request, after=error.value).ok
    assert len(session_of(api).sent) == 4


def test_a_request_without_tries_left_is_not_sent_again() -> None:
    """A window that cannot be split is sent again with the tries that it has left."""
    api = client(refused(504), tries=2)
    request = api.prepare("GET", f"{api.base_url}{PATH}", RequestNote("a", is_split=True))
    with pytest.raises(TimedOut) as error:
        api.send(request)
    with pytest.raises(StopRun, match="Gave up after 2 tries"):
        api.send(request, after=error.value)
    assert len(session_of(api).sent) == 2


def test_a_brief_call_is_one_try_without_an_error() -> None:
    """It cleans up after a run that may be ending."""
    api = client(refused(503))
    assert api.call_once("DELETE", PATH, RequestNote("jobs")).status_code == 503
    (options,) = session_of(api).sent_with
    assert options["timeout"] < 2
    (request,) = session_of(api).sent
    assert request.headers["Authorization"] == "Bearer 0"


@pytest.mark.parametrize(("failure", "may_split"), [(503, False), (429, True), (None, True)])
def test_a_call_that_failed_at_first_is_noted_as_an_outage(
    failure: int | None,
    may_split: bool,  # noqa: FBT001
) -> None:
    """A query that times out after it is not split; a rate limit is no outage."""
    api = client(*([refused(failure)] if failure else []), response({}))
    api.call("GET", PATH, RequestNote("users"))
    assert api.time_outs.may_split() is may_split


def test_malformed_json_is_logged_and_requested_again() -> None:
    """With the parser's reason; the second response is returned."""
    api = client(response(content=b"{"), response({"id": 1}))
    request = api.prepare("GET", f"{api.base_url}{PATH}", RequestNote())
    with pytest.raises(TryAgain) as error:
        api._try(request)
    text = str(error.value)
    assert text.startswith(
        f"GET {PATH} answered 200: expected JSON, got a body that cannot be parsed ("
    )
    assert text.endswith(")")
    assert api.send(request).ok


def test_each_status_has_the_action_of_the_table() -> None:
    """An unlisted status stops the run."""
    actions = {
        **dict.fromkeys((200, 202, 204, 206), ResponseAction.READ),
        **dict.fromkeys((301, 302, 303, 307, 308), ResponseAction.REDIRECTED),
        401: ResponseAction.RENEW,
        403: ResponseAction.SKIP,
        **dict.fromkeys((408, 429, 500, 502, 503, 504), ResponseAction.RETRY),
    }
    for status in range(100, 600):
        assert action_of(status) is actions.get(status, ResponseAction.STOP)


def test_refusals_for_good_are_accepted_and_nothing_else() -> None:
    """Statuses of 400 to 499 that neither another try nor another token changes."""
    accepted = [s for s in range(100, 600) if accepting_refusals(response(status=s)) is not None]
    assert accepted == [s for s in range(400, 500) if s not in {401, 408, 429}]
    assert accepting_refusals(response(status=404)) is ResponseAction.ACCEPT


def test_the_first_override_with_an_action_counts() -> None:
    """Overrides of the status table are in order of precedence."""
    both = either(accepting({404}), lambda _response: ResponseAction.SKIP)
    assert both(response(status=404)) is ResponseAction.ACCEPT
    assert both(response(status=403)) is ResponseAction.SKIP
