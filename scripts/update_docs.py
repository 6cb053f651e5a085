"""Write the parts of the documents that are generated from the code: settings, streams, tables.

    python scripts/update_docs.py            # write
    python scripts/update_docs.py --check    # exit 1 and print stale parts

The settings (`tap_genesys/config/settings.py`) become `docs/settings.md` and the tap's settings in
meltano.yml. The streams (`STREAMS`) become `docs/streams.md`, and README.md's table of areas and
list of permissions; their filters become the table in `docs/filters.md`, and their columns with
personal data the table in `docs/erasure.md`. The assumptions about the vendor's API
(`preflight.assumptions`) become a table in `docs/design.md`, and the requests of their check a
paragraph of `docs/operations.md`. The output of commands in README.md and `docs/operations.md` is
that of `examples.py`.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import examples
import personal_columns
import update_plugin
import yaml
from architecture import layers_table

from tap_genesys import schemas
from tap_genesys.config.org_filters import filters_by_stream
from tap_genesys.config.settings import SCHEMA
from tap_genesys.endpoints.probes import parent_name
from tap_genesys.preflight.assumptions import registry
from tap_genesys.preflight.assumptions.plan import MOST_REQUESTS, STEPS
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from tap_genesys.endpoints.kinds import Kind

ROOT = Path(__file__).parent.parent
_ERASURES = "```sql\n-- erase conversations"
_PARAMS = {
    "many": "parameter {}",
    "text": "parameter {}",
    "one": "parameter {}, where one division is given",
}
_MADE = "<!-- Made by scripts/update_docs.py: change the code, then run it again. -->"


def settings_table() -> str:
    """Return the settings as a Markdown table."""
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for name, schema in SCHEMA["properties"].items():
        default = f"`{_shown(schema['default'])}`" if "default" in schema else "none"
        secret = " (secret)" if schema.get("secret") else ""
        lines.append(f"| `{name}`{secret} | {default} | {_cell(schema['description'])} |")
    return "\n".join(lines)


def settings_page() -> str:
    """Return docs/settings.md."""
    return f"""# Settings

{_MADE}

Set them in a config file (`tap-genesys --config config.json`), in the environment (`--config ENV`,
`TAP_GENESYS_<NAME>`, lists and objects as JSON), or in `meltano.yml`. A `.env` file is read by
Meltano alone. Numbers may be texts. All settings are validated before the first request; a wrong
one ends the run with exit code 1 and a line with its name, its value and a remedy.

{settings_table()}

The Singer SDK adds `stream_maps`, `stream_map_config`, `faker_config` and the `flattening_*`
settings; `tap-genesys --about` lists them.
"""


def streams_page() -> str:
    """Return docs/streams.md."""
    tap = TapGenesys(config={}, validate_config=False, setup_mapper=False)
    streams: list[Any] = sorted((make(tap) for make in STREAMS), key=lambda stream: stream.name)
    groups: dict[str, list[Any]] = {}
    for stream in streams:
        groups.setdefault(type(stream).__module__.rpartition(".")[2], []).append(stream)
    tables = "\n\n".join(_group(name, groups[name]) for name in sorted(groups))
    notes = "\n\n".join(
        _stream_note(stream) for stream in streams if "\n\n" in (stream.__doc__ or "")
    )
    return f"""# Streams

{_MADE}

{len(streams)} streams; those with a ● are selected by default. The columns: what a row is, the
vendor's operation, the primary key, the field by which the stream is read (*whole*: a full-table
sync), the permissions that the client's role needs (*or*: one of them is enough), and the requests
of a run.

Every row but those of `tap_runs` has `_readAt`, the moment at which it was read, and all but
wrap-ups and attributes also have `_extra`, the fields that are not in the schema (`null` without
any). Field names are the vendor's. [warehouse.md](warehouse.md) shows how the tables of
conversations join.

{tables}

