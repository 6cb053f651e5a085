"""Judgements about listings, aggregates, limits, licences and refusals. Pure."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tap_genesys.api.response import names_concurrency
from tap_genesys.preflight.assumptions.fields import Record, moment, number, rows, text
from tap_genesys.preflight.assumptions.model import (
    Observed,
    Undecidable,
    confirmed,
    held,
    refuted,
)
from tap_genesys.preflight.assumptions.plan import OVERSIZED_GROUPS, OVERSIZED_SKILLS
from tap_genesys.preflight.lake import JOBS

if TYPE_CHECKING:
    from tap_genesys.preflight.assumptions.model import Response, Verdict

_GROUPS, _SKILLS = 500, 100
_DIGITS = re.compile(r"[0-9]{1,9}")
#: The form of the vendor's names of limits; other text of a body is not reported.
_LIMIT = re.compile(r"[a-z]+(\.[a-z]+)*", re.IGNORECASE)
_OPTIONAL = ("profiles", "worktypes", "evaluations")
#: The codes of a refusal for a permission, whatever is licensed.
_NO_PERMISSION = re.compile(r"permission|authorized", re.IGNORECASE)
_REFUSED = "refused (400)"
_ENOUGH_RESPONSES = 5
_CELL_MINUTE = 20


def page_of_500(observed: Observed) -> Verdict:
    """Judge whether a page of groups has 500 records, and a larger one is cut to them."""
    return _cut(observed, "groups", OVERSIZED_GROUPS, _GROUPS)


def page_of_100(observed: Observed) -> Verdict:
    """Judge whether a page of skills is cut to 100 records, and says so."""
    return _cut(observed, "skills", OVERSIZED_SKILLS, _SKILLS)


def next_uri(observed: Observed) -> Verdict:
    """Judge whether a link to the next page names a host."""
    link = text(observed.body("queues"), "nextUri")
    if not link:
        msg = "queues has no nextUri: it takes two queues"
        raise Undecidable(msg)
    try:
        has_host = bool(urlsplit(link).netloc)
    except ValueError:
        msg = "the nextUri of queues is no URI"
        raise Undecidable(msg) from None
    evidence = f"the nextUri of queues {'names a host' if has_host else 'is relative'}"
    return held(evidence, if_true=has_host)


def page_beyond(observed: Observed) -> Verdict:
    """Judge whether a listing's page beyond the last is empty."""
    response = observed.response("queues-beyond")
    if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
        return refuted(f"it returns {response.status}")
    received = len(rows(observed.body("queues-beyond"), "entities"))
    has_link = bool(text(observed.body("queues-beyond"), "nextUri"))
    evidence = f"it has {received} records, and {'a' if has_link else 'no'} nextUri"
    return held(evidence, if_true=not received)


def page_count(observed: Observed) -> Verdict:
    """Judge whether responses to summary queries have the header `X-Page-Count`."""
    with_header = [
        name for name, response in observed.responses.items() if "x-page-count" in response.headers
    ]
    usable = [
        response for response in observed.responses.values() if response.status == HTTPStatus.OK
    ]
    evidence = f"{len(with_header)} of {len(usable)} responses have it"
    if "summaries" in with_header:
        return confirmed(evidence)
    if observed.response("summaries").status != HTTPStatus.OK or len(usable) < _ENOUGH_RESPONSES:
        msg = f"{evidence}; summaries answered {observed.response('summaries').status}"
        raise Undecidable(msg)
    return refuted(evidence)


def summaries(observed: Observed) -> Verdict:
    """Judge whether a summary query of the default names, with a page of 250, is accepted."""
    received = _accepted(observed, "summaries", "entities")
    if received is None:
        return refuted(_REFUSED)
    keys = sum(1 for row in received if "groupings" in row and "metrics" in row)
    return confirmed(f"accepted; {len(received)} rows, {keys} with groupings and metrics")


def cells(observed: Observed) -> Verdict:
    """Judge whether cells of aggregates are counted from the start of the interval."""
    intervals = [
        text(cell, "interval").partition("/")[0]
        for result in rows(observed.body("aggregates"), "results")
        for cell in rows(result, "data")
    ]
    starts = [start for text in intervals if (start := moment({"start": text}, "start"))]
    if not starts:
        msg = "no cell has a value"
        raise Undecidable(msg)
    shifted = sum(1 for start in starts if start.minute == _CELL_MINUTE)
    evidence = f"{shifted} of {len(starts)} cells begin at the interval's minute {_CELL_MINUTE}"
    return held(evidence, if_true=shifted == len(starts))


def all_users(observed: Observed) -> Verdict:
    """Judge whether an aggregate query that names no user is refused."""
    results = _accepted(observed, "user-aggregates", "results")
    if results is None:
        return confirmed(_REFUSED)
    return refuted(f"accepted, with {len(results)} results")


def empty_filters(observed: Observed) -> Verdict:
    """Judge whether an empty list of filters requests all types of work items."""
    kinds = _accepted(observed, "worktypes", "entities")
    if kinds is None:
        return refuted(_REFUSED)
    if not kinds:
        msg = "accepted, without a type of work items"
        raise Undecidable(msg)
    return confirmed(f"accepted, with {len(kinds)} types in a page of 10")


