"""Jobs: submission, polling, result pages, and the org's limit of concurrent jobs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from support.harness import Output, run, tap
from support.http_doubles import Clock, response

from tap_genesys.api.jobs import SUBMISSIONS, Jobs
from tap_genesys.api.polling import PollTimes
from tap_genesys.api.response import body
from tap_genesys.api.status import ResponseAction
from tap_genesys.errors import StopRun
from tap_genesys.interruption import Interruption
from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Fault, Simulator, World

if TYPE_CHECKING:
    from tap_genesys.api.request_note import RequestNote

PATH = "/api/v2/analytics/conversations/details/jobs"
SECRET = "demo-secret"


class Org:
    """Org whose jobs take the given states in turn, and whose pages have the given cursors."""

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
        note: RequestNote,  # noqa: ARG002 - this org refuses nothing
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,  # noqa: ARG002 - each body gets the same job
    ) -> requests.Response:
        """Return the response."""
        if method == "POST":
            self.submissions += 1
            return response({"jobId": "one"}, status=202)
        if params is None:
            self.looks.append(self.clock.now - 1000)
            state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
            return response({"state": state, "errorMessage": f"no {SECRET}"})
        assert path == f"{PATH}/one/results"
        cursor = params.get("cursor", "")
        return response({"page": cursor, "cursor": self._following.get(cursor)})

    def redact(self, text: str) -> str:
        """Return a text without the secret."""
        return text.replace(SECRET, "***")

    def call_once(self, method: str, path: str, note: RequestNote) -> requests.Response:  # noqa: ARG002
        """Return the response to a deletion."""
        assert method == "DELETE"
        return response(status=204)

    def pages(self, first_poll: float) -> list[str]:
        """Read all pages of a job."""
        jobs = jobs_of(self, first_poll=first_poll)
        return [body(page)["page"] for page in jobs.pages({}, "details")]


def jobs_of(org: Org | Places, *, first_poll: float = 3, most: int = 1) -> Jobs:
    """Return the jobs of an org, with a clock that passes the time of each wait at once."""
    return Jobs(
        org,  # type: ignore[arg-type]
        PATH,
        stream="conversation_details",
        shape={},
        clock=org.clock,
        wait=org.clock.wait,
        interruption=Interruption(),
        times=PollTimes(first_poll, 60),
        now=lambda: datetime.now(UTC),
        log=logging.getLogger("test").info,
        most=most,
    )


@pytest.mark.parametrize(
    ("first_poll", "looks"), [(3, [3, 7.5, 14.25]), (0, [0, 0.15, 0.375]), (40, [40, 60])]
)
def test_a_job_is_polled_less_and_less_often(first_poll: float, looks: list[float]) -> None:
    """Polls of a job come at growing intervals, the last one at `job_timeout_seconds`."""
    org = Org(["QUEUED"] * (len(looks) - 1) + ["FULFILLED"], {"": "a"})
    assert org.pages(first_poll) == ["", "a"]
    assert org.looks == pytest.approx(looks)


@pytest.mark.parametrize("first_poll", [0, 3, 90])
def test_a_job_that_does_not_end_is_given_up_when_its_time_is_over(first_poll: float) -> None:
    """A job that is still running after `job_timeout_seconds` stops the run."""
    org = Org(["PENDING"], {})
    with pytest.raises(StopRun, match=r"still PENDING after job_timeout_seconds \(60\)"):
        org.pages(first_poll)
    assert org.looks[-1] == pytest.approx(60)


def test_a_secret_in_the_reason_of_a_lost_job_is_blotted_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the log, and in the error that ends the run."""
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(StopRun, match=r"FAILED \(no \*\*\*\)") as error,
    ):
        Org(["FAILED"], {}).pages(0)
    assert SECRET not in caplog.text + str(error.value)


@pytest.mark.parametrize(
    "following", [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "a"}], ids=["itself", "a ring"]
)
def test_repeated_cursors_are_a_lost_job(following: dict[str, str]) -> None:
    """Cursors that repeat count as a lost job, which is submitted again a few times."""
    org = Org(["FULFILLED"], following)
    with pytest.raises(StopRun, match="gave up after 4 jobs: job one has pages without end"):
        org.pages(3)
    assert org.submissions == SUBMISSIONS


CONCURRENT = {"key": "details.jobs.concurrent.access.max", "namespace": "analytics", "value": 3}


