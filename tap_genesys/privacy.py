"""Personal data is dropped, hashed or masked in the vendor's records, before anyone else sees them.

A field is a path from the record's root (`participants[*].attributes["customer.ssn"]`), or a bare
name (`ani`), which means the field wherever it stands. In a path, `[*]` is every element of a list
and `*` every key of an object; a quoted key is written as JSON writes a text. A quoted key alone
(`["email"]`) is a path, and so means the root's field only.
"""

from __future__ import annotations

import fnmatch
import hmac
import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tap_genesys.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

ACTIONS = ("drop", "hash", "mask")
SHORTEST_KEY = 16
_LIKE = "write it like participants[*].attributes.ssn, or a bare name like ani"
_RULES = 'use a list of objects like {"field": "ani", "action": "drop"}'
#: A star inside a name is refused, since a name is no pattern and would never fit.
_STEP = re.compile(
    r"""(?P<elements>\[\*])
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")]
      | (?P<dot>\.?)(?P<name>\*|[^\s.*\[\]"](?:[^.*\[\]"]*[^\s.*\[\]"])?)""",
    re.VERBOSE | re.DOTALL,
)
#: What holds nothing, to leave it out of a walk at the price of one look-up.
_SCALARS = frozenset({str, int, float, bool, type(None)})


class _Every(Enum):
    ELEMENT = "[*]"
    KEY = "*"


_Step: TypeAlias = "str | _Every"
_Change: TypeAlias = "Callable[[object], str | None]"


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a field; the action is one of `ACTIONS`."""

    field: str
    action: str


class _Compiled(NamedTuple):
    is_bare: bool
    way: tuple[_Step, ...]
    last: _Step
    change: _Change | None  # None drops


class Privacy:
    """Takes personal data out of records.

    Args:
        rules: What happens to which field, in this order.
        hash_key: The secret that `hash` needs.
        attributes_include: Patterns of the participants' attributes that stay; None keeps all.
        attributes_exclude: Patterns of those that are removed all the same.

    Raises:
        SettingError: A rule cannot be followed. To go on without it would let the data through.
    """

    def __init__(
        self,
        rules: Sequence[Rule | Mapping[str, str]],
        *,
        hash_key: str | None,
        attributes_include: Sequence[str] | None = None,
        attributes_exclude: Sequence[str] | None = None,
    ) -> None:
        given = [
            {"field": rule.field, "action": rule.action} if isinstance(rule, Rule) else dict(rule)
            for rule in rules
        ]
        if lines := problems(given, hash_key):
            raise SettingError(lines)
        changes: dict[str, _Change | None] = {
            "drop": None,
            "hash": _hasher(hash_key or ""),
            "mask": _mask,
        }
        self._fields = [rule["field"] for rule in given]
        self._rules = [_compiled(rule["field"], changes[rule["action"]]) for rule in given]
        self._names = frozenset(str(rule.last) for rule in self._rules if rule.is_bare)
        self._removes = _remover(attributes_include, attributes_exclude or ())

    def __bool__(self) -> bool:
        return bool(self._rules) or self._removes is not None

    def apply(self, record: dict[str, Any]) -> None:
        """Change the record in place.

        Args:
            record: As the vendor sends it.
        """
        if self._removes is not None:
            for attributes in _objects(_followed([record], ("participants", "attributes"))):
                for key in [key for key in attributes if self._removes(key)]:
                    del attributes[key]
        # Rules only ever take away, so one walk finds for all of them what a bare name may mean.
        holders = _holders(record, self._names) if self._names else {}
        for rule in self._rules:
            if rule.is_bare:
                _act(holders.get(str(rule.last), ()), rule)
            else:
                nodes = _followed([record], rule.way)
                _act(nodes if rule.last is _Every.ELEMENT else _objects(nodes), rule)

    def unknown(self, schemas: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return the rules' fields that no schema has, in order.

        Args:
            schemas: The streams' JSON schemas.
        """
        roots = list(schemas)
        names = set(_property_names(roots))
        missing = {
            field: None
            for field, rule in zip(self._fields, self._rules, strict=True)
            if not (rule.last in names if rule.is_bare else _is_known(roots, rule))
        }
        return list(missing)


