"""The simulator's operations have the vendor's limits, and right or wrong counts by habit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from support.simulator_client import DETAILS, Client

from tap_genesys.simulator import Simulator, World
from tap_genesys.simulator.filtering import CONVERSATION, SEGMENT, SIMULATED
from tap_genesys.simulator.habits import Habits
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import COUNTS
from tap_genesys.simulator.summing import GROUPINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

SUMMARIES = "/api/v2/analytics/conversations/summary/queries"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WORLD = World(seed=6, per_day=60, since=SINCE, now=SINCE + 4.5 * DAY)
FIRST_DAY = [row["conversationId"] for row in WORLD.conversations(SINCE, SINCE + DAY)]
DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi.json").read_text("utf-8"))
#: The vendor's model of an error, allowing nothing that it does not name.
ERROR_BODY = jsonschema.Draft4Validator(
    {
        **DOCUMENT["definitions"]["ErrorBody"],
        "additionalProperties": False,
        "definitions": DOCUMENT["definitions"],
    }
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return a logged-in client of a simulator with default habits."""
    with Simulator(WORLD) as sim, Client(sim) as logged_in:
        yield logged_in


def post(client: Client, path: str, body: Any) -> requests.Response:
    return client.session.post(f"{client.url}{path}", json=body, timeout=10)


def get(client: Client, path: str) -> requests.Response:
    return client.session.get(f"{client.url}{path}", timeout=10)


def refusal(client: Client, **query: Any) -> str:
    """Return the message with which a details query is refused."""
    response = client.details(SINCE, SINCE + DAY, **query)
    assert response.status_code == 400
    assert list(ERROR_BODY.iter_errors(response.json())) == []
    message: str = response.json()["message"]
    return message


def summary_query(**more: Any) -> dict[str, Any]:
    return {
        "pageSize": 5,
        "pageNumber": 1,
        "dateFrom": stamp(SINCE),
        "dateTo": stamp(SINCE + DAY),
        "groupings": ["conversation:startHour"],
        "metrics": ["conversation:count", "conversation:handleTime"],
        **more,
    }


def predicate(dimension: str, **more: Any) -> dict[str, Any]:
    return {"type": "and", "predicates": [{"dimension": dimension, **more}]}


def test_pages_tile_the_result(client: Client) -> None:
    """Every row is on exactly one page, in order, and `totalHits` is on each."""
    ids = []
    for number in range(1, 5):
        paging = {"pageSize": 25, "pageNumber": number}
        response = client.details(SINCE, SINCE + DAY, paging=paging).json()
        assert response["totalHits"] == len(FIRST_DAY)
        ids += [row["conversationId"] for row in response.get("conversations", [])]
    assert ids == FIRST_DAY


def test_the_default_page_has_25(client: Client) -> None:
    """The vendor's model has this default."""
    assert len(client.details(SINCE, SINCE + DAY).json()["conversations"]) == 25


@pytest.mark.parametrize("by", ["conversationStart", "conversationEnd"])
def test_descending_is_ascending_reversed(client: Client, by: str) -> None:
    """Ties are reversed, too."""
    up = client.ids(SINCE, SINCE + DAY, orderBy=by)
    down = client.ids(SINCE, SINCE + DAY, orderBy=by, order="desc")
    assert down == up[::-1]
    assert sorted(up) == sorted(FIRST_DAY)


@pytest.mark.parametrize(("habit", "status"), [("clamp", 200), ("refuse", 400)])
def test_an_oversized_page_is_clamped_or_refused(habit: str, status: int) -> None:
    """The habit `oversized_page` decides."""
    paging = {"pageSize": 200, "pageNumber": 1}
    with Simulator(WORLD, oversized_page=habit) as sim, Client(sim) as client:
        response = client.details(SINCE, SINCE + 2 * DAY, paging=paging)
    assert response.status_code == status
    assert len(response.json().get("conversations", [])) == (100 if status == 200 else 0)


def test_an_interval_is_required_and_read(client: Client) -> None:
    """It needs two dates in order; offsets are converted to UTC."""
    for interval in (None, "", "2026-03-01", "a/b", "2026-03-02/2026-03-01", 7):
        assert post(client, DETAILS, {"interval": interval}).status_code == 400
    shifted = post(client, DETAILS, {"interval": "2026-03-01T01:00+01:00/2026-03-01T02:00+01:00"})
    assert shifted.json()["conversations"][0]["conversationId"] == FIRST_DAY[0]


def test_half_a_paging_is_refused(client: Client) -> None:
    """`paging` needs both of its fields, as positive integers."""
    halves: list[Any] = [{"pageSize": 25}, {"pageNumber": 1}, [], "1"]
    for paging in halves:
        assert "paging" in refusal(client, paging=paging)
    for number in (0, -1, "x", None, 1.5, True):
        assert "positive" in refusal(client, paging={"pageSize": 25, "pageNumber": number})