{notes}
"""


def _group(module: str, streams: list[Any]) -> str:
    title = module.replace("_", " ").capitalize()
    head = "| stream | a row is | operation | key | read by | permission | requests |"
    rows = "\n".join(_stream_row(stream) for stream in streams)
    return f"## {title}\n\n{head}\n| --- | --- | --- | --- | --- | --- | --- |\n{rows}"


def filters_table() -> str:
    """Return the filters of each stream as a Markdown table."""
    lines = ["| stream | filtered by |", "| --- | --- |"]
    for name, filters in sorted(filters_by_stream().items()):
        if isinstance(filters, dict):
            does = ", ".join(_PARAMS[form].format(f"`{param}`") for param, form in filters.items())
        else:
            does = "dimensions " + ", ".join(f"`{dimension}`" for dimension in filters)
        lines.append(f"| `{name}` | {does} |")
    return "\n".join(lines)


def assumptions_cost() -> str:
    """Return the requests and permissions of `--check=assumptions`, as a paragraph."""
    known = schemas.facts("permissions")
    needed = [known.get(step.operation, {"permissions": []})["permissions"] for step in STEPS]
    # One of an operation's permissions is enough.
    names = sorted({permissions[0] for permissions in needed if permissions})
    listed = "\n".join(f"- `{name}`" for name in names)
    return (
        f"{MOST_REQUESTS} requests at most, beside the login and further looks at the job. "
        f"Permissions, each for the checks that need it:\n\n{listed}"
    )


def meltano_settings() -> str:
    """Return the tap's settings as they stand in meltano.yml."""
    listed = [_meltano_setting(name, schema) for name, schema in SCHEMA["properties"].items()]
    text = yaml.safe_dump(listed, sort_keys=False, allow_unicode=True, width=88)
    return "".join(f"    {line}\n" for line in text.splitlines())


def meltano_selection() -> str:
    """Return the selection as it stands in meltano.yml."""
    patterns = update_plugin.selection()
    # YAML takes an exclamation mark without quotes for a tag.
    quoted = [f'"{pattern}"' if pattern.startswith("!") else pattern for pattern in patterns]
    return "    select:\n" + "".join(f"    - {pattern}\n" for pattern in quoted)


def default_permissions() -> str:
    """Return the permissions that the streams need which are read by default, as a paragraph."""
    wanted = schemas.facts("permissions")
    tap = TapGenesys(config={}, validate_config=False, setup_mapper=False)
    streams: list[Any] = [stream(tap) for stream in STREAMS if stream.selected_by_default]
    names: set[str] = set()
    for stream in streams:
        operation = "" if stream.is_derived else f"{stream.http_method} {stream.path}"
        if operation in wanted:
            listed = wanted[operation]["permissions"]
            # One of an operation's permissions is enough, unless it says that all are needed.
            names.update(listed if wanted[operation]["all"] else listed[:1])
    return ", ".join(f"`{name}`" for name in sorted(names)) + "."


def areas_table() -> str:
    """Return the streams by area of the API: those that are read by default, and how many more."""
    areas: dict[str, list[Any]] = {}
    for stream in STREAMS:
        areas.setdefault(_area(stream), []).append(stream)
    lines = ["| area | read by default | more |", "| --- | --- | --- |"]
    others = []
    for area, streams in sorted(areas.items()):
        names = sorted(vars(stream)["name"] for stream in streams if stream.selected_by_default)
        link = f"[{area}](docs/streams.md#{area.lower().replace(' ', '-')})"
        if names:
            listed = ", ".join(f"`{name}`" for name in names)
            lines.append(f"| {link} | {listed} | {len(streams) - len(names) or ''} |")
        else:
            others.append(f"{link} ({len(streams)})")
    lines += ["", f"Not read by default: {', '.join(others)}."]
    return "\n".join(lines)


def _area(stream: type[Any]) -> str:
    return stream.__module__.rpartition(".")[2].replace("_", " ").capitalize()


def documents() -> dict[Path, str]:
    """Return path -> content of each document."""
    docs, meltano = ROOT / "docs", ROOT / "meltano.yml"
    return {
        docs / "settings.md": settings_page(),
        docs / "streams.md": streams_page(),
        ROOT / "README.md": _with_blocks(
            ROOT / "README.md",
            permissions=default_permissions(),
            check=_as_text(examples.check()),
            streams=areas_table(),
        ),
        docs / "filters.md": _with_blocks(docs / "filters.md", filters=filters_table()),
        docs / "design.md": _with_blocks(
            docs / "design.md", layers=layers_table(), assumptions=registry.table()
        ),
        docs / "erasure.md": _replaced(
            _with_blocks(docs / "erasure.md", columns=personal_columns.table()),
            f"{_ERASURES}\n",
            "```",
            f"{_ERASURES}\n{personal_columns.erasures()}\n",
        ),
        docs / "operations.md": _with_blocks(
            docs / "operations.md",
            summary=_as_text(examples.summary()),
            report=_as_text(examples.assumptions()),
            assumptions=assumptions_cost(),
        ),
        meltano: _replaced(
            _replaced(
                meltano.read_text("utf-8"),
                "    # settings: made by scripts/update_docs.py\n",
                "    # settings: end",
                f"    # settings: made by scripts/update_docs.py\n{meltano_settings()}",
            ),
            "    # select: made by scripts/update_docs.py\n",
            "    # select: end",
            f"    # select: made by scripts/update_docs.py\n{meltano_selection()}",
        ),
    }


