"""`--check`: one small request per selected stream, and an estimate of requests and rows."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_genesys import schemas
from tap_genesys.api.request_note import RequestNote
from tap_genesys.api.response import body, operation, refusal
from tap_genesys.api.status import ResponseAction, accepting_refusals
from tap_genesys.config.date_range import read_range
from tap_genesys.endpoints.probes import parent_name
from tap_genesys.endpoints.volume import Basis, Estimate, Sample
from tap_genesys.errors import SkipStream, StopRun
from tap_genesys.preflight import lake
from tap_genesys.preflight.report import Finding, Report
from tap_genesys.records.usable import parted
from tap_genesys.replication.windows import DAY, Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    import requests
    from singer_sdk.streams.rest import HTTPRequest

    from tap_genesys.endpoints.kinds import Kind, RequestStream
    from tap_genesys.endpoints.probes import Probes
    from tap_genesys.run import Run

_READABLE = (HTTPStatus.OK, HTTPStatus.ACCEPTED)
#: The missing permissions in the vendor's error message.
_MISSING = re.compile(r"(?:permission\(s\)|permissions assigned): ([^()]+?)\.? \(missing\.")
_NOTHING = "404 for the sampled parent record, which then has no rows: no error"
_LIMITS = "/api/v2/organizations/limits/namespaces"
_NO_PARENT = "not requested: the parent stream has no record"


def check(
    run: Run,
    streams: Iterable[Kind],
    *,
    runs_per_day: int = 1,
    users: Mapping[str, int] | None = None,
) -> Report:
    """Send a small request per stream, and return the report.

    Args:
        run: The parts that the streams share.
        streams: The selected streams, and their parents.
        runs_per_day: Runs per day, for the estimate of requests per month.
        users: Licence -> number of users, whose included requests per month are compared.

    Raises:
        StopRun: The credentials are refused, or the API cannot be reached at all.
    """
    chosen = sorted(streams, key=_place)
    organization, region = _organization(run) if chosen else ("", "")
    report = Report(
        organization,
        region,
        runs_per_day=runs_per_day,
        users=dict(users or {}),
        requests_per_minute=float(run.config["requests_per_minute"]),
    )
    preflight = _Preflight(run, report)
    for stream in chosen:
        preflight.add(stream)
    if preflight.has_jobs:
        _add_limits(run, preflight.report)
    return preflight.report


def _place(stream: Kind) -> tuple[bool, bool]:
    """Return a sort key: parents, then child streams, then tables derived from them."""
    # A stream with partitions, mostly another stream's records, has such a list.
    return stream.is_derived, stream.state_partitioning_keys is not None


def _organization(run: Run) -> tuple[str, str]:
    """Return the org's name and the base URL of its API."""
    note = RequestNote(label="organization", overrides=accepting_refusals)
    response = run.client.call("GET", "/api/v2/organizations/me", note)
    name = body(response).get("name") if response.status_code == HTTPStatus.OK else None
    return str(name or "unknown"), run.client.base_url


def _add_limits(run: Run, report: Report) -> None:
    """Add the org's job limits to the report, if they can be read."""
    note = RequestNote(label="job limits", overrides=accepting_refusals)
    try:
        response = run.client.call("GET", f"{_LIMITS}/{lake.NAMESPACE}", note)
        content = body(response) if response.status_code == HTTPStatus.OK else {}
    except (StopRun, SkipStream, ValueError):
        # No stream needs them, so this is no error.
        content = {}
    limits = lake.job_limits(content)
    report.job_limits = limits or None
    if not limits:
        report.notes.append("Job limits of the org: not readable.")
    elif note_of_jobs := lake.parallel_jobs_note(limits, int(run.config["max_parallel_jobs"])):
        report.notes.append(note_of_jobs)


