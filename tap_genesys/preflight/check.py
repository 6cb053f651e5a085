"""What will work, and what it will cost, asked before the first run: one small request a stream."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any

from singer_sdk.streams.rest import PageContext

from tap_genesys import schemas
from tap_genesys.api.jobs import PAGE_SIZE
from tap_genesys.api.pagination import Page
from tap_genesys.api.paging import SinglePage
from tap_genesys.api.response import body, operation, refusal
from tap_genesys.api.status import accepting_refusals
from tap_genesys.config.date_range import read_range
from tap_genesys.endpoints.aggregates import AggregateStream, ObservationStream, UserAggregateStream
from tap_genesys.endpoints.conversation_details import ConversationDetailsStream
from tap_genesys.endpoints.follow_ups import FollowUpStream
from tap_genesys.endpoints.listings import ChildStream, FullTableStream
from tap_genesys.endpoints.query_or_job import QueryOrJobStream
from tap_genesys.endpoints.user_details import UserDetailsStream
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.errors import SkipStream, StopRun
from tap_genesys.preflight import estimates
from tap_genesys.preflight.report import Finding, Report
from tap_genesys.replication.windows import DAY, Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import requests

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.derived_tables import TableStream
    from tap_genesys.endpoints.stream import GenesysStream
    from tap_genesys.run import Run

_WELL = (HTTPStatus.OK, HTTPStatus.ACCEPTED)
#: What an answer names as missing, in the vendor's words.
_NAMED = re.compile(r"(?:permission\(s\)|permissions assigned): ([^()]+?)\.? \(missing\.")
_NOTHING = "of the one that was tried there is nothing; that is no error"
_NOT_ASKED = "nothing to ask with: its parent has no record"


def check(run: Run, streams: Iterable[GenesysStream], tables: Iterable[TableStream] = ()) -> Report:
    """Ask for a little of each stream.

    Args:
        run: What the streams share.
        streams: Those that are read: what is selected, and the parents of that.
        tables: Those that are made of their records, without a request.

    Raises:
        StopRun: The credentials are refused, or the API cannot be reached at all.
    """
    chosen = list(streams)
    report = Report(*_organization(chosen[0]) if chosen else ("", ""))
    asked_for = read_range(run.config, run.started)
    wanted = Window(asked_for.start, max(asked_for.start, asked_for.end))
    seen = _Seen({}, {}, {}, {})
    # Parents first: their followers are asked for what is below one of them.
    for stream in sorted(
        chosen, key=lambda one: isinstance(one, ChildStream | UserAggregateStream)
    ):
        try:
            report.streams.append(
                _finding(stream, seen, wanted, Window(_yesterday(run), _today(run)))
            )
        except (StopRun, SkipStream) as error:
            report.streams.append(Finding(stream.name, ok=False, detail=str(error)))
    _look_at_the_lake(report, chosen)
    readable = {one.stream: one.ok for one in report.streams}
    for table in tables:
        parent = str(vars(table.parent_stream_type)["name"])
        finding = Finding(table.name, readable.get(parent, False), f"made of {parent}", 0, 0)
        report.streams.append(finding)
    return report


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the probes told."""

    #: Stream -> the id of one of its records.
    ids: dict[str, str]
    #: Stream -> how many records it has, or has of a day.
    listed: dict[str, int]
    #: Stream -> one of its records.
    records: dict[str, Record]
    #: Stream -> how many times it is asked for that record of its parent.
    asked: dict[str, int]


def _finding(stream: GenesysStream, seen: _Seen, wanted: Window, day: Window) -> Finding:
    finding = Finding(stream.name, ok=True, detail="")
    context = None
    if isinstance(stream, ChildStream | UserAggregateStream):
        if (parent := _parent(stream)) and parent not in seen.listed:
            return Finding(stream.name, ok=False, detail=f"its parent, {parent}, cannot be read")
        contexts = _contexts(stream, seen)
        if not contexts:
            finding.detail = _NOT_ASKED
            return finding
        context, seen.asked[stream.name] = contexts[0], len(contexts)
    answer = _probe(stream, context, day)
    if isinstance(stream, ChildStream):
        stream.parents = []
        if answer.status_code == HTTPStatus.NOT_FOUND:
            finding.detail = _NOTHING
            if isinstance(stream, FollowUpStream):
                _estimate(finding, stream, answer, wanted, seen)
            return finding
    for one in (answer, *_other_answers(stream, day)):
        if one.status_code not in _WELL:
            return Finding(stream.name, ok=False, detail=_reason(stream, one))
    if not isinstance(stream, FollowUpStream | ObservationStream):
        _note(stream, seen, answer)
    _estimate(finding, stream, answer, wanted, seen)
    return finding


