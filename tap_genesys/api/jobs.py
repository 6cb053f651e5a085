"""Asynchronous jobs: submit, poll with a deadline, read by cursor, and delete in any case.

While one job is polled and read, the next ones run: they are submitted in advance, as many as
`most` and the org's limit allow. Their results are read in the order of the windows.

States, operations and `cursor` are the vendor's (`AsyncQueryStatus`, Python SDK 269.0.0). The text
of the row limit's error is known from other production code.

A 429 on submission is either a rate limit or the org's limit of concurrent jobs. A rate limit that
the response names (`limit.key`) is retried like any other. After a limit of concurrency, no job is
submitted in advance any more in this run. A 429 without a limit is retried, and counts as a limit
of concurrency if the next submission is refused as well.
"""

from __future__ import annotations

import json
import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_genesys.api.pagination import LAST_PAGE
from tap_genesys.api.polling import Poll
from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.api.request_note import RequestNote
from tap_genesys.api.response import body, limit, refusal, retry_after
from tap_genesys.api.shape import DATE, TEXT, TOKEN, Required
from tap_genesys.api.status import ResponseAction, accepting
from tap_genesys.errors import ResubmitJob, StopRun, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    import requests

    from tap_genesys.api.client import GenesysClient
    from tap_genesys.api.polling import PollTimes
    from tap_genesys.api.shape import Shape
    from tap_genesys.api.status import Overrides
    from tap_genesys.interruption import Clock, Interruption

PAGE_SIZE = 1000
SUBMISSIONS = 4
#: The shapes of the responses to a submission, a poll, and a page of results.
SUBMITTED = {"jobId": Required(TEXT)}
STATUS = {"state": Required(TEXT), "errorMessage": TEXT}
RESULTS = {"cursor": TOKEN, "dataAvailabilityDate": DATE}
_WAITING, _DONE = ("QUEUED", "PENDING"), "FULFILLED"
_LOST = ("FAILED", "CANCELLED", "EXPIRED")
#: Statuses that mean that the results are lost.
_NO_RESULTS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_ROW_LIMIT = re.compile(r"exceed\D*\d+\D*(results|rows|records)|row limit", re.IGNORECASE)


