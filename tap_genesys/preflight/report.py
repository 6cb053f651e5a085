"""The report of a check, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from tap_genesys.preflight import fair_use

_MINUTES_PER_HOUR = 60


@dataclass
class Finding:
    """The finding about one stream; requests and rows are estimates, None where they are unknown.

    Args:
        stream: Its name.
        ok: Whether it can be read.
        detail: Why it cannot be read, or the counts of the estimates.
        requests_first_run: The requests of the first run.
        requests_per_day: Those of a later run, with a run a day.
        rows_first_run: The rows that the first run emits.
        rows_per_day: Those that a later run emits, with a run a day.
        requests_per_month: The requests of 30 days, with the report's runs a day.
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
        organization: Its name.
        region: The URL of its API.
        watermark: The moment up to which its data lake knows conversations; None where unknown.
        lag_hours: How many hours that is before the check; None likewise.
        job_limits: The org's limits of jobs of details, by the vendor's keys; None where they are
            not readable, or no stream is read by job.
        runs_per_day: How many runs a day the requests of a month are for.
        users: Licence -> users, as far as they were given.
        requests_per_minute: The pace of the requests.
        notes: What watermark and limits mean for the settings, and remedies.
        streams: The findings about each stream.
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
        """Whether everything that is selected can be read."""
        return all(finding.ok for finding in self.streams)

    def as_json(self) -> str:
        """Return it for programs."""
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
        """Return it for people."""
        rows = [("stream", "", "first run", "a day", "a month", "rows", "rows a day", "")]
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
            head.append(f"Data lake of conversations: known up to {self.watermark}{behind}")
        if self.job_limits:
            limits = ", ".join(f"{key} = {value:,}" for key, value in self.job_limits.items())
            head.append(f"Limits of jobs: {limits}")
        head += self.notes
        tail = [
            f"Requests, estimated: {self._sums('requests')}",
            f"Rows, estimated where there is no question mark: {self._sums('rows')}",
            self._first_run_note,
            *self._month_notes,
            "All that is selected can be read."
            if self.ok
            else "Not all can be read: see NO above.",
        ]
        return "\n".join([*head, "", *(line.rstrip() for line in lines), "", *tail])

    @property
    def _hours(self) -> float:
        """The hours that the requests of the first run take at their pace."""
        return self._sum("requests_first_run") / self.requests_per_minute / _MINUTES_PER_HOUR

    @property
    def _first_run_note(self) -> str:
        jobs = "; jobs take their own time beside it" if self.job_limits or self.watermark else ""
        pace = f"{self.requests_per_minute:g} requests a minute"
        hours = round(self._hours, 1)
        length = f"{hours:,.1f} h" if hours else "less than 0.1 h"
        return f"First run: {length} at {pace}{jobs}."

    @property
    def _month_notes(self) -> list[str]:
        per_month = self._sum("requests_per_month")
        runs = f"{self.runs_per_day} runs a day" if self.runs_per_day > 1 else "one run a day"
        unknown = sum(finding.ok and finding.requests_per_month is None for finding in self.streams)
        rest = f", {unknown} streams not counted" if unknown else ""
        month = f"Requests of a month of 30 days at {runs}: {per_month:,}{rest}."
        return [month, fair_use.note(per_month, self.users)] if per_month else [month]

    def _sum(self, name: str) -> int:
        """Return the sum of a number of all streams that can be read, as far as it is known."""
        return sum(getattr(finding, name) or 0 for finding in self.streams if finding.ok)

    def _sums(self, counted: str) -> str:
        """Return the sums of requests, or of rows, in words."""
        first, daily = (self._sum(f"{counted}_{run}") for run in ("first_run", "per_day"))
        return f"{first:,} for the first run, {daily:,} a day at one run a day."


def _shown(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
