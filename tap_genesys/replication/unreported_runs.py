"""The runs that have begun, and whose rows no loader has confirmed. Pure.

The state has the id and the start of each. A run adds itself before its first row, and empties the
list after its last one: so an entry that a run finds is of a run that was killed. A run that is
killed leaves the earlier entries, and its own: the list has a maximum length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_genesys.replication.windows import iso, parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

#: The key in the state's entry of `tap_runs`.
KEY = "unreportedRuns"
#: The maximum number of runs, the present one included; a run takes 80 bytes of each STATE.
MOST = 8


class BegunRun(NamedTuple):
    """A run that has begun.

    Args:
        id: Its random id.
        started: Its start.
    """

    id: str
    started: str


class UnreportedRuns:
    """The runs that have begun, in their order.

    Args:
        runs: The runs.
    """

    def __init__(self, runs: Sequence[BegunRun] = ()) -> None:
        self._runs = [*runs]

    @classmethod
    def of_entry(cls, entry: object) -> UnreportedRuns:
        """Parse the list of a state.

        Raises:
            ValueError: It is something else; the message is its text.
        """
        try:
            runs = [BegunRun(name, iso(parse(started))) for name, started in entry or ()]  # type: ignore[attr-defined]
        except (TypeError, ValueError) as error:
            raise ValueError(repr(entry)) from error
        if not all(run.id and isinstance(run.id, str) for run in runs):
            raise ValueError(repr(entry))
        return cls(runs)

    def with_run(self, run_id: str, started: datetime) -> tuple[UnreportedRuns, Sequence[BegunRun]]:
        """Return the runs with the present one, and the oldest ones, which find no place.

        Args:
            run_id: The id of the run.
            started: Its start.
        """
        runs = [*self._runs, BegunRun(run_id, iso(started))]
        return UnreportedRuns(runs[-MOST:]), runs[:-MOST]

    @property
    def earlier(self) -> Sequence[BegunRun]:
        """All runs but the last, which is the present one."""
        return self._runs[:-1]

    @property
    def entry(self) -> list[list[str]]:
        """The list in the format of the state."""
        return [[*run] for run in self._runs]
