"""The report of a check, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass
class Finding:
    """The finding about one stream; requests are estimates, None where they are unknown."""

    stream: str
    ok: bool
    detail: str
    requests_first_run: int | None = None
    requests_per_day: int | None = None


@dataclass
class Report:
    """The findings about an org."""

    organization: str
    region: str
    watermark: str | None = None
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
        rows = [("stream", "", "first run", "a day", "")]
        rows += [
            (
                finding.stream,
                "ok" if finding.ok else "NO",
                _shown(finding.requests_first_run),
                _shown(finding.requests_per_day),
                finding.detail,
            )
            for finding in self.streams
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
        working = [finding for finding in self.streams if finding.ok]
        first, daily = (
            sum(getattr(finding, name) or 0 for finding in working)
            for name in ("requests_first_run", "requests_per_day")
        )
        tail = [
            f"Requests, estimated: {first:,} for the first run, {daily:,} a day at one run a day.",
            "All that is selected can be read."
            if self.ok
            else "Not all can be read: see NO above.",
        ]
        return "\n".join([*head, "", *(line.rstrip() for line in lines), "", *tail])


def _shown(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
