"""Validation of conversation and segment filters, since the vendor ignores misplaced ones.

The vendor does not reject a predicate in the wrong one of the two lists, but ignores it and returns
the whole org (reported from a live org; the published API does not document it). So each dimension
and metric is looked up in the enums of the vendor's document, which `scripts/update_schemas.py`
extracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_genesys import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = ("conversation_filters", "segment_filters")


class Findings(NamedTuple):
    """The errors of a list of filters, and warnings about unknown names; one line each."""

    errors: list[str]
    warnings: list[str]


def check(setting: str, filters: list[Any]) -> Findings:
    """Validate the shape of filters, and the list of each predicate.

    Args:
        setting: One of `SETTINGS`.
        filters: The setting's value, in the vendor's filter format.
    """
    findings = Findings([], [])
    for position, item in enumerate(filters):
        where = f"{setting}[{position}]"
        if problem := _shape_problem(item):
            findings.errors.append(f"{where}: {problem}")
            continue
        for predicate in _predicates(item):
            _check_predicate(setting, where, predicate, findings)
    return findings


def _check_predicate(setting: str, where: str, predicate: dict[str, Any], out: Findings) -> None:
    other = next(name for name in SETTINGS if name != setting)
    for kind in ("dimension", "metric"):
        name = predicate.get(kind)
        if name is None or name in _known()[setting][f"{kind}s"]:
            continue
        if name in _known()[other][f"{kind}s"]:
            out.errors.append(
                f"{where}: {kind} {name!r} belongs in {other}; in {setting} Genesys Cloud "
                "would ignore it and return everything. Move the predicate there."
            )
        else:
            out.warnings.append(
                f"{where}: {kind} {name!r} is not known for {setting}; it is sent as it is."
            )


def _shape_problem(item: object) -> str | None:
    if not isinstance(item, dict):
        return f'{item!r} is not an object; use {{"type": "and", "predicates": [...]}}'
    if item.get("type") not in ("and", "or"):
        return f"type is {item.get('type')!r}; use 'and' or 'or'"
    groups = [item, *_objects(item, "clauses")]
    if not any(_objects(group, "predicates") for group in groups):
        return "it has neither predicates nor clauses with predicates, so it filters nothing"
    for group in groups:
        for key in ("clauses", "predicates"):
            value = group.get(key, [])
            if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
                return f"{key} is {value!r}; use a list of objects"
    return None


def _predicates(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from item.get("predicates", [])
    for clause in item.get("clauses", []):
        yield from clause.get("predicates", [])


def _objects(group: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = group.get(key, [])
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _known() -> dict[str, dict[str, list[str]]]:
    by_setting: dict[str, dict[str, list[str]]] = schemas.facts("filter_dimensions")
    return by_setting
