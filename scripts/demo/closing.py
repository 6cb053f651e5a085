"""The last screen of the demo: what was loaded, three answers, where it is, and what comes next."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from database import documented, query
from places import DATABASE, PAGE, PROJECT, REPORT_PYTHON, WAREHOUSE, DemoError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tables import Loaded

#: The name of conversations without a wrap-up code in the documented query.
NO_CODE = "None"


def make_page() -> None:
    """Make the page of the marts.

    Raises:
        DemoError: It could not be made; the message has the reason.
    """
    if not REPORT_PYTHON.exists():
        msg = f"{shown(REPORT_PYTHON)} is missing; `make demo` installs it, PAGE=no leaves it out."
        raise DemoError(msg)
    process = subprocess.run(  # noqa: S603 - our own program
        [str(REPORT_PYTHON), "-m", "reporting", str(DATABASE), "--output", str(PAGE)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines()
        msg = f"the page failed: {lines[-1] if lines else 'without a message'}"
        raise DemoError(msg)


def show_closing(
    results: Sequence[Loaded],
    tables: Mapping[str, int],
    seconds: float,
    *,
    has_page: bool,
    is_new: bool,
) -> None:
    """Print the last screen.

    Args:
        results: The streams that were compared with the org.
        tables: Table that is not compared -> its rows.
        seconds: The time of Meltano's run.
        has_page: Whether the page was made.
        is_new: Whether this was the first run.
    """
    (conversations,) = (row for row in results if row.stream == "conversation_details")
    held, new = sum(row.held for row in results), sum(row.new for row in results)
    whole = f"{held + sum(tables.values()):,} rows in {len(results) + len(tables)} tables"
    _show(
        "What was loaded" if is_new else "What is new",
        [
            ("conversations", _count(conversations, is_new=is_new)),
            ("in all", f"{whole}, and the marts that dbt made of them"),
            ("counted", f"{held:,} rows in the org, {held:,} here: every one has arrived"),
            *([] if is_new else [("new", f"{new:,} of these")]),
            ("time", f"{seconds:.0f} seconds, with Meltano's start"),
        ],
    )
    _show("Three answers", _answers())
    places = [("the page", f"{shown(PAGE)}, opened by a double click")] if has_page else []
    _show(
        "Where it is", [*places, ("the database", f"{shown(DATABASE)}, schemas genesys and marts")]
    )
    again = "six more hours pass in that org, and only their rows are new"
    _show(
        "What to type next",
        [
            ("make demo", again if is_new else "again: what is new since then"),
            (f"less {shown(WAREHOUSE)}", "these questions and more, in SQL"),
            ("less README.md", "`Connect your org`, with your own data"),
        ],
    )


def _count(conversations: Loaded, *, is_new: bool) -> str:
    if is_new:
        return f"{conversations.arrived:,}"
    return f"{conversations.new:,} more than before, {conversations.arrived:,} in all"


def _answers() -> list[tuple[str, str]]:
    """Return the results of three documented queries of the marts, each with its question."""
    levels = sorted((share, queue) for queue, _, share in query(documented("marts: service level")))
    (lowest, worst), (highest, best) = levels[0], levels[-1]
    wrap_ups = query(documented("marts: wrap-up distribution"))
    code, number = next((code, number) for code, number in wrap_ups if code != NO_CODE)
    ((repeats, callers),) = query(documented("marts: repeat callers"))
    return [
        ("Are calls answered in time?", f"{highest:.0%} in {best}, but {lowest:.0%} in {worst}"),
        ("How do conversations end?", f"most often with the code {code}, {number:,} times"),
        ("Do they call again?", f"{callers:,} people did within seven days, {repeats:,} times"),
    ]


def _show(title: str, lines: Sequence[tuple[str, str]]) -> None:
    print(f"\n{title}")
    names = [name if name.endswith("?") else f"{name}:" for name, _ in lines]
    width = max(map(len, names))
    for name, (_, text) in zip(names, lines, strict=True):
        print(f"  {name.ljust(width)}  {text}")
