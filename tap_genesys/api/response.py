"""The contents of a response: its body, parsed once, its records, counts and errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import orjson

from tap_genesys.api.shape import kind_of, misfit

if TYPE_CHECKING:
    from datetime import datetime

    import requests

    from tap_genesys.api.shape import Shape

Record: TypeAlias = dict[str, Any]

#: The keys of the records in a response: of conversation details, of listings (and a gateway's
#: variant of the details), of searches, and of user details.
RECORD_KEYS = ("conversations", "entities", "results", "userDetails")
_LONGEST_QUOTE = 500
_PARSED = "_tap_genesys_body"
_DIGITS = re.compile(r"\s*[0-9]{1,18}\s*")


@dataclass(frozen=True, slots=True)
class PageCounts:
    """The counts of a whole query in one of its responses; None for one that is not usable."""

    pages: int | None = None
    rows: int | None = None
    page_size: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """The violated limit in a 429 response.

    Source: `ErrorBody.limit` in the vendor's document, and its forum, "Enhancement: Rate Limit
    Visibility" (June 2023); not every 429 has one.
    """

    namespace: str
    key: str
    value: str

    @property
    def is_of_concurrency(self) -> bool:
        """Whether it is a limit of concurrency, such as `details.jobs.concurrent.access.max`."""
        return names_concurrency(self.key)

    def __str__(self) -> str:
        return f"{self.namespace} {self.key} = {self.value}".strip()


def names_concurrency(key: str) -> bool:
    """Return whether the key of a limit is one of concurrency, not of a rate."""
    return "concurrent" in key.lower()


def body(response: requests.Response, *, may_be_array: bool = False) -> dict[str, Any]:
    """Return the JSON object of a response, parsed once.

    Args:
        response: Any response.
        may_be_array: Whether an array counts as `{"entities": [...]}`.

    Raises:
        ValueError: The body is not JSON, or is JSON but not an object.
    """
    parsed: dict[str, Any] | None = getattr(response, _PARSED, None)
    if parsed is None:
        parsed = _parse(response.content)
        if may_be_array and isinstance(parsed, list):
            parsed = {"entities": parsed}
        if not isinstance(parsed, dict):
            msg = f"no JSON object but {kind_of(parsed)}"
            raise ValueError(msg)
        setattr(response, _PARSED, parsed)
        # Free the raw body, up to 10 MB for a page of a job.
        response._content = b""  # noqa: SLF001 - there is no public way
    return parsed


def problem(response: requests.Response, shape: Shape, *, may_be_array: bool = False) -> str:
    """Return why a response cannot be read; an empty text where it can.

    Args:
        response: Any response.
        shape: The shape that the body must have.
        may_be_array: As for `body`.
    """
    try:
        return misfit(body(response, may_be_array=may_be_array), shape)
    except ValueError as error:
        return f"expected JSON, got a body that cannot be parsed ({error})"


def records(response: requests.Response) -> list[Any]:
    """Return the records of a response; an empty list if it has none, as on an empty page."""
    content = body(response)
    return next((content[key] for key in RECORD_KEYS if content.get(key)), [])


def counts(response: requests.Response) -> PageCounts:
    """Return the counts of a response: header `X-Page-Count`, else `pageCount`; and `totalHits`.

    The header is known from users' reports only (the vendor's published API has no such header).
    The vendor's listings have `pageCount`, the details query has `totalHits`, which the vendor
    calls approximate. A value that is no number, or is zero beside records, is ignored.
    """
    content = body(response)
    beside_records = bool(records(response))

    def usable(value: object) -> int | None:
        number = _whole_number(value)
        return None if number == 0 and beside_records else number

    pages = usable(response.headers.get("X-Page-Count"))
    return PageCounts(
        pages=usable(content.get("pageCount")) if pages is None else pages,
        rows=usable(content.get("totalHits")),
        page_size=_whole_number(content.get("pageSize")) or None,
    )


def retry_after(response: requests.Response, now: datetime) -> float | None:
    """Return the seconds of `Retry-After`, which is a number or an HTTP date.

    Args:
        response: Any response.
        now: The present, aware.

    Returns:
        Seconds, at least 0; None where the header is absent or unreadable.
    """
    value = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def limit(response: requests.Response) -> Limit | None:
    """Return the limit that a response names, if any: `limit: {namespace, key, value}`."""
    try:
        details = body(response).get("limit")
    except ValueError:
        return None
    if not isinstance(details, dict) or not details.get("key"):
        return None
    return Limit(*(_quote(details.get(name)) or "?" for name in ("namespace", "key", "value")))


def operation(response: requests.Response) -> str:
    """Return the method and path of a response's request, such as `POST /api/v2/...`."""
    return f"{response.request.method} {str(response.request.path_url).partition('?')[0]}"


def sent(response: requests.Response) -> str:
    """Return the body of a response's request, else its query parameters."""
    content = response.request.body or str(response.request.path_url).partition("?")[2]
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def refusal(response: requests.Response) -> str:
    """Return the error line for a response: the vendor's message, code, limit and correlation id.

    Source: the vendor's `ErrorBody` has `message`, `code`, `contextId` and, for some 429, `limit`.
    """
    try:
        content = body(response)
    except ValueError:
        content = {}
    reason = _quote(content.get("message")) or response.reason or "no reason given"
    code = _quote(content.get("code"))
    msg = f"{operation(response)} answered {response.status_code}: {reason}"
    msg = f"{msg} ({code})." if code else f"{msg}."
    if violated := limit(response):
        msg = f"{msg} Limit: {violated}."
    number = correlation(response)
    return f"{msg} Correlation id {number}." if number else msg


def correlation(response: requests.Response) -> str:
    """Return the correlation id, which the vendor's support needs; an empty text without one.

    It is the header `ININ-Correlation-Id`, else `contextId` of the vendor's `ErrorBody`.
    """
    header = response.headers.get("ININ-Correlation-Id")
    try:
        return _quote(header or body(response).get("contextId"))
    except ValueError:
        return ""


def redirect(response: requests.Response) -> str:
    """Return the host of a redirect's target; a text if it has none."""
    try:
        host = urlsplit(response.headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return _quote(host) or "no other host"


def _quote(value: object) -> str:
    """Return a text of the vendor's on one line, cut to 500 characters."""
    if value is None or isinstance(value, dict | list):
        return ""
    return " ".join(str(value).split())[:_LONGEST_QUOTE]


def _parse(content: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        # Half an emoji (a text cut between two surrogates) is no reason to lose a page: Python's
        # lenient parser accepts it, and a replacement character stands for it.
        lenient = json.loads(content.decode("utf-8", "replace"))
        whole = json.dumps(lenient, ensure_ascii=False).encode("utf-8", "replace")
    except RecursionError as error:
        msg = "it is nested too deeply"
        raise ValueError(msg) from error
    return orjson.loads(whole)


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, float):
        return int(value) if value >= 0 and value.is_integer() else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None
