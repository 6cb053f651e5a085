"""Validation of settings before the first request: one line per problem, with a remedy."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema

from tap_genesys.config import aggregate_options, filters
from tap_genesys.config.date_range import read_range, reversed_range
from tap_genesys.config.regions import hosts
from tap_genesys.config.settings import (
    ENVIRONMENT,
    SCHEMA,
    SHORTEST_WINDOW_DAYS,
)
from tap_genesys.errors import SettingError
from tap_genesys.replication.windows import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from typing import IO

_OURS: dict[str, dict[str, Any]] = SCHEMA["properties"]
#: Texts of booleans from the environment or from Meltano.
_TRUTHS = {"true": True, "True": True, "false": False, "False": False}
#: Earlier name of a setting -> its name now.
_RENAMED_SETTINGS = {"strict": "fail_on_skipped_streams"}
#: Setting -> earlier name of a value -> its name now.
_RENAMED_VALUES = {
    "conversation_details_source": {"jobs": "job"},
    "user_details_source": {"jobs": "job"},
}
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "boolean": "true or false",
    "object": "an object",
}


def completed(
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    schemas: Mapping[str, dict[str, Any]] = _OURS,
) -> dict[str, Any]:
    """Return the settings with environment variables, parsed numbers and defaults.

    Args:
        config: The settings as given; None and an empty text count as absent.
        environment: Environment variables.
        schemas: Setting -> its JSON schema.
    """
    given = {name: value for name, value in config.items() if value is not None and value != ""}
    for name, variable in ENVIRONMENT.items():
        if name not in given and environment.get(variable):
            given[name] = environment[variable]
    for name, schema in schemas.items():
        if name not in given and "default" in schema:
            given[name] = schema["default"]
        elif name in given and _is_numeric(schema):
            given[name] = _number(given[name])
        elif name in given and _is(schema, "boolean"):
            given[name] = _TRUTHS.get(str(given[name]), given[name])
    return given


def problems(
    config: Mapping[str, Any], schemas: Mapping[str, dict[str, Any]] = _OURS
) -> Iterator[str]:
    """Yield one line per wrong setting, with its value and a remedy.

    The setting `pii` is left out: `tap` validates it together with its key.

    Args:
        config: Completed settings.
        schemas: Setting -> its JSON schema.
    """
    for name, schema in schemas.items():
        if name != "pii":
            yield from _problems_of(name, config.get(name), schema)


def combined_problems(config: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield one line per wrong combination of settings.

    Args:
        config: Completed settings without `problems`.
        now: The start of the run.
    """
    yield from aggregate_options.problems(config.get("aggregates") or {})
    configured = read_range(config, now)
    # A default start may be replaced by a bookmark, which is not known here.
    if configured.start_is_configured and configured.start > configured.end:
        yield reversed_range(configured, now)
    if config["load_history"] and not configured.start_is_configured:
        names = json.dumps(config["load_history"])
        yield f"load_history is {names} without start_date: set the first moment to load."


def renamed_settings(
    config: Mapping[str, Any], prefix: str, environment: Mapping[str, str]
) -> Iterator[str]:
    """Yield one line per setting with an earlier name, which the SDK would ignore in silence.

    Args:
        config: Completed settings.
        prefix: The prefix of environment variables.
        environment: The variables that are read as settings; empty unless `--config ENV` is used.
    """
    for earlier, name in _RENAMED_SETTINGS.items():
        if earlier in config:
            value = json.dumps(config[earlier], default=str)
            yield f"{earlier} is {value}; it is called {name} now: set that instead."
        variable = prefix + earlier.upper()
        if text := environment.get(variable):
            now = prefix + name.upper()
            yield f"{variable} is {text!r}; it is called {now} now: set that instead."


