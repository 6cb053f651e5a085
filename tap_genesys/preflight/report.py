"""The report of a check, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


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
    """

    stream: str
    ok: bool
    detail: str
    requests_first_run: int | None = None
    requests_per_day: int | None = None
    rows_first_run: int | None = None
    rows_per_day: int | None = None


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
        notes: What watermark and limits mean for the settings, and remedies.
        streams: The findings about each stream.
    """

    organization: str
    region: str
    watermark: str | None = None
    lag_hours: float | None = None
    job_limits: dict[str, int] | None = None
    notes: list[str] = field(default_factory=list)
    streams: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that is selected can be read."""
        return all(finding.ok for finding in self.streams)

    def as_json(self) -> str:
        """Return it for programs."""
        return json.dumps({**asdict(self), "ok": self.ok}, indent=1, ensure_ascii=False)

    def as_table(self) -> str:
        """Return it for people."""
        rows = [("stream", "", "first run", "a day", "rows", "rows a day", "")]
        rows += [
            (
                finding.stream,
                "ok" if finding.ok else "NO",
                _shown(finding.requests_first_run),
                _shown(finding.requests_per_day),
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
            "All that is selected can be read."
            if self.ok
            else "Not all can be read: see NO above.",
        ]
        return "\n".join([*head, "", *(line.rstrip() for line in lines), "", *tail])

    def _sums(self, counted: str) -> str:
        """Return the sums of requests, or of rows, in words."""
        first, daily = (
            sum(getattr(finding, f"{counted}_{run}") or 0 for finding in self.streams if finding.ok)
            for run in ("first_run", "per_day")
        )
        return f"{first:,} for the first run, {daily:,} a day at one run a day."


def _shown(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
