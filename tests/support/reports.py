"""Make the page of a warehouse, and show it in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.loaders import ROOT, environment
from support.models import require_dbt

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTHON = ROOT / ".venv-report/bin/python"
BROWSER = Path("/usr/bin/chromedriver")
#: The folder of the screenshots, which stay.
SCREENSHOTS = ROOT / "screenshots"
DATA = re.compile(r'<script type="application/json" id="figures">(.*?)</script>', re.DOTALL)


def require_report() -> None:
    """Skip the test without `REQUIRE_REPORT`; else dbt and a browser must be here."""
    if not os.environ.get("REQUIRE_REPORT"):
        pytest.skip("`make test-report` runs it")
    os.environ["REQUIRE_DBT"] = "1"
    require_dbt()
    if not (PYTHON.exists() and BROWSER.exists()):
        pytest.fail("`make test-report` installs the page's environment, the system a browser")


def run_report(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command that makes the page, successfully or not."""
    return subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-m", "reporting", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def make(address: str | Path, output: Path) -> str:
    """Return the HTML of the page of a database."""
    run = run_report(address, "--output", output)
    assert (run.returncode, run.stderr) == (0, "")
    return output.read_text("utf-8")


def figures(html: str) -> dict[str, Any]:
    """Return the data of a page."""
    (text,) = DATA.findall(html)
    document: dict[str, Any] = json.loads(text)
    return document


def rows(document: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """Return the rows of a table of the page, with the names of queues and media."""
    columns, lines = (document["tables"][table][name] for name in ("columns", "rows"))
    named = [dict(zip(columns, line, strict=True)) for line in lines]
    for row in named:
        for column, names in (("queue", document["queues"]), ("medium", document["media"])):
            if column in row:
                row[column] = names[row[column]] if row[column] >= 0 else None
    return named


def total(lines: Iterable[dict[str, Any]], column: str) -> float:
    """Return the sum of a column."""
    return float(sum(row[column] or 0 for row in lines))


def show(page: Path, queue: str, medium: str) -> dict[str, Any]:
    """Return what a browser shows before and after a queue and a medium are chosen."""
    SCREENSHOTS.mkdir(exist_ok=True)
    run = subprocess.run(  # noqa: S603 - our own program
        [PYTHON, Path(__file__).with_name("browser.py"), page, SCREENSHOTS, queue, medium],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    results: dict[str, Any] = json.loads(run.stdout)
    return results