class Places:
    """Org with a limit of concurrent jobs.

    Args: limit: The limit that a refusal names, if any. places: The number of concurrent jobs.
    refused: The submissions that are refused below the limit, counted from 1. retry_after: The
    `Retry-After` of a refusal, in seconds. loses: Whether the first job fails, and another client
    takes its place.
    """

    def __init__(
        self,
        limit: dict[str, Any] | None,
        *,
        places: int = 10,
        refused: tuple[int, ...] = (),
        retry_after: str = "",
        loses: bool = False,
    ) -> None:
        self.clock = Clock()
        self.jobs: list[str] = []
        self.deleted: list[str] = []
        self.submissions: list[float] = []
        self._body = {} if limit is None else {"limit": limit}
        self._places = places
        self._refused = refused
        self._headers = {"Retry-After": retry_after} if retry_after else {}
        self._loses = loses

    def call(
        self,
        method: str,
        path: str,
        note: RequestNote,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ) -> requests.Response:
        """Return the response."""
        if method == "POST":
            return self._submit(f"job-{(data or {})['number']}", note)
        name = path.removeprefix(PATH).split("/")[1]
        if params is not None:
            return response({"page": name})
        if self._loses:
            self._loses = False
            self._places -= 1
            return response({"state": "FAILED"})
        return response({"state": "FULFILLED"})

    def redact(self, text: str) -> str:
        """Return a text without the secret."""
        return text.replace(SECRET, "***")

    def call_once(self, method: str, path: str, note: RequestNote) -> requests.Response:  # noqa: ARG002
        """Return the response to a deletion."""
        assert method == "DELETE"
        name = path.removeprefix(PATH).split("/")[1]
        self.jobs.remove(name)
        self.deleted.append(name)
        return response(status=204)

    def _submit(self, name: str, note: RequestNote) -> requests.Response:
        self.submissions.append(self.clock.now - 1000)
        if len(self.jobs) < self._places and len(self.submissions) not in self._refused:
            self.jobs.append(name)
            return response({"jobId": name}, status=202)
        refusal = response(self._body, status=429, headers=self._headers)
        refusal.request = requests.Request("POST", f"https://api.example.test{PATH}").prepare()
        assert note.overrides is not None
        assert note.overrides(refusal) is ResponseAction.ACCEPT
        return refusal


