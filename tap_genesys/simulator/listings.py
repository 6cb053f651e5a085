"""The listings of the simulated org: reference data, with the vendor's kinds of paging."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode
from zlib import crc32

from tap_genesys.simulator.bodies import RefusedError, checked_fields, positive
from tap_genesys.simulator.fabricate import row, shapes
from tap_genesys.simulator.responses import SimulatedResponse, error, listing, page_of
from tap_genesys.simulator.staff import Staff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_genesys.simulator.habits import Habits
    from tap_genesys.simulator.world import World

Row = dict[str, Any]

_LARGEST_SCAN = 200
#: Path -> the most rows of a page, where that is not `_LARGEST`.
LARGEST = {"/api/v2/groups": 500, "/api/v2/routing/queues": 500, "/api/v2/users": 500}
_LARGEST = 100

#: Listings whose rows are the org's own, not made up.
_OWN: dict[str, Callable[[World], list[Row]]] = {
    "/api/v2/authorization/divisions": lambda world: world.divisions(),
    "/api/v2/routing/queues": lambda world: world.queues(),
    "/api/v2/routing/wrapupcodes": lambda world: world.wrapup_codes(),
    "/api/v2/users": lambda world: world.users(),
}
#: Rows of a listing without pages, by its paging.
_UNPAGED_ROWS = {"none": 7, "array": 5, "map": 4, "object": 1}
#: Rows below one parent at most: of a listing without pages, and of one with pages.
_UNPAGED_CHILDREN = 3
_CHILDREN = 30
#: The listing whose rows another module counts on.
_FULL = "/api/v2/workforcemanagement/managementunits/{managementUnitId}/timeoffrequests/query"
#: Path -> the parameter of the next page, where it is not `pageNumber`.
_LINKS = {"/api/v2/speechandtextanalytics/programs": "nextPage"}
#: Listings whose links name the host.
_ABSOLUTE = ("/api/v2/routing/skillgroups", "/api/v2/teams")
#: The end of every cursor: characters that must be encoded in a URL.
_CURSOR_END = "+/=&"
#: Path -> the id of one of its rows, with characters that must be encoded in a URL.
_ODD_IDS = {"/api/v2/routing/email/domains": "mail/2+2 %41.contact.example"}


def _rows(path: str, shape: Row) -> int:
    """Return how many rows a listing has: more than a page of 100, wherever there are pages."""
    paging = shape["paging"]
    is_unpaged = paging in _UNPAGED_ROWS
    if _listed_for(path, shape):
        most = _UNPAGED_CHILDREN if is_unpaged else _CHILDREN
        return min(most, _UNPAGED_ROWS.get(paging, most))
    return _UNPAGED_ROWS[paging] if is_unpaged else _LARGEST + 1 + crc32(path.encode()) % 60


def _listed_for(path: str, shape: Row) -> str:
    """Return the path of the listing of the parents; empty for a listing without parents."""
    before, place, _ = path.partition("/{")
    return before if place else shape.get("parent", {}).get("path", "")


def _is_made_up(path: str, paging: str) -> bool:
    """Return whether a listing's rows are made up, and its parents' are listed as well."""
    return path not in _OWN and paging != "search" and path.partition("/{")[0] in shapes()


#: Path -> how many rows there are; where the path has a parent, how many a parent has at most.
COUNTS = {
    path: _rows(path, shape)
    for path, shape in shapes().items()
    if _is_made_up(path, shape["paging"])
} | {
    # Not every org uses everything.
    "/api/v2/outbound/digitalrulesets": 0,
    _FULL: 6,
}


def rows_of(world: World, template: str, parent: str = "") -> list[Row]:
    """Return the rows of a listing.

    Args:
        world: The org and its history.
        template: The listing's path, with `{…}` for a parent's id.
        parent: The parent's id.
    """
    own = _OWN.get(template)
    return own(world) if own else list(_made_up(world.seed, template, parent))


def ids_of(world: World, template: str) -> list[str]:
    """Return the ids of the rows of a listing, which are the parents of the listings below it."""
    return [str(row["id"]) for row in rows_of(world, template)]


def operation(
    world: World,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: Row | None,
    *,
    url: str,
    habits: Habits,
) -> Callable[[], SimulatedResponse] | None:
    """Return the handler of a request for a listing; None if there is no such listing.

    Args:
        world: The org and its history.
        method: The HTTP method.
        path: The encoded path.
        query: The URL's parameters.
        body: The JSON object in the request, if there is one.
        url: The base URL of the org, for absolute links.
        habits: The behaviour that the vendor leaves open.
    """
    template, parent = _template(path)
    shape = shapes().get(template)
    if shape is None:
        return None
    if method != shape["method"]:
        return lambda: error(405)
    if by_param := shape.get("parent"):
        parent = query.get(by_param["param"], "")
        if not parent:
            return lambda: error(400, f"{by_param['param']} is required")
    listed_for = _listed_for(template, shape)
    is_absent = bool(listed_for) and parent not in ids_of(world, listed_for)
    if is_absent and not by_param:
        return lambda: error(404)
    rows = [] if is_absent else _filtered(rows_of(world, template, parent), query)

    def handler() -> SimulatedResponse:
        allowed = within_limits(template, query, habits.oversized_page)
        response = _PAGING[shape["paging"]](path, allowed, body, rows, shape)
        is_later = query.get("pageNumber", "1") != "1" and shape["paging"] == "counted"
        if is_later and habits.page_beyond == "missing" and not response.body["entities"]:
            return error(404)
        if (template in _ABSOLUTE or habits.links == "absolute") and "nextUri" in response.body:
            response.body["nextUri"] = url + response.body["nextUri"]
        if shape["paging"] in ("counted", "linked", "scan", "after"):
            # Not every listing has every field.
            fields = shape["page_fields"]
            response.body = {name: response.body[name] for name in response.body if name in fields}
        return response

    return handler


def within_limits(template: str, query: Mapping[str, str], oversized: str) -> Mapping[str, str]:
    """Return the parameters with a page size that the listing allows.

    Raises:
        RefusedError: The page is larger, and the org refuses such pages.
    """
    largest = LARGEST.get(template, _LARGEST)
    if positive(query, "pageSize", 1) <= largest:
        return query
    if oversized == "refuse":
        msg = f"pageSize must not be greater than {largest}"
        raise RefusedError(msg)
    return {**query, "pageSize": str(largest)}


def _filtered(rows: list[Row], query: Mapping[str, str]) -> list[Row]:
    """Return the rows that match the parameters for divisions and ids."""
    divisions = query.get("divisionId") or query.get("divisionIds")
    if divisions:
        names = divisions.split(",")
        rows = [row for row in rows if (row.get("division") or {}).get("id") in names]
    if "id" in query:
        rows = [row for row in rows if row["id"] in query["id"].split(",")]
    return rows


@cache
def _made_up(seed: int, template: str, parent: str) -> tuple[Row, ...]:
    shape = shapes()[template]
    names = [str(number) for number in range(_count(template, parent))]
    if shape["paging"] == "map":
        return tuple(
            {"id": name, "value": row(shape["row"], seed, template, name)} for name in names
        )
    if not shape["row"]:  # the columns of a data table are the org's
        return tuple({"key": name, "Some column": f"{name} of {parent}"} for name in names)
    rows = [row(shape["row"], seed, template, parent, name) for name in names]
    if template in _ODD_IDS:
        rows[0]["id"] = _ODD_IDS[template]
    divisions = [division["id"] for division in Staff(seed).divisions]
    for number, fields in enumerate(rows):
        if isinstance(fields, dict) and "division" in fields:
            fields["division"] = {"id": divisions[number % len(divisions)]}
    return tuple(rows)


def _count(template: str, parent: str) -> int:
    """Return the number of rows of a listing, by parent; one parent in eight has none."""
    most = COUNTS[template]
    if not parent or template == _FULL:
        return most
    share = blake2b(parent.encode(), digest_size=2).digest()
    return 0 if share[0] % 8 == 0 else most - share[1] % max(1, most // 4)


def _template(path: str) -> tuple[str, str]:
    """Return the template of a path, and the parent's id in the path."""
    if path in shapes():
        return path, ""
    parts = path.split("/")
    for place in range(len(parts) - 1, 3, -1):
        head, tail = "/".join(parts[:place]), "/".join(parts[place + 1 :])
        for template in shapes():
            before, brace, after = template.partition("{")
            if brace and before == f"{head}/" and after.partition("}/")[2] == tail and tail:
                return template, unquote(parts[place])
    return path, ""