def test_unsimulated_fields_are_refused(client: Client) -> None:
    """An ignored field would make a test pass for the wrong reason."""
    assert "not simulated" in refusal(client, aggregations=[{"type": "termFrequency"}])
    assert "not simulated" in refusal(client, orderBy="segmentStart")
    for name, known in (("conversationFilters", CONVERSATION), ("segmentFilters", SEGMENT)):
        dimension = min(known - SIMULATED)
        assert "not simulated" in refusal(client, **{name: [predicate(dimension, value="x")]})


@pytest.mark.parametrize(
    "one",
    [
        "and",
        {"predicates": []},
        {"type": "xor"},
        {"type": "and", "predicates": [{}]},
        {"type": "and", "predicates": ["x"]},
        {"type": "and", "predicates": "x"},
        {"type": "and", "clauses": [{}]},
        predicate("mediaType", operator="contains"),
        predicate("mediaType", operand=1),
        predicate("mediaType", type="metric"),
    ],
)
@pytest.mark.parametrize("name", ["conversationFilters", "segmentFilters"])
def test_a_malformed_filter_is_refused_even_without_rows(
    client: Client, name: str, one: Any
) -> None:
    """The vendor validates the query before it reads data."""
    query = {"interval": "2020-01-01/2020-01-02", name: [one]}
    assert post(client, DETAILS, query).status_code == 400


def test_a_filter_of_the_other_list_is_ignored_and_still_allows_a_month(client: Client) -> None:
    """Unverified: that it allows 31 days."""
    wrong = predicate("wrapUpNote", operator="exists")
    assert client.ids(SINCE, SINCE + DAY, conversationFilters=[wrong]) == FIRST_DAY
    assert client.details(SINCE, SINCE + 31 * DAY, conversationFilters=[wrong]).ok


@pytest.mark.parametrize("dimension", sorted(SIMULATED & SEGMENT))
def test_exists_matches_segments_with_the_dimension(client: Client, dimension: str) -> None:
    """For each simulated dimension of segments."""
    expected = [row["conversationId"] for row in _first_day() if f"'{dimension}':" in str(row)]
    exists = predicate(dimension, operator="exists")
    assert client.ids(SINCE, SINCE + DAY, segmentFilters=[exists]) == expected


def test_and_or_and_clauses_combine_predicates(client: Client) -> None:
    """All predicates of one segment filter hold for one segment."""
    media = {
        name: set(
            client.ids(SINCE, SINCE + DAY, segmentFilters=[predicate("mediaType", value=name)])
        )
        for name in ("voice", "email")
    }
    either = {
        "type": "or",
        "predicates": [{"dimension": "mediaType", "value": name} for name in media],
    }
    both = {**either, "type": "and"}
    assert set(client.ids(SINCE, SINCE + DAY, segmentFilters=[either])) == set().union(
        *media.values()
    )
    assert client.ids(SINCE, SINCE + DAY, segmentFilters=[both]) == []
    nested = {"type": "and", "clauses": [either]}
    inbound = predicate("originatingDirection", value="inbound")
    ids = client.ids(SINCE, SINCE + DAY, segmentFilters=[nested], conversationFilters=[inbound])
    assert set(ids) < set().union(*media.values())


def test_a_later_present_changes_the_result_of_a_query() -> None:
    """The cache of results is keyed by the present."""
    open_ = predicate("conversationEnd", operator="notExists")
    with Simulator(WORLD) as sim, Client(sim) as client:
        before = client.ids(SINCE, SINCE + DAY, conversationFilters=[open_])
        sim.world = sim.world.at(WORLD.now + 300 * DAY)
        after = client.ids(SINCE, SINCE + DAY, conversationFilters=[open_])
    assert before
    assert after == []


@pytest.mark.parametrize("kind", COUNTS)
def test_total_hits_follow_the_habit(kind: str) -> None:
    """Each kind of count in `COUNTS`, right or wrong."""
    with Simulator(WORLD, total_hits=kind) as sim, Client(sim) as client:
        hits = client.details(SINCE, SINCE + DAY).json().get("totalHits")
    assert hits == {
        "right": 60, "none": None, "zero": 0, "garbage": "many", "high": 110, "low": 1,
        "string": "60", "disagreeing": 1,
    }[kind]  # fmt: skip


def test_a_gateway_returns_page_counts() -> None:
    """`entities`, `pageCount` and `total` in place of `conversations` and `totalHits`."""
    with Simulator(WORLD, details_shape="gateway") as sim, Client(sim) as client:
        response = client.details(SINCE, SINCE + DAY)
        empty = client.details(SINCE - DAY, SINCE).json()
    body = response.json()
    assert len(body.pop("entities")) == 25
    assert body == {"pageSize": 25, "pageNumber": 1, "pageCount": 3, "total": 60}
    assert empty["entities"] == []


