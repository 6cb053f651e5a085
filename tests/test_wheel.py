"""What people install is the wheel, not this folder."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tap_genesys.simulator import Simulator, World
from tap_genesys.windows import iso

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it, beside the dependencies that are here already."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    _call([*build, str(folder), str(ROOT)])
    (wheel,) = folder.glob("tap_genesys-*.whl")
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    _call([str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)])
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (here,) = {path for path in sys.path if path.endswith("site-packages")}
    # A .pth file would run this environment's own .pth files too, the editable install among them.
    for name in _installed(Path(here)):
        if not (site / name.name).exists():
            (site / name.name).symlink_to(name)
    return python


def test_the_installed_wheel_reads_the_simulator(python: Path, tmp_path: Path) -> None:
    """The command is there, with its schemas; the import is the wheel's."""
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
    code = (
        "import importlib.resources as r; f = r.files('tap_genesys');"
        "print((f / 'py.typed').is_file(), (f / 'schemas' / 'users.json').is_file())"
    )
    assert _call([str(python), "-c", code], tmp_path).split() == ["True", "True"]
    assert "--fault" in _call([str(python), "-m", "tap_genesys.simulator", "--help"], tmp_path)


def _installed(site: Path) -> list[Path]:
    return [
        path
        for path in site.iterdir()
        if not path.name.startswith(("tap_genesys", "_editable", "__editable", "pip"))
        and path.suffix != ".pth"
    ]


def _call(command: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - commands of this test
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
