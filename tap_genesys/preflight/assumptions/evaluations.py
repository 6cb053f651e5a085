"""The bounds of a search for evaluations: a range that shows them, and the judgement. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.preflight.assumptions.fields import moment, rows
from tap_genesys.preflight.assumptions.model import Undecidable, held
from tap_genesys.replication.windows import Window

if TYPE_CHECKING:
    from datetime import datetime

    from tap_genesys.preflight.assumptions.model import Observed, Verdict


def neighbours(observed: Observed) -> Window:
    """Return the shortest range between the creations of two evaluations with one in between.

    Raises:
        Undecidable: There are fewer than three.
    """
    created = sorted(set(_created(observed, "evaluations")))
    ranges = [Window(first, last) for first, last in zip(created, created[2:], strict=False)]
    if not ranges:
        msg = f"{len(created)} different dates of evaluations in 30 days; three are needed"
        raise Undecidable(msg)
    return min(ranges, key=lambda window: window.length)


def bounds(observed: Observed) -> Verdict:
    """Judge whether both bounds belong to a search's range."""
    window = neighbours(observed)
    created = _created(observed, "evaluations-bounds")
    if not any(window.start < moment < window.end for moment in created):
        msg = "the search does not even find what lies between its bounds"
        raise Undecidable(msg)
    has_start, has_end = window.start in created, window.end in created
    evidence = f"{belongs('start', has_start)}; {belongs('end', has_end)}"
    return held(evidence, if_true=has_start and has_end)


def belongs(bound: str, does: bool) -> str:  # noqa: FBT001 - reads as a sentence
    """Return a text: whether a bound belongs to an interval."""
    return f"the {bound} {'belongs' if does else 'does not belong'} to it"


def _created(observed: Observed, name: str) -> list[datetime]:
    records = rows(observed.body(name), "results")
    return [created for record in records if (created := moment(record, "createdDate"))]