class _Preflight:
    """Checks one stream after the other, parents first.

    Args:
        run: The parts that the streams share.
        report: Collects the findings.
    """

    def __init__(self, run: Run, report: Report) -> None:
        self.report = report
        #: Whether a stream is read by job.
        self.has_jobs = False
        self._run = run
        self._client = run.client
        wanted = read_range(run.config, run.started)
        today = floor(run.started, DAY)
        self._wanted = Window(wanted.start, max(wanted.start, wanted.end))
        self._yesterday = Window(today - DAY, today)
        #: Stream -> its sample, if it can be read.
        self._samples: dict[str, Sample] = {}
        #: Stream -> its estimate; those of its tables are derived from it.
        self._estimates: dict[str, Estimate] = {}

    def add(self, stream: Kind) -> None:
        """Add a stream's finding to the report."""
        parent = parent_name(stream)
        if stream.is_derived:
            ok = any(finding.ok for finding in self.report.streams if finding.stream == parent)
            self.report.streams.append(
                _finding(stream, self._estimate(stream, self._basis(stream)), ok=ok)
            )
            return
        if parent and parent not in self._samples:
            detail = f"the parent stream {parent} cannot be read"
            self.report.streams.append(Finding(stream.name, ok=False, detail=detail))
            return
        probes: Probes | None = None
        try:
            probes = stream.probes(self._samples.get(parent), self._yesterday)
            finding = self._probed(stream, probes)
        except (StopRun, SkipStream) as error:
            finding = Finding(stream.name, ok=False, detail=str(error))
        self.report.streams.append(finding)
        if probes and probes.heads_report:
            self._add_lag(probes.source)

    def _probed(self, stream: RequestStream, probes: Probes) -> Finding:
        """Return the finding about a stream; for jobs, request the data lake's watermark first."""
        if not probes.availability:
            return self._sampled(stream, probes)
        self.has_jobs = True
        response = stream.call("GET", probes.availability, overrides=accepting_refusals)
        is_there = response.status_code == HTTPStatus.OK
        watermark = body(response).get("dataAvailabilityDate") if is_there else None
        if probes.heads_report:
            self.report.watermark = watermark
        finding = self._sampled(stream, probes, lake.lag(watermark, self._run.started))
        if not is_there:
            # A run requests the watermark first, and would fail.
            finding.ok, finding.detail = False, self._reason(stream, response)
        elif finding.ok and not probes.heads_report:
            finding.detail += f", data lake watermark {watermark}"
        return finding

    def _sampled(
        self, stream: RequestStream, probes: Probes, lag: timedelta | None = None
    ) -> Finding:
        """Send a stream's probes, and return the finding."""
        if not probes.requests:
            return Finding(stream.name, ok=True, detail=_NO_PARENT)
        basis = self._basis(stream, probes.parts)
        if lag is not None:
            basis = replace(basis, lag=lag)
        responses = []
        for request in probes.requests:
            response = _response(stream, request, is_page=probes.is_page)
            if _is_absent(stream, response):
                return _finding(stream, self._estimate(stream, basis), detail=_NOTHING)
            if response.status_code not in _READABLE:
                return Finding(stream.name, ok=False, detail=self._reason(stream, response))
            responses.append(response)
        extracted = probes.extract(responses[0]) if probes.extract else ()
        records, _ = parted([*extracted])
        sample = Sample.of(body(responses[0]), records)
        if probes.is_page:
            sample = replace(sample, records=records)
        if probes.going_on:
            response = _response(stream, probes.going_on, is_page=False)
            sample = replace(sample, going_on=Sample.of(body(response), ()).count)
        self._samples[stream.name] = sample
        return _finding(stream, self._estimate(stream, replace(basis, sample=sample)))

    def _basis(self, stream: Kind, parts: int = 1) -> Basis:
        """Return the inputs of a stream's estimate that are known before any request."""
        name = parent_name(stream)
        return Basis(
            self._wanted,
            parent=self._samples.get(name),
            parts=parts,
            parent_estimate=self._estimates.get(name, Estimate()),
            runs_per_day=self.report.runs_per_day,
        )

    def _estimate(self, stream: Kind, basis: Basis) -> Estimate:
        estimate = self._estimates[stream.name] = stream.cost.estimate(basis)
        return estimate

    def _add_lag(self, source: str) -> None:
        """Add the data lake's lag, and a note on its effect on the stream's source."""
        behind = lake.lag(self.report.watermark, self._run.started)
        self.report.lag_hours = None if behind is None else lake.hours(behind)
        if note := lake.source_note(source, behind):
            self.report.notes.append(note)

    def _reason(self, stream: RequestStream, response: requests.Response) -> str:
        """Return why a request failed, and the permissions that it needs."""
        if response.status_code == HTTPStatus.NOT_FOUND:
            return f"{operation(response)} answered 404: not licensed, or not available in this org"
        text = refusal(response)
        if response.status_code != HTTPStatus.FORBIDDEN:
            return self._client.redact(text)
        if missing := _MISSING.search(text):
            return f"the client's role lacks {missing[1]}"
        needed = schemas.facts("permissions").get(f"{stream.http_method} {stream.path}", {})
        names = (" and " if needed.get("all") else " or ").join(needed.get("permissions", []))
        needs = f" The operation needs {names}." if names else ""
        return f"{self._client.redact(text)}{needs}"


def _response(stream: RequestStream, request: HTTPRequest, *, is_page: bool) -> requests.Response:
    """Send a request, with a page size of 1 unless a page is needed; return its response."""
    params = {name: 1 if name == "pageSize" else value for name, value in request.params.items()}
    data = request.data if isinstance(request.data, dict) else None
    if data and "paging" in data and not is_page:
        data["paging"] = {"pageSize": 1, "pageNumber": 1}
    path = request.url.removeprefix(stream.url_base)
    return stream.call(request.method, path, params=params, data=data, overrides=accepting_refusals)


def _is_absent(stream: RequestStream, response: requests.Response) -> bool:
    """Return whether the sampled parent record has no such rows (404)."""
    is_missing = response.status_code == HTTPStatus.NOT_FOUND
    return is_missing and stream.when_missing is ResponseAction.ACCEPT


def _finding(stream: Kind, estimate: Estimate, *, ok: bool = True, detail: str = "") -> Finding:
    return Finding(
        stream.name,
        ok=ok,
        detail=detail or estimate.detail,
        requests_first_run=estimate.requests_first_run,
        requests_per_day=estimate.requests_per_day,
        rows_first_run=estimate.rows_first_run,
        rows_per_day=estimate.rows_per_day,
        requests_per_month=estimate.requests_per_month,
    )
