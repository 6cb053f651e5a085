"""The report of the check, as table and JSON: counts and times, without data of the org."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_genesys.preflight.assumptions.model import Outcome, verdict
from tap_genesys.preflight.assumptions.registry import ASSUMPTIONS, UNSETTLED
from tap_genesys.preflight.assumptions.sender import Sender
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_genesys.preflight.assumptions.model import Assumption, Observed, Verdict
    from tap_genesys.run import Run


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts on the assumptions, in the order of docs/design.md.

    Args:
        checked_at: The start of the check, ISO 8601.
        version: The tap's version.
        requests: The number of requests.
        verdicts: Each assumption that has a check, or is open, with its verdict.
    """

    checked_at: str
    version: str
    requests: int
    verdicts: tuple[tuple[Assumption, Verdict], ...]

    def as_json(self) -> str:
        """Return the report as JSON."""
        assumptions = [
            {
                "name": assumption.name,
                "assumption": assumption.text,
                "status": assumption.status,
                "verdict": judged.outcome.value,
                "evidence": judged.evidence,
            }
            for assumption, judged in self.verdicts
        ]
        report = {
            "checked_at": self.checked_at,
            "version": self.version,
            "requests": self.requests,
            "assumptions": assumptions,
        }
        return json.dumps(report, indent=1, ensure_ascii=False)

    def as_table(self) -> str:
        """Return the report as a table: assumptions with a check, then those without and why."""
        checked = [
            (assumption.name, assumption.status, judged.outcome.value, judged.evidence)
            for assumption, judged in self.verdicts
            if assumption.judge
        ]
        unchecked = [
            (assumption.name, assumption.status, judged.outcome.value, judged.evidence)
            for assumption, judged in self.verdicts
            if not assumption.judge
        ]
        lines = _aligned([("assumption", "is", "verdict", "evidence"), *checked, *unchecked])
        counted = Counter(judged.outcome for assumption, judged in self.verdicts)
        sums = ", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome)
        head = f"Assumptions about the vendor's API, tap-genesys {self.version}, {self.checked_at}"
        tail = (
            f"{self.requests} requests: {sums}. No id, name or text of the org is in this report."
        )
        return "\n".join([head, "", *lines, "", tail])


def check(run: Run, version: str) -> Report:
    """Test the assumptions about the vendor's API against an org.

    Args:
        run: The run: its client, clock and settings.
        version: The tap's version.

    Raises:
        StopRun: The credentials are refused, or the API cannot be reached at all.
    """
    sender = Sender(run)
    observed = sender.send_all()
    return Report(iso(run.started), version, sender.requests, (*_verdicts(observed),))


def _verdicts(observed: Observed) -> Iterable[tuple[Assumption, Verdict]]:
    for assumption in ASSUMPTIONS:
        if assumption.judge or assumption.status in UNSETTLED:
            yield assumption, verdict(assumption, observed)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]
        ).rstrip()
        for row in rows
    ]
