"""Validation of the `pii` rules against the streams' schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.privacy.rules import Every, Step, parsed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Schema = dict[str, Any]


def unknown(rules: Sequence[Mapping[str, str]], schemas: Mapping[str, Schema]) -> list[str]:
    """Return the fields of rules that no schema has, in the order of the rules.

    Args:
        rules: Valid rules.
        schemas: Stream -> its JSON schema.
    """
    fields = dict.fromkeys(rule["field"] for rule in rules)
    return [
        field
        for field in fields
        if not any(next(_matches(schema, field), None) for schema in schemas.values())
    ]


def misfits(
    rules: Sequence[Mapping[str, str]],
    schemas: Mapping[str, Schema],
    keys: Mapping[str, Collection[str]],
) -> list[str]:
    """Return one line per rule that would redact a key, or leave a column with the wrong type.

    Args:
        rules: Valid rules.
        schemas: Stream -> its JSON schema.
        keys: Stream -> its key fields.
    """
    lines: list[str] = []
    for index, rule in enumerate(rules):
        where, action = f"pii[{index}]", rule["action"]
        for stream, schema in schemas.items():
            for path, part in _matches(schema, rule["field"]):
                if path in keys[stream] and action != "hash":
                    line = f'"{path}" is a key of {stream}; a key can only be hashed'
                    lines.append(f"{where}: {line}.")
                    break
                if action != "drop" and (kind := _not_text(part, action)):
                    line = f'{action} would turn "{path}" of {stream}, {kind}, into text'
                    lines.append(f"{where}: {line}; use drop, or another path.")
                    break
    return lines


def _not_text(schema: Schema, action: str) -> str:
    """Return the type of a part that an action would break; an empty text without one."""
    for part in _all_parts(schema):
        if part.get("format") in ("date", "date-time"):
            return "a date"
        if action == "hash" and any(_is(part, kind) for kind in ("integer", "number")):
            return "a number"
    return ""


def _matches(schema: Schema, field: str) -> Iterator[tuple[str, Schema]]:
    """Yield path and schema of each part that a rule's field matches."""
    steps = parsed(field)
    if len(steps) == 1 and isinstance(steps[0], str) and not field.startswith("["):
        yield from _matches_of_name(schema, steps[0], "")
        return
    nodes: list[tuple[str, Schema]] = [("", schema)]
    for step in steps:
        if step is Every.ELEMENT:
            nodes = [
                (f"{path}[*]", node.get("items", {}))
                for path, node in nodes
                if _may_be(node, "array")
            ]
        else:
            nodes = [
                (_joined(path, name), part)
                for path, node in nodes
                for name, part in _parts(node, step)
            ]
    yield from nodes


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _matches_of_name(schema: Schema, name: str, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield path and schema of each field with a name, at any depth."""
    for key, part in schema.get("properties", {}).items():
        inner = _joined(path, key)
        if key == name:
            yield inner, part
        yield from _matches_of_name(part, name, inner)
    if "items" in schema:
        yield from _matches_of_name(schema["items"], name, f"{path}[*]")


def _parts(schema: Schema, step: Step) -> list[tuple[str, Schema]]:
    """Return a schema's parts for a key; an object without named properties has every key."""
    while _may_be(schema, "array") and "items" in schema:
        schema = schema["items"]
    properties = schema.get("properties")
    if properties is not None:
        if isinstance(step, Every):
            return list(properties.items())
        return [(step, properties[step])] if step in properties else []
    others = schema.get("additionalProperties")
    part = others if isinstance(others, dict) else {}
    name = step.value if isinstance(step, Every) else step
    return [(name, part)] if _may_be(schema, "object") else []


def _all_parts(schema: Schema) -> Iterator[Schema]:
    yield schema
    others = (schema.get(name) for name in ("items", "additionalProperties"))
    inner = [*schema.get("properties", {}).values()]
    inner += [part for part in others if isinstance(part, dict)]
    for part in inner:
        yield from _all_parts(part)


def _may_be(schema: Schema, kind: str) -> bool:
    return schema.get("type") is None or _is(schema, kind)


def _is(schema: Schema, kind: str) -> bool:
    kinds = schema.get("type", ())
    return kind in ([kinds] if isinstance(kinds, str) else kinds)
