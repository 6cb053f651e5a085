"""Personal data is dropped, hashed or masked in the vendor's records, before anyone sees them."""

from __future__ import annotations

import fnmatch
import hmac
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tap_genesys.errors import SettingError
from tap_genesys.privacy.rules import Every, Step, parsed, problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: What holds nothing, to leave it out of a walk at the price of one look-up.
_SCALARS = frozenset({str, int, float, bool, type(None)})


_Change: TypeAlias = "Callable[[object], str | None]"


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a field; the action is one of `ACTIONS`."""

    field: str
    action: str


class _Compiled(NamedTuple):
    is_bare: bool
    way: tuple[Step, ...]
    last: Step
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
                _act(nodes if rule.last is Every.ELEMENT else _objects(nodes), rule)


def _compiled(field: str, change: _Change | None) -> _Compiled:
    *way, last = parsed(field)
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


def _followed(nodes: list[Any], way: tuple[Step, ...]) -> list[Any]:
    """Return what the steps lead to, which may be anything."""
    for step in way:
        if step is Every.ELEMENT:
            nodes = [value for node in nodes if isinstance(node, list) for value in node]
        elif step is Every.KEY:
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
        elif isinstance(holder, list if last is Every.ELEMENT else dict):
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
