"""`make stream`: the class and the files of a new stream follow from the vendor's document."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

maker: Any = importlib.import_module("update_schemas")
script: Any = importlib.import_module("new_stream")
models: Any = importlib.import_module("schemas.models")
operations: Any = importlib.import_module("schemas.operations")
recognition: Any = importlib.import_module("schemas.recognition")
LISTINGS: dict[str, Any] = importlib.import_module("schemas.streams").LISTINGS

TRIMMED = ROOT / "tests" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(TRIMMED.read_text("utf-8"))
#: Members that the document does not have; whoever adds a stream decides on them.
BY_HAND = {"selected_by_default", "is_history", "params"}
#: Stream -> the members that are declared otherwise than the document has them.
DECLARED_OTHERWISE = {
    "groups": {"paging"},  # a larger page than usual, which the document does not mention
    "routing_queues": {"paging"},
    "users": {"paging"},
    "topics": {"paging"},  # documented with numbers, but continued by links
}
#: Streams that are more than a declaration, or whose key or records the document does not show.
NOT_RECOGNIZED = {
    "calibrations",  # which stream lists the users of a parameter is not in the document
    "coaching_appointments",
    "learning_assignments",
    "conversation_ai_summaries",
    "conversation_speech_analytics",
    "conversation_transcripts",
    "datatable_rows",
    "organization_limits",
    "recordings",
    "routing_utilization",
    "schedules_published",
    "surveys",
    "time_off_requests",
    "wrapup_code_mappings",
}
#: What the project's copy needs.
COPIED = ("tap_genesys", "scripts")


def members(source: str) -> dict[str, str]:
    """Return the members that a class declares, each with its source."""
    (cls,) = ast.parse(source).body
    assert isinstance(cls, ast.ClassDef)
    assignments = [node for node in cls.body if isinstance(node, ast.Assign)]
    return {ast.unparse(node.targets[0]): ast.unparse(node.value) for node in assignments}


@pytest.mark.parametrize("name", sorted(set(LISTINGS) - NOT_RECOGNIZED))
def test_a_declaration_follows_from_its_operation(name: str) -> None:
    """Paging, records, key and parent of each plain stream are what the script recognizes."""
    stream = LISTINGS[name]
    declaration = recognition.Declaration(DOCUMENT, stream.http_method, stream.path, name)
    declared, recognized = members(inspect.getsource(stream)), members(declaration.source)
    assert declaration.class_name == stream.__name__
    assert declaration.stream.__bases__ == stream.__bases__
    assert f"tap_genesys.streams.{declaration.area}" == stream.__module__
    differing = {
        member
        for member in (set(declared) | set(recognized)) - BY_HAND
        if declared.get(member) != recognized.get(member)
    }
    assert differing == DECLARED_OTHERWISE.get(name, set())
    lines = declaration.source.splitlines()
    assert 2 <= len([line for line in lines[2:] if line]) <= 6


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v2/outbound/callabletimesets", "callable_time_sets"),
        ("/api/v2/flows/milestones", "flow_milestones"),
        ("/api/v2/users", "users"),
        ("/api/v2/workforcemanagement/businessunits", "business_units"),
        ("/api/v2/groups/{groupId}/members", "group_members"),
        ("/api/v2/externalcontacts/scan/notes", "externalcontact_notes"),
    ],
)
def test_a_name_follows_from_the_path(path: str, name: str) -> None:
    """Words are separated as in the model's name; one word alone takes the part before it."""
    assert recognition.Declaration(DOCUMENT, "GET", path).name == name


