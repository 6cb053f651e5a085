"""What will work, and what it will cost, asked before the first run: one small request a stream."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from functools import cache
from http import HTTPStatus
from importlib import resources
from math import ceil
from typing import TYPE_CHECKING, Any

from singer_sdk.streams.rest import PageContext

from tap_genesys import schemas
from tap_genesys.answers import asked, body, refusal
from tap_genesys.endpoints import WindowedStream
from tap_genesys.errors import SkipStream, StopRun
from tap_genesys.jobs import PAGE_SIZE
from tap_genesys.listings import PerParentStream, UnpagedStream, WholeStream
from tap_genesys.pagination import Page
from tap_genesys.settings import span
from tap_genesys.windows import DAY, Window, floor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import requests

    from tap_genesys.client import GenesysStream
    from tap_genesys.run import Run

#: Statuses that are told; what else goes wrong is tried again, and then ends the check.
_TOLD = frozenset(range(400, 500)) - {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}
#: A job is submitted, looked at about twice, and deleted.
_REQUESTS_OF_A_JOB = 4
#: What an answer names as missing, in the vendor's words.
_NAMED = re.compile(r"(?:permission\(s\)|permissions assigned): ([^()]+?)\.? \(missing\.")
_NOT_ASKED = "nothing to ask with: its parent has no record"


@dataclass
class Finding:
    """What was found out about one stream; requests are estimates, None where nothing tells."""

    stream: str
    works: bool
    said: str
    first_run: int | None = None
    a_day: int | None = None


@dataclass
class Report:
    """What was found out."""

    organization: str
    region: str
    watermark: str | None = None
    streams: list[Finding] = field(default_factory=list)

    @property
    def works(self) -> bool:
        """Whether everything that is selected can be read."""
        return all(one.works for one in self.streams)

    def as_json(self) -> str:
        """Return it for programs."""
        return json.dumps({**asdict(self), "works": self.works}, indent=1, ensure_ascii=False)

    def as_table(self) -> str:
        """Return it for people."""
        rows = [("stream", "", "first run", "a day", "")]
        rows += [
            (
                one.stream,
                "ok" if one.works else "NO",
                _shown(one.first_run),
                _shown(one.a_day),
                one.said,
            )
            for one in self.streams
        ]
        widths = [max(len(row[place]) for row in rows) for place in range(4)]
        lines = [
            "  ".join(
                [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]
            )
            for row in rows
        ]
        head = [f"Organization: {self.organization} ({self.region})"]
        if self.watermark:
            head.append(f"Data lake of conversations: known up to {self.watermark}")
        working = [one for one in self.streams if one.works]
        first, daily = (
            sum(getattr(one, name) or 0 for one in working) for name in ("first_run", "a_day")
        )
        tail = [
            f"Requests, estimated: {first:,} for the first run, {daily:,} a day at one run a day.",
            "All that is selected can be read."
            if self.works
            else "Not all can be read: see NO above.",
        ]
        return "\n".join([*head, "", *(line.rstrip() for line in lines), "", *tail])


def check(run: Run, streams: Iterable[GenesysStream]) -> Report:
    """Ask for a little of each stream.

    Args:
        run: What the streams share.
        streams: Those that are read: what is selected, and the parents of that.

    Raises:
        StopRun: The credentials are refused, or the API cannot be reached at all.
    """
    chosen = list(streams)
    report = Report(*_organization(chosen[0]) if chosen else ("", ""))
    wanted = span(dict(run.config), run.started)
    days = max(1, ceil((wanted.end - wanted.start) / DAY))
    seen = _Seen({}, {})
    # Parents first: their followers are asked for what is below one of them.
    for stream in sorted(chosen, key=lambda one: isinstance(one, PerParentStream)):
        try:
            report.streams.append(
                _finding(stream, seen, days, Window(_yesterday(run), _today(run)))
            )
        except (StopRun, SkipStream) as error:
            report.streams.append(Finding(stream.name, works=False, said=str(error)))
    _look_at_the_lake(report, chosen)
    return report


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the parents' probes told: an id of each, and how many records it has."""

    ids: dict[str, str]
    listed: dict[str, int]


