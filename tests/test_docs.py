"""The documents: generated parts are up to date, links lead somewhere, diagrams parse."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.documents import DOCUMENTS, anchors, blocks, links, name, prose
from support.scripts import ROOT, script

from tap_genesys.config.settings import SCHEMA
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
LONGEST_README = 200
#: What a line of a diagram may be; each is a whole line.
ENTITY, TEXT = r"[a-z_]+", r'"[^"]+"'
FLOWCHART = (
    r"flowchart (LR|TD)",
    rf"subgraph \w+ \[[^\]]+\]|subgraph {TEXT}",
    r"end",
    # Nodes, each with a shape of its own or without, joined by arrows.
    r"NODE( (--(>| \"[^\"]+\" -->)) NODE)*",
)
NODE = r'\w+(\[\("[^"]+"\)\]|\["[^"]+"\])?'
ENTITIES = (
    r"erDiagram",
    rf"{ENTITY} \|\|--o[{{|] {ENTITY} : (\w+|{TEXT})",
    rf"{ENTITY} \{{",
    r"\w+ \w+( PK)?",
    r"\}",
)
#: Words of a dialogue, of which a program has none.
DIALOGUE = re.compile(r"\b(asked|told|tells|telling)\b", re.IGNORECASE)


def test_what_is_generated_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, streams, filters, layers, costs, and the output of quoted commands."""
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


def test_about_settings_page_and_meltano_name_the_same_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A setting has one description, wherever a user reads it."""
    TapGenesys.print_about("json")
    about = json.loads(capsys.readouterr().out)["settings"]["properties"]
    extractor = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]["extractors"][
        0
    ]
    listed = {setting["name"]: setting for setting in extractor["settings"]}
    for setting, schema in SCHEMA["properties"].items():
        assert f"| `{setting}`" in (ROOT / "docs" / "settings.md").read_text("utf-8")
        assert about[setting]["description"] == schema["description"]
        assert listed[setting]["description"] == schema["description"]
        assert listed[setting].get("sensitive", False) == schema.get("secret", False)


def test_meltano_has_the_capabilities_of_the_tap(capsys: pytest.CaptureFixture[str]) -> None:
    """A capability that meltano.yml lacks is one that Meltano does not use."""
    TapGenesys.print_about("json")
    about = json.loads(capsys.readouterr().out)
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    (extractor,) = plugins["extractors"]
    assert set(extractor["capabilities"]) == set(about["capabilities"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(document: Path) -> None:
    """A link's file exists, and has the heading that its anchor names."""
    for target, anchor in links(document):
        file = document.parent / target if target else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


def test_the_map_leads_to_every_page() -> None:
    """docs/README.md links each page of its folder, or a reader never finds it."""
    page = ROOT / "docs" / "README.md"
    linked = {target for target, _ in links(page)}
    assert {path.name for path in page.parent.glob("*.md")} - {"README.md"} <= linked


def test_the_readme_is_short() -> None:
    """Two to three screens; everything else is behind a link."""
    assert len(README.read_text("utf-8").splitlines()) <= LONGEST_README


def test_the_readme_names_every_stream_that_is_read_by_default() -> None:
    """And the page of streams names all."""
    readme = README.read_text("utf-8")
    page = (ROOT / "docs" / "streams.md").read_text("utf-8")
    streams = TapGenesys(config={}, validate_config=False).streams
    assert len(streams) == len(STREAMS)
    for stream_name, stream in streams.items():
        assert f"`{stream_name}`" in page
        assert f"`{stream_name}`" in readme or not stream.selected_by_default


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_diagrams_parse(document: Path) -> None:
    """Each line of a Mermaid diagram is a statement of its kind, and each opened part is closed."""
    for diagram in blocks(document, "mermaid"):
        lines = [line.strip() for line in diagram.splitlines() if line.strip()]
        patterns = ENTITIES if lines[0] == "erDiagram" else FLOWCHART
        for line in lines:
            assert any(re.fullmatch(p.replace("NODE", NODE), line) for p in patterns), line
        opened = [line for line in lines if line.startswith("subgraph") or line.endswith(" {")]
        assert len(opened) == len([line for line in lines if line in {"end", "}"}])


@pytest.mark.parametrize(
    "diagram",
    ['a --> b"]', "a -> b", 'a -- "unclosed --> b', "subgraph [x"],
)
def test_a_diagram_that_does_not_parse_is_found(diagram: str) -> None:
    """The patterns refuse what Mermaid refuses."""
    assert not any(re.fullmatch(p.replace("NODE", NODE), diagram) for p in FLOWCHART)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_no_document_speaks_of_requests_as_of_a_dialogue(document: Path) -> None:
    """Requests, responses and logs have the field's words, so that a reader can search for them."""
    assert not DIALOGUE.findall(re.sub(r"`[^`]*`", "", prose(document)))


def test_no_file_names_a_machine_or_a_registry() -> None:
    """The project stands alone."""
    # Put together here, so that this file does not name them either.
    words = ["pypi" + ".org", "python" + "hosted", "npm" + "js", "/wo" + "rk/", "/ro" + "ot/"]
    for path in _project_files():
        text = path.read_text("utf-8", errors="ignore")
        assert not [word for word in words if word in text], path


def _project_files() -> list[Path]:
    names = ("tap_genesys", "tests", "scripts", "docs", "bench", "orchestrate", ".ci", ".github")
    folders: list[Any] = [ROOT / name for name in names]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    return [path for path in files if "__pycache__" not in path.parts]


def test_the_page_for_those_who_come_from_elsewhere_names_streams_that_exist() -> None:
    """The names in its columns of this tap are streams, but for columns, settings and `none`."""
    page = (ROOT / "docs" / "coming-from.md").read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    known = {vars(stream)["name"] for stream in STREAMS}
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row[1]) if len(row) > 1}
    assert len(named) > 50
    assert named <= known, named - known