@pytest.mark.parametrize(
    ("name", "doubts"),
    [
        ("calibrations", ["The operation requires calibratorId: declare `params` or"]),
        ("outbound_campaign_stats", []),  # the id of its campaign is the whole key
        ("user_skills", []),
    ],
)
def test_the_steps_name_what_the_document_leaves_open(name: str, doubts: list[str]) -> None:
    """A parameter that the operation requires needs a decision; a key of the path does not."""
    stream = LISTINGS[name]
    steps = script.steps(recognition.Declaration(DOCUMENT, "GET", stream.path, name))
    named = [step for step in steps if step.startswith(("Check the key", "The operation requires"))]
    assert len(named) == len(doubts)
    assert all(step.startswith(doubt) for step, doubt in zip(named, doubts, strict=True))
    assert f"Add {name} to NOT_RECORDED in tests/golden/runs.py." in steps
    assert steps[-1] == "Run: .venv/bin/python -m pytest tests/test_streams.py"


def test_the_steps_name_a_key_that_is_no_id() -> None:
    """A field that stands in for `id` needs a decision, too."""
    thing = {"properties": {"thingId": {"type": "string"}}}
    listing = {"properties": {"entities": {"type": "array", "items": thing}}}
    operation = {"parameters": [], "responses": {"200": {"schema": listing}}}
    document = {"paths": {"/api/v2/things": {"get": operation}}, "definitions": {}}
    steps = script.steps(recognition.Declaration(document, "GET", "/api/v2/things", "things"))
    assert "Check the key: a record has no `id`, so thingId stands in for it." in steps


def vendor_document(stream: Any) -> dict[str, Any]:
    """Return the tests' document with the descriptions that the vendor's has of a stream's rows."""
    document: dict[str, Any] = json.loads(TRIMMED.read_text("utf-8"))
    schema = json.loads((ROOT / maker.SCHEMAS / f"{stream.name}.json").read_text("utf-8"))
    record = operations.record_of(document, stream)
    fields = models.fields(models.parts(document["definitions"], record, ()))
    for name, (field, _path) in fields.items():
        if description := schema["properties"][name].get("description"):
            field["description"] = f"{description}\n"
    operation = document["paths"][stream.path][stream.http_method.lower()]
    operation |= {"summary": "Prose.", "description": "Prose.", "tags": ["Prose"]}
    return document


