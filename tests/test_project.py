"""The project's description of itself: dependencies, supported versions of Python, placeholders."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.scripts import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def imported() -> set[str]:
    """Return the first names of the modules that the package imports, but for Python's own."""
    names: set[str] = set()
    for path in (ROOT / "tap_genesys").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"tap_genesys"}


def test_each_dependency_is_declared_and_each_declared_one_is_imported() -> None:
    """A dependency that only comes with another one goes when that one no longer needs it."""
    installed = packages_distributions()
    used = {canonicalize_name(name) for module in imported() for name in installed[module]}
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert declared == used