def problems(rules: object, hash_key: str | None) -> list[str]:
    """Return a line for each thing that is wrong with the setting `pii`.

    Args:
        rules: The setting; None is no rules.
        hash_key: The setting `pii_hash_key`, which no line shows.
    """
    if rules is None:
        return []
    if not isinstance(rules, list):
        return [f"pii is not a list; {_RULES}."]
    lines = [line for place, rule in enumerate(rules) for line in _rule_problems(place, rule)]
    hashing = (
        place
        for place, rule in enumerate(rules)
        if isinstance(rule, dict) and rule.get("action") == "hash"
    )
    first = next(hashing, None)
    if first is not None and len(hash_key or "") < SHORTEST_KEY:
        lines.append(
            f"pii_hash_key is {'too short' if hash_key else 'missing'}; pii[{first}] hashes: "
            f"set it to a secret of at least {SHORTEST_KEY} characters."
        )
    return lines


def _rule_problems(place: int, rule: object) -> Iterator[str]:
    where = f"pii[{place}]"
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
            _parsed(field)
        except ValueError as error:
            yield f"{where}: field {json.dumps(field)} cannot be read: {error}; {_LIKE}."
    if action is None or action == "":
        yield f"{where}: action is missing."
    elif action not in ACTIONS:
        shown = json.dumps(action, default=str)
        yield f"{where}: action {shown} is not one of {', '.join(ACTIONS)}."
    # Only the name of what is too much is shown: its value might be the key, misplaced.
    for name in rule:
        if name not in ("field", "action"):
            yield f"{where}: {json.dumps(name, default=str)} is too much; {_RULES}."


def _parsed(field: str) -> list[_Step]:
    """Return the steps of a path; a ValueError says why there are none."""
    steps: list[_Step] = []
    position = 0
    while position < len(field) or not steps:
        match = _STEP.match(field, position)
        # A dot stands before each name but the first.
        if match is None or (match["name"] is not None and bool(match["dot"]) != bool(position)):
            before = json.dumps(field[:position])
            reason = f'what follows {before} is none of .name, [*] and ["name"]'
            raise ValueError(reason if position else 'it begins with neither name nor ["name"]')
        if match["elements"]:
            if not steps:
                reason = "it begins with [*], but a record is an object"
                raise ValueError(reason)
            steps.append(_Every.ELEMENT)
        elif match["quoted"]:
            steps.append(_unquoted(match["quoted"]))
        else:
            steps.append(_Every.KEY if match["name"] == "*" else match["name"])
        position = match.end()
    return steps


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        reason = "a quoted key is not written as JSON writes a text"
        raise ValueError(reason) from None


def _compiled(field: str, change: _Change | None) -> _Compiled:
    *way, last = _parsed(field)
    is_bare = not way and isinstance(last, str) and not field.startswith("[")
    return _Compiled(is_bare, tuple(way), last, change)