def _with_blocks(path: Path, **blocks: str) -> str:
    """Return a document with new text between the two comments of each block."""
    text = path.read_text("utf-8")
    for name, block in blocks.items():
        begin = f"<!-- {name}: made by scripts/update_docs.py -->\n"
        text = _replaced(text, begin, f"<!-- {name}: end -->", f"{begin}{block}\n")
    return text


def _as_text(output: str) -> str:
    return f"```text\n{output}\n```"


def _meltano_setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "name": name,
        "label": schema["title"],
        "kind": _kind(name, schema),
        "description": schema["description"],
    }
    if schema.get("secret"):
        setting["sensitive"] = True
    if "enum" in schema and setting["kind"] == "options":
        setting["options"] = [{"label": word, "value": word} for word in schema["enum"]]
    return setting


def _kind(name: str, schema: dict[str, Any]) -> str:
    """Return Meltano's kind; a number is a string there, since `decimal` breaks Meltano's JSON."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if name in ("start_date", "end_date"):
        return "date_iso8601"
    if "enum" in schema and "string" in kinds:
        return "options"
    return {"integer": "integer", "array": "array", "boolean": "boolean"}.get(kinds[0], "string")


def _stream_row(stream: Kind) -> str:
    cells = [
        f"`{stream.name}`{' ●' if stream.selected_by_default else ''}",
        row_of(stream.__doc__ or ""),
        _operation(stream),
        ", ".join(f"`{key}`" for key in stream.primary_keys),
        stream.read_by,
        _permission(stream),
        stream.cost.text,
    ]
    return f"| {' | '.join(' '.join(_cell(cell).split()) for cell in cells)} |"


def row_of(docstring: str) -> str:
    """Return the first paragraph of a stream's docstring, which defines a row, for a table's cell.

    It may hold more than one sentence. Only its full stop is left out: an ellipsis, in the middle
    or at the end, stays.
    """
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return paragraph if paragraph.endswith("..") else paragraph.removesuffix(".")


def _operation(stream: Kind) -> str:
    if stream.is_derived:
        parent = parent_name(stream)
        return f"none: derived from `{parent}`" if parent else "none"
    return f"`{stream.http_method} {stream.path}`"


def _permission(stream: Kind) -> str:
    if stream.is_derived:
        return "its parent's" if parent_name(stream) else "none"
    wanted = schemas.facts("permissions").get(f"{stream.http_method} {stream.path}")
    if wanted is None:
        return "not in the published API"
    names = [f"`{name}`" for name in wanted["permissions"]]
    return (" and " if wanted["all"] else " or ").join(names) or "none"


def _stream_note(stream: Kind) -> str:
    paragraphs = [
        one
        for one in (stream.__doc__ or "").split("\n\n")
        if not one.strip().startswith("More than a declaration:")  # for who reads the code
    ]
    text = "\n\n".join(re.sub(r"\s+", " ", paragraph).strip() for paragraph in paragraphs)
    return f"## {stream.name}\n\n{text}"


def _shown(default: object) -> str:
    return default if isinstance(default, str) else json.dumps(default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _replaced(text: str, begin: str, end: str, new: str) -> str:
    """Replace the part of a text from `begin` up to `end`."""
    head, found, rest = text.partition(begin)
    tail = rest.partition(end)[2]
    if not found:
        msg = f"the line {begin.strip()!r} is missing"
        raise SystemExit(msg)
    return f"{head}{new}{end}{tail}"


def main(arguments: list[str]) -> int:
    """Write the documents; with `--check`, print their stale parts and return 1."""
    stale = 0
    for path, text in documents().items():
        before = path.read_text("utf-8") if path.exists() else ""
        if before == text:
            continue
        stale += 1
        if "--check" in arguments:
            name = str(path.relative_to(ROOT))
            lines = difflib.unified_diff(
                before.splitlines(), text.splitlines(), name, name, lineterm="", n=0
            )
            print("\n".join(lines), file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