def notes(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one warning per unusual value of valid settings."""
    for setting in filters.SETTINGS:
        yield from filters.check(setting, config.get(setting) or []).warnings


def environment_problems(prefix: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield one line per environment variable that cannot be parsed as its setting's type.

    Args:
        prefix: The prefix of the variables.
        environment: Environment variables.
    """
    for name, schema in _OURS.items():
        variable = prefix + name.upper()
        text = environment.get(variable)
        if text is None:
            continue
        if _is(schema, "integer") and not isinstance(_number(text), int):
            yield f"{variable} is {text!r}; use {_expected(schema)}."
        if _is(schema, "array"):
            try:
                json.loads(text)
            except ValueError:
                yield f'{variable} is {text!r}; use a list in JSON, such as ["a", "b"].'


def _problems_of(name: str, value: object, schema: dict[str, Any]) -> Iterator[str]:
    if value is None:
        if name in ("client_id", "client_secret"):
            yield f"{name} is missing; set it, or {ENVIRONMENT[name]} in the environment."
        return
    if not _fits(value, schema):
        quoted = "of the wrong kind" if schema.get("secret") else json.dumps(value, default=str)
        renamed = _RENAMED_VALUES.get(name, {}).get(str(value))
        remedy = f'it is called "{renamed}" now: ' if renamed else ""
        yield f"{name} is {quoted}; {remedy}use {_expected(schema)}."
        return
    check = _CHECKS.get(name)
    if check is not None and (remedy := check(value)):
        yield f"{name} is {json.dumps(value)}; {remedy}."
    if name in filters.SETTINGS and isinstance(value, list):
        yield from filters.check(name, value).errors


def _fits(value: object, schema: dict[str, Any]) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False  # no JSON number, though Python's parser accepts it
    plain = {key: part for key, part in schema.items() if key != "format"}
    return bool(jsonschema.Draft7Validator(plain).is_valid(value))


def _expected(schema: dict[str, Any]) -> str:
    """Return what a schema allows, as text."""
    if "enum" in schema:
        return "one of " + ", ".join(str(word) for word in schema["enum"] if word is not None)
    kind = next((word for key, word in _WORDS.items() if _is(schema, key)), "another value")
    if _is(schema, "array") and "items" in schema:
        if "enum" in schema["items"]:
            return f"a list of some of {', '.join(schema['items']['enum'])}"
        names = {"string": " of texts", "number": " of numbers, 0 or more"}
        kind += next((n for key, n in names.items() if _is(schema["items"], key)), " of objects")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"


def _is(schema: dict[str, Any], kind: str) -> bool:
    kinds = schema.get("type", [])
    return kind in ([kinds] if isinstance(kinds, str) else kinds)


def _number(value: object) -> object:
    """Return a text as a number, since environments have only texts; else the value."""
    if not isinstance(value, str):
        return value
    try:
        spelled = float(value)
    except ValueError:
        return value
    if not math.isfinite(spelled):
        return value
    return int(spelled) if spelled.is_integer() else spelled


def _is_numeric(schema: dict[str, Any]) -> bool:
    return _is(schema, "integer") or _is(schema, "number")


def _date_remedy(value: str) -> str:
    try:
        parse(value)
    except (ValueError, OverflowError):
        return "use a date such as 2026-01-31 or 2026-01-31T08:00:00Z"
    return ""


def _url_remedy(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    plain = not (usable and (parts.query or parts.fragment or parts.username))
    return "" if usable and plain else "use a base URL such as https://api.mypurecloud.de"


def _region_remedy(value: str) -> str:
    try:
        hosts(value)
    except ValueError as error:
        return str(error)
    return ""


def _header_remedy(value: str) -> str:
    usable = value.isprintable() and value.isascii() and value == value.strip()
    return "" if usable else "use printable ASCII characters"


def _window_remedy(value: float) -> str:
    return "" if value >= SHORTEST_WINDOW_DAYS else f"use {SHORTEST_WINDOW_DAYS} or more"


def _file_remedy(value: str) -> str:
    path = Path(value)
    if "\0" in value or not path.parent.is_dir():
        return "use a file in a folder that exists"
    # The file is replaced: a device or a link (/dev/stdout) would be lost.
    usable = not path.is_symlink() and (path.is_file() or not path.exists())
    return "" if usable else "use a plain file"


_CHECKS: dict[str, Callable[[Any], str]] = {
    "window_days": _window_remedy,
    "region": _region_remedy,
    "api_url": _url_remedy,
    "login_url": _url_remedy,
    "start_date": _date_remedy,
    "end_date": _date_remedy,
    "user_agent": _header_remedy,
    "run_report_path": _file_remedy,
}


def json_object(option: str, file: IO[str]) -> dict[str, Any]:
    """Parse a file as a JSON object.

    Args:
        option: The command line option that names the file.
        file: The file.

    Raises:
        SettingError: The file holds something else.
    """
    try:
        content = json.load(file)
    except ValueError as error:
        msg = f"{option} {file.name} is not JSON: {error}."
        raise SettingError([msg]) from error
    if not isinstance(content, dict):
        msg = f"{option} {file.name} holds {json.dumps(content)[:50]}; use an object."
        raise SettingError([msg])
    return content
