"""The HTML of the page: one file, whose Content-Security-Policy allows no request."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from reporting.charts import SECTIONS, Chart
from reporting.queries import TABLES
from reporting.runs import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reporting.figures import Figures
    from reporting.queries import Period, RunHistory

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("figures.js", "drawing.js", "page.js")
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
    figures: Figures, period: Period, history: RunHistory, *, source: str, now: datetime
) -> str:
    """Return the page.

    Args:
        figures: The data.
        period: The days.
        history: The lanes and the newest runs of the tap.
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
            _section(title, charts, figures, history) for title, charts in SECTIONS.items()
        ),
        figures=_embedded(figures.document()),
        script=script,
    )


def _section(title: str, charts: Sequence[Chart], figures: Figures, history: RunHistory) -> str:
    sections = [_chart(chart, is_built=figures.tables[chart.table] is not None) for chart in charts]
    if charts is SECTIONS["Is it all here?"]:
        sections += parts(history)
    inner = "\n".join(sections)
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