def date_filters(observed: Observed) -> Verdict:
    """Judge whether two filters of a query for work items may be about one attribute."""
    items = _accepted(observed, "workitems", "entities")
    if items is None:
        return refuted(_REFUSED)
    return confirmed(f"accepted, with {len(items)} work items in a page of 10")


def missing_namespace(observed: Observed) -> Verdict:
    """Judge whether a namespace of limits that an org does not have returns 404."""
    response = observed.response("limits-other")
    if response.status == HTTPStatus.OK:
        limits = len(rows(observed.body("limits-other"), "entities"))
        if limits:
            msg = f"the org has the namespace that was tried, with {limits} limits"
            raise Undecidable(msg)
        return refuted("it returns 200 without a limit")
    evidence = f"it returns {response.status}"
    return held(evidence, if_true=response.status == HTTPStatus.NOT_FOUND)


def concurrency(observed: Observed) -> Verdict:
    """Judge whether the org's limits of jobs have keys that name concurrency."""
    limits = rows(observed.body("limits"), "entities")
    keys = [_named(row) for row in limits if names_concurrency(text(row, "key"))]
    if not keys:
        msg = f"none of {len(limits)} limits of the namespace analytics names concurrency"
        raise Undecidable(msg)
    return confirmed(f"of {len(limits)} limits of the namespace analytics: {', '.join(keys)}")


def limits_of_jobs(observed: Observed) -> Verdict:
    """Judge whether the namespace `analytics` lists the limits of jobs of details."""
    limits = rows(observed.body("limits"), "entities")
    keys = [_named(row) for row in limits if text(row, "key").startswith(JOBS)]
    evidence = f"{len(keys)} of {len(limits)} limits of the namespace analytics"
    return confirmed(f"{evidence}: {', '.join(keys)}") if keys else refuted(evidence)


def licence(observed: Observed) -> Verdict:
    """Judge whether an operation without a licence returns 404."""
    seen = {name: observed.responses[name] for name in _OPTIONAL if name in observed.responses}
    evidence = ", ".join(f"{name} {_refusal(response)}" for name, response in seen.items())
    statuses = {response.status for response in seen.values()}
    if any(_is_unlicensed(response) for response in seen.values()):
        return refuted(evidence)
    if HTTPStatus.NOT_FOUND in statuses:
        return confirmed(evidence)
    msg = f"none looks unlicensed: {evidence or 'none was requested'}"
    raise Undecidable(msg)


def throttled(observed: Observed) -> Verdict:
    """Judge whether a 429 names its limit."""
    limits = [_limit(response) for response in _throttled(observed)]
    named = sorted({_named(limit) for limit in limits if text(limit, "key")})
    evidence = f"{sum(1 for limit in limits if text(limit, 'key'))} of {len(limits)} name one"
    return confirmed(f"{evidence}: {', '.join(named)}") if named else refuted(evidence)


def retry_after(observed: Observed) -> Verdict:
    """Judge whether each 429 has `Retry-After` in whole seconds."""
    values = [response.headers.get("retry-after", "") for response in _throttled(observed)]
    whole = sum(1 for value in values if _DIGITS.fullmatch(value.strip()))
    evidence = f"{whole} of {len(values)} have it in whole seconds"
    return held(evidence, if_true=whole == len(values))


def _accepted(observed: Observed, name: str, key: str) -> list[Record] | None:
    """Return the records of a response; None if the request was refused (400)."""
    if observed.response(name).status == HTTPStatus.BAD_REQUEST:
        return None
    return rows(observed.body(name), key)


def _throttled(observed: Observed) -> list[Response]:
    if not observed.throttled:
        msg = "no 429 occurred, and none is provoked"
        raise Undecidable(msg)
    return observed.throttled


def _cut(observed: Observed, name: str, size: int, allowed: int) -> Verdict:
    response = observed.response(name)
    if response.status == HTTPStatus.BAD_REQUEST:
        return refuted(f"a page of {size} {name} is refused (400)")
    body = observed.body(name)
    stated, received = number(body, "pageSize"), len(rows(body, "entities"))
    evidence = f"a page of {size} {name} states {stated} and has {received}"
    if stated is None and received <= allowed:
        raise Undecidable(evidence)
    return held(evidence, if_true=stated == allowed and received <= allowed)


def _limit(response: Response) -> Record:
    limit = response.body.get("limit") if isinstance(response.body, dict) else None
    return limit if isinstance(limit, dict) else {}


def _named(limit: Record) -> str:
    """Return a limit's key and value, without text that does not look like the vendor's names."""
    key, value = text(limit, "key"), str(limit.get("value", ""))
    key = key if _LIMIT.fullmatch(key) else "another key"
    return f"{key} = {value if _DIGITS.fullmatch(value) else 'no number'}"


def _refusal(response: Response) -> str:
    """Return a status as text, and for a 403, whether it is about a permission."""
    if response.status != HTTPStatus.FORBIDDEN:
        return str(response.status)
    return "403 for another reason" if _is_unlicensed(response) else "403 for a permission"


def _is_unlicensed(response: Response) -> bool:
    """Return whether a response is a 403 that is not about a permission."""
    if response.status != HTTPStatus.FORBIDDEN or not isinstance(response.body, dict):
        return False
    code = text(response.body, "code")
    return bool(code) and not _NO_PERMISSION.search(code)
