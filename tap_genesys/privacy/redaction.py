"""Redaction of the vendor's records: personal data is dropped, hashed or masked in place."""

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

#: Types of values without children, which a traversal skips.
_SCALARS = frozenset({str, int, float, bool, type(None)})


_Change: TypeAlias = "Callable[[object], str | None]"


@dataclass(frozen=True, slots=True)
class Rule:
    """A field and its action, one of `ACTIONS`."""

    field: str
    action: str


class _Compiled(NamedTuple):
    is_bare: bool
    path: tuple[Step, ...]
    last: Step
    change: _Change | None  # None drops the field


class Privacy:
    """Redacts personal data in records.

    Args:
        rules: Fields and their actions, applied in this order.
        hash_key: The secret key of the action `hash`.
        attributes_include: Patterns of the participants' attributes to keep; None keeps all.
        attributes_exclude: Patterns of the participants' attributes to remove; takes precedence.

    Raises:
        SettingError: A rule is invalid; a run without it would emit personal data.
    """

    def __init__(
        self,
        rules: Sequence[Rule | Mapping[str, str]],
        *,
        hash_key: str | None,
        attributes_include: Sequence[str] | None = None,
        attributes_exclude: Sequence[str] | None = None,
    ) -> None:
        plain_rules = [
            {"field": rule.field, "action": rule.action} if isinstance(rule, Rule) else dict(rule)
            for rule in rules
        ]
        if lines := problems(plain_rules, hash_key):
            raise SettingError(lines)
        hashed = _hasher(hash_key or "")
        changes: dict[str, _Change | None] = {"drop": None, "hash": hashed, "mask": _mask}
        #: A value that identifies the key, and reveals no more than the hashes in rows.
        self.key_digest = hashed("key") if hash_key else None
        self._rules = [_compiled(rule["field"], changes[rule["action"]]) for rule in plain_rules]
        self._names = frozenset(str(rule.last) for rule in self._rules if rule.is_bare)
        self._removes = _remover(attributes_include, attributes_exclude or ())

    def __bool__(self) -> bool:
        return bool(self._rules) or self._removes is not None

    def apply(self, record: dict[str, Any]) -> None:
        """Redact a record in place.

        Args:
            record: The vendor's record.
        """
        if self._removes is not None:
            for attributes in _objects(_nodes_at([record], ("participants", "attributes"))):
                for key in [key for key in attributes if self._removes(key)]:
                    del attributes[key]
        # Rules never add fields, so one traversal finds the holders of all bare names.
        holders = _holders(record, self._names) if self._names else {}
        for rule in self._rules:
            if rule.is_bare:
                _apply(holders.get(str(rule.last), ()), rule)
            else:
                nodes = _nodes_at([record], rule.path)
                _apply(nodes if rule.last is Every.ELEMENT else _objects(nodes), rule)


def _compiled(field: str, change: _Change | None) -> _Compiled:
    *path, last = parsed(field)
    is_bare = not path and isinstance(last, str) and not field.startswith("[")
    return _Compiled(is_bare, tuple(path), last, change)


def _hasher(key: str) -> _Change:
    # Half a surrogate pair is valid in JSON, but not in UTF-8; it must not stop a run.
    # Copying a keyed hash is twice as fast as keying a new one.
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
    included = (
        None if include is None else [re.compile(fnmatch.translate(glob)) for glob in include]
    )
    excluded = [re.compile(fnmatch.translate(glob)) for glob in exclude]

    @lru_cache(maxsize=4096)  # an org has few attribute names, and each is frequent
    def removes(key: str) -> bool:
        is_included = included is None or any(glob.match(key) for glob in included)
        return not is_included or any(glob.match(key) for glob in excluded)

    return removes


def _holders(record: dict[str, Any], names: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    """Return name -> objects with a field of that name, at any depth.

    No traversal here is recursive, since JSON can nest deeper than Python's stack; and level by
    level is faster than node by node.
    """
    holders: dict[str, list[dict[str, Any]]] = {}
    level: list[Any] = [record]
    while level:
        objects = [node for node in level if isinstance(node, dict)]
        lists = [node for node in level if isinstance(node, list)]
        for node in objects:
            if not names.isdisjoint(node):
                for name in names.intersection(node):
                    holders.setdefault(name, []).append(node)
        level = [
            part for node in objects for part in node.values() if part.__class__ not in _SCALARS
        ]
        level += [part for node in lists for part in node if part.__class__ not in _SCALARS]
    return holders


def _nodes_at(nodes: list[Any], path: tuple[Step, ...]) -> list[Any]:
    """Return the nodes at the end of a path, of any type."""
    for step in path:
        if step is Every.ELEMENT:
            nodes = [value for node in nodes if isinstance(node, list) for value in node]
        elif step is Every.KEY:
            nodes = [value for node in _objects(nodes) for value in node.values()]
        else:
            nodes = [node[step] for node in _objects(nodes) if step in node]
    return nodes


def _objects(nodes: list[Any]) -> list[dict[str, Any]]:
    """Return the objects among the nodes, and in lists among them."""
    objects = []
    stack = nodes[:]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            objects.append(node)
        elif isinstance(node, list):
            stack += node
    return objects


def _apply(holders: Iterable[Any], rule: _Compiled) -> None:
    """Drop or change the values at the rule's last step in each holder."""
    last, change = rule.last, rule.change
    # Below a bare name, a field of the same name has its own holder: hash it once, not twice.
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
        node, node_keys = stack.pop()
        for key in node_keys:
            value = node[key]
            if isinstance(value, dict | list):
                inner = _keys(value)
                stack.append((value, [name for name in inner if name != own] if own else inner))
            else:
                node[key] = change(value)


def _keys(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node if isinstance(node, dict) else range(len(node))
