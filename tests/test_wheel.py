"""The wheel and the sdist, which users install, have all that they need and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from trove_classifiers import classifiers

from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator, World

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, unpack it elsewhere, and build the wheel from that alone."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    _call([*build, "--target", "sdist"], ROOT)
    (sdist,) = folder.glob("tap_genesys-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    _call([*build, "--target", "wheel"], source)
    return folder


@pytest.fixture(scope="module")
def python(built: Path) -> Path:
    """Install that wheel beside the dependencies of this environment."""
    folder = built
    (wheel,) = folder.glob("tap_genesys-*.whl")
    # This environment's pip installs it, as installing another pip takes longest of all.
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    _call([*pip, "install", "--quiet", "--no-deps", "--no-compile", str(wheel)])
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (here,) = {path for path in sys.path if path.endswith("site-packages")}
    # A .pth file would run this environment's .pth files too, with its editable install.
    for name in _installed(Path(here)):
        if not (site / name.name).exists():
            (site / name.name).symlink_to(name)
    return python


def test_the_installed_wheel_reads_the_simulator(python: Path, tmp_path: Path) -> None:
    """The installed command reads the simulator, with the schemas and the code of the wheel."""
    world = World(seed=1, per_day=10)
    where = _call([str(python), "-c", "import tap_genesys; print(tap_genesys.__file__)"], tmp_path)
    assert str(python.parent.parent) in where
    with Simulator(world) as sim:
        config = tmp_path / "config.json"
        config.write_text(
            json.dumps(
                {
                    "client_id": "demo",
                    "client_secret": "demo-secret",
                    "api_url": sim.url,
                    "login_url": sim.url,
                    "start_date": iso(world.since),
                    "requests_per_minute": 60_000,
                    "job_poll_seconds": 0,
                }
            ),
            "utf-8",
        )
        out = _call([str(python.parent / "tap-genesys"), "--config", str(config)], tmp_path)
    records = [
        message for message in map(json.loads, out.splitlines()) if message["type"] == "RECORD"
    ]
    details = [record for record in records if record["stream"] == "conversation_details"]
    assert len(details) == world.count(world.since, world.now)


def test_the_wheel_is_typed_and_has_its_simulator(python: Path, tmp_path: Path) -> None:
    """The wheel has `py.typed`, the schemas and the simulator."""
    code = (
        "import importlib.resources as r; f = r.files('tap_genesys');"
        "print((f / 'py.typed').is_file(), (f / 'schemas' / 'users.json').is_file())"
    )
    assert _call([str(python), "-c", code], tmp_path).split() == ["True", "True"]
    assert "--fault" in _call([str(python), "-m", "tap_genesys.simulator", "--help"], tmp_path)


def test_the_sdist_has_what_the_project_has_and_nothing_else(built: Path) -> None:
    """The sdist has the files in git, where there is a repository, and no build leftovers."""
    (source,) = (built / "source").iterdir()
    files = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    assert {"constraints.txt", "Makefile", "tests/test_wheel.py", "LICENSE"} <= files
    leavings = (".pyc", ".duckdb", ".wal", ".whl", "/.env")
    assert [name for name in files if f"/{name}".endswith(leavings)] == []
    if (ROOT / ".git").exists():
        tracked = _call(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT)
        assert files - {"PKG-INFO"} == set(tracked.splitlines())


def test_the_wheel_has_only_the_package(built: Path) -> None:
    """The wheel has the package's files, and no other package."""
    (wheel,) = built.glob("tap_genesys-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"tap_genesys"}
    packaged = {name for name in names if name.startswith("tap_genesys/")}
    here = (ROOT / "tap_genesys").rglob("*")
    files = {path for path in here if path.is_file() and "__pycache__" not in path.parts}
    assert packaged == {str(path.relative_to(ROOT)) for path in files}


def test_the_metadata_is_what_an_index_accepts(built: Path) -> None:
    """Every field of the metadata is valid, and every classifier exists."""
    (wheel,) = built.glob("tap_genesys-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Metadata.from_email(archive.read(name), validate=True)
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())
    assert set(metadata.classifiers or []) <= classifiers
    assert metadata.description_content_type == "text/markdown"
    assert metadata.license_expression == "Apache-2.0"


def _installed(site: Path) -> list[Path]:
    return [
        path
        for path in site.iterdir()
        if not path.name.startswith(("tap_genesys", "_editable", "__editable", "pip"))
        and path.suffix != ".pth"
    ]


def _call(command: list[str], folder: Path | None = None) -> str:
    process = subprocess.run(  # noqa: S603 - commands of this test
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return process.stdout
