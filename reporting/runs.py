"""The part of the page about the tap's runs: how far lanes have read, and how the last ended."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from reporting.queries import FRESHNESS, RUNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reporting.database import Row
    from reporting.queries import RunHistory

_NEEDS = "It needs the stream tap_runs, and genesys__using_tap_runs."
#: The newest of several streams stands for all of them.
_NEWEST = "last_run_with_rows"
#: Of more streams, only the first ones are named.
_NAMED = 3


def parts(history: RunHistory) -> list[str]:
    """Return the parts with the lanes and the newest runs: their rows, or why there are none."""
    return [
        _part(
            "freshness",
            "How far each lane has read",
            FRESHNESS,
            None if history.lanes is None else _by_lane(history.lanes),
            "The moment, in UTC, up to which all rows of these streams are loaded by this lane, "
            "and the result of its newest run; those furthest behind come first. The lane recheck "
            "comes last: it reads older days once more, and is days behind by design.",
            ("complete_to", "behind_seconds", "last_outcome"),
        ),
        _part(
            "runs",
            "What the last runs did",
            RUNS,
            history.runs,
            "The newest runs of the tap: how long each took, how it ended, the rows that it "
            "emitted, and the requests that it sent. A run that was killed has no end.",
            ("started_at", "duration_seconds", "outcome", "records", "requests", "retries"),
        ),
    ]


def _by_lane(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of freshness, as one those of streams that look equal in all else."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        shown = tuple(_text(name, row[name]) for name in row if name not in ("stream", _NEWEST))
        alike.setdefault(shown, []).append(row)
    # The sort is stable: those furthest behind stay first.
    return sorted(map(_merged, alike.values()), key=lambda row: row.get("lane") == "recheck")


def _merged(rows: Sequence[Row]) -> Row:
    names = [str(row["stream"]) for row in rows]
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"and {len(names) - _NAMED + 1} more"]
    moments = [row[_NEWEST] for row in rows if row.get(_NEWEST) is not None]
    newest = {_NEWEST: max(moments, default=None)} if _NEWEST in rows[0] else {}
    return {**rows[0], "stream": ", ".join(names), **newest}


def _part(
    name: str,
    title: str,
    mart: str,
    rows: Sequence[Row] | None,
    meaning: str,
    columns: Sequence[str],
) -> str:
    if not rows:
        reason = (
            f"is not in this database. {_NEEDS}"
            if rows is None
            else "has no rows: no run is loaded."
        )
        body = f'<p class="empty">The mart <code>{mart}</code> {reason}</p>'
    else:
        head = "".join(f'<th scope="col">{_heading(column)}</th>' for column in rows[0])
        named = ", ".join(f"<code>{column}</code>" for column in columns)
        body = (
            f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(map(_line, rows))}</tbody></table></div>\n"
            f'<p class="meaning">{meaning}</p>\n'
            f'<p class="source">From <code>{mart}</code>: {named}. All queues and media.</p>'
        )
    return f'<section class="chart wide" id="{name}">\n<h3>{title}</h3>\n{body}\n</section>'


def _heading(column: str) -> str:
    return escape(column.removesuffix("_seconds").replace("_", " ").capitalize())


def _line(row: Mapping[str, Any]) -> str:
    first, *others = (_text(name, value) for name, value in row.items())
    cells = "".join(f"<td>{escape(text)}</td>" for text in others)
    return f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'


def _duration(seconds: Any) -> str:  # noqa: ANN401 - a number of a database, or None
    """Return a time with its two largest units."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    start = next((place for place, (number, _) in enumerate(units) if number), 3)
    return " ".join(f"{number} {unit}" for number, unit in units[start : start + 2])


def _text(column: str, value: Any) -> str:  # noqa: ANN401 - a value of a database
    if column.endswith("_seconds"):
        return _duration(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    return "" if value is None else str(value)
