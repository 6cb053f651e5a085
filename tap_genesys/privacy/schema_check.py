"""Whether the rules about personal data fit the streams' schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.privacy.rules import Every, Step, parsed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Schema = dict[str, Any]


def unknown(rules: Sequence[Mapping[str, str]], schemas: Mapping[str, Schema]) -> list[str]:
    """Return the rules' fields that no schema has, in order.

    Args:
        rules: Valid ones.
        schemas: Stream -> its JSON schema.
    """
    fields = dict.fromkeys(rule["field"] for rule in rules)
    return [
        field
        for field in fields
        if not any(next(_found(schema, field), None) for schema in schemas.values())
    ]


def misfits(
    rules: Sequence[Mapping[str, str]],
    schemas: Mapping[str, Schema],
    keys: Mapping[str, Collection[str]],
) -> list[str]:
    """Return a line for each rule that would take a key, or leave a column with the wrong type.

    Args:
        rules: Valid ones.
        schemas: Stream -> its JSON schema.
        keys: Stream -> the fields that it cannot do without.
    """
    lines: dict[str, None] = {}
    for place, rule in enumerate(rules):
        where, action = f"pii[{place}]", rule["action"]
        for stream, schema in schemas.items():
            for path, part in _found(schema, rule["field"]):
                if path in keys[stream] and action != "hash":
                    line = f'"{path}" is a key of {stream}; a key can only be hashed'
                    lines[f"{where}: {line}."] = None
                    break
                if action != "drop" and (kind := _not_text(part, action)):
                    line = f'{action} would make text of "{path}" of {stream}, {kind}'
                    lines[f"{where}: {line}; use drop, or another path."] = None
                    break
    return list(lines)


def _not_text(schema: Schema, action: str) -> str:
    """Say what a column holds that an action cannot leave there; nothing where it can."""
    for part in _all_parts(schema):
        if part.get("format") in ("date", "date-time"):
            return "a date"
        if action == "hash" and any(_is(part, kind) for kind in ("integer", "number")):
            return "a number"
    return ""


def _found(schema: Schema, field: str) -> Iterator[tuple[str, Schema]]:
    """Yield what a schema has for a field, with the path that led there."""
    steps = parsed(field)
    if len(steps) == 1 and isinstance(steps[0], str) and not field.startswith("["):
        yield from _named(schema, steps[0], "")
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
                (f"{path}.{name}".lstrip("."), part)
                for path, node in nodes
                for name, part in _parts(node, step)
            ]
    yield from nodes


def _named(schema: Schema, name: str, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield each field of a name, at any depth."""
    for key, part in schema.get("properties", {}).items():
        inner = f"{path}.{key}".lstrip(".")
        if key == name:
            yield inner, part
        yield from _named(part, name, inner)
    if "items" in schema:
        yield from _named(schema["items"], name, f"{path}[*]")


def _parts(schema: Schema, step: Step) -> list[tuple[str, Schema]]:
    """Return what a schema says of a key; an object that names no properties knows every key."""
    while _may_be(schema, "array") and "items" in schema:
        schema = schema["items"]
    properties = schema.get("properties")
    if properties is not None:
        if step is Every.KEY:
            return list(properties.items())
        return [(str(step), properties[step])] if step in properties else []
    others = schema.get("additionalProperties")
    known = others if isinstance(others, dict) else {}
    return [(str(step), known)] if _may_be(schema, "object") else []


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
