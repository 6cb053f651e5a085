"""The documents say what the code does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.scripts import ROOT, script

from tap_genesys.config.settings import SCHEMA
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
DOCUMENTS += [ROOT / "bench" / "RESULTS.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_what_is_made_from_the_code_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """README's settings, docs/settings.md, docs/streams.md and meltano.yml's settings."""
    stale = script("update_docs").main(["--check"])
    assert stale == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("docstring", "cell"),
    [
        ("A queue.", "A queue"),
        ("A queue.\n\n    With a note.\n", "A queue"),
        (
            "A metric (tHandle, ...) in ms. Only\n    voice.",
            "A metric (tHandle, ...) in ms. Only voice",
        ),
        ("A medium: voice, email, ...", "A medium: voice, email, ..."),
    ],
)
def test_a_streams_cell_is_its_whole_first_paragraph(docstring: str, cell: str) -> None:
    """An ellipsis is no end of a sentence: only the final full stop is left out."""
    assert script("update_docs").row_of(docstring) == cell


def test_about_readme_settings_page_and_meltano_name_the_same_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    TapGenesys.print_about("json")
    about = json.loads(capsys.readouterr().out)["settings"]["properties"]
    extractor = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]["extractors"][
        0
    ]
    listed = {setting["name"]: setting for setting in extractor["settings"]}
    for name, schema in SCHEMA["properties"].items():
        row = f"| `{name}`"
        assert row in (ROOT / "README.md").read_text("utf-8")
        assert row in (ROOT / "docs" / "settings.md").read_text("utf-8")
        assert about[name]["description"] == schema["description"]
        assert listed[name]["description"] == schema["description"]
        assert listed[name].get("sensitive", False) == schema.get("secret", False)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_the_readme_names_every_stream_that_is_read_by_default() -> None:
    """And the page of streams names all."""
    readme = (ROOT / "README.md").read_text("utf-8")
    page = (ROOT / "docs" / "streams.md").read_text("utf-8")
    streams = TapGenesys(config={}, validate_config=False).streams
    assert len(streams) == len(STREAMS)
    for name, stream in streams.items():
        assert f"`{name}`" in page
        assert f"`{name}`" in readme or not stream.selected_by_default


@pytest.mark.parametrize(
    "text",
    [
        "client_id is missing; set it, or GENESYS_CLIENT_ID in the environment.",
        "Genesys Cloud refuses the credentials (",
        "A job was refused. ",
        "stayed empty: expected",
        "holds the same",
        "records as the page before; the server ignores pageNumber",
        "Gave up after",
        "longer than retry_max_wait_seconds",
        "what lies between is skipped.",
        "belongs in",
        "pages through",
        "Lower window_days",
        "Every selected stream was skipped",
    ],
)
def test_troubleshooting_quotes_what_the_code_says(text: str) -> None:
    """An error's text is in the README as it is in the code, numbers and names aside."""
    source = " ".join(
        path.read_text("utf-8") for path in sorted((ROOT / "tap_genesys").rglob("*.py"))
    )
    joined = re.sub(r'"\s+f?"', "", source)
    spoken = re.sub(r"\{[^}]*\}|%s", "\N{HORIZONTAL ELLIPSIS}", joined)
    pieces = [
        piece for piece in re.split(r"client_id|GENESYS_CLIENT_ID|400", text) if len(piece) > 5
    ]
    assert text in (ROOT / "README.md").read_text("utf-8")
    assert all(piece in spoken for piece in pieces), pieces


def test_no_file_names_a_machine_or_a_registry() -> None:
    """The project stands alone."""
    # Put together here, so that this file does not name them either.
    words = ["pypi" + ".org", "python" + "hosted", "npm" + "js", "/wo" + "rk/", "/ro" + "ot/"]
    for path in _project_files():
        text = path.read_text("utf-8", errors="ignore")
        assert not [word for word in words if word in text], path


def _project_files() -> list[Path]:
    folders: list[Any] = [ROOT / name for name in ("tap_genesys", "tests", "scripts", "docs")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    return [path for path in files if "__pycache__" not in path.parts]


def test_the_page_for_those_who_come_from_elsewhere_names_streams_that_exist() -> None:
    """What stands in the columns of ours is ours, but for columns, settings and what is none."""
    page = (ROOT / "docs" / "coming-from.md").read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    known = {vars(stream)["name"] for stream in STREAMS}
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row[1]) if len(row) > 1}
    assert len(named) > 50
    assert named <= known, named - known