def run_in(project: Path, *arguments: str) -> str:
    """Run a script of a project's copy, and return its standard output."""
    result = subprocess.run(  # noqa: S603 - ours
        [sys.executable, *arguments],
        cwd=project,
        env={"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "name", ["contact_lists", "outbound_campaign_progress", "team_members", "worktypes"]
)
def test_a_removed_stream_comes_back_equal(name: str, tmp_path: Path) -> None:
    """Its class, its schema, and every file that lists its operation, in a copy of the project."""
    stream = LISTINGS[name]
    for folder in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    (tmp_path / "tests").mkdir()
    (tmp_path / "swagger.json").write_text(json.dumps(vendor_document(stream)), "utf-8")

    module = tmp_path / f"{stream.__module__.replace('.', '/')}.py"
    original, declared = module.read_text("utf-8"), inspect.getsource(stream)
    entry = f"    {stream.__name__},\n"
    without = original.replace(declared, "").replace(entry, "")
    module.write_text(without, "utf-8")
    (tmp_path / maker.SCHEMAS / f"{name}.json").unlink()
    run_in(tmp_path, "scripts/update_schemas.py", "swagger.json")
    for path in ("tests/openapi.json", "tap_genesys/simulator/shapes.json"):
        assert stream.path not in json.loads((tmp_path / path).read_text("utf-8")).get("paths", {})
        assert (tmp_path / path).read_text("utf-8") != (ROOT / path).read_text("utf-8")

    operation = f"{stream.http_method} {stream.path}"
    source = run_in(
        tmp_path, "scripts/new_stream.py", operation, "swagger.json", "--name", name
    ).replace(recognition.DOCSTRING, inspect.getdoc(stream) or "")
    assert source == declared
    assert original.replace(declared, source) == original
    written = (
        maker.SCHEMAS / f"{name}.json",
        maker.SCHEMAS / "_permissions.json",
        maker.SCHEMAS / "_scope.json",
        maker.SIMULATOR / "shapes.json",
        maker.TRIMMED,
    )
    for path in written:
        assert (tmp_path / path).read_text("utf-8") == (ROOT / path).read_text("utf-8"), path


@pytest.mark.parametrize(
    ("operation", "options", "line"),
    [
        ("GET /api/v2/nothing", (), "The document has no operation GET /api/v2/nothing."),
        ("/api/v2/groups", (), "OPERATION must be a method and a path"),
        ("", (), "OPERATION must be a method and a path"),
        ("GET /api/v2/groups", (), "The stream groups already reads GET /api/v2/groups."),
        ("GET /api/v2/things", ("--name", "users"), "The stream users exists already"),
        ("GET /api/v2/things/{thingId}/parts", (), "No stream reads /api/v2/things, whose ids"),
        ("GET /api/v2/groups/{groupId}", (), "/api/v2/groups/{groupId} is no listing"),
        ("POST /api/v2/things", (), "POST /api/v2/things has no paging by"),
        ("DELETE /api/v2/things", (), "DELETE /api/v2/things reads nothing"),
        ("PUT /api/v2/things", (), "PUT /api/v2/things reads nothing"),
        ("GET /api/v2/keyless", (), "A record of GET /api/v2/keyless has no `id`"),
        ("GET /api/v2/empty", (), "The document has no model of the response to GET"),
    ],
)
def test_an_operation_that_cannot_be_a_stream_is_named_in_one_line(
    operation: str,
    options: tuple[str, ...],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 1, and no file is written."""
    thing = {"properties": {"id": {"type": "string"}}}
    listing = {"properties": {"entities": {"type": "array", "items": thing}}}
    keyless = {"properties": {"entities": {"type": "array", "items": {"properties": {"a": {}}}}}}
    listed = {"parameters": [], "responses": {"200": {"schema": listing}}}
    paths = {
        "/api/v2/groups": {"get": listed},
        "/api/v2/groups/{groupId}": {"get": listed},
        "/api/v2/things": dict.fromkeys(("get", "post", "put", "delete"), listed),
        "/api/v2/things/{thingId}/parts": {"get": listed},
        "/api/v2/keyless": {"get": {"responses": {"200": {"schema": keyless}}}},
        "/api/v2/empty": {"get": {"responses": {"204": {}}}},
    }
    document = tmp_path / "swagger.json"
    document.write_text(json.dumps({"paths": paths, "definitions": {}}), "utf-8")
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setattr(maker, "ROOT", project)
    assert script.main([operation, str(document), *options]) == 1
    output, error = capsys.readouterr()
    assert output == ""
    assert len(error.splitlines()) == 1
    assert error.startswith(line)
    assert not list(project.iterdir())


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"openapi": "3.0.0", "paths": {}}'])
def test_a_document_that_cannot_be_read_is_named_in_one_line(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is missing, empty, no JSON, or no document of the vendor's format; the exit code is 1."""
    document = tmp_path / "swagger.json"
    if content is not None:
        document.write_text(content, "utf-8")
    assert script.main(["GET /api/v2/groups", str(document)]) == 1
    output, error = capsys.readouterr()
    assert output == ""
    assert len(error.splitlines()) == 1
    assert error.startswith(f"The document {document} ")


def test_a_model_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One stream's models are never of a newer document than those of the others."""
    document = json.loads(TRIMMED.read_text("utf-8"))
    document["paths"]["/api/v2/things"] = document["paths"]["/api/v2/groups"]
    document["definitions"]["Group"]["properties"]["brandNew"] = {"type": "string"}
    newer = tmp_path / "swagger.json"
    newer.write_text(json.dumps(document), "utf-8")
    for path in (maker.TRIMMED, maker.SIMULATOR / "shapes.json", maker.SCHEMAS):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
        copy(ROOT / path, tmp_path / path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    monkeypatch.setattr(maker, "ROOT", tmp_path)
    assert script.main(["GET /api/v2/things", str(newer)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tests/openapi.json has another version of Group: ")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
