"""The mark of spans that were emitted with their ends, by which they are left out. Pure.

The state's `emittedThrough` is `[bookmark, moment]`. A complete run writes it at its end: once a
run's bookmark has reached that of the mark, all spans that ended before the moment have been
emitted with their ends, in the present shape. Until then, jobs emit spans that no run has emitted
in that shape. A bookmark that was moved back by hand is before that of the mark, too.

A span, or its end, may become visible later than its date. With a delay of up to an hour it is
never left out: spans are left out only up to `limit`, an hour before the start of that run, and
each query reads that hour again. With a longer delay, it arrives with the re-check of its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_genesys.replication.emitted import MARGIN
from tap_genesys.replication.windows import UNSETTLED, iso, parse

if TYPE_CHECKING:
    from datetime import datetime

#: The margin less the time by which `readTo` is before the start of its run anyway.
BEFORE_READ_TO = MARGIN - UNSETTLED


@dataclass(frozen=True, slots=True)
class EmittedSpans:
    """The mark of emitted spans.

    Args:
        bookmark: The lowest bookmark of a run that may leave spans out.
        moment: Spans that ended before it were emitted with their ends; a run's `readTo`.
    """

    bookmark: datetime
    moment: datetime

    @classmethod
    def of_state(cls, entry: Any) -> EmittedSpans | None:  # noqa: ANN401 - a state's
        """Return the mark from a state's entry; None without one."""
        return cls(*map(parse, entry)) if entry else None

    @property
    def entry(self) -> list[str]:
        """The mark in the format of the state."""
        return [iso(self.bookmark), iso(self.moment)]

    @property
    def limit(self) -> datetime:
        """The moment before which spans that have ended are left out."""
        return self.moment - BEFORE_READ_TO
