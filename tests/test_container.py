"""The Dockerfile passes a linter. No engine has built it here."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    """Run hadolint; exit code 1 means findings."""
    return subprocess.run(  # noqa: S603 - the linter of this environment
        [HADOLINT, "--no-color", str(path)], capture_output=True, text=True, check=False
    )


def test_the_linter_accepts_the_dockerfile(tmp_path: Path) -> None:
    """And it would report an unpinned image."""
    done = lint(ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python\nRUN apt-get install git\n", "utf-8")
    assert "DL3006" in lint(bad).stdout


def test_the_container_runs_the_tap_as_an_unprivileged_user() -> None:
    """The user has a number, so that a cluster can check that it is not root."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    last = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001" in last
    assert last[-1] == 'ENTRYPOINT ["tap-genesys"]'


def test_the_build_context_is_an_allow_list() -> None:
    """Everything else is left out, so that no .env gets into a layer."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    kept = {line[1:] for line in rules if line.startswith("!")}
    assert kept == {"tap_genesys", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in kept)