def _hasher(key: str) -> _Change:
    # Half a surrogate pair is valid in JSON's text, though not in UTF-8; it must not stop a run.
    # A copy of one hash is twice as fast as a new one.
    keyed = hmac.new(key.encode("utf-8", "surrogatepass"), digestmod="sha256")

    def hashed(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        text = value if isinstance(value, str) else json.dumps(value)
        copy = keyed.copy()
        copy.update(text.encode("utf-8", "surrogatepass"))
        return copy.hexdigest()

    return hashed


def _mask(value: object) -> str | None:
    return "***" if isinstance(value, str) else None


def _remover(include: Sequence[str] | None, exclude: Sequence[str]) -> Callable[[str], bool] | None:
    if include is None and not exclude:
        return None
    kept = None if include is None else [re.compile(fnmatch.translate(glob)) for glob in include]
    gone = [re.compile(fnmatch.translate(glob)) for glob in exclude]

    @lru_cache(maxsize=4096)  # an org has few names of attributes, and each comes all the time
    def removes(key: str) -> bool:
        is_kept = kept is None or any(glob.match(key) for glob in kept)
        return not is_kept or any(glob.match(key) for glob in gone)

    return removes


def _holders(record: dict[str, Any], names: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    """Return for each name the objects that have it, at any depth.

    No walk here is recursive, since JSON nests deeper than Python calls; and a level at a time is
    faster than a node at a time.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    level: list[Any] = [record]
    while level:
        objects = [node for node in level if isinstance(node, dict)]
        lists = [node for node in level if isinstance(node, list)]
        for node in objects:
            if not names.isdisjoint(node):
                for name in names.intersection(node):
                    found.setdefault(name, []).append(node)
        level = [
            part for node in objects for part in node.values() if part.__class__ not in _SCALARS
        ]
        level += [part for node in lists for part in node if part.__class__ not in _SCALARS]
    return found


def _followed(nodes: list[Any], way: tuple[_Step, ...]) -> list[Any]:
    """Return what the steps lead to, which may be anything."""
    for step in way:
        if step is _Every.ELEMENT:
            nodes = [value for node in nodes if isinstance(node, list) for value in node]
        elif step is _Every.KEY:
            nodes = [value for node in _objects(nodes) for value in node.values()]
        else:
            nodes = [node[step] for node in _objects(nodes) if step in node]
    return nodes


def _objects(nodes: list[Any]) -> list[dict[str, Any]]:
    """Return the objects among the nodes and in lists among them."""
    found = []
    stack = nodes[:]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            found.append(node)
        elif isinstance(node, list):
            stack += node
    return found


def _act(holders: Iterable[Any], rule: _Compiled) -> None:
    """Drop or change what the rule's last step means in each holder."""
    last, change = rule.last, rule.change
    # Below a bare name, the same name is a holder's own field: hashed once, not twice.
    own = last if rule.is_bare else None
    for holder in holders:
        if isinstance(last, str):
            if last not in holder:
                continue
            if change is None:
                del holder[last]
            else:
                value = holder[last]
                if value.__class__ in _SCALARS:
                    holder[last] = change(value)
                else:
                    _change_in(holder, [last], change, own)
        elif isinstance(holder, list if last is _Every.ELEMENT else dict):
            if change is None:
                holder.clear()
            else:
                _change_in(holder, _keys(holder), change, own)


def _change_in(holder: Any, keys: Iterable[Any], change: _Change, own: object) -> None:  # noqa: ANN401 - JSON is anything
    """Change every scalar at and below the keys."""
    stack: list[tuple[Any, Iterable[Any]]] = [(holder, keys)]
    while stack:
        node, places = stack.pop()
        for place in places:
            value = node[place]
            if isinstance(value, dict | list):
                below = _keys(value)
                stack.append((value, [key for key in below if key != own] if own else below))
            else:
                node[place] = change(value)


def _keys(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node if isinstance(node, dict) else range(len(node))


def _property_names(schemas: list[Mapping[str, Any]]) -> Iterator[str]:
    stack: list[Any] = list(schemas)
    while stack:
        schema = stack.pop()
        yield from schema.get("properties", ())
        stack += schema.get("properties", {}).values()
        if "items" in schema:
            stack.append(schema["items"])


def _is_known(schemas: list[Mapping[str, Any]], rule: _Compiled) -> bool:
    nodes: list[Any] = list(schemas)
    for step in (*rule.way, rule.last):
        if step is _Every.ELEMENT:
            nodes = [node.get("items", {}) for node in nodes if _may_be(node, "array")]
        else:
            nodes = [part for node in nodes for part in _parts(node, step)]
    return bool(nodes)


def _parts(schema: Mapping[str, Any], step: _Step) -> list[Any]:
    """Return what a schema says of a key; an object that names no properties knows every key."""
    while _may_be(schema, "array") and "items" in schema:
        schema = schema["items"]
    properties = schema.get("properties")
    if properties is not None:
        if step is _Every.KEY:
            return list(properties.values())
        return [properties[step]] if step in properties else []
    others = schema.get("additionalProperties")
    known = others if isinstance(others, dict) else {}
    return [known] if _may_be(schema, "object") else []


def _may_be(schema: Mapping[str, Any], kind: str) -> bool:
    kinds = schema.get("type")
    return kinds is None or kind in ([kinds] if isinstance(kinds, str) else kinds)