class Jobs:
    """Runs jobs at one operation.

    Args:
        client: Sends the requests.
        path: The operation, `.../details/jobs`.
        stream: The stream for which the requests are counted.
        shape: The shape that a page of results must have.
        clock: Counts seconds.
        wait: Waits for some seconds, and counts them for the stream.
        interruption: Lets a job be deleted after a signal.
        times: The pause before the first poll, and the timeout after which a job stops the run.
        now: Returns the present time, aware.
        log: Logs a line.
        lane: Returns the lane of the stream for which the requests are counted.
        most: Concurrent jobs, at most.
        most_requests: Requests in flight, at most: with two, the next page of results is prefetched
            while one is read. Later cursors are not known in advance.
    """

    def __init__(  # noqa: PLR0913 - each is named by its caller
        self,
        client: GenesysClient,
        path: str,
        *,
        stream: str,
        shape: dict[str, Any],
        clock: Clock,
        wait: Callable[[float], None],
        interruption: Interruption,
        times: PollTimes,
        now: Callable[[], datetime],
        log: Callable[[str], None],
        lane: Callable[[], str] = lambda: "job",
        most: int = 1,
        most_requests: int = 1,
    ) -> None:
        self._client = client
        self._path = path
        self._stream = stream
        self._lane = lane
        self._shape = {**shape, **RESULTS}
        self._clock = clock
        self._wait = wait
        self._interruption = interruption
        self._first_poll, self._timeout = times
        self._now = now
        self._log = log
        self._most = most
        self._prefetcher: Prefetcher[str, requests.Response] = Prefetcher(
            most_requests, interruption
        )
        #: Query -> the id of its job that was submitted in advance, and the moment of that.
        self._ahead: dict[str, tuple[str, float]] = {}
        self._is_at_limit = False
        #: Whether the latest submission was refused.
        self._is_refused = False

    def submit_ahead(self, queries: Iterable[dict[str, Any]]) -> None:
        """Submit the jobs of the next queries, up to `most` and the org's limit.

        Args:
            queries: The next queries, in their order.
        """
        for query in queries:
            if self._most == 1 or self._is_at_limit or len(self._ahead) >= self._most:
                return
            key = _key(query)
            if key in self._ahead:
                continue
            response = self._post(query, self._stream)
            if self._is_refused:
                return
            self._ahead[key] = body(response)["jobId"], self._clock.seconds()

    def close(self) -> None:
        """Delete the jobs that were submitted in advance and not read."""
        while self._ahead:
            _, (job, _) = self._ahead.popitem()
            self._delete(job)

    def pages(self, query: dict[str, Any], label: str) -> Iterator[requests.Response]:
        """Yield the pages of a query's results; if its job is lost, yield all of them once more.

        Args:
            query: The body of the query.
            label: The stream and the window, for a message.

        Raises:
            TooManyRows: Request a shorter window.
            StopRun: The job does not finish in time, or is lost too often.
        """
        lost = ""
        for _ in range(SUBMISSIONS):
            try:
                yield from self._one_job(query, label)
            except ResubmitJob as error:
                lost = str(error)
                self._log(f"{label}: {lost}; submitted again.")
            else:
                return
        msg = f"{label}: gave up after {SUBMISSIONS} jobs: {lost}. Run again later."
        raise StopRun(msg)

    def _one_job(self, query: dict[str, Any], label: str) -> Iterator[requests.Response]:
        deadline = self._clock.seconds() + self._timeout
        job, submitted = self._ahead.pop(_key(query), ("", 0.0))
        if not job:
            job, submitted = self._submit(query, label, deadline), self._clock.seconds()
        try:
            # A job that was submitted in advance may have finished.
            self._wait_for(job, label, deadline, self._clock.seconds() - submitted)
            yield from self._results(job, label)
        finally:
            self._delete(job)

    def _submit(self, query: dict[str, Any], label: str, deadline: float) -> str:
        poll = self._poll(deadline)
        refused: requests.Response

        def submit() -> str | None:
            nonlocal refused
            response = refused = self._post(query, label)
            if not self._is_refused:
                return str(body(response)["jobId"])
            if self._is_at_limit:
                # Free the places of the jobs that were submitted in advance; else only jobs of
                # others, or of a crashed run, could free one.
                self.close()
            poll.lengthen(retry_after(response, self._now()) or 0)
            return None

        return poll.until(
            submit,
            lambda: (
                f"{label}: no job could be submitted within job_timeout_seconds "
                f"({self._timeout:g}): {self._reason(refused)}"
            ),
        )

    def _post(self, query: dict[str, Any], label: str) -> requests.Response:
        """Submit a job; note whether it is refused, and whether the org's limit is reached."""
        note = self._note(label, _accepting_limit, SUBMITTED)
        response = self._client.call("POST", self._path, note, data=query)
        was_refused, self._is_refused = self._is_refused, _may_be_at_limit(response)
        if self._is_refused:
            self._is_at_limit = self._is_at_limit or was_refused or limit(response) is not None
            self._log(f"A job was refused. {self._reason(response)}")
        return response

    def _wait_for(self, job: str, label: str, deadline: float, age: float) -> None:
        state = ""

        def poll_once() -> bool | None:
            nonlocal state
            is_unknown = accepting({HTTPStatus.NOT_FOUND})
            note = self._note(label, is_unknown, STATUS)
            response = self._client.call("GET", f"{self._path}/{job}", note)
            if response.status_code == HTTPStatus.NOT_FOUND:
                msg = f"job {job} is unknown"
                raise ResubmitJob(msg)
            status = body(response)
            state, reason = status["state"], status.get("errorMessage") or ""
            reason = self._client.redact(reason)
            if state in _LOST:
                if _ROW_LIMIT.search(reason):
                    raise TooManyRows(reason)
                msg = f"job {job} is {state}{f' ({reason})' if reason else ''}"
                raise ResubmitJob(msg)
            if state not in (*_WAITING, _DONE):
                msg = f"{label}: job {job} is in the state {state!r}, which is unknown."
                raise StopRun(msg)
            return True if state == _DONE else None

        poll = self._poll(deadline)
        poll.pause(age)
        poll.until(
            poll_once,
            lambda: (
                f"{label}: job {job} is still {state} after job_timeout_seconds "
                f"({self._timeout:g}). Raise it, or run again later."
            ),
        )

    def _poll(self, deadline: float) -> Poll:
        return Poll(
            clock=self._clock,
            wait=self._wait,
            first=self._first_poll,
            deadline=deadline,
        )

    def _results(self, job: str, label: str) -> Iterator[requests.Response]:
        cursor, seen = "", set[str]()
        while True:
            send = partial(self._page, job, cursor, label)
            response = self._prefetcher.result(cursor, send, ())
            if response.status_code != HTTPStatus.OK:
                reason = self._reason(response)
                if _ROW_LIMIT.search(reason):
                    raise TooManyRows(reason)
                msg = f"job {job} lost its cursor: {reason}"
                raise ResubmitJob(msg)
            following = str(body(response).get("cursor") or "")
            is_endless = following in seen or len(seen) == LAST_PAGE
            if following and not is_endless:
                self._prefetcher.begin(following, partial(self._page, job, following, label))
            yield response
            if not following:
                return
            if is_endless:
                msg = f"job {job} has pages without end"
                raise ResubmitJob(msg)
            seen.add(following)
            cursor = following

    def _page(self, job: str, cursor: str, label: str) -> requests.Response:
        after = {"cursor": cursor} if cursor else {}
        return self._client.call(
            "GET",
            f"{self._path}/{job}/results",
            self._note(label, accepting(_NO_RESULTS), self._shape),
            params={"pageSize": PAGE_SIZE, **after},
        )

    def _note(
        self, label: str = "", overrides: Overrides | None = None, shape: Shape | None = None
    ) -> RequestNote:
        return RequestNote(self._stream, label, overrides, shape=shape or {}, lane=self._lane())

    def _reason(self, response: requests.Response) -> str:
        """Return why a request was refused, without a secret that the vendor sends back."""
        return self._client.redact(refusal(response))

    def _delete(self, job: str) -> None:
        """Delete a job, which frees its place in the org's limit; only log an error."""
        try:
            with self._interruption.shielded():
                self._client.call_once("DELETE", f"{self._path}/{job}", self._note())
        except Exception as error:  # noqa: BLE001 - the rows have been read
            self._log(f"job {job} could not be deleted: {error}")


def _accepting_limit(response: requests.Response) -> ResponseAction | None:
    return ResponseAction.ACCEPT if _may_be_at_limit(response) else None


def _may_be_at_limit(response: requests.Response) -> bool:
    """Return whether a submission may be refused for the org's limit of concurrent jobs."""
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return False
    violated = limit(response)
    return violated is None or violated.is_of_concurrency


def _key(query: dict[str, Any]) -> str:
    """Return a text that is equal for equal queries."""
    return json.dumps(query, sort_keys=True)