def _other_answers(stream: GenesysStream, day: Window) -> Iterator[requests.Response]:
    further = stream.further_requests(day) if isinstance(stream, WindowedStream) else ()
    for path, data in further:
        yield stream.call("POST", path, data=data, overrides=accepting_refusals)


def _contexts(stream: ChildStream | UserAggregateStream, seen: _Seen) -> list[dict[str, Any]]:
    """Return what the stream asks for the one record of its parent that was seen."""
    parent = _parent(stream)
    if not parent:
        return stream.partitions or []
    if isinstance(stream, FollowUpStream):
        return list(stream.contexts_of(seen.records[parent])) if parent in seen.records else []
    if parent not in seen.ids:
        return []
    stream.parents = [seen.ids[parent]]
    return stream.partitions if isinstance(stream, ChildStream) else [{}]


def _note(stream: GenesysStream, seen: _Seen, answer: requests.Response) -> None:
    """Keep what a probe tells for those that follow the stream."""
    found = stream.extract(answer)
    if found:
        seen.records[stream.name] = found[0]
        if found[0].get("id"):
            seen.ids[stream.name] = str(found[0]["id"])
    seen.listed[stream.name] = _total(answer, found)


def _organization(stream: GenesysStream) -> tuple[str, str]:
    answer = stream.call("GET", "/api/v2/organizations/me", overrides=accepting_refusals)
    name = body(answer).get("name") if answer.status_code == HTTPStatus.OK else None
    return str(name or "unknown"), stream.url_base


def _probe(
    stream: GenesysStream, context: dict[str, Any] | None, window: Window
) -> requests.Response:
    """Ask for as little as the stream's own request can be made to ask for."""
    if isinstance(stream, WindowedStream):
        stream.window = window
    token = Page(1) if isinstance(stream, WindowedStream) else None
    request = stream.get_http_request(page=PageContext(context, token))
    params = {name: 1 if name == "pageSize" else value for name, value in request.params.items()}
    data = request.data if isinstance(request.data, dict) else None
    if data and "paging" in data:
        data["paging"] = {"pageSize": 1, "pageNumber": 1}
    path = request.url.removeprefix(stream.url_base)
    return stream.call(request.method, path, params=params, data=data, overrides=accepting_refusals)


def _reason(stream: GenesysStream, answer: requests.Response) -> str:
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return f"{operation(answer)} is not there: not licensed, or not in this org"
    if answer.status_code != HTTPStatus.FORBIDDEN:
        return stream.client.conceal(refusal(answer))
    if named := _NAMED.search(refusal(answer)):
        return f"the client's role lacks {named[1]}"
    wanted = schemas.facts("permissions").get(f"{stream.http_method} {stream.path}", {})
    names = (" and " if wanted.get("all") else " or ").join(wanted.get("permissions", []))
    needs = f" The operation needs {names}." if names else ""
    return f"{stream.client.conceal(refusal(answer))}{needs}"


def _estimate(
    finding: Finding, stream: GenesysStream, answer: requests.Response, wanted: Window, seen: _Seen
) -> None:
    """Tell what reading the stream costs, as far as the probe tells how much there is."""
    if isinstance(stream, FollowUpStream):
        # What was counted is what started on a day; about as many end on one.
        each = seen.asked[stream.name] * stream.requests_each
        finding.requests_per_day = each * seen.listed[_parent(stream)]
        finding.requests_first_run = finding.requests_per_day * max(
            1, ceil((wanted.end - wanted.start) / DAY)
        )
    elif isinstance(stream, ObservationStream):
        listed = seen.listed[_parent(stream)]
        finding.requests_first_run = finding.requests_per_day = estimates.listing(
            listed, stream.at_once
        )
    elif isinstance(stream, ChildStream):
        pages = estimates.listing(seen.listed[stream.name], stream.page_size)
        times = seen.asked[stream.name] * seen.listed.get(_parent(stream), 1)
        finding.requests_first_run = finding.requests_per_day = pages * times
    elif isinstance(stream, FullTableStream) and isinstance(stream.paging, SinglePage):
        finding.requests_first_run = finding.requests_per_day = 1
    elif isinstance(stream, FullTableStream):
        if _is_counted(answer):
            pages = estimates.listing(seen.listed[stream.name], stream.page_size)
            finding.requests_first_run = finding.requests_per_day = pages
    elif isinstance(stream, ConversationDetailsStream):
        _estimate_lanes(finding, stream, body(answer), wanted)
    elif isinstance(stream, UserDetailsStream):
        _estimate_spans(finding, stream, body(answer), wanted)
    elif isinstance(stream, WindowedStream):
        _estimate_windows(finding, stream, wanted, seen)


