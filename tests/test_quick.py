"""`make check`: its tests are most of all tests, and hold all explicit examples of the laws."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from support.quick import SHARE, SLOW_FILES, SLOW_TESTS, is_slow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

TESTS = Path(__file__).parent
MAKEFILE = TESTS.parent / "Makefile"


def functions() -> Iterator[tuple[str, str, set[str]]]:
    """Yield each test function: the stem of its file, its name, and the names of its decorators."""
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                decorators = {ast.unparse(one).partition("(")[0] for one in node.decorator_list}
                yield path.stem, node.name, decorators


def test_most_test_functions_are_quick() -> None:
    """At least 70 % of them, so that `make check` is worth its minute."""
    slow = [is_slow(stem, name, is_law="searching" in marks) for stem, name, marks in functions()]
    assert len(slow) > 1000
    assert 1 - sum(slow) / len(slow) >= SHARE


def test_each_slow_test_exists() -> None:
    """A test that was renamed or removed leaves the list, and a file is not listed twice."""
    names = {(stem, name) for stem, name, _decorators in functions()}
    assert {(stem, name) for stem, tests in SLOW_TESTS.items() for name in tests} <= names
    assert set(SLOW_FILES) <= {stem for stem, _name in names}
    assert not set(SLOW_FILES) & set(SLOW_TESTS)


def test_the_marker_is_on_the_tests_of_the_list(request: pytest.FixtureRequest) -> None:
    """Each collected test is marked as slow where the list has it, and a law never is."""
    assert request.session.items
    for item in request.session.items:
        is_law = item.get_closest_marker("law") is not None
        name = getattr(item, "originalname", item.name)
        slow = is_slow(Path(item.path).stem, name, is_law=is_law)
        assert (item.get_closest_marker("slow") is not None) == slow, item.nodeid


def test_laws_are_marked_by_their_decorator() -> None:
    """An explicit example of a law is part of `make check`, whatever file it is in."""
    laws = {(stem, name) for stem, name, marks in functions() if {"searching", "example"} <= marks}
    assert len(laws) >= 4
    assert not [law for law in laws if is_slow(*law, is_law=True)]


def test_the_makefile_leaves_out_slow_tests_and_generated_schedules() -> None:
    """`make check` runs what is not slow, and of the laws the explicit examples."""
    command = 'LAW_EXAMPLES_ONLY=1 .venv/bin/python -m pytest -m "not slow"'
    assert command in MAKEFILE.read_text("utf-8")


def test_help_lists_each_target() -> None:
    """All but the parts of `check`, which nobody calls by name."""
    makefile = MAKEFILE.read_text("utf-8")
    phony = makefile.partition(".PHONY:")[2].partition("\n\n")[0].replace("\\\n", "").split()
    listed = {line.split()[2] for line in makefile.splitlines() if '@echo "make ' in line}
    parts = {"check-ruff", "check-mypy", "check-github", "check-tests", "help", "installed"}
    assert listed == set(phony) - parts