@pytest.mark.parametrize("kind", COUNTS)
def test_summary_page_counts_follow_the_habit(kind: str) -> None:
    """In header and body, and on pages beyond the last."""
    with Simulator(WORLD, counts=kind) as sim, Client(sim) as client:
        response = post(client, SUMMARIES, summary_query())
        pages = -(-len({row["conversationStart"][11:13] for row in _first_day()}) // 5)
        past = post(client, SUMMARIES, summary_query(pageNumber=pages + 1))
    counts = response.headers.get("X-Page-Count"), response.json().get("pageCount")
    assert counts == {
        "right": (str(pages), pages), "none": (None, None), "zero": ("0", 0),
        "garbage": ("many", "many"), "high": (str(pages + 2), pages + 2), "low": ("1", 1),
        "string": (str(pages), str(pages)), "disagreeing": (str(pages), 1),
    }[kind]  # fmt: skip
    assert past.json()["entities"] == []
    assert past.headers.get("X-Page-Count") == counts[0]


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_summaries_hold_each_conversation_once(client: Client, grouping: str) -> None:
    """With one grouping, the counts add up to the conversations."""
    query = summary_query(pageSize=250, groupings=[grouping])
    rows = post(client, SUMMARIES, query).json()["entities"]
    assert sum(row["metrics"]["conversation:count"] for row in rows) == len(FIRST_DAY)
    assert len({row["groupings"][grouping] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        ("nested", {"groupings", "metrics"}),
        ("flat", {"startHour", "count", "handleTime"}),
        ("own-id", {"groupings", "metrics", "id"}),
        ("own-dates", {"groupings", "metrics", "dateFrom", "dateTo"}),
    ],
)
def test_summaries_have_the_shape_of_the_habit(shape: str, fields: set[str]) -> None:
    """Users' reports differ, so all four shapes are simulated."""
    with Simulator(WORLD, summary_shape=shape) as sim, Client(sim) as client:
        rows = post(client, SUMMARIES, summary_query()).json()["entities"]
    assert all(set(row) == fields for row in rows)


def test_an_invalid_summary_query_is_refused(client: Client) -> None:
    """Unknown fields, groupings and metrics, and invalid pages, return 400."""
    wrongs: list[dict[str, Any]] = [
        {"pageSize": 251},
        {"pageNumber": 0},
        {"dateFrom": None},
        {"groupings": []},
        {"groupings": ["conversation:mood"]},
        {"groupings": [["conversation:medium"]]},
        {"metrics": "conversation:count"},
        {"interval": "2026-03-01/2026-03-02"},
    ]
    for wrong in wrongs:
        assert post(client, SUMMARIES, summary_query(**wrong)).status_code == 400
    assert post(client, SUMMARIES, ["x"]).status_code == 400


def test_an_org_without_summaries_has_no_such_operation() -> None:
    """The published API lacks it, so it returns 404."""
    with Simulator(WORLD, summaries=False) as sim, Client(sim) as client:
        response = post(client, SUMMARIES, summary_query())
    assert (response.status_code, response.json()["code"]) == (404, "not found")


@pytest.mark.parametrize("state", ["active", "inactive", "deleted", "any"])
def test_users_are_listed_by_state(client: Client, state: str) -> None:
    """Each state lists its users, `any` all of them."""
    rows = get(client, f"/api/v2/users?state={state}&pageSize=500").json()["entities"]
    assert rows == [user for user in WORLD.users() if state in ("any", user["state"])]


def test_an_unknown_state_is_refused(client: Client) -> None:
    """With the vendor's code and words."""
    response = get(client, "/api/v2/users?state=happy").json()
    assert response["code"] == "invalid.value"
    assert response["message"].startswith("Value [happy] is not valid for field type [State].")


def test_links_lead_to_all_pages(client: Client) -> None:
    """The first page has no previous link, the last no next one."""
    first = get(client, "/api/v2/users?pageSize=20&state=any").json()
    assert "previousUri" not in first
    middle = get(client, first["nextUri"]).json()
    assert middle["selfUri"] == first["nextUri"]
    assert middle["previousUri"] == first["firstUri"] == first["selfUri"]
    last = get(client, middle["lastUri"]).json()
    assert last["pageNumber"] == last["pageCount"] == 3
    assert "nextUri" not in last
    ids = [row["id"] for page in (first, middle, last) for row in page["entities"]]
    assert ids == [user["id"] for user in WORLD.users()]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v2/quality/calibrations", "calibratorId"),
        ("/api/v2/coaching/appointments", "userIds"),
        ("/api/v2/learning/assignments", "userId"),
    ],
)
def test_a_listing_by_a_parameter_needs_its_parent(
    client: Client, path: str, parameter: str
) -> None:
    """Each user has rows of its own, an unknown one has none, and a request without is refused."""
    first, second = (
        {row["id"] for row in get(client, f"{path}?{parameter}={user}").json()["entities"]}
        for user in [user["id"] for user in WORLD.users()][:2]
    )
    assert first
    assert second
    assert not first & second
    assert get(client, f"{path}?{parameter}=nobody").json()["entities"] == []
    refused = get(client, path)
    assert refused.status_code == 400
    assert parameter in refused.json()["message"]


@pytest.mark.parametrize("habit", ["interval_reading", "counts", "summary_shape"])
def test_an_unknown_value_of_a_habit_is_refused(habit: str) -> None:
    """The error has the valid values."""
    with pytest.raises(ValueError, match=f"{habit} is not 'odd' but one of"):
        Habits(**{habit: "odd"})  # type: ignore[arg-type] # the habits that are words


def _first_day() -> list[dict[str, Any]]:
    return list(WORLD.conversations(SINCE, SINCE + DAY))
