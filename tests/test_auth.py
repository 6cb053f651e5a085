"""One token for all threads, renewed before it expires, and secrets that are never shown."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import requests
from support.harness import run
from support.http_doubles import Clock, response
from support.races import Race

from tap_genesys.api.auth import ClientCredentials
from tap_genesys.api.retry import Retry
from tap_genesys.errors import StopRun
from tap_genesys.simulator import Simulator, World


class Login:
    """A double of a session, with responses to token requests."""

    def __init__(self, *responses: requests.Response) -> None:
        self.responses = list(responses)
        self.posts: list[dict[str, Any]] = []

    def post(self, url: str, **options: Any) -> requests.Response:
        self.posts.append({"url": url, **options})
        return self.responses.pop(0)


def token(text: str, **more: Any) -> requests.Response:
    """Return the response to a token request."""
    return response({"access_token": text, "token_type": "bearer", "expires_in": 3600, **more})


def credentials(login: Login | requests.Session, clock: Clock | None = None) -> ClientCredentials:
    """Return credentials with `login` as the session."""
    clock = clock or Clock()
    return ClientCredentials(
        login_url="https://login.example.test",
        client_id="the-id",
        client_secret="the-secret",
        session=login,  # type: ignore[arg-type]
        retry=Retry(
            first_wait=2,
            tries=3,
            longest_wait=180,
            clock=clock,
            logger=logging.getLogger("test"),
        ),
        timeout=60,
        clock=clock,
    )


def sent(auth: ClientCredentials) -> requests.PreparedRequest:
    """Authorize a request."""
    return auth(requests.Request("GET", "https://api.example.test").prepare())


def test_one_login_serves_all_requests() -> None:
    """The token is requested once, with the client credentials, and put on each request."""
    login = Login(token("t1"))
    auth = credentials(login)
    assert [sent(auth).headers["Authorization"] for _ in range(3)] == ["Bearer t1"] * 3
    assert len(login.posts) == 1
    assert login.posts[0]["url"] == "https://login.example.test/oauth/token"
    assert login.posts[0]["data"] == {"grant_type": "client_credentials"}
    assert login.posts[0]["auth"] == ("the-id", "the-secret")


@pytest.mark.parametrize(("lifetime", "renewed_by"), [(3600, 3300), (600, 540), (86399, 86100)])
def test_a_token_is_renewed_before_it_expires(lifetime: int, renewed_by: int) -> None:
    """Five minutes before its end, or a tenth of a short lifetime."""
    clock = Clock()
    login = Login(token("t1", expires_in=lifetime), token("t2"))
    auth = credentials(login, clock)
    sent(auth)
    clock.now += renewed_by - 2
    assert sent(auth).headers["Authorization"] == "Bearer t1"
    clock.now += 3
    assert sent(auth).headers["Authorization"] == "Bearer t2"


@pytest.mark.parametrize("lifetime", [None, "soon", -1, 0, True])
def test_an_invalid_lifetime_is_an_hour(lifetime: object) -> None:
    """A missing, malformed or non-positive `expires_in` is no reason to fail."""
    clock = Clock()
    auth = credentials(Login(token("t1", expires_in=lifetime), token("t2")), clock)
    sent(auth)
    clock.now += 3000
    assert sent(auth).headers["Authorization"] == "Bearer t1"
    clock.now += 500
    assert sent(auth).headers["Authorization"] == "Bearer t2"


def test_a_refused_token_is_renewed_once_for_all_threads() -> None:
    """The second thread with the same refused token finds the new one."""
    login = Login(token("t1"), token("t2"))
    auth = credentials(login)
    first, second = sent(auth), sent(auth)
    auth.renew(first)
    auth.renew(second)
    assert sent(auth).headers["Authorization"] == "Bearer t2"
    assert len(login.posts) == 2


class CrowdedLogin(Login):
    """Responds once all threads have reached the login, or the lock before it."""

    def __init__(self, race: Race, *responses: requests.Response) -> None:
        super().__init__(*responses)
        self._race = race

    def post(self, url: str, **options: Any) -> requests.Response:
        self._race.meet()
        return super().post(url, **options)


def test_threads_that_start_together_log_in_once() -> None:
    """The lock holds all threads until the first one has the token."""
    race = Race(8)
    login = CrowdedLogin(race, *(token(f"t{number}") for number in range(8)))
    auth = credentials(login)
    auth._lock = race.lock
    race.run(lambda: sent(auth))
    assert len(login.posts) == 1


def test_threads_that_are_refused_together_renew_the_token_once() -> None:
    """A token that another thread has renewed is not renewed again."""
    login = Login(token("t1"))
    auth = credentials(login)
    refused = sent(auth)
    race = Race(8)
    crowded = CrowdedLogin(race, *(token(f"t{number}") for number in range(2, 10)))
    auth._session, auth._lock = crowded, race.lock  # type: ignore[assignment]
    race.run(lambda: auth.renew(refused))
    assert len(crowded.posts) == 1
    assert sent(auth).headers["Authorization"] == "Bearer t2"


@pytest.mark.parametrize(
    ("status", "setting", "other"),
    [(400, "check client_id", "client_secret"), (401, "check client_secret", "client_id")],
)
def test_refused_credentials_stop_the_run_and_stay_secret(
    status: int, setting: str, other: str
) -> None:
    """400 is an unknown client, 401 a wrong secret."""
    body = {"error": "invalid_client", "error_description": "the-id / the-secret not found"}
    auth = credentials(Login(response(body, status=status)))
    with pytest.raises(StopRun) as stop:
        sent(auth)
    assert "refuses the credentials" in str(stop.value)
    assert setting in str(stop.value)
    assert other not in str(stop.value)
    assert "*** / *** not found" in str(stop.value)
    assert "the-secret" not in str(stop.value)
    assert "\n" not in str(stop.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"client_id": "someone"},
            r"\(400 .*client not found\).*: check client_id, and that region",
        ),
        ({"client_secret": "guess"}, r"\(401 .*authentication failed\).*: check client_secret\."),
    ],
)
def test_the_simulated_org_refuses_each_part_of_the_credentials(
    wrong: dict[str, str], words: str
) -> None:
    """The error has the setting to check, and not the wrong value."""
    with Simulator(World(seed=1, per_day=1)) as sim, pytest.raises(StopRun, match=words) as stop:
        run(sim, "conversation_details", **wrong)
    assert not [value for value in wrong.values() if value in str(stop.value)]


class Redirecting(requests.adapters.BaseAdapter):
    """An adapter that redirects each request, with the same method and body."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location
        self.sent: list[requests.PreparedRequest] = []

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> requests.Response:
        self.sent.append(request)
        redirect = response({}, status=307, headers={"Location": self.location})
        redirect.url, redirect.request = str(request.url), request
        return redirect

    def close(self) -> None:
        """Keep the session as it is."""


