"""Workflows, issue forms and hooks: pinned, with few permissions, and with commands that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from support.scripts import ROOT

from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
MAKEFILE = ROOT / "Makefile"
#: Workflow and job -> the permissions that write, or sign.
WRITING = {
    ("release", "attest"): {"attestations": "write", "id-token": "write"},
    ("release", "publish"): {"id-token": "write"},
    ("release", "page"): {"contents": "write"},
    ("vendor-document", "propose"): {"contents": "write", "pull-requests": "write"},
}


def stem(path: Path) -> str:
    """Return a file's name without its extension."""
    return path.stem


def jobs(path: Path) -> dict[str, Any]:
    """Return the jobs of a workflow."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return loaded


def commands(path: Path) -> list[str]:
    """Return what the steps of a workflow run."""
    return [
        step["run"] for job in jobs(path).values() for step in job.get("steps", []) if "run" in step
    ]


def recipe(target: str) -> list[str]:
    """Return the commands of a target of the Makefile, as make expands them."""
    printed = subprocess.run(  # noqa: S603 - a target of this project
        ["make", "--dry-run", "--no-print-directory", target],  # noqa: S607 - the project's make
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.splitlines()


def findings(folder: Path) -> str:
    """Return what `make check-github` finds in a copy of the project; nothing if it passes."""
    done = subprocess.run(
        ["make", "--no-print-directory", "check-github"],  # noqa: S607 - the project's make
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Copy what `make check-github` reads, beside the linters of this environment."""
    shutil.copytree(GITHUB, tmp_path / ".github")
    for path in (MAKEFILE, ROOT / ".pre-commit-config.yaml"):
        shutil.copy(path, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def test_the_linters_accept_the_project(copied: Path) -> None:
    """`make check-github` has no findings."""
    assert findings(copied) == ""


class Edit(NamedTuple):
    """A fault that is put into a file, and what the finding of it says."""

    file: str
    text: str
    replacement: str
    finding: str


#: Those of one linter together, as each takes a second; a recipe ends with the first that finds.
EDITS = {
    "workflow": [
        Edit("workflows/tests.yml", "runs-on: ubuntu-24.04", "runs_on: ubuntu", "runs_on")
    ],
    "timeout": [Edit("workflows/search.yml", "    timeout-minutes: 45\n", "", "timeout-minutes")],
    "zizmor": [
        Edit(
            "workflows/search.yml",
            "permissions: {}",
            "permissions: write-all",
            "excessive-permissions",
        ),
        Edit(
            "workflows/search.yml",
            "        with:\n          persist-credentials: false\n",
            "",
            "artipacked",
        ),
        Edit(
            "workflows/search.yml",
            "make search",
            "make ${{ github.head_ref }}",
            "template-injection",
        ),
        Edit("dependabot.yml", "    cooldown:\n      default-days: 7\n", "", "dependabot-cooldown"),
    ],
    "dependabot": [
        Edit("dependabot.yml", "interval: weekly", "interval: fortnightly", "fortnightly")
    ],
    "form": [Edit("ISSUE_TEMPLATE/bug.yml", "type: textarea", "type: area", "area")],
    "forms": [
        Edit("ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: false", "blank: 1", "blank")
    ],
}


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
def test_the_linters_find(copied: Path, edits: list[Edit]) -> None:
    """A fault in a copy of a file is a finding."""
    for edit in edits:
        path = copied / ".github" / edit.file
        written = path.read_text("utf-8")
        assert edit.text in written
        path.write_text(written.replace(edit.text, edit.replacement), "utf-8")
    found = findings(copied)
    assert [edit.finding for edit in edits if edit.finding not in found] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=stem)
def test_each_action_is_pinned_with_its_version(workflow: Path) -> None:
    """A tag can be moved, a commit cannot; Dependabot reads the version in the comment."""
    for used in re.findall(r"uses: (.+)", workflow.read_text("utf-8")):
        local = used.startswith("$/")
        assert local or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_an_action_has_one_version() -> None:
    """Workflows that share an action share its commit."""
    uses = re.findall(r"uses: (\S+)@(\S+)", "".join(path.read_text("utf-8") for path in WORKFLOWS))
    assert len(set(uses)) == len({action for action, _ in uses})


def test_only_some_jobs_may_write() -> None:
    """A workflow has no permission, and a job those that it needs: each that writes is listed."""
    writing = {}
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text("utf-8"))["permissions"] == {}
        for name, job in jobs(path).items():
            granted = job.get("permissions", {})
            assert set(granted.values()) <= {"read", "write"}
            if "write" in granted.values():
                writing[path.stem, name] = granted
    assert writing == WRITING


def test_a_job_that_may_write_runs_no_code_of_the_project() -> None:
    """What tests and builds has no permission to publish, so that no dependency can."""
    for workflow, name in WRITING:
        (path,) = (path for path in WORKFLOWS if path.stem == workflow)
        runs = " ".join(step.get("run", "") for step in jobs(path)[name]["steps"])
        assert not re.search(r"\b(make|python|pip)\b", runs)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=stem)
def test_each_command_of_a_workflow_exists(workflow: Path) -> None:
    """A target is one of the Makefile, and a script is a file of the project."""
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE.read_text("utf-8"), re.MULTILINE))
    for command in commands(workflow):
        assert set(re.findall(r"^make ([a-z-]+)", command)) <= targets
        assert all(
            (ROOT / path).exists() for path in re.findall(r"(?:scripts|\.ci)/[\w.]+", command)
        )


def test_ci_and_the_workflow_install_postgresql_alike() -> None:
    """One script does it, or the tests of loaders would be skipped in one of them."""
    assert "bash .ci/postgresql\n" in (ROOT / ".ci" / "run").read_text("utf-8")
    workflow = jobs(GITHUB / "workflows" / "tests.yml")
    for job in workflow.values():
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert runs[0] in {".ci/run", ".ci/postgresql"}
    assert all(path.stat().st_mode & 0o111 for path in (ROOT / ".ci").iterdir())


@pytest.mark.parametrize("form", FORMS, ids=stem)
def test_a_form_names_options_and_pages_that_exist(form: Path) -> None:
    """A reporter can run each command of a form, and open each page."""
    text = form.read_text("utf-8")
    options = {option for parameter in TapGenesys.cli.params for option in parameter.opts}
    for command in re.findall(r"`tap-genesys ([^`]+)`", text):
        assert {word.partition("=")[0] for word in command.split() if word[0] == "-"} <= options
    assert all((ROOT / page).exists() for page in re.findall(r"docs/[\w.]+\.md", text))


def test_a_bug_comes_with_its_reports() -> None:
    """The run report, the check and the assumptions are required fields of the form."""
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text("utf-8"))
    required = " ".join(
        field["attributes"]["description"]
        for field in form["body"]
        if field.get("validations", {}).get("required")
    )
    for part in ("`run_report_path`", "--check=json`", "--check=assumptions`", "--version`"):
        assert part in required


def test_hooks_call_the_makefile() -> None:
    """A hook runs a target, with the pinned versions, and fetches nothing."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    entries = {hook["entry"] for hook in repository["hooks"]}
    assert entries == {"make check-ruff", "make check-mypy", "make check-github"}
    assert all(hook["language"] == "system" for hook in repository["hooks"])


def test_lint_checks_workflows() -> None:
    """`make lint` runs what `make check-github` runs."""
    assert set(recipe("check-github")) <= set(recipe("lint"))
