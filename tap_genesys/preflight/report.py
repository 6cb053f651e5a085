"""The report of `--check`, as a table and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from tap_genesys.preflight import fair_use

_MINUTES_PER_HOUR = 60


@dataclass
class Finding:
    """The finding about one stream; requests and rows are estimates, None where unknown.

    Args:
        stream: Its name.
        ok: Whether it can be read.
        detail: Why it cannot be read, or the counts behind the estimates.
        requests_first_run: Requests of the first run.
        requests_per_day: Requests of a later run, with one run per day.
        rows_first_run: Rows that the first run emits.
        rows_per_day: Rows that a later run emits, with one run per day.
        requests_per_month: Requests of 30 days, with the report's runs per day.
    """

    stream: str
    ok: bool
    detail: str
    requests_first_run: int | None = None
    requests_per_day: int | None = None
    rows_first_run: int | None = None
    rows_per_day: int | None = None
    requests_per_month: int | None = None


@dataclass
class Report:
    """The findings about an org.

    Args:
        organization: The org's name.
        region: The base URL of its API.
        watermark: The data lake's watermark of conversations; None where unknown.
        lag_hours: Hours from the watermark to the check; None where unknown.
        job_limits: The org's limits of details jobs, by the vendor's keys; None where they are not
            readable, or no stream is read by job.
        runs_per_day: Runs per day, for the requests per month.
        users: Licence -> number of users, from `--check-users`.
        requests_per_minute: The rate limit of a run.
        notes: The effect of watermark and limits on the settings, and remedies.
        streams: One finding per stream.
    """

    organization: str
    region: str
    watermark: str | None = None
    lag_hours: float | None = None
    job_limits: dict[str, int] | None = None
    runs_per_day: int = 1
    users: dict[str, int] = field(default_factory=dict)
    requests_per_minute: float = 300
    notes: list[str] = field(default_factory=list)
    streams: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all selected streams can be read."""
        return all(finding.ok for finding in self.streams)

    def as_json(self) -> str:
        """Return the report as JSON (docs/operations.md has its format)."""
        own = asdict(self)
        users = own.pop("users")
        del own["requests_per_minute"]
        per_month = self._sum("requests_per_month")
        use: dict[str, Any] = {
            "requests_per_month": per_month,
            "users": users,
            "allowance": fair_use.allowance(users),
            "users_needed": fair_use.users_needed(per_month),
        }
        hours = {"hours_first_run": round(self._hours, 2)}
        content = {**own, **hours, "fair_use": use, "ok": self.ok}
        return json.dumps(content, indent=1, ensure_ascii=False)

    def as_table(self) -> str:
        """Return the report as a text table."""
        head_of_requests = ("requests: first run", "per day", "per month")
        rows = [("stream", "", *head_of_requests, "rows: first run", "per day", "")]
        rows += [
            (
                finding.stream,
                "ok" if finding.ok else "NO",
                _shown(finding.requests_first_run),
                _shown(finding.requests_per_day),
                _shown(finding.requests_per_month),
                _shown(finding.rows_first_run),
                _shown(finding.rows_per_day),
                finding.detail,
            )
            for finding in self.streams
        ]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
        lines = [
            "  ".join(
                [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]
            )
            for row in rows
        ]
        head = [f"Organization: {self.organization} ({self.region})"]
        if self.watermark:
            behind = "" if self.lag_hours is None else f", {self.lag_hours:g} h behind"
            head.append(f"Data lake watermark of conversations: {self.watermark}{behind}")
        if self.job_limits:
            limits = ", ".join(f"{key} = {value:,}" for key, value in self.job_limits.items())
            head.append(f"Job limits of the org: {limits}")
        head += self.notes
        tail = [
            f"Estimated requests: {self._sums('requests')}",
            f"Estimated rows, without those marked ?: {self._sums('rows')}",
            self._first_run_note,
            *self._month_notes,
            "All selected streams can be read."
            if self.ok
            else "Some selected streams cannot be read: see NO above.",
        ]
        return "\n".join([*head, "", *(line.rstrip() for line in lines), "", *tail])

    @property
    def _hours(self) -> float:
        """The hours that the requests of the first run take at the rate limit."""
        return self._sum("requests_first_run") / self.requests_per_minute / _MINUTES_PER_HOUR

    @property
    def _first_run_note(self) -> str:
        has_jobs = self.job_limits or self.watermark
        jobs = ", plus the time that the vendor's jobs take" if has_jobs else ""
        pace = f"{self.requests_per_minute:g} requests per minute"
        hours = round(self._hours, 1)
        length = f"{hours:,.1f} h" if hours else "less than 0.1 h"
        return f"Duration of the first run: {length} at {pace}{jobs}."

    @property
    def _month_notes(self) -> list[str]:
        per_month = self._sum("requests_per_month")
        runs = f"{self.runs_per_day} runs" if self.runs_per_day > 1 else "one run"
        unknown = sum(finding.ok and finding.requests_per_month is None for finding in self.streams)
        streams = "stream" if unknown == 1 else "streams"
        rest = f", without {unknown} {streams} marked ?" if unknown else ""
        month = f"Estimated requests per month (30 days, {runs} per day): {per_month:,}{rest}."
        return [month, fair_use.note(per_month, self.users)] if per_month else [month]

    def _sum(self, name: str) -> int:
        """Return the sum of a number over all readable streams for which it is known."""
        return sum(getattr(finding, name) or 0 for finding in self.streams if finding.ok)

    def _sums(self, counted: str) -> str:
        """Return the sums of `requests` or `rows` as text."""
        first, daily = (self._sum(f"{counted}_{run}") for run in ("first_run", "per_day"))
        return f"{first:,} in the first run, {daily:,} per day with one run per day."


def _shown(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
