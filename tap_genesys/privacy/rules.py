"""The setting `pii`: validation of its rules, and the syntax of their fields.

A field is a path from the record's root (`participants[*].attributes["customer.ssn"]`), or a bare
name (`ani`), which matches the field at any depth. In a path, `[*]` matches every element of a list
and `*` every key of an object; a quoted key is a JSON string. A quoted key alone (`["email"]`) is a
path, and so matches only the field of the root.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = ("drop", "hash", "mask")
SHORTEST_KEY = 16
_LIKE = "write it like participants[*].attributes.ssn, or a bare name like ani"
_RULES = 'use a list of objects like {"field": "ani", "action": "drop"}'
#: A star inside a name is an error, since names are no patterns: it would never match.
_STEP = re.compile(
    r"""(?P<elements>\[\*])
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")]
      | (?P<dot>\.?)(?P<name>\*|[^\s.*\[\]"](?:[^.*\[\]"]*[^\s.*\[\]"])?)""",
    re.VERBOSE | re.DOTALL,
)


class Every(Enum):
    """A step of a path that matches several nodes."""

    ELEMENT = "[*]"
    KEY = "*"


Step: TypeAlias = "str | Every"


def problems(rules: object, hash_key: str | None) -> list[str]:
    """Return one line per problem of the setting `pii`.

    Args:
        rules: The setting; None for no rules.
        hash_key: The setting `pii_hash_key`; no line contains it.
    """
    if rules is None:
        return []
    if not isinstance(rules, list):
        return [f"pii is not a list; {_RULES}."]
    lines = [line for index, rule in enumerate(rules) for line in _rule_problems(index, rule)]
    hashing = (
        index
        for index, rule in enumerate(rules)
        if isinstance(rule, dict) and rule.get("action") == "hash"
    )
    first = next(hashing, None)
    if first is not None and len(hash_key or "") < SHORTEST_KEY:
        lines.append(
            f"pii_hash_key is {'too short' if hash_key else 'missing'}; pii[{first}] hashes: "
            f"set it to a secret of at least {SHORTEST_KEY} characters."
        )
    return lines


def _rule_problems(index: int, rule: object) -> Iterator[str]:
    where = f"pii[{index}]"
    if not isinstance(rule, dict):
        yield f"{where} is not an object; {_RULES}."
        return
    field, action = rule.get("field"), rule.get("action")
    if field is None or field == "":
        yield f"{where}: field is missing."
    elif not isinstance(field, str):
        yield f"{where}: field {json.dumps(field, default=str)} is not a text; {_LIKE}."
    else:
        try:
            parsed(field)
        except ValueError as error:
            yield f"{where}: field {json.dumps(field)} cannot be read: {error}; {_LIKE}."
    if action is None or action == "":
        yield f"{where}: action is missing."
    elif action not in ACTIONS:
        text = json.dumps(action, default=str)
        yield f"{where}: action {text} is not one of {', '.join(ACTIONS)}."
    # Only the name of an unknown entry is logged: its value might be a misplaced hash key.
    for name in rule:
        if name not in ("field", "action"):
            yield f"{where}: {json.dumps(name, default=str)} is unknown; {_RULES}."


def parsed(field: str) -> list[Step]:
    """Return the steps of a path.

    Raises:
        ValueError: The path is invalid; the message is the reason.
    """
    steps: list[Step] = []
    position = 0
    while position < len(field) or not steps:
        match = _STEP.match(field, position)
        # Each name but the first follows a dot.
        if match is None or (match["name"] is not None and bool(match["dot"]) != bool(position)):
            before = json.dumps(field[:position])
            reason = f'what follows {before} is none of .name, [*] and ["name"]'
            raise ValueError(reason if position else 'it begins with neither name nor ["name"]')
        if match["elements"]:
            if not steps:
                reason = "it begins with [*], but a record is an object"
                raise ValueError(reason)
            steps.append(Every.ELEMENT)
        elif match["quoted"]:
            steps.append(_unquoted(match["quoted"]))
        else:
            steps.append(Every.KEY if match["name"] == "*" else match["name"])
        position = match.end()
    return steps


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        reason = "a quoted key is not written as JSON writes a text"
        raise ValueError(reason) from None
