"""Proxies and certificates of the environment apply, as `requests` reads them."""

from __future__ import annotations

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import select_proxy
from support.harness import run

from tap_genesys.api.proxies import apply_environment
from tap_genesys.simulator import Simulator, World

API, LOGIN = "https://api.mypurecloud.de", "https://login.mypurecloud.de"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
VALUES = {
    "http_proxy": st.sampled_from(["", "http://one.test:3128"]),
    "https_proxy": st.sampled_from(["", "http://two.test:3128"]),
    "all_proxy": st.sampled_from(["", "http://all.test:3128"]),
    "no_proxy": st.sampled_from(["", "*", "login.mypurecloud.de", ".mypurecloud.de", "other"]),
}


@given(st.fixed_dictionaries(VALUES), st.sampled_from([API, LOGIN, "http://127.0.0.1:8911"]))
def test_the_proxy_is_the_one_that_requests_would_take(
    environment: dict[str, str], url: str
) -> None:
    """The settled session has the proxy that `requests` determines for each request."""
    with pytest.MonkeyPatch.context() as patch:
        for name in NAMES:
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
            if environment[name]:
                patch.setenv(name, environment[name])
        usual = requests.Session().merge_environment_settings(url, {}, None, None, None)
        session = requests.Session()
        apply_environment(session, (API, LOGIN, "http://127.0.0.1:8911"))
        ours = session.merge_environment_settings(url, {}, None, None, None)
    assert select_proxy(url, ours["proxies"]) == select_proxy(url, usual["proxies"])
    assert ours["verify"] == usual["verify"]


def test_certificates_are_those_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`REQUESTS_CA_BUNDLE` applies."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/some/bundle.pem")
    session = requests.Session()
    apply_environment(session, (API,))
    assert session.verify == "/some/bundle.pem"


def test_an_unreachable_proxy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is down is an error; no request reaches the org without it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Simulator(World(per_day=1)) as sim:
        with pytest.raises(Exception, match="the connection failed"):
            run(sim, "divisions", retry_max_tries=1)
        assert not sim.requests
