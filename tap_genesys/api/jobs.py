"""Asynchronous jobs: submit, poll with a deadline, read by cursor, delete in every outcome.

While one is waited for, and read, the next ones work already: they are submitted ahead, as many as
`most` allows and the org's limit, and their results are read in the order in which they are wanted.

States, operations and `cursor` are the vendor's (`AsyncQueryStatus`, Python SDK 269.0.0); how a row
limit is worded is a report of others' production code.

A 429 on submission may be a rate or the org's limit of concurrent jobs. A rate that the response
names (`limit.key`) is retried like that of any other request. A limit of concurrency means that the
org is full: nothing more is submitted ahead in this run. A 429 that names no limit is waited for,
and means the same when the next submission is refused as well.
"""

from __future__ import annotations

import json
import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from tap_genesys.api.pagination import LAST_PAGE
from tap_genesys.api.polling import longer
from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.api.response import body, limit, refusal, retry_after
from tap_genesys.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    import requests

    from tap_genesys.api.polling import PollTimes
    from tap_genesys.interruption import Clock, Interruption

PAGE_SIZE = 1000
SUBMISSIONS = 4
_WAITING = ("QUEUED", "PENDING")
_LOST = ("FAILED", "CANCELLED", "EXPIRED")
_ROW_LIMIT = re.compile(r"exceed\D*\d+\D*(results|rows|records)|row limit", re.IGNORECASE)


class ResubmitJob(Exception):
    """The job came to nothing; submit it again."""


class JobTooLargeError(Exception):
    """The job has more rows than can be read; ask for less."""


class Asker(Protocol):
    """Who asks for jobs; a stream does."""

    def call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        accepted: frozenset[int] = frozenset(),
        accepts: Callable[[requests.Response], bool] | None = None,
        once: bool = False,
    ) -> requests.Response:
        """Send one request, paced and retried, and return the answer.

        Statuses in `accepted`, and what `accepts` is true of, come back unjudged; `once`, shortly
        and without retry.
        """

    def wait(self, seconds: float) -> None:
        """Wait for some seconds, and count them."""


