"""plugin.yml matches the tap's settings, in the format of Meltano Hub.

`DEFINITION` restates the part of the Hub's schema that plugin.yml uses (repository meltano/hub,
`schemas/plugin_definitions/extractors.schema.json`, and the schemas that it refers to).
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from support.scripts import ROOT, script

from tap_genesys.config.settings import SCHEMA

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1, "uniqueItems": True}
NAMES = ("name", "namespace", "variant", "label", "description", "executable")
KINDS = "password date_iso8601 integer options object array boolean string"
CAPABILITIES = (
    "about activate-version catalog discover schema-flattening state stream-maps structured-logging"
)
SETTING = {
    "additionalProperties": False,
    "required": ["name", "label", "kind", "description"],
    "properties": {
        **dict.fromkeys(("name", "label", "description"), TEXT),
        "kind": {"enum": KINDS.split()},
        "value": {},
        "sensitive": {"const": True},
        "options": {
            "type": "array",
            "items": {"required": ["label", "value"], "properties": {"value": TEXT}},
        },
    },
}
DEFINITION = {
    "additionalProperties": False,
    "required": ["name", "namespace", "variant", "quality", "settings", "capabilities"],
    "properties": {
        **dict.fromkeys(NAMES, TEXT),
        **dict.fromkeys(("domain_url", "log_parser"), TEXT),
        **dict.fromkeys(("keywords", "select"), TEXTS),
        "maintenance_status": {"enum": ["active", "beta", "development", "inactive", "unknown"]},
        "quality": {"enum": ["gold", "silver", "bronze", "unknown"]},
        "supported_python_versions": {"items": {"pattern": r"^3\.\d+$"}, **TEXTS},
        "capabilities": {"type": "array", "items": {"enum": CAPABILITIES.split()}},
        "settings_group_validation": {"type": "array", "items": TEXTS},
        "settings": {"type": "array", "items": SETTING},
    },
}


@pytest.fixture(scope="module")
def plugin() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "plugin.yml").read_text("utf-8"))
    return content


def test_it_is_up_to_date() -> None:
    """plugin.yml is what `scripts/update_plugin.py` generates."""
    assert script("update_plugin").main(["--check"]) == 0, "run python scripts/update_plugin.py"


def test_it_validates_against_the_hubs_definition(plugin: dict[str, Any]) -> None:
    """plugin.yml validates against the Hub's definition, which refuses unknown capabilities."""
    assert [error.message for error in Draft7Validator(DEFINITION).iter_errors(plugin)] == []
    assert not Draft7Validator(DEFINITION).is_valid({**plugin, "capabilities": ["telepathy"]})


def test_secrets_are_sensitive_and_what_is_required_is_a_setting(plugin: dict[str, Any]) -> None:
    """Secret settings are `sensitive`, every setting is listed, and required ones exist."""
    settings = {setting["name"]: setting for setting in plugin["settings"]}
    secret = {name for name, schema in SCHEMA["properties"].items() if schema.get("secret")}
    assert {name for name, entry in settings.items() if entry.get("sensitive")} == secret
    assert set(SCHEMA["properties"]) <= set(settings)
    assert {name for group in plugin["settings_group_validation"] for name in group} <= set(
        settings
    )


def test_it_agrees_with_meltano_yml(plugin: dict[str, Any]) -> None:
    """plugin.yml and meltano.yml define the same plugin."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    extractor = project["plugins"]["extractors"][0]
    for key in ("name", "namespace", "label", "executable"):
        assert plugin[key] == extractor[key]
    assert sorted(plugin["select"]) == sorted(extractor["select"])