def _counted(
    path: str, query: Mapping[str, str], _body: Row | None, rows: list[Row], _shape: Row
) -> SimulatedResponse:
    link = _LINKS.get(path, "pageNumber")
    number, size = positive(query, link, 1), positive(query, "pageSize", 25)
    response = listing(path, query, rows, number, size)
    if link != "pageNumber" and "nextUri" in response:
        response["nextUri"] = f"{path}?{urlencode({'pageSize': size, link: number + 1})}"
    return SimulatedResponse(body=response)


def _linked(
    path: str, query: Mapping[str, str], _body: Row | None, rows: list[Row], shape: Row
) -> SimulatedResponse:
    size = positive(query, "pageSize", 25)
    link = "pageNumber" if "pageNumber" in query else "after"
    number = positive(query, link, 1) if link == "pageNumber" else _page_at(query.get(link))
    response: Row = {"entities": page_of(rows, number, size), "selfUri": path}
    if link == "pageNumber":
        response |= {"pageSize": size, "pageNumber": number}
    if number * size < len(rows):
        others = {name: query[name] for name in query if name not in ("pageSize", link)}
        following = number + 1 if link == "pageNumber" else _cursor(number + 1)
        response["nextUri"] = f"{path}?{urlencode({'pageSize': size, link: following, **others})}"
    return SimulatedResponse(body={shape["rows"]: response.pop("entities"), **response})


