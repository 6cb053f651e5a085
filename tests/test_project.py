"""The project's description of itself: dependencies, versions of Python, placeholders."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.documents import rows
from support.scripts import ROOT, script

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RELEASING = ROOT / "docs" / "releasing.md"


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


def classified() -> set[str]:
    """Return the versions of Python that the classifiers name."""
    return set(re.findall(r":: (3\.\d+)", " ".join(PROJECT["classifiers"])))


def test_each_dependency_is_declared_and_each_declared_one_is_imported() -> None:
    """A dependency that only comes with another one goes when that one no longer needs it."""
    installed = packages_distributions()
    used = {canonicalize_name(name) for module in imported() for name in installed[module]}
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert declared == used


def test_each_python_of_the_classifiers_is_tested() -> None:
    """A version that the metadata name has a job that may not fail."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text("utf-8"))["jobs"]
    matrix = jobs["python"]["strategy"]["matrix"]
    assert matrix["may-fail"] == [False]
    options = [step.get("with", {}) for step in jobs["all"]["steps"]]
    (first,) = (with_["python-version"] for with_ in options if "python-version" in with_)
    assert classified() <= {*matrix["python"], first}
    assert [entry["may-fail"] for entry in matrix["include"]] == [True]


def test_the_container_has_a_python_of_the_classifiers() -> None:
    """Both stages have the same Python, and it is one that the tests have run on."""
    images = re.findall(
        r"^FROM python:(3\.\d+)-", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    assert len(images) == 2
    assert len(set(images)) == 1
    assert set(images) <= classified()


def test_each_placeholder_is_listed() -> None:
    """docs/releasing.md lists what a person fills in, and nothing that has been filled in."""
    listed = {
        (path.strip("`"), name.strip("`"))
        for path, name, _ in rows(RELEASING, "What a person fills in")[1:]
        if name.startswith("`")
    }
    assert listed == script("check_release").placeholders(ROOT)


def test_a_release_is_refused_by_one_line_for_each_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag of another version, a changelog without the version, and a placeholder stop it."""
    check = script("check_release")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    (tmp_path / ".github").mkdir()
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nversion = "1.2.0"\nurl = "OWNER-TO' + '-FILL"\n', "utf-8")
    (tmp_path / ".github" / "a.yml").write_text("mail: CONTACT-TO" + "-FILL\n", "utf-8")
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("## Unreleased\n", "utf-8")
    assert check.main(["v1.1.0"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "The",
        "CHANGELOG.md",
        ".github/a.yml",
        "pyproject.toml",
    ]
    project.write_text('[project]\nversion = "1.2.0"\n', "utf-8")
    (tmp_path / ".github" / "a.yml").write_text("mail: a@example.com\n", "utf-8")
    changelog.write_text("## Unreleased\n\n## 1.2.0 (2026-12-01)\n", "utf-8")
    assert check.main(["v1.2.0"]) == 0
    assert capsys.readouterr().err == ""
