"""A job is looked at until it has ended, and its pages are read until they have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from responses import Clock, response

from tap_genesys.answers import body
from tap_genesys.errors import StopRun
from tap_genesys.interruption import Interruption
from tap_genesys.jobs import SUBMISSIONS, Jobs

if TYPE_CHECKING:
    import requests

PATH = "/api/v2/analytics/conversations/details/jobs"


class Org:
    """An org whose jobs are in one state after the other, and whose pages tell the next one."""

    def __init__(self, states: list[str], following: dict[str, str]) -> None:
        self.clock = Clock()
        self.looks: list[float] = []
        self.submissions = 0
        self._states = states
        self._following = following

    def call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,  # noqa: ARG002 - one question is as good as another
        accepted: frozenset[int] = frozenset(),  # noqa: ARG002
        once: bool = False,  # noqa: ARG002
    ) -> requests.Response:
        """Answer."""
        if method == "POST":
            self.submissions += 1
            return response({"jobId": "one"}, status=202)
        if method == "DELETE":
            return response(status=204)
        if params is None:
            self.looks.append(self.clock.now - 1000)
            state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
            return response({"state": state})
        assert path == f"{PATH}/one/results"
        cursor = params.get("cursor", "")
        return response({"page": cursor, "cursor": self._following.get(cursor)})

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.wait(seconds)

    def pages(self, first_poll: float) -> list[str]:
        """Read all pages of a job."""
        jobs = Jobs(
            self,
            PATH,
            interruption=Interruption(sleep=self.clock.wait, clock=self.clock),
            first_poll=first_poll,
            timeout=60,
            now=lambda: datetime.now(UTC),
            log=lambda _text: None,
        )
        return [body(page)["page"] for page in jobs.pages({}, "details")]


@pytest.mark.parametrize(
    ("first_poll", "looks"), [(3, [3, 7.5, 14.25]), (0, [0, 0.15, 0.375]), (40, [40, 60])]
)
def test_a_job_is_looked_at_less_and_less_often(first_poll: float, looks: list[float]) -> None:
    """Also where the first look is at once; the last one is when its time is over."""
    org = Org(["QUEUED"] * (len(looks) - 1) + ["FULFILLED"], {"": "a"})
    assert org.pages(first_poll) == ["", "a"]
    assert org.looks == pytest.approx(looks)


@pytest.mark.parametrize("first_poll", [0, 3, 90])
def test_a_job_that_does_not_end_is_given_up_when_its_time_is_over(first_poll: float) -> None:
    org = Org(["PENDING"], {})
    with pytest.raises(StopRun, match=r"still PENDING after job_timeout_seconds \(60\)"):
        org.pages(first_poll)
    assert org.looks[-1] == pytest.approx(60)


@pytest.mark.parametrize(
    "following", [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "a"}], ids=["itself", "a ring"]
)
def test_cursors_that_go_round_are_a_lost_job(following: dict[str, str]) -> None:
    org = Org(["FULFILLED"], following)
    with pytest.raises(StopRun, match="gave up after 4 jobs: job one has pages without end"):
        org.pages(3)
    assert org.submissions == SUBMISSIONS