def _scanned(
    path: str, query: Mapping[str, str], _body: Row | None, rows: list[Row], _shape: Row
) -> SimulatedResponse:
    size = positive(query, "limit", 100)
    if not 10 <= size <= _LARGEST_SCAN:
        msg = f"limit must be between 10 and {_LARGEST_SCAN}"
        raise RefusedError(msg)
    number = _page_at(query.get("cursor"))
    response: Row = {"entities": page_of(rows, number, size)}
    if number * size < len(rows):
        after = _cursor(number + 1)
        response["cursors"] = {"after": after}
        response["nextUri"] = f"{path}?{urlencode({'limit': size, 'cursor': after})}"
    return SimulatedResponse(body=response)


def _queried(
    _path: str, _query: Mapping[str, str], body: Row | None, rows: list[Row], _shape: Row
) -> SimulatedResponse:
    search = checked_fields(body, ("pageSize", "after", "filters", "attributes", "sort", "select"))
    size = min(positive(search, "pageSize", 25), _LARGEST_SCAN)
    number = _page_at(search.get("after"))
    response: Row = {"entities": page_of(rows, number, size)}
    if number * size < len(rows):
        response["after"] = _cursor(number + 1)
    return SimulatedResponse(body=response)


def _cursor(number: int) -> str:
    """Return the opaque cursor of a page."""
    return f"p{number}{_CURSOR_END}"


def _page_at(cursor: object) -> int:
    """Return the page of a cursor; the first page without one."""
    if cursor is None:
        return 1
    number = str(cursor).removeprefix("p").removesuffix(_CURSOR_END)
    if not number.isdecimal() or cursor != _cursor(int(number)):
        msg = "The cursor is not valid."
        raise RefusedError(msg)
    return int(number)


def _unpaged(
    _path: str, _query: Mapping[str, str], _body: Row | None, rows: list[Row], shape: Row
) -> SimulatedResponse:
    return SimulatedResponse(body={shape["rows"]: rows})


_PAGING: dict[
    str, Callable[[str, Mapping[str, str], Row | None, list[Row], Row], SimulatedResponse]
] = {
    "counted": _counted,
    "linked": _linked,
    "scan": _scanned,
    "after": _queried,
    "none": _unpaged,
    "array": lambda _path, _query, _body, rows, _shape: SimulatedResponse(body=rows),
    "object": lambda _path, _query, _body, rows, _shape: SimulatedResponse(
        body=rows[0] if rows else {}
    ),
    "map": lambda _path, _query, _body, rows, shape: SimulatedResponse(
        body={shape["rows"]: {row["id"]: row["value"] for row in rows}}
    ),
}