class Jobs:
    """Runs jobs at one operation.

    Args:
        asker: Sends requests, and waits.
        path: The operation, `.../details/jobs`.
        clock: Counts seconds.
        interruption: Shields what cleans up.
        times: The first look at a job comes after the first pause; a job that has not ended in
            time stops the run.
        now: Returns the present, aware.
        log: Says what happens.
        most: How many jobs there may be at once.
        most_requests: How many requests there may be at once: with two, a page of results is under
            way while the one before it is read. Its cursor is not known earlier.
    """

    def __init__(
        self,
        asker: Asker,
        path: str,
        *,
        clock: Clock,
        interruption: Interruption,
        times: PollTimes,
        now: Callable[[], datetime],
        log: Callable[[str], None],
        most: int = 1,
        most_requests: int = 1,
    ) -> None:
        self._asker = asker
        self._path = path
        self._clock = clock
        self._interruption = interruption
        self._first_poll, self._timeout = times
        self._now = now
        self._log = log
        self._most = most
        self._results_ahead: Prefetcher[str, requests.Response] = Prefetcher(
            most_requests, interruption
        )
        #: Question -> the job that was submitted ahead, and when.
        self._ahead: dict[str, tuple[str, float]] = {}
        self._is_full = False
        #: Whether the latest submission was refused.
        self._is_refused = False

    def submit_ahead(self, queries: Iterable[dict[str, Any]]) -> None:
        """Submit what will be asked for, as far as there is room; the org's limit ends that.

        Args:
            queries: What will be asked for, in that order, from the very next one on.
        """
        for query in queries:
            if self._most == 1 or self._is_full or len(self._ahead) >= self._most:
                return
            question = _name(query)
            if question in self._ahead:
                continue
            response = self._post(query)
            if self._is_refused:
                return
            if job := body(response).get("jobId"):
                self._ahead[question] = str(job), self._clock.seconds()

    def close(self) -> None:
        """Delete what was submitted ahead and is not wanted any more."""
        while self._ahead:
            _, (job, _) = self._ahead.popitem()
            self._delete(job)

    def pages(self, query: dict[str, Any], where: str) -> Iterator[requests.Response]:
        """Yield the answers that hold a query's rows; after a lost job, all of them once more.

        Args:
            query: What is asked for.
            where: Names the stream and the window in a message.

        Raises:
            JobTooLargeError: Ask for less.
            StopRun: The job does not end, or comes to nothing again and again.
        """
        lost = ""
        for _ in range(SUBMISSIONS):
            try:
                yield from self._one_job(query, where)
            except ResubmitJob as error:
                lost = str(error)
                self._log(f"{where}: {lost}; submitted again.")
            else:
                return
        msg = f"{where}: gave up after {SUBMISSIONS} jobs: {lost}. Run again later."
        raise StopRun(msg)

    def _one_job(self, query: dict[str, Any], where: str) -> Iterator[requests.Response]:
        end = self._clock.seconds() + self._timeout
        job, submitted = self._ahead.pop(_name(query), ("", 0.0))
        if not job:
            job, submitted = self._submit(query, where, end), self._clock.seconds()
        try:
            self._wait_for(job, where, end, self._clock.seconds() - submitted)
            yield from self._results(job)
        finally:
            self._delete(job)

    def _submit(self, query: dict[str, Any], where: str, end: float) -> str:
        wait = self._first_poll
        while True:
            response = self._post(query)
            if not self._is_refused:
                job = body(response).get("jobId")
                if job:
                    return str(job)
                msg = f"{where}: the answer to a job's submission has no jobId"
                raise StopRun(msg)
            if self._is_full:
                # Others' jobs end, or ours that a crash left behind; those that were submitted
                # ahead must not be what is waited for.
                self.close()
            asked = retry_after(response, self._now())
            wait = self._pause(wait if asked is None else max(asked, wait), end)
            if wait == 0:
                msg = (
                    f"{where}: no job could be submitted within job_timeout_seconds "
                    f"({self._timeout:g}): {refusal(response)}"
                )
                raise StopRun(msg)

    def _post(self, query: dict[str, Any]) -> requests.Response:
        """Submit a job, and note whether it is refused, and whether the org is full."""
        response = self._asker.call("POST", self._path, data=query, accepts=_may_be_full)
        was_refused, self._is_refused = self._is_refused, _may_be_full(response)
        if self._is_refused:
            self._is_full = self._is_full or was_refused or limit(response) is not None
            self._log(f"A job was refused. {refusal(response)}")
        return response

    def _wait_for(self, job: str, where: str, end: float, age: float) -> None:
        wait = self._first_poll
        while True:
            # One that was submitted ahead may have had its time.
            wait, age = self._pause(wait, end, age), 0
            answer = self._asker.call(
                "GET", f"{self._path}/{job}", accepted=frozenset({HTTPStatus.NOT_FOUND})
            )
            if answer.status_code == HTTPStatus.NOT_FOUND:
                msg = f"job {job} is unknown"
                raise ResubmitJob(msg)
            status = body(answer)
            state, reason = str(status.get("state")), str(status.get("errorMessage") or "")
            if state == "FULFILLED":
                return
            if state in _LOST:
                if _ROW_LIMIT.search(reason):
                    raise JobTooLargeError(reason)
                msg = f"job {job} is {state}{f' ({reason})' if reason else ''}"
                raise ResubmitJob(msg)
            if state not in _WAITING:
                msg = f"{where}: job {job} is in the state {state!r}, which is unknown."
                raise StopRun(msg)
            if wait == 0:
                msg = (
                    f"{where}: job {job} is still {state} after job_timeout_seconds "
                    f"({self._timeout:g}). Raise it, or run again later."
                )
                raise StopRun(msg)

    def _results(self, job: str) -> Iterator[requests.Response]:
        cursor, seen = "", set[str]()
        while True:
            answer = self._results_ahead.answer(cursor, partial(self._page, job, cursor), ())
            if answer.status_code != HTTPStatus.OK:
                reason = refusal(answer)
                if _ROW_LIMIT.search(reason):
                    raise JobTooLargeError(reason)
                msg = f"job {job} lost its cursor: {reason}"
                raise ResubmitJob(msg)
            following = str(body(answer).get("cursor") or "")
            goes_round = following in seen or len(seen) == LAST_PAGE
            if following and not goes_round:
                self._results_ahead.begin(following, partial(self._page, job, following))
            yield answer
            if not following:
                return
            if goes_round:
                msg = f"job {job} has pages without end"
                raise ResubmitJob(msg)
            seen.add(following)
            cursor = following

    def _page(self, job: str, cursor: str) -> requests.Response:
        after = {"cursor": cursor} if cursor else {}
        return self._asker.call(
            "GET",
            f"{self._path}/{job}/results",
            params={"pageSize": PAGE_SIZE, **after},
            accepted=frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}),
        )

    def _pause(self, wait: float, end: float, waited: float = 0) -> float:
        """Wait, but not beyond the deadline; return the next wait, 0 at the deadline."""
        left = end - self._clock.seconds()
        if left <= 0:
            return 0
        self._asker.wait(max(0, min(wait, left) - waited))
        return 0 if wait >= left else longer(wait)

    def _delete(self, job: str) -> None:
        """Free the job's place; one that is gone already, or cannot be reached, is no error."""
        any_status = frozenset(range(200, 600))
        try:
            with self._interruption.shielded():
                self._asker.call("DELETE", f"{self._path}/{job}", accepted=any_status, once=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows are what counts
            self._log(f"job {job} could not be deleted: {error}")


def _may_be_full(response: requests.Response) -> bool:
    """Whether a submission is refused for the org's limit of jobs, as far as the response says."""
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return False
    named = limit(response)
    return named is None or named.is_of_concurrency


def _name(query: dict[str, Any]) -> str:
    """Return a question as a text that is the same for the same question."""
    return json.dumps(query, sort_keys=True)
