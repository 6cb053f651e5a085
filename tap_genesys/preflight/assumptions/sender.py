"""The sender of the check's requests; only refused credentials stop it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import requests

from tap_genesys.api.polling import Poll
from tap_genesys.api.request_note import RequestNote
from tap_genesys.api.status import ResponseAction, action_of
from tap_genesys.errors import SkipStream, StopRun
from tap_genesys.preflight.assumptions.fields import text
from tap_genesys.preflight.assumptions.model import Observed, Request, Response, Undecidable
from tap_genesys.preflight.assumptions.plan import (
    JOB_DELETED,
    JOB_PAGE,
    JOB_RESULTS,
    JOB_STATUS,
    STEPS,
)

if TYPE_CHECKING:
    from tap_genesys.preflight.assumptions.plan import Step
    from tap_genesys.run import Run

#: Tries of a throttled request, each after the wait of the rate limit.
_TRIES = 3
#: Requests in a row without a response, after which no more are sent.
_MOST_FAILURES = 3
#: Shorter than the timeout of a run, since a user waits for the check.
_LONGEST_WAIT_SECONDS = 300
_DONE = "FULFILLED"
_WAITING = ("QUEUED", "PENDING")


class Sender:
    """Sends one request after the other, and keeps the responses.

    Args:
        run: The run: its client, clock and settings.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.observed = Observed(run.started)
        #: The number of requests, without logins and retries.
        self.requests = 0
        #: The number of latest requests in a row without a response.
        self._failures = 0
        #: The reason for which no more requests are sent; empty without one.
        self._end = ""

    def send_all(self) -> Observed:
        """Send the requests of all steps, and return the responses.

        Raises:
            StopRun: The credentials are refused, or the API cannot be reached.
        """
        client = self._run.client
        # Log in first, so that refused credentials are an error of the check, not of one request.
        client.authenticator(client.prepare("GET", client.base_url, RequestNote()))
        for step in STEPS:
            if self._end:
                self.observed.missing[step.name] = self._end
                continue
            try:
                request = step.make(self.observed)
            except Undecidable as reason:
                self.observed.missing[step.name] = str(reason)
                continue
            response = self._send(step.name, request)
            if step.is_job:
                self._read_job(step, request, response)
        return self.observed

    def _read_job(self, step: Step, submission: Request, response: Response) -> None:
        """Poll a job, read a page of its results, and delete it in any case."""
        job = text(response.body, "jobId") if isinstance(response.body, dict) else ""
        if not job:
            reason = f"{step.name} answered {response.status}, without a job"
            self.observed.missing[JOB_RESULTS] = reason
            return
        path = f"{submission.path}/{quote(job, safe='')}"
        try:
            state = self._wait_for(path)
            if state == _DONE:
                results = Request("GET", f"{path}/results", params={"pageSize": JOB_PAGE})
                self._send(JOB_RESULTS, results)
            else:
                self.observed.missing[JOB_RESULTS] = "the job failed, or did not finish in time"
        finally:
            self._delete(path)

    def _wait_for(self, path: str) -> str:
        """Return the final state of a job; an empty text if it does not finish in time."""
        clock, times = self._run.clock, self._run.poll_times
        poll = Poll(
            clock=clock,
            wait=clock.wait,
            first=times.first,
            deadline=clock.seconds() + min(times.timeout, _LONGEST_WAIT_SECONDS),
        )

        def poll_once() -> str | None:
            response = self._send(JOB_STATUS, Request("GET", path))
            state = text(response.body, "state") if isinstance(response.body, dict) else ""
            return None if state in _WAITING else state

        poll.pause()
        try:
            return poll.until(poll_once, lambda: "too late")
        except StopRun:
            return ""

    def _delete(self, path: str) -> None:
        self.requests += 1
        note = RequestNote(label=JOB_DELETED)
        try:
            with self._run.interruption.shielded():
                self._run.client.call_once("DELETE", path, note)
        except (requests.RequestException, StopRun) as error:
            self._run.logger.warning("The job could not be deleted: %s", type(error).__name__)

    def _send(self, name: str, request: Request) -> Response:
        """Send a request, with retries if it is throttled; keep and return its response."""
        self.requests += 1
        response = Response(0)
        for _ in range(_TRIES):
            try:
                response = self._sent(name, request)
            except (StopRun, SkipStream, requests.RequestException):
                break
            if response.status != HTTPStatus.TOO_MANY_REQUESTS:
                break
            self.observed.throttled.append(response)
            # A `Retry-After` delays the next try in the transport adapter as well.
            self._run.clock.wait(float(self._run.config["retry_wait_seconds"]))
        self._failures = 0 if response.status else self._failures + 1
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._end = "not sent: a request before it stayed throttled"
        elif self._failures == _MOST_FAILURES:
            self._end = f"not sent: {_MOST_FAILURES} requests before it had no response"
        self.observed.responses[name] = response
        self.observed.received[name] = self._run.now()
        return response

    def _sent(self, name: str, request: Request) -> Response:
        note = RequestNote(label=f"assumptions, {name}", overrides=_accept)
        params = None if request.params is None else dict(request.params)
        data = None if request.data is None else dict(request.data)
        response = self._run.client.call(
            request.method, request.path, note, params=params, data=data
        )
        headers = {header.lower(): value for header, value in response.headers.items()}
        return Response(response.status_code, _json(response), headers)


def _accept(response: requests.Response) -> ResponseAction | None:
    """Accept responses that no retry would change, and 429, which is evidence."""
    action = action_of(response.status_code)
    is_throttled = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    is_final = action not in (ResponseAction.RETRY, ResponseAction.RENEW)
    return ResponseAction.ACCEPT if is_final or is_throttled else None


def _json(response: requests.Response) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