@pytest.mark.parametrize("host", ["", "https://elsewhere.example.test"])
def test_credentials_do_not_follow_a_redirect(host: str) -> None:
    """Not even to the same host; the error has the settings to check."""
    adapter = Redirecting(f"{host}/elsewhere")
    session = requests.Session()
    session.mount("https://", adapter)
    with pytest.raises(StopRun, match=r"No login at .*\(307.*check region, or login_url"):
        sent(credentials(session))
    assert [request.url for request in adapter.sent] == ["https://login.example.test/oauth/token"]


def test_the_limit_of_a_throttled_login_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The vendor's key, namespace and value show which limit it is."""
    limit = {"key": "org.login.rate", "namespace": "auth.api", "value": 10}
    refused = response({"limit": limit}, status=429, headers={"Retry-After": "3"})
    sent(credentials(Login(refused, token("t1"))))
    assert "Limit: auth.api org.login.rate = 10." in caplog.text


def test_a_404_at_the_login_names_region_and_login_url() -> None:
    """A wrong host is the likely cause, and these settings decide it."""
    auth = credentials(Login(response({}, status=404)))
    with pytest.raises(StopRun, match=r"No login at https://login\.example\.test.*region"):
        sent(auth)


@pytest.mark.parametrize(
    "failure",
    [
        response({}, status=503),
        response({}, status=429, headers={"Retry-After": "3"}),
        response(content=b"<html>"),
        response({"token_type": "bearer"}),
    ],
)
def test_a_token_request_is_retried_like_any_other(failure: requests.Response) -> None:
    """After a server error, a rate limit, or a response that is no token."""
    auth = credentials(Login(failure, token("t1")))
    assert sent(auth).headers["Authorization"] == "Bearer t1"


def test_redact_replaces_id_secret_and_token() -> None:
    """Errors may quote a response that echoes a secret."""
    auth = credentials(Login(token("t1-token")))
    sent(auth)
    assert auth.redact("the-id the-secret t1-token else") == "*** *** *** else"


def test_redact_leaves_no_part_of_a_secret() -> None:
    """A token may begin with the secret, and the secret with the id, or the other way round."""
    auth = credentials(Login(token("the-secret-token")))
    auth._credentials = ("the", "the-secret")
    sent(auth)
    assert auth.redact("the-secret-token the-secret the") == "*** *** ***"
    auth._credentials = ("the-secret", "the")
    assert auth.redact("the-secret-token the-secret the") == "*** *** ***"