def queries(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Return query bodies that differ."""
    return [{"number": number} for number in range(start, start + count)]


@pytest.mark.parametrize(("limit", "refusals"), [(CONCURRENT, 1), (None, 2)])
def test_own_jobs_that_hold_the_last_places_make_room(
    limit: dict[str, Any] | None, refusals: int
) -> None:
    """Own prefetched jobs are deleted to make room for the one that is needed.

    At once where the refusal names the limit, else at the second refusal in a row.
    """
    org = Places(limit, places=3, loses=True)
    jobs = jobs_of(org, most=3)
    jobs.submit_ahead(queries(3))
    assert [body(page)["page"] for page in jobs.pages({"number": 0}, "details")] == ["job-0"]
    assert len(org.submissions) == 3 + refusals + 1
    assert org.jobs == []


def test_one_refusal_without_a_limit_deletes_no_running_job() -> None:
    """A single refusal that names no limit deletes no running job."""
    org = Places(None, loses=True, refused=(4,))
    jobs = jobs_of(org, most=3)
    jobs.submit_ahead(queries(3))
    for number in range(3):
        assert list(jobs.pages({"number": number}, "details"))
    assert len(org.submissions) == 5
    assert org.deleted == ["job-0", "job-0", "job-1", "job-2"]


@pytest.mark.parametrize("limit", [CONCURRENT, None])
@pytest.mark.parametrize(("retry_after", "moments"), [("50", [0, 50]), ("", [0, 3]), ("1", [0, 3])])
def test_a_refused_submission_waits_for_its_retry_after(
    limit: dict[str, Any] | None, retry_after: str, moments: list[float]
) -> None:
    """A refused submission waits for `Retry-After`, and never less than the poll interval."""
    org = Places(limit, refused=(1,), retry_after=retry_after)
    assert list(jobs_of(org).pages({"number": 0}, "details"))
    assert org.submissions == moments


def test_a_submission_that_stays_refused_names_the_limit() -> None:
    """After `job_timeout_seconds` of refusals the run stops, and the error names the limit."""
    org = Places(CONCURRENT, places=0)
    with pytest.raises(
        StopRun, match=r"job_timeout_seconds \(60\): .*details\.jobs\.concurrent\.access\.max = 3"
    ):
        list(jobs_of(org).pages({"number": 0}, "details"))
    assert org.clock.now - 1000 == pytest.approx(60)


@pytest.mark.parametrize(("limit", "refusals"), [(CONCURRENT, 1), (None, 2)])
def test_no_job_is_prefetched_at_the_org_s_limit(
    limit: dict[str, Any] | None, refusals: int
) -> None:
    """At the org's limit no further job is submitted ahead, and none is deleted."""
    org = Places(limit, places=1)
    jobs = jobs_of(org, most=3)
    for _ in range(4):
        jobs.submit_ahead(queries(3))
    assert len(org.submissions) == 1 + refusals
    assert org.deleted == []


def test_refusals_without_a_limit_that_are_not_in_a_row_end_no_submitting_ahead() -> None:
    """Separate refusals that name no limit do not end submitting ahead."""
    org = Places(None, refused=(2, 4))
    jobs = jobs_of(org, most=3)
    for _ in range(3):
        jobs.submit_ahead(queries(3))
    assert org.jobs == ["job-0", "job-1", "job-2"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_jobs_than_allowed_are_submitted_ahead(most: int) -> None:
    """At most `most` jobs are open; with one, it is submitted only when it is needed."""
    org = Places(None)
    jobs = jobs_of(org, most=most)
    for _ in range(2):
        jobs.submit_ahead(queries(5))
    assert len(org.jobs) == (most if most > 1 else 0)
    jobs.close()
    assert org.jobs == []


SINCE = datetime(2026, 3, 1, tzinfo=UTC)
LAG = timedelta(hours=4)
WORLD = World(seed=6, per_day=12, since=SINCE, now=SINCE + timedelta(days=9) + LAG, lag=LAG)
TRUTH = {row["conversationId"] for row in WORLD.conversations(SINCE, WORLD.watermark)}
BY_JOB: dict[str, Any] = {"start_date": iso(SINCE), "conversation_details_source": "job"}


def submitted(sim: Simulator) -> list[int]:
    """Return the statuses of all submissions."""
    return [
        request.status
        for request in sim.requests
        if request.path == PATH and request.method == "POST"
    ]


@pytest.mark.parametrize("lost", [0, 1], ids=["ahead", "a lost job"])
def test_a_rate_limit_at_a_submission_is_retried_and_deletes_no_job(
    caplog: pytest.LogCaptureFixture, lost: int
) -> None:
    """A rate limit at a submission is retried like that of any other request.

    The open jobs continue.
    """
    with Simulator(WORLD) as sim:
        if lost:
            sim.faults.add(Fault("state", path="/jobs/job-0", state="FAILED"))
        # The first request is for the watermark; a lost job has a poll and a deletion.
        after = 5 if lost else 2
        sim.faults.add(
            Fault(
                "status",
                path="/details/jobs",
                after=after,
                status=429,
                retry_after="7",
                limit="details.jobs.rate.per.second",
            )
        )
        output = run(sim, "conversation_details", **BY_JOB)
        statuses = submitted(sim)
        deletions = [request for request in sim.requests if request.method == "DELETE"]
    assert statuses.count(429) == 1
    assert statuses[3 if lost else 1] == 429
    assert statuses.count(202) == len(deletions) == 9 + lost
    assert set(output.ids()) == TRUTH
    (line,) = [line for line in caplog.messages if "Waiting 7.0 s" in line]
    assert "Limit: analytics details.jobs.rate.per.second = 300." in line


def test_a_job_that_fails_for_its_row_limit_is_halved() -> None:
    """A job that exceeds the row limit is split, not submitted again as it was."""
    output = Output()
    with Simulator(WORLD) as sim:
        sim.lake.row_limit, sim.lake.fails_at_row_limit = 30, True
        tap(sim, "conversation_details", output=output, window_days=4, **BY_JOB).sync_or_leave()
        bodies = [str(request.body) for request in sim.requests if request.path == PATH]
        assert not sim.lake.jobs
    assert set(output.ids()) == TRUTH
    assert len(bodies) == len(set(bodies)) > 3


@pytest.mark.parametrize("after", [0, 1], ids=["at a look", "at its results"])
def test_a_retry_after_of_hours_ends_the_run_soon_and_no_job_stays(after: int) -> None:
    """A `Retry-After` beyond the limit stops the run, and every open job is deleted."""
    with Simulator(WORLD) as sim:
        sim.faults.add(
            Fault("status", path="/jobs/job-", status=429, retry_after="36000", after=after)
        )
        genesys_tap = tap(sim, "conversation_details", **BY_JOB)
        begun = genesys_tap.clock.seconds()
        with pytest.raises(StopRun, match="Retry-After is 36000 s, longer than"):
            genesys_tap.sync_or_leave()
        assert len(submitted(sim)) == 3
        assert not sim.lake.jobs
        assert genesys_tap.clock.seconds() - begun < 200
