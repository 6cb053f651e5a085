"""The HTML of the page: one file, whose Content-Security-Policy allows no request."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporting.charts import SECTIONS, Chart
from reporting.queries import FRESHNESS, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reporting.database import Row
    from reporting.figures import Figures
    from reporting.queries import Period

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("figures.js", "drawing.js", "page.js")
_RUNS = "It needs the stream tap_runs, and genesys__using_tap_runs."
#: Charts that are as wide as the page.
WIDE = ("half_hours", "handle_time", "occupancy", "reconciliation")

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="about">{about}</p>
<p class="notice">This page holds the names of agents and queues. Share it as you would share the \
database.</p>
</header>
<main>
<form class="choice" aria-label="Choose what the charts show">
<label>Queue <select id="queue" autocomplete="off"></select></label>
<label>Medium <select id="medium" autocomplete="off"></select></label>
</form>
<noscript><p class="notice">The charts need JavaScript.</p></noscript>
{sections}
</main>
<footer><p>Definitions of all columns are in <code>dbt/models/marts/_marts.yml</code> and \
<code>dbt/DECISIONLOG.md</code>. This file sends no request.</p></footer>
<script type="application/json" id="figures">{figures}</script>
<script>{script}</script>
</body>
</html>
"""


def page(
    figures: Figures, period: Period, freshness: Sequence[Row] | None, *, source: str, now: datetime
) -> str:
    """Return the page.

    Args:
        figures: The data.
        period: The days.
        freshness: The rows of the mart of freshness; None without it.
        source: The name of the database.
        now: The time at which it is made.
    """
    style = (ASSETS / "style.css").read_text("utf-8")
    scripts = "\n".join((ASSETS / name).read_text("utf-8") for name in SCRIPTS)
    script = f'"use strict";\n{{\n{scripts}}}\n'
    return _PAGE.format(
        policy=(
            f"default-src 'none'; img-src data:; script-src {_hash(script)}; "
            f"style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
        ),
        title=f"Contact centre, {_span(period.first, period.last)}",
        about=(
            f"From the database {escape(source)}, {now.astimezone(UTC):%-d %B %Y, %H:%M} UTC. "
            f"Days and hours are those of the time zone {escape(period.time_zone)}."
        ),
        style=style,
        sections="\n".join(
            _section(title, charts, figures, freshness) for title, charts in SECTIONS.items()
        ),
        figures=_embedded(figures.document()),
        script=script,
    )


def _section(
    title: str, charts: Sequence[Chart], figures: Figures, freshness: Sequence[Row] | None
) -> str:
    parts = [_chart(chart, is_built=figures.tables[chart.table] is not None) for chart in charts]
    if charts is SECTIONS["Is it all here?"]:
        parts.append(_freshness(freshness))
    inner = "\n".join(parts)
    return f'<h2>{escape(title)}</h2>\n<div class="charts">\n{inner}\n</div>'


def _chart(chart: Chart, *, is_built: bool) -> str:
    mart = TABLES[chart.table].mart
    columns = ", ".join(
        f"<code>{escape(name)}</code>" if " " not in name else escape(name)
        for name in chart.columns
    )
    source = f'<p class="source">From <code>{mart}</code>: {columns}. {escape(chart.selects)}</p>'
    heading = f"<h3>{escape(chart.title)}</h3>"
    kind = "chart wide" if chart.name in WIDE else "chart"
    if not is_built:
        return (
            f'<section class="{kind}" id="{chart.name}">\n{heading}\n<p class="empty">The mart '
            f"<code>{mart}</code> is not in this database. {escape(chart.needs)}</p>\n</section>"
        )
    return (
        f'<section class="{kind}" id="{chart.name}" data-chart="{chart.name}">\n{heading}\n'
        '<p class="lead"></p>\n<div class="drawing"></div>\n'
        f'<p class="meaning">{escape(chart.meaning)}</p>\n{source}\n'
        '<details><summary>The figures as a table</summary><div class="scroll" tabindex="0">'
        "</div></details>\n</section>"
    )


def _freshness(rows: Sequence[Row] | None) -> str:
    """Return the part with the mart of freshness: its rows, or why there are none."""
    heading = "<h3>How far each stream has been read</h3>"
    if not rows:
        reason = (
            f"is not in this database. {_RUNS}"
            if rows is None
            else "has no rows: no run is loaded."
        )
        body = f'<p class="empty">The mart <code>{FRESHNESS}</code> {reason}</p>'
    else:
        head = "".join(f'<th scope="col">{_heading(name)}</th>' for name in rows[0])
        lines = "".join(_line(row) for row in rows)
        body = (
            f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{lines}</tbody></table></div>\n"
            '<p class="meaning">The moment, in UTC, up to which all rows of each stream and lane '
            "are loaded, and the result of its newest run; those furthest behind come first.</p>\n"
            f'<p class="source">From <code>{FRESHNESS}</code>: '
            "<code>complete_to</code>, <code>behind_seconds</code>, <code>last_outcome</code>. "
            "All queues and media.</p>"
        )
    return f'<section class="chart wide" id="freshness">\n{heading}\n{body}\n</section>'


def _heading(column: str) -> str:
    return escape(column.removesuffix("_seconds").replace("_", " ").capitalize())


def _line(row: Row) -> str:
    first, *others = (
        _duration(value) if name.endswith("_seconds") else _text(value)
        for name, value in row.items()
    )
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


def _text(value: Any) -> str:  # noqa: ANN401 - a value of a database
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    return "" if value is None else str(value)


def _span(first: date, last: date) -> str:
    form = "%-d %B %Y"
    if first.year == last.year:
        form = "%-d" if first.month == last.month else "%-d %B"
    return f"{first:{form}} to {last:%-d %B %Y}"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _embedded(document: object) -> str:
    """Return JSON that cannot end its script element."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
