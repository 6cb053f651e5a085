"""The figures of a steady-state day, their goals, and the table of both. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from arithmetic import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The lane of rows that re-checks emit.
RECHECK = "re-check"
#: Lag in hours -> the most hours.
STALE = {4: 6, 24: 2, 48: 2}
BEHIND = {4: 9, 24: 72, 48: 120}
#: The reading of intervals whose figures have goals.
CONFIRMED = "overlap"


@dataclass(frozen=True)
class Day:
    """The figures of a day.

    Args:
        lag: How far the data lake is behind, in hours.
        reading: The reading of intervals.
        conversations: How many conversations start on the day.
        details: Lane -> rows of `conversation_details`.
        tables: Rows of `conversation_details` and of the tables that are derived of it.
        aggregates: Rows of `conversation_aggregates`.
        requests: Purpose -> requests of `conversation_details`.
        stale: How stale a conversation is at most, in hours.
        behind: How far the jobs' bookmark is behind at most, in hours.
        state: The size of STATE in bytes.
    """

    lag: int
    reading: str
    conversations: int
    details: dict[str, int]
    tables: int
    aggregates: int
    requests: dict[str, int]
    stale: float
    behind: float
    state: int

    @property
    def rows(self) -> int:
        """Rows of `conversation_details`."""
        return sum(self.details.values())

    @property
    def rechecks(self) -> float:
        """Rows of re-checks for each new conversation."""
        return self.details.get(RECHECK, 0) / self.conversations

    @property
    def others(self) -> float:
        """All other rows of `conversation_details` for each new conversation."""
        return self.rows / self.conversations - self.rechecks


class Figure(NamedTuple):
    """One line of the table.

    Args:
        name: Its words.
        of: Returns it of a day.
        format: Its format.
        most: Returns the goal at a lag in hours; None where there is none.
    """

    name: str
    of: Callable[[Day], float]
    format: str = ",.0f"
    most: Callable[[int], float | None] = lambda _lag: None


FIGURES = (
    Figure("rows of `conversation_details`", lambda day: day.rows),
    Figure("for each new conversation, by re-checks", lambda day: day.rechecks, ".2f"),
    Figure("for each new conversation, otherwise", lambda day: day.others, ".2f", lambda _: 4.5),
    Figure(
        "requests of `conversation_details`",
        lambda day: sum(day.requests.values()),
        most=lambda _: 2_500,
    ),
    Figure("rows of all tables of conversations", lambda day: day.tables, most=lambda _: 5_000_000),
    Figure(
        "rows of `conversation_aggregates`", lambda day: day.aggregates, most=lambda _: 1_600_000
    ),
    Figure("hours by which a conversation is stale", lambda day: day.stale, ".1f", STALE.get),
    Figure("hours by which the bookmark is behind", lambda day: day.behind, ".1f", BEHIND.get),
    Figure("bytes of STATE", lambda day: day.state, most=lambda _: 6_000),
)


def table(lag: int, days: Iterable[tuple[str, Day]]) -> str:
    """Return a Markdown table of the days of one lag.

    Args:
        lag: The lag in hours.
        days: The name of the version that was measured, which may be empty, and the day.
    """
    columns = [(f"{version} {day.reading}".strip(), day) for version, day in days if day.lag == lag]
    names = [name for name, _day in columns]
    lines = [[f"a data lake {lag} h behind", "goal", *names], ["---"] * (2 + len(names))]
    for figure in FIGURES:
        most = figure.most(lag)
        goal = "" if most is None else f"at most {most:{figure.format}}"
        lines.append([figure.name, goal, *(_cell(figure, day, most) for _name, day in columns)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(figure: Figure, day: Day, most: float | None) -> str:
    value = figure.of(day)
    text = f"{value:{figure.format}}"
    has_goal = most is not None and day.reading == CONFIRMED
    return f"{text}, {Target(figure.name, value, most=most).verdict}" if has_goal else text


def as_json(days: Iterable[Day], version: str, command: str) -> dict[str, Any]:
    """Return the content of the results' file.

    Args:
        days: The figures.
        version: The commit that was measured; empty for the present one.
        command: The command that measured it.
    """
    return {"version": version, "command": command, "days": [asdict(day) for day in days]}


def of_json(content: dict[str, Any]) -> list[tuple[str, Day]]:
    """Return the days of a results' file, each with its version."""
    return [(content["version"], Day(**day)) for day in content["days"]]
