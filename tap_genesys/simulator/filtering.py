"""The vendor's filters, for the dimensions that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

#: Dimensions that the simulator can filter by.
CONVERSATION = (
    "conversationEnd", "conversationId", "conversationInitiator", "conversationStart", "divisionId",
    "originatingDirection",
)  # fmt: skip
SEGMENT = (
    "ani", "direction", "disconnectType", "dnis", "flowId", "mediaType", "purpose", "queueId",
    "segmentType", "userId", "wrapUpCode",
)  # fmt: skip
_OPERATORS = ("matches", "exists", "notExists")


class InvalidFilterError(ValueError):
    """A filter that the vendor would refuse, in words like its own."""


def passes(row: Row, conversation_filters: list[Row], segment_filters: list[Row]) -> bool:
    """Return whether a conversation passes all filters.

    A dimension of the other list is ignored without a word: so does the vendor, as users report.

    Raises:
        InvalidFilterError: A dimension or an operator is unknown.
    """
    by_conversation = all(
        _holds(one, CONVERSATION, SEGMENT, lambda name: _of_conversation(row, name))
        for one in conversation_filters
    )
    return by_conversation and (
        not segment_filters
        or any(_segment_passes(segment, segment_filters) for segment in _segments(row))
    )


def _segment_passes(segment: dict[str, list[Any]], filters: list[Row]) -> bool:
    return all(
        _holds(one, SEGMENT, CONVERSATION, lambda name: segment.get(name, [])) for one in filters
    )


def _holds(
    group: Row, own: tuple[str, ...], other: tuple[str, ...], values: Callable[[str], list[Any]]
) -> bool:
    """Evaluate a filter or a clause; a predicate of the other list does not count."""
    results = [
        _predicate_holds(one, values(one["dimension"]))
        for one in group.get("predicates", ())
        if not _is_ignored(one, own, other)
    ]
    results += [_holds(clause, own, other, values) for clause in group.get("clauses", ())]
    if not results:
        return True
    return all(results) if group["type"] == "and" else any(results)


def _is_ignored(predicate: Row, own: tuple[str, ...], other: tuple[str, ...]) -> bool:
    name = predicate.get("dimension")
    if name in own:
        return False
    if name in other:
        return True
    msg = (
        f"Value [{name}] is not valid for field type [DetailQueryDimension]. "
        f"Allowable values are: {', '.join(own)}"
    )
    raise InvalidFilterError(msg)


def _predicate_holds(predicate: Row, values: list[Any]) -> bool:
    operator = predicate.get("operator", "matches")
    if operator not in _OPERATORS:
        msg = f"Value [{operator}] is not valid for field type [Operator]."
        raise InvalidFilterError(msg)
    if operator == "matches":
        return predicate.get("value") in values
    return bool(values) is (operator == "exists")


def _of_conversation(row: Row, name: str) -> list[Any]:
    value = row.get("divisionIds" if name == "divisionId" else name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _segments(row: Row) -> Iterator[dict[str, list[Any]]]:
    """Yield each segment with what is true of it, its session and its participant."""
    for participant in row["participants"]:
        for session in participant["sessions"]:
            flow = session.get("flow", {})
            for segment in session["segments"]:
                merged = {**participant, **session, **flow, **segment}
                yield {name: [merged[name]] for name in SEGMENT if name in merged}
