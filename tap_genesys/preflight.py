"""What will work, and what it will cost, asked before the first run: one small request a stream."""

from __future__ import annotations

import json
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
        streams: Those that are selected, and their parents.

    Raises:
        StopRun: The credentials are refused, or the API cannot be reached.
    """
    chosen = list(streams)
    report = Report(*_organization(chosen[0]) if chosen else ("", ""))
    wanted = span(dict(run.config), run.started)
    days = max(1, ceil((wanted.end - wanted.start) / DAY))
    ids: dict[str, str] = {}
    listed: dict[str, int] = {}
    # Parents first: their followers are asked for what is below one of them.
    for stream in sorted(chosen, key=lambda one: isinstance(one, PerParentStream)):
        context = None
        if isinstance(stream, PerParentStream):
            parent = str(vars(stream.parent_stream_type)["name"])
            if parent not in ids:
                if stream.selected:
                    report.streams.append(Finding(stream.name, works=True, said=_NOT_ASKED))
                continue
            context = {stream.parent_column: ids[parent]}
        answer = _probe(stream, context, Window(_yesterday(run), _yesterday(run) + DAY))
        works = answer.status_code == HTTPStatus.OK
        if works and isinstance(stream, WholeStream):
            found = stream.records_of(answer)
            listed[stream.name] = _total(answer, found)
            if found and found[0].get("id"):
                ids[stream.name] = str(found[0]["id"])
        if stream.selected:
            finding = Finding(stream.name, works, "" if works else _reason(stream, answer))
            if works:
                _estimate(finding, stream, answer, days, listed)
            report.streams.append(finding)
    report.watermark = _watermark(chosen)
    return report


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
    wanted = _permissions().get(f"{stream.http_method} {stream.path}", {})
    if answer.status_code == HTTPStatus.FORBIDDEN and wanted.get("permissions"):
        names = (" and " if wanted["all"] else " or ").join(wanted["permissions"])
        return f"the client's role lacks {names}"
    return stream.run.authenticator.conceal(refusal(answer))


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
        finding.first_run = finding.a_day = max(1, ceil(listed[stream.name] / stream.max_page_size))
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


def _watermark(streams: list[GenesysStream]) -> str | None:
    """Return up to where the data lake knows conversations, where a selected stream reads it."""
    for stream in streams:
        path = getattr(stream, "jobs_path", None)
        if path and stream.config["conversation_details_source"] != "query":
            try:
                answer = stream.call("GET", f"{path}/availability", accepted=_TOLD)
            except (SkipStream, StopRun):
                return None
            told = body(answer).get("dataAvailabilityDate")
            return str(told) if told else None
    return None


def _total(answer: requests.Response, found: list[Any]) -> int:
    total = body(answer).get("total")
    return total if isinstance(total, int) else len(found)


def _yesterday(run: Run) -> Any:  # noqa: ANN401 - a moment
    return floor(run.started, DAY) - DAY


def _shown(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
