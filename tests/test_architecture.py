"""Imports go down only, the simulator is an island, and nothing is named after its uselessness."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tap_genesys"
#: A module imports only from floors below its own; two of one floor do not know each other.
FLOORS = (
    {"errors", "pii", "progress", "verdicts", "windows", "schemas", "regions"},
    {
        "aggregates",
        "answers",
        "environs",
        "estimates",
        "filters",
        "findings",
        "handover",
        "interruption",
        "ladder",
        "old_data",
        "pii_schemas",
        "privacy",
        "settings",
        "reconciliation",
        "scope",
        "tables",
        "telling",
    },
    {"ahead", "messages", "polling", "pacing", "pagination", "retrying", "summaries", "validation"},
    {"auth", "downloads", "entries", "jobs", "timeouts"},
    {"run"},
    {"metering", "run_report"},
    {"asking"},
    {"client"},
    {"activation"},
    {"endpoints", "listings"},
    {"analytics", "following", "lake", "reports"},
    {"derived", "queries"},
    {"lanes", "spans"},
    {
        "streams.agents",
        "streams.architect",
        "streams.conversations",
        "streams.directory",
        "streams.outbound",
        "streams.platform",
        "streams.quality",
        "streams.reconciliation",
        "streams.reports",
        "streams.routing",
        "streams.telephony",
        "streams.workforce",
    },
    {
        "streams.aggregates",
        "streams.conversation_tables",
        "streams.interactions",
        "streams.observations",
    },
    {"preflight", "streams"},
    {"tap"},
    {"command"},
    {"__main__"},
)
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
OURS = {name: path for name, path in MODULES.items() if not name.startswith("simulator")}
ISLAND = {name: path for name, path in MODULES.items() if name.startswith("simulator")}


def imported(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, for types too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tap_genesys"):
            module = (node.module or "").removeprefix("tap_genesys").lstrip(".")
            if module:
                found.add(module)
            else:
                found.update(alias.name for alias in node.names)
        if isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
            found.update(name[12:] for name in names if name.startswith("tap_genesys."))
    return found


def floor_of(module: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if module in floor)


def test_every_module_has_a_floor() -> None:
    assert set().union(*FLOORS) == set(OURS) - {"__init__"}


@pytest.mark.parametrize("module", sorted(set(OURS) - {"__init__"}))
def test_imports_go_down_only(module: str) -> None:
    wrong = {name for name in imported(OURS[module]) if floor_of(name) >= floor_of(module)}
    assert not wrong


@pytest.mark.parametrize("module", sorted(ISLAND))
def test_the_simulator_imports_nothing_of_ours(module: str) -> None:
    assert all(name.startswith("simulator") for name in imported(ISLAND[module]))


@pytest.mark.parametrize("module", sorted(ISLAND))
def test_the_simulator_needs_the_standard_library_alone(module: str) -> None:
    tree = ast.parse(ISLAND[module].read_text("utf-8"))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names} - {"tap_genesys"}
    assert roots <= sys.stdlib_module_names


def test_nothing_of_ours_imports_the_simulator() -> None:
    assert not any(
        name.startswith("simulator") for path in OURS.values() for name in imported(path)
    )


def test_no_module_is_named_after_nothing() -> None:
    words = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not words & {part for name in MODULES for part in name.split(".")}


@pytest.mark.parametrize("folder", ["bench", "scripts", "tap_genesys"])
def test_files_fit_a_few_screens(folder: str) -> None:
    for path in (PACKAGE.parent / folder).rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 400, path


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("streams.")])
def test_a_stream_is_a_declaration_or_says_why_it_is_more(name: str) -> None:
    """Twenty-five lines without the docstring; what needs more has a reason there."""
    for node in ast.parse(OURS[name].read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            told = ast.get_docstring(node) or ""
            lines = (node.end_lineno or 0) - node.lineno + 1 - len(told.splitlines())
            assert lines <= 27 or "More than a declaration: " in told, node.name
