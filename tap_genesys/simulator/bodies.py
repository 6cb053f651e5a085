"""Read the parameters and body of a request, strictly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Row = dict[str, Any]


class RefusedError(Exception):
    """The request is refused with 400, in the vendor's words where they are known.

    Args:
        message: The reason.
        code: The vendor's error code.
    """

    def __init__(self, message: str, code: str = "bad.request") -> None:
        super().__init__(message)
        self.code = code


def invalid_value(value: object, kind: str, allowed: Collection[str] = ()) -> RefusedError:
    """Return the refusal of a value that the vendor's enumeration lacks."""
    message = f"Value [{value}] is not valid for field type [{kind}]."
    if allowed:
        message += f" Allowable values are: {', '.join(allowed)}"
    return RefusedError(message, "invalid.value")


def checked_fields(body: Row | None, known: Collection[str]) -> Row:
    """Return the body, or refuse one that has other fields than the known ones."""
    if body is None:
        msg = "A request body in JSON is required"
        raise RefusedError(msg)
    if unknown := sorted(set(body) - set(known)):
        msg = f"Unrecognized fields: {', '.join(unknown)}"
        raise RefusedError(msg)
    return body


def interval(text: object) -> tuple[datetime, datetime]:
    """Read an ISO-8601 interval, `start/end`."""
    parts = text.split("/") if isinstance(text, str) else []
    if len(parts) != 2:
        msg = "You must specify a search interval as part of your query"
        raise RefusedError(msg)
    start, end = moment(parts[0]), moment(parts[1])
    if end <= start:
        msg = "The interval's end must be after its start"
        raise RefusedError(msg)
    return start, end


def moment(text: object) -> datetime:
    """Read an ISO-8601 date and time; without an offset it is UTC."""
    try:
        value = datetime.fromisoformat(str(text))
    except ValueError as failure:
        msg = f"{text!r} is not an ISO-8601 date"
        raise RefusedError(msg) from failure
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def positive(values: Mapping[str, Any], name: str, default: int) -> int:
    """Read a positive integer; text is accepted, since query parameters are text."""
    value = values.get(name, default)
    try:
        number = 0 if isinstance(value, (bool, float)) else int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        msg = f"{name} must be a positive number"
        raise RefusedError(msg)
    return number


def names(value: object, kind: str, known: Collection[str]) -> list[str]:
    """Read a list of known names, and refuse an empty one."""
    if not isinstance(value, list) or not value:
        msg = f"{kind} must be a list of {', '.join(known)}"
        raise RefusedError(msg)
    for name in value:
        if name not in known:
            raise invalid_value(name, kind, known)
    return value


def page(query: Mapping[str, str], body: Row | None) -> int | None:
    """Return the page number of a request, from its URL or its body."""
    paging = (body or {}).get("paging", body)
    number = query.get("pageNumber")
    if number is None and isinstance(paging, dict):
        number = str(paging.get("pageNumber"))
    return int(number) if number is not None and number.isdecimal() else None


def with_first_page(query: dict[str, str], body: Row | None) -> tuple[dict[str, str], Row | None]:
    """Return the parameters and body of the same request for page 1."""
    if body is None:
        return {**query, "pageNumber": "1"}, body
    if isinstance(body.get("paging"), dict):
        return query, {**body, "paging": {**body["paging"], "pageNumber": 1}}
    return query, {**body, "pageNumber": 1}
