"""The spans that earlier runs have emitted with their ends, so that they are left out. Pure.

The state's `emittedThrough` is `[bookmark, moment]`. A run that has read everything whole notes it
at its end: all spans that ended before the moment were emitted with their ends, in the present
shape, once a run's bookmark has reached that of the mark. Until then jobs still emit spans that no
run has emitted in that shape. A bookmark that was moved back by hand is before the mark's as well.

A span, or its end, may become visible later than its date. Up to an hour later it is never left
out: spans are left out up to `limit` only, an hour before that run began, and each query reads that
hour again. Later than that, it arrives with the re-check of its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_genesys.replication.emitted import MARGIN
from tap_genesys.replication.windows import UNSETTLED, iso, parse

if TYPE_CHECKING:
    from datetime import datetime

#: The part of the margin by which `readTo` is not behind the begin of its run anyway.
BEFORE_READ_TO = MARGIN - UNSETTLED


@dataclass(frozen=True, slots=True)
class EmittedSpans:
    """The mark of emitted spans.

    Args:
        bookmark: The bookmark from which on a run may leave spans out.
        moment: All spans that ended before it were emitted with their ends; a run's `readTo`.
    """

    bookmark: datetime
    moment: datetime

    @classmethod
    def of_state(cls, entry: Any) -> EmittedSpans | None:  # noqa: ANN401 - a state's
        """Read the mark from a state; None where there is none."""
        return cls(*map(parse, entry)) if entry else None

    @property
    def entry(self) -> list[str]:
        """The mark in the format of the state."""
        return [iso(self.bookmark), iso(self.moment)]

    @property
    def limit(self) -> datetime:
        """The moment before which spans that have ended are left out."""
        return self.moment - BEFORE_READ_TO
