"""Write plugin.yml, the tap's definition for Meltano Hub, from the output of `--about`.

    python scripts/update_plugin.py            # write
    python scripts/update_plugin.py --check    # exit 1 if it is stale

Where the project is published (`repo`, `pip_url`, `logo_url`, and the final name of the variant) is
added when it is handed to the Hub: docs/releasing.md.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tap_genesys.records.conversation_rows import NESTED
from tap_genesys.streams import STREAMS
from tap_genesys.tap import TapGenesys

PLUGIN = Path(__file__).parent.parent / "plugin.yml"
_MADE = "# Made by scripts/update_plugin.py: change the code, then run it again.\n"
_LABELS = {"client_id": "Client ID", "client_secret": "Client secret"}


def about() -> dict[str, Any]:
    """Return what `tap-genesys --about --format json` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        TapGenesys.print_about("json")
    content: dict[str, Any] = json.loads(out.getvalue())
    return content


def definition() -> dict[str, Any]:
    """Return the definition, with the Hub's keys."""
    content = about()
    return {
        "name": content["name"],
        "namespace": content["name"].replace("-", "_"),
        "variant": "genesys-cloud",
        "label": "Genesys Cloud CX",
        "description": content["description"],
        "executable": content["name"],
        "domain_url": "https://developer.genesys.cloud/",
        "keywords": ["meltano_sdk", "api", "contact-center"],
        "maintenance_status": "beta",
        "quality": "unknown",
        "supported_python_versions": content["supported_python_versions"],
        "capabilities": sorted(content["capabilities"]),
        "log_parser": "singer-sdk",
        "settings_group_validation": [["client_id", "client_secret"]],
        "settings": [_setting(*setting) for setting in content["settings"]["properties"].items()],
        "select": selection(),
    }


def selection() -> list[str]:
    """Return the streams that are selected by default, and the columns that their tables hold."""
    names = sorted(vars(stream)["name"] for stream in STREAMS if stream.selected_by_default)
    return [f"{name}.*" for name in names] + [f"!conversation_details.{name}" for name in NESTED]


def _setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "name": name,
        "label": _LABELS.get(name) or schema.get("title") or name,
        "kind": _kind(schema),
        "description": schema.get("description", ""),
    }
    if "default" in schema:
        setting["value"] = schema["default"]
    if schema.get("secret"):
        setting["sensitive"] = True
    if setting["kind"] == "options":
        words = [word for word in schema["enum"] if word is not None]
        setting["options"] = [{"label": word, "value": word} for word in words]
    return setting


def _kind(schema: dict[str, Any]) -> str:
    """Return the Hub's kind; a number is a string, since Meltano's JSON breaks on `decimal`."""
    types = schema.get("type", "string")
    kinds = types if isinstance(types, list) else [types]
    if schema.get("secret"):
        return "password"
    if schema.get("format") == "date-time":
        return "date_iso8601"
    if "enum" in schema and "string" in kinds:
        return "options"
    known = ("integer", "array", "boolean", "object")
    return next((kind for kind in kinds if kind in known), "string")


def text() -> str:
    """Return plugin.yml."""
    return _MADE + yaml.safe_dump(definition(), sort_keys=False, allow_unicode=True, width=88)


def main(arguments: list[str]) -> int:
    """Write plugin.yml; with `--check`, return 1 if it is stale."""
    before = PLUGIN.read_text("utf-8") if PLUGIN.exists() else ""
    stale = before != text()
    if "--check" in arguments:
        return int(stale)
    PLUGIN.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