def _finding(stream: GenesysStream, seen: _Seen, days: int, day: Window) -> Finding:
    context = None
    if isinstance(stream, PerParentStream):
        parent = str(vars(stream.parent_stream_type)["name"])
        if parent not in seen.listed:
            return Finding(stream.name, works=False, said=f"its parent, {parent}, cannot be read")
        if parent not in seen.ids:
            return Finding(stream.name, works=True, said=_NOT_ASKED)
        stream.parents = [seen.ids[parent]]
        context, stream.parents = stream.partitions[0], [seen.ids[parent]]
    answer = _probe(stream, context, day)
    if isinstance(stream, PerParentStream):
        stream.parents = []
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return Finding(stream.name, works=True, said="this one is gone; that is no error")
    if answer.status_code != HTTPStatus.OK:
        return Finding(stream.name, works=False, said=_reason(stream, answer))
    if isinstance(stream, WholeStream):
        found = stream.records_of(answer)
        seen.listed[stream.name] = _total(answer, found)
        if found and found[0].get("id"):
            seen.ids[stream.name] = str(found[0]["id"])
    finding = Finding(stream.name, works=True, said="")
    _estimate(finding, stream, answer, days, seen.listed)
    return finding


@cache
def _permissions() -> dict[str, dict[str, Any]]:
    text = (resources.files(schemas) / "_permissions.json").read_text("utf-8")
    known: dict[str, dict[str, Any]] = json.loads(text)
    return known


def _organization(stream: GenesysStream) -> tuple[str, str]:
    answer = stream.call("GET", "/api/v2/organizations/me", accepted=_TOLD)
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
    return stream.call(request.method, path, params=params, data=data, accepted=_TOLD)


def _reason(stream: GenesysStream, answer: requests.Response) -> str:
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return f"{asked(answer)} is not there: not licensed, or not in this org"
    if answer.status_code != HTTPStatus.FORBIDDEN:
        return stream.run.authenticator.conceal(refusal(answer))
    if named := _NAMED.search(refusal(answer)):
        return f"the client's role lacks {named[1]}"
    wanted = _permissions().get(f"{stream.http_method} {stream.path}", {})
    names = (" and " if wanted.get("all") else " or ").join(wanted.get("permissions", []))
    needs = f" The operation needs {names}." if names else ""
    return f"{stream.run.authenticator.conceal(refusal(answer))}{needs}"


def _estimate(
    finding: Finding,
    stream: GenesysStream,
    answer: requests.Response,
    days: int,
    listed: dict[str, int],
) -> None:
    """Tell what reading the stream costs, as far as the probe tells how much there is."""
    if isinstance(stream, PerParentStream):
        finding.first_run = finding.a_day = listed[vars(stream.parent_stream_type)["name"]]
    elif isinstance(stream, UnpagedStream):
        finding.first_run = finding.a_day = 1
    elif isinstance(stream, WholeStream):
        finding.first_run = finding.a_day = max(1, ceil(listed[stream.name] / stream.page_size))
    elif "totalHits" not in body(answer):
        # A request for each day, and of these the look-back's and the bookmark's once more.
        finding.first_run, finding.a_day = days, 3
    else:
        _estimate_details(finding, stream, answer, days)


def _estimate_details(
    finding: Finding, stream: GenesysStream, answer: requests.Response, days: int
) -> None:
    rows = int(body(answer)["totalHits"])
    finding.said = f"{rows:,} yesterday"
    if stream.config["conversation_details_source"] == "query":
        each_day = max(1, ceil(rows / stream.page_size))
    else:
        each_day = _REQUESTS_OF_A_JOB + ceil(rows / PAGE_SIZE)
    # Later runs read the bookmark's day, the look-back's, and a re-check on most days.
    finding.first_run, finding.a_day = days * each_day, 3 * each_day


def _look_at_the_lake(report: Report, streams: list[GenesysStream]) -> None:
    """Tell up to where the data lake knows conversations, where a stream reads it."""
    for stream in streams:
        path = getattr(stream, "jobs_path", None)
        if not path or stream.config["conversation_details_source"] == "query":
            continue
        answer = stream.call("GET", f"{path}/availability", accepted=_TOLD)
        if answer.status_code == HTTPStatus.OK:
            report.watermark = body(answer).get("dataAvailabilityDate")
            continue
        # A run asks this first, and is refused.
        for finding in report.streams:
            if finding.stream == stream.name:
                finding.works, finding.said = False, _reason(stream, answer)


def _total(answer: requests.Response, found: list[Any]) -> int:
    total = body(answer).get("total")
    return total if isinstance(total, int) else len(found)


def _today(run: Run) -> datetime:
    return floor(run.started, DAY)


def _yesterday(run: Run) -> datetime:
    return _today(run) - DAY


def _shown(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