def _estimate_windows(
    finding: Finding, stream: WindowedStream, wanted: Window, seen: _Seen
) -> None:
    """Tell the same of windows that take as many requests each, and of days read again."""
    first_run, a_day = (
        len([*stream.windows(*span)]) for span in (wanted.bounds, _next_run(stream, wanted))
    )
    again = len(stream.recheck_days) if isinstance(stream, AggregateStream) else 0
    each = stream.requests_of_window
    if isinstance(stream, UserAggregateStream):
        users = seen.listed[_parent(stream)]
        each = estimates.listing(users, stream.at_once)
        finding.detail = f"{users:,} users: {each:,} requests for each reading of a day"
    finding.requests_first_run, finding.requests_per_day = first_run * each, (a_day + again) * each


def _estimate_lanes(
    finding: Finding, stream: ConversationDetailsStream, answer: dict[str, Any], wanted: Window
) -> None:
    """Tell the same of conversations, from the number of yesterday's."""
    rows = int(answer.get("totalHits") or 0)
    finding.detail = f"{rows:,} yesterday"
    load = estimates.Volume(rows, stream.page_size, PAGE_SIZE)
    rungs = len(stream.config["recheck_days"])
    if stream.source == "query":
        later = stream.windows(*_next_run(stream, wanted))
        finding.requests_first_run = estimates.by_query(
            load, _lengths(stream.windows(*wanted.bounds))
        )
        finding.requests_per_day = estimates.by_query(load, _lengths(later), rungs)
        return
    finding.requests_first_run = estimates.by_job(
        load, _lengths(stream.job_windows(*wanted.bounds))
    )
    finding.requests_per_day = estimates.by_job(load, [1], rungs)
    if stream.source == "auto":
        # From the watermark, some hours ago, to now: a query of the day that it touches.
        finding.requests_first_run += load.query(1)
        finding.requests_per_day += load.query(1)


def _estimate_spans(
    finding: Finding, stream: UserDetailsStream, answer: dict[str, Any], wanted: Window
) -> None:
    """Estimate the same of spans, from the number of yesterday's entries."""
    entries = int(answer.get("totalHits") or 0)
    finding.detail = f"{entries:,} entries yesterday"
    # A row of a job is a fragment: it holds one entry at least.
    load = estimates.Volume(entries, stream.page_size, PAGE_SIZE)

    def by_query(days: list[float]) -> int:
        # The last page of each window has no entries.
        return estimates.by_query(load, days) + len(days)

    def requests(start: datetime, end: datetime, again: int) -> int:
        if stream.source == "query":
            return by_query([*_lengths(stream.windows(start, end)), *[1.0] * again])
        by_job = estimates.by_job(load, _lengths(stream.job_windows(start, end)), again)
        # From the watermark, up to a day ago, to now: parts of two days.
        return by_job + (by_query([0.5, 0.5]) if stream.source == "auto" else 0)

    finding.requests_first_run = requests(*wanted.bounds, 0)
    # A day is read again when it is five days old.
    finding.requests_per_day = requests(*_next_run(stream, wanted), 1)


def _is_counted(answer: requests.Response) -> bool:
    """Whether the probe, a page of one record, tells how many there are."""
    told = body(answer)
    return isinstance(told.get("total"), int) or not (
        told.get("nextUri") or told.get("after") or (told.get("cursors") or {}).get("after")
    )


def _next_run(stream: WindowedStream, wanted: Window) -> tuple[datetime, datetime]:
    """Return what a run a day later reads."""
    return max(wanted.start, wanted.end - DAY - stream.default_lookback), wanted.end


def _lengths(windows: Iterable[Window]) -> list[float]:
    return [(window.end - window.start) / DAY for window in windows]


def _parent(stream: GenesysStream) -> str:
    kind = stream.parent_stream_type
    return str(vars(kind)["name"]) if kind else ""


def _look_at_the_lake(report: Report, streams: list[GenesysStream]) -> None:
    """Tell up to where the data lake knows conversations and users, where a stream reads it."""
    findings = {finding.stream: finding for finding in report.streams}
    for stream in streams:
        if not isinstance(stream, QueryOrJobStream) or stream.source == "query":
            continue
        answer = stream.call(
            "GET", f"{stream.jobs_path}/availability", overrides=accepting_refusals
        )
        finding = findings[stream.name]
        if answer.status_code != HTTPStatus.OK:
            # A run asks this first, and is refused.
            finding.ok, finding.detail = False, _reason(stream, answer)
            continue
        known = body(answer).get("dataAvailabilityDate")
        if isinstance(stream, ConversationDetailsStream):
            report.watermark = known
        elif finding.ok:
            finding.detail += f", known by job up to {known}"


def _total(answer: requests.Response, found: list[Any]) -> int:
    told = body(answer)
    counts = (told.get("total"), told.get("totalHits"))
    return next((count for count in counts if isinstance(count, int)), len(found))


def _today(run: Run) -> datetime:
    return floor(run.started, DAY)


def _yesterday(run: Run) -> datetime:
    return _today(run) - DAY
