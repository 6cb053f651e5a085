"""The dbt package: its marts have the figures of the simulated org, in DuckDB and PostgreSQL."""

from __future__ import annotations

import contextlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from support.contact_centre import DAY, NEW, ORG, RENAMED, SINCE, measures, names, sessions
from support.loaders import ROOT, STREAMS, project, settings
from support.models import Models, require_dbt
from support.postgres import Postgres

from tap_genesys.replication.windows import iso
from tap_genesys.simulator import Simulator
from tap_genesys.simulator.agents import spans
from tap_genesys.simulator.service_levels import targets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Row = dict[str, Any]

pytestmark = [pytest.mark.meltano, pytest.mark.dbt]

PAGE = (ROOT / "docs/warehouse.md").read_text("utf-8")
SQL = dict(re.findall(r"```sql\n-- marts: ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
ZONE = ZoneInfo("America/New_York")
#: The streams of the default selection that the package reads.
DEFAULT = [*STREAMS, "conversation_aggregates", "presence_definitions"]
STATUSES = ["user_presences", "user_routing_statuses"]
#: The end of the loaded statuses of users.
STATUSES_END = SINCE + 12 * DAY
VARIABLES = {
    "genesys__time_zone": ZONE.key,
    "genesys__conversation_attributes": ["tier", "Order's number"],
}
EVERYTHING = VARIABLES | {
    "genesys__using_user_statuses": True,
    "genesys__using_reconciliation": True,
}
OPTIONAL = {"genesys__agent_intervals", "genesys__agent_states", "genesys__reconciliation"}
INCREMENTAL = ("int_genesys__conversation_facts", "int_genesys__leg_facts")
SNAPSHOTS = (
    "genesys_queue_snapshot",
    "genesys_agent_snapshot",
    "genesys_wrap_up_code_snapshot",
    "genesys_presence_snapshot",
)

TRUTH = [ORG.in_lake(number) for number in ORG.numbers(SINCE, ORG.now)]
MEASURES = [measure for row in TRUTH for measure in measures(row)]
QUEUES, AGENTS, CODES = names(ORG.queues()), names(ORG.users()), names(ORG.wrapup_codes())
AGENTS_BY_ID = AGENTS


@dataclass
class Built:
    """A warehouse after several loads and builds, and what was noted in between."""

    models: Models
    #: The marts after the first build, of the default selection.
    first_tables: set[str] = field(default_factory=set)
    first_statuses: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    #: Conversation id -> surveys in the mart, after surveys alone were loaded.
    surveys_loaded_alone: dict[str, float] = field(default_factory=dict)
    #: The id of a conversation that was erased, and the number of its rows in the marts then.
    erased: tuple[str, int] = ("", 0)
    contents: dict[str, list[str]] = field(default_factory=dict)
    contents_of_second_build: dict[str, list[str]] = field(default_factory=dict)
    contents_of_full_refresh: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, float] = field(default_factory=dict)
    versions_of_second_build: dict[str, float] = field(default_factory=dict)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("duckdb", marks=pytest.mark.xdist_group("duckdb")),
        pytest.param("postgres", marks=pytest.mark.xdist_group("postgres")),
    ],
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Load, erase, load one table alone, rename, backfill, load everything, and build each time."""
    require_dbt()
    server = Postgres() if request.param == "postgres" else contextlib.nullcontext()
    with server as running:
        models = Models(project(tmp_path_factory.mktemp(request.param)), running)
        built = Built(models)
        _first_load(built)
        _erase_and_load_surveys_alone(built)
        _load_everything(built)
        built.contents = models.contents()
        built.versions = _versions(models)
        models.build(EVERYTHING)
        built.contents_of_second_build = models.contents()
        built.versions_of_second_build = _versions(models)
        models.build(EVERYTHING, full_refresh=True)
        built.contents_of_full_refresh = models.contents()
        yield built


def _first_load(built: Built) -> None:
    """Load a part of the history by the default selection, some days long, and build."""
    _load(built.models, 6, DEFAULT, since=SINCE + 3 * DAY)
    built.first_statuses = built.models.build(VARIABLES, tests="package")
    built.first_tables = built.models.tables()


def _erase_and_load_surveys_alone(built: Built) -> None:
    """Erase a conversation, load the later surveys without their conversations, and build."""
    models = built.models
    ((erased,),) = models.query(
        'select min("conversationId") as id from genesys.conversation_details '
        f"where \"conversationStart\" < '{SINCE + 4 * DAY:%Y-%m-%d}'"  # noqa: S608 - a date
    )
    for table in [*STREAMS[3:-4], "conversation_details"]:
        models.execute(f"delete from genesys.{table} where \"conversationId\" = '{erased}'")  # noqa: S608
    with _without_state(models):
        _load(models, 12, ["conversation_surveys"], since=SINCE + 4 * DAY)
    models.build(VARIABLES)
    rows = sum(
        models.query(
            f"select count(*) as rows from marts.{table} where conversation_id = '{erased}'"  # noqa: S608
        )[0][0]
        for table in ("genesys__conversations", "genesys__conversation_legs", "genesys__wrap_ups")
    )
    built.erased = (erased, rows)
    built.surveys_loaded_alone = {
        row["conversation_id"]: row["surveys"]
        for row in models.rows("genesys__conversations", ("conversation_id", "surveys"))
        if row["surveys"]
    }


def _load_everything(built: Built) -> None:
    """Load what is new after a renaming, the days before the first load, and optional streams."""
    _load(built.models, 60, DEFAULT, since=SINCE + 3 * DAY)
    with _without_state(built.models):
        _load(built.models, 60, DEFAULT, since=SINCE, until=SINCE + 4 * DAY)
    with _without_state(built.models):
        _load(built.models, 60, STATUSES, since=SINCE, until=STATUSES_END)
    with _without_state(built.models):
        _load(built.models, 60, ["conversation_reconciliation"], since=SINCE, until=SINCE + 11 * DAY)
    built.statuses = built.models.build(EVERYTHING, tests="all")


def _load(
    models: Models,
    days: int,
    streams: list[str],
    *,
    since: datetime,
    until: datetime | None = None,
) -> None:
    world = ORG.at(SINCE + days * DAY)
    with Simulator(world) as sim:
        variables = settings(sim.url, since, until or world.now) | {
            "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
            "TAP_GENESYS_USER_DETAILS_SOURCE": "job",
            "TAP_GENESYS_WINDOW_DAYS": "7",
        }
        models.load(variables, streams)


@contextlib.contextmanager
def _without_state(models: Models) -> Iterator[None]:
    """Load like another worker, and keep the state for the next load."""
    state = models.root / "state.json"
    kept = state.rename(models.root / "kept.json")
    yield
    kept.rename(state)


def _versions(models: Models) -> dict[str, float]:
    return {
        name: models.query(f"select count(*) as n from marts.{name}")[0][0]  # noqa: S608
        for name in SNAPSHOTS
    }


def test_the_default_selection_builds(built: Built) -> None:
    """Without optional streams the build and its tests pass, and their marts are left out."""
    assert set(built.first_statuses.values()) <= {"success", "pass"}
    assert not OPTIONAL & built.first_tables
    assert {"genesys__conversations", "genesys__queue_intervals"} <= built.first_tables


def test_everything_builds(built: Built) -> None:
    """With all optional streams every model is built, and every test passes without a warning."""
    assert set(built.statuses.values()) <= {"success", "pass"}
    assert built.models.tables() >= OPTIONAL | built.first_tables
    assert len(built.statuses) > len(built.first_statuses)


def test_a_table_that_is_loaded_alone_is_seen(built: Built) -> None:
    """Surveys that came later, without their conversations, are in the conversations' mart."""
    world = ORG.at(SINCE + 12 * DAY)
    expected = {
        row["conversationId"]: len(row["surveys"])
        for row in (world.in_lake(number) for number in world.numbers(SINCE + 4 * DAY, world.now))
        if row.get("surveys")
    }
    loaded = {row["conversationId"] for row in TRUTH if row["conversationStart"] < iso(SINCE + 5 * DAY)}
    present = {key: count for key, count in expected.items() if key in loaded}
    assert {
        key: count for key, count in built.surveys_loaded_alone.items() if key in present
    } == present
    assert present


def test_an_erased_conversation_leaves_the_marts(built: Built) -> None:
    """A conversation without rows in the loaded tables has none in the marts after a build."""
    erased, rows = built.erased
    assert erased
    assert rows == 0


def test_incremental_equals_full_refresh(built: Built) -> None:
    """After loads in any order, a build from scratch changes no value of any mart."""
    assert built.contents_of_full_refresh == built.contents
    assert len(built.contents["genesys__conversations"]) == len(TRUTH)


def test_a_build_without_a_change_changes_nothing(built: Built) -> None:
    """A second build leaves all values, and adds no version of a name."""
    assert built.contents_of_second_build == built.contents
    assert built.versions_of_second_build == built.versions


def test_a_name_has_its_history(built: Built) -> None:
    """A renamed queue, agent and code have two versions, which follow each other."""
    for table, key, old in (
        ("dim_queue", "queue_id", ORG.at(SINCE).queues()),
        ("dim_agent", "user_id", ORG.at(SINCE).users()),
        ("dim_wrap_up_code", "wrap_up_code_id", ORG.at(SINCE).wrapup_codes()),
    ):
        versions: dict[str, list[Row]] = defaultdict(list)
        for row in built.models.rows(table):
            versions[row[key]].append(row)
        assert {name: len(rows) for name, rows in versions.items()} == {
            row["id"]: 2 if row is old[0] or row["id"] == old[0]["id"] else 1 for row in old
        }
        first, second = sorted(versions[old[0]["id"]], key=lambda row: row["valid_from"])
        assert (first["name"], second["name"]) == (old[0]["name"], old[0]["name"] + NEW)
        assert first["valid_to"] == second["valid_from"]
        assert (first["valid_from"].year, second["valid_to"]) == (1970, None)
        assert (first["is_current"], second["is_current"]) == (False, True)


def test_conversations_have_the_figures_of_the_org(built: Built) -> None:
    """Media, queues, agents, times, transfers, wrap-ups and scores, of every conversation."""
    rows = {row["conversation_id"]: row for row in built.models.rows("genesys__conversations")}
    assert set(rows) == {row["conversationId"] for row in TRUTH}
    for truth in TRUTH:
        assert rows[truth["conversationId"]] == rows[truth["conversationId"]] | _figures(truth)


def _figures(truth: Row) -> Row:
    """Return a part of a conversation's row in the mart."""
    values: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for measure in measures(truth):
        values[measure.metric] += measure.value
        counts[measure.metric] += 1
    started = datetime.fromisoformat(truth["conversationStart"])
    ended = truth.get("conversationEnd")
    segments = [segment for _, session in sessions(truth) for segment in session["segments"]]
    queued = [segment for segment in segments if "queueId" in segment]
    held = [
        (min(talk), participant["userId"])
        for participant, session in sessions(truth)
        if "userId" in participant
        if (talk := [s["segmentStart"] for s in session["segments"] if s["segmentType"] == "interact"])
    ]
    codes = [segment for segment in segments if "wrapUpCode" in segment]
    last = max(codes, key=lambda segment: segment["segmentStart"], default={})
    evaluations, surveys = truth.get("evaluations", []), truth.get("surveys", [])
    return {
        "started_at": started.replace(tzinfo=None),
        "started_at_local": started.astimezone(ZONE).replace(tzinfo=None),
        "ended_at": datetime.fromisoformat(ended).replace(tzinfo=None) if ended else None,
        "is_open": ended is None,
        "duration_seconds": _seconds(started, ended) if ended else None,
        "originating_direction": truth["originatingDirection"],
        "media_type": truth["participants"][0]["sessions"][0]["mediaType"],
        "first_queue_name": QUEUES[queued[0]["queueId"]] if queued else None,
        "last_queue_name": QUEUES[queued[-1]["queueId"]] if queued else None,
        "queues": len({segment["queueId"] for segment in queued}),
        "first_agent_name": AGENTS[min(held)[1]] if held else None,
        "agents": len({agent for _, agent in held}),
        "is_offered": counts["nOffered"] > 0,
        "is_answered": counts["tAnswered"] > 0,
        "is_abandoned": counts["tAbandon"] > 0,
        "transfers": values["nTransferred"],
        "consults": values["nConsult"],
        **{
            f"{name}_seconds": values[metric] / 1000 if counts[metric] else None
            for name, metric in {
                "ivr": "tIvr",
                "wait": "tAcd",
                "abandon": "tAbandon",
                "talk": "tTalk",
                "hold": "tHeld",
                "after_call_work": "tAcw",
                "handle": "tHandle",
            }.items()
        },
        "wrap_ups": len(codes),
        "last_wrap_up_name": CODES[last["wrapUpCode"]] if last else None,
        "surveys": len(surveys),
        "survey_score": surveys[-1]["oSurveyTotalScore"] if surveys else None,
        "promoter_score": surveys[-1]["surveyPromoterScore"] if surveys else None,
        "evaluations": len(evaluations),
        "evaluation_score": evaluations[-1]["oTotalScore"] if evaluations else None,
        "attribute_tier": truth["participants"][0]["attributes"]["tier"],
        "attribute_order_s_number": None,
    }


def _seconds(start: datetime, end: str) -> float:
    return (datetime.fromisoformat(end) - start) / timedelta(seconds=1)


def test_a_transfer_leads_to_the_next_leg(built: Built) -> None:
    """A transferred leg names the queue or agent that had the conversation afterwards."""
    expected = {}
    for truth in TRUTH:
        held = [*sessions(truth)]
        for place, (participant, session) in enumerate(held):
            moments = [m["emitDate"] for m in session.get("metrics", ()) if m["name"] == "nTransferred"]
            if moments:
                # An agent who was only consulted is out before the transfer.
                receiver, onward = next(
                    (other, following)
                    for other, following in held[place + 1 :]
                    if following["segments"][-1]["segmentEnd"] > moments[0]
                )
                queues = [s["queueId"] for s in onward["segments"] if "queueId" in s]
                expected[f"{truth['conversationId']}/{session['sessionId']}"] = (
                    AGENTS[participant["userId"]],
                    QUEUES[queues[0]],
                    AGENTS.get(receiver.get("userId", "")),
                )
    columns = ("from_leg_key", "from_agent_name", "to_queue_name", "to_agent_name")
    rows = built.models.rows("genesys__transfers", columns)
    assert {row["from_leg_key"]: tuple(row.values())[1:] for row in rows} == expected
    assert len(expected) > 20


def test_queue_intervals_have_the_sums_of_the_org(built: Built) -> None:
    """Each queue, medium and half hour has what was emitted in it, and the queue's service level."""
    targets = targets_of(ORG.queues())
    expected: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for measure in MEASURES:
        if not measure.queue:
            continue
        late = measure.value > targets[measure.queue, measure.medium]
        sums = expected[QUEUES[measure.queue], measure.medium, _half_hour(measure.moment)]
        sums["offered"] += measure.metric == "nOffered"
        sums["transferred"] += measure.metric == "nTransferred"
        for name, metric in (("answered", "tAnswered"), ("abandoned", "tAbandon"), ("handled", "tHandle")):
            sums[name] += measure.metric == metric
        for name, metric in (("answer", "tAnswered"), ("handle", "tHandle"), ("hold", "tHeld")):
            sums[f"{name}_ms"] += measure.value if measure.metric == metric else 0
        sums["over_service_level"] += measure.metric == "tAnswered" and late
        sums["numerator"] += measure.metric == "tAnswered" and not late
        sums["denominator"] += measure.metric in ("tAnswered", "tAbandon")
    rows = {
        (row["queue_name"], row["media_type"], row["interval_start"]): row
        for row in built.models.rows("genesys__queue_intervals")
    }
    assert set(rows) == set(expected)
    for key, sums in expected.items():
        row = rows[key]
        assert row == row | {
            name: sums[name]
            for name in ("offered", "answered", "abandoned", "handled", "transferred", "over_service_level")
        }
        assert row["service_level"] == _ratio(sums["numerator"], sums["denominator"])
        assert row["average_speed_of_answer_seconds"] == _ratio(sums["answer_ms"] / 1000, sums["answered"])
        assert row["average_handle_seconds"] == _ratio(sums["handle_ms"] / 1000, sums["handled"])
        assert row["hold_seconds"] == sums["hold_ms"] / 1000
        assert row["abandon_rate"] == _ratio(sums["abandoned"], sums["offered"])
        local = key[2].replace(tzinfo=UTC).astimezone(ZONE).replace(tzinfo=None)
        assert row["interval_start_local"] == local


def _half_hour(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0, tzinfo=None)


def _ratio(part: float, whole: float) -> Any:
    return pytest.approx(part / whole) if whole else None


def test_agent_intervals_have_the_time_of_the_spans(built: Built) -> None:
    """Each agent and half hour has the seconds of each status in it, as the simulator has them."""
    all_spans = [
        (agent, span[kind], *(datetime.fromisoformat(span[n]) for n in ("startTime", "endTime") if n in span))
        for place, agent in enumerate(ORG.staff.agents)
        for kind in ("systemPresence", "routingStatus")
        for span in spans(ORG, place, kind, SINCE, STATUSES_END)
    ]
    known_until = max(moment for _, _, *moments in all_spans for moment in moments)
    expected: dict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)
    for agent, status, start, *end in all_spans:
        until = end[0] if end else known_until
        if status in ("OFFLINE", "OFF_QUEUE"):
            continue
        cell = _half_hour(start).replace(tzinfo=UTC)
        while cell < until:
            following = cell + timedelta(minutes=30)
            part = min(until, following) - max(start, cell)
            expected[agent, cell.replace(tzinfo=None)][status] += part // timedelta(milliseconds=1)
            cell = following
    rows = {
        (row["user_id"], row["interval_start"]): row
        for row in built.models.rows("genesys__agent_intervals")
    }
    assert set(rows) >= set(expected)
    names_of = ("on_queue", "available", "meal", "idle", "interacting", "communicating")
    for key, row in rows.items():
        sums = expected[key]
        assert {name: row[f"{name}_seconds"] for name in names_of} == {
            name: sums[name.upper()] / 1000 for name in names_of
        }
        on_queue = sums["INTERACTING"] + sums["COMMUNICATING"] + sums["IDLE"]
        assert row["occupancy"] == _ratio(sums["INTERACTING"], on_queue)
    assert len(expected) > 5000


def test_half_hours_are_those_of_the_orgs_clock(built: Built) -> None:
    """Local times are those of the time zone's rules, when clocks change in spring and autumn too."""
    rows = built.models.rows("dim_interval")
    for row in rows:
        local = row["interval_start"].replace(tzinfo=UTC).astimezone(ZONE)
        assert row["local_start"] == local.replace(tzinfo=None)
        assert (row["local_hour"], row["local_minute"]) == (local.hour, local.minute)
        assert row["utc_offset_minutes"] == (local.utcoffset() or DAY) / timedelta(minutes=1)
    days = Counter(row["local_date"].date() for row in rows)
    assert days[datetime(2025, 3, 9, tzinfo=UTC).date()] == 46
    assert days[datetime(2025, 11, 2, tzinfo=UTC).date()] == 50
    assert days[datetime(2025, 3, 10, tzinfo=UTC).date()] == 48


def test_repeat_contacts_are_those_of_the_same_customer(built: Built) -> None:
    """Next contacts and resolutions at 1, 3 and 7 days per scope, with coverage."""
    scopes = {
        "voice": (("voice",), lambda s, p: s.get("ani") or p.get("externalContactId")),
        "messaging": (
            ("message", "chat", "email"),
            lambda s, p: s.get("addressFrom") or p.get("externalContactId"),
        ),
        "together": (
            ("voice", "callback", "message", "chat", "email"),
            lambda _s, p: p.get("externalContactId"),
        ),
    }
    loaded_until = max(datetime.fromisoformat(row["conversationStart"]) for row in TRUTH)
    expected: dict[tuple[str, str], Row] = {}
    for scope, (media, identity) in scopes.items():
        contacts: dict[Any, list[tuple[datetime, str]]] = defaultdict(list)
        for truth in TRUTH:
            (session,) = truth["participants"][0]["sessions"]
            if truth["originatingDirection"] == "inbound" and session["mediaType"] in media:
                who = identity(session, truth["participants"][0])
                start = datetime.fromisoformat(truth["conversationStart"])
                contacts[who].append((start, truth["conversationId"]))
        for who, starts in contacts.items():
            starts.sort()
            for (start, key), following in pairwise([*starts, None]):
                after = following if who else None
                expected[scope, key] = {
                    "is_identified": who is not None,
                    "next_conversation_id": after[1] if after else None,
                    **{
                        f"is_resolved_within_{days}_days": None
                        if who is None
                        else False
                        if after and after[0] - start <= days * DAY
                        else True
                        if start + days * DAY <= loaded_until
                        else None
                        for days in (1, 3, 7)
                    },
                }
    rows = built.models.rows("genesys__repeat_contacts")
    found = {(row["scope"], row["conversation_id"]): row for row in rows}
    assert set(found) == set(expected)
    for place, figures in expected.items():
        assert found[place] == found[place] | figures
    values = [tuple(row.values())[-3:] for row in expected.values()]
    assert {False, True, None} <= {value for row in values for value in row}


def counts(metric: str, *, medium: str = "") -> Counter[str]:
    """Count the metrics of a name by queue."""
    return Counter(
        QUEUES[measure.queue]
        for measure in MEASURES
        if measure.queue and measure.metric == metric
        if not medium or measure.medium == medium
    )


def means(values: Mapping[Any, list[float]]) -> Any:
    """Return the mean of each list, approximately."""
    return pytest.approx({key: sum(numbers) / len(numbers) for key, numbers in values.items()})


def figures(built: Built, question: str) -> dict[Any, float]:
    """Return the result of a documented query with two columns, a name and a number."""
    return {name: float(value) for name, value in built.models.query(SQL[question])}


def by_agent(metric: str) -> dict[str, float]:
    """Return the sum of a metric by agent, in seconds."""
    sums: Counter[str] = Counter()
    for measure in MEASURES:
        if measure.metric == metric:
            sums[AGENTS[measure.agent]] += measure.value
    return {agent: value / 1000 for agent, value in sums.items()}


def test_service_level(built: Built) -> None:
    """The service level of calls is the share that was answered within the queue's target."""
    targets = targets_of(ORG.queues())
    in_time: Counter[str] = Counter()
    for measure in MEASURES:
        if measure.metric == "tAnswered" and measure.medium == "voice" and measure.queue:
            in_time[QUEUES[measure.queue]] += measure.value <= targets[measure.queue, "voice"]
    counted = counts("tAnswered", medium="voice") + counts("tAbandon", medium="voice")
    offered = counts("nOffered", medium="voice")
    assert {
        queue: (number, float(share))
        for queue, number, share in built.models.query(SQL["service level"])
    } == {
        queue: (offered[queue], pytest.approx(in_time[queue] / number))
        for queue, number in counted.items()
    }


def test_abandon_rate(built: Built) -> None:
    """The abandon rate is the share of offered calls that are abandoned."""
    offered, abandoned = counts("nOffered", medium="voice"), counts("tAbandon", medium="voice")
    expected = {queue: abandoned[queue] / number for queue, number in offered.items()}
    assert figures(built, "abandon rate") == pytest.approx(expected)
    assert abandoned.total() > 3


def test_average_handle_time(built: Built) -> None:
    """The average handle time has a mean per queue and agent."""
    times = defaultdict(list)
    for measure in MEASURES:
        if measure.metric == "tHandle" and measure.queue:
            times[QUEUES[measure.queue], AGENTS[measure.agent]].append(measure.value / 1000)
    rows = built.models.query(SQL["average handle time"])
    assert {(queue, agent): number for queue, agent, number, _ in rows} == {
        key: len(values) for key, values in times.items()
    }
    assert {(queue, agent): float(mean) for queue, agent, _, mean in rows} == means(times)


def test_transfers(built: Built) -> None:
    """Transfers are counted per queue, beside handled interactions."""
    transferred, handled = counts("nTransferred"), counts("tHandle")
    rows = {queue: (moved, all_) for queue, moved, all_ in built.models.query(SQL["transfers"])}
    assert rows == {queue: (transferred[queue], handled[queue]) for queue in handled}
    assert transferred.total() > 3


def test_wrap_up_distribution(built: Built) -> None:
    """A conversation counts once for each of its wrap-up codes."""
    expected: Counter[str] = Counter()
    for truth in TRUTH:
        segments = [segment for _, session in sessions(truth) for segment in session["segments"]]
        codes = {CODES[s["wrapUpCode"]] for s in segments if "wrapUpCode" in s}
        expected.update(codes or {"None"})
    assert figures(built, "wrap-up distribution") == dict(expected)
    assert expected["None"]


def test_after_call_work(built: Built) -> None:
    """After-call work is summed up per agent, in seconds."""
    assert figures(built, "after-call work") == pytest.approx(by_agent("tAcw"))


def test_first_response(built: Built) -> None:
    """The first response is the mean time to an agent's first segment, per medium."""
    waits = defaultdict(list)
    for truth in TRUTH:
        firsts: defaultdict[str, list[str]] = defaultdict(list)
        for participant, session in sessions(truth):
            if participant["purpose"] == "agent" and session["mediaType"] in ("chat", "message", "email"):
                firsts[session["mediaType"]] += [
                    segment["segmentStart"]
                    for segment in session["segments"]
                    if segment["segmentType"] == "interact"
                ]
        started = datetime.fromisoformat(truth["conversationStart"])
        for medium, starts in firsts.items():
            if starts:
                waits[medium].append(_seconds(started, min(starts)))
    rows = built.models.query(SQL["first response"])
    assert {medium: number for medium, number, _ in rows} == {
        medium: len(values) for medium, values in waits.items()
    }
    assert {medium: float(mean) for medium, _, mean in rows} == means(waits)


def test_survey_score(built: Built) -> None:
    """The survey score is the mean of all scores per agent."""
    scores = defaultdict(list)
    for truth in TRUTH:
        for survey in truth.get("surveys", ()):
            scores[AGENTS[survey["userId"]]].append(survey["oSurveyTotalScore"])
    rows = built.models.query(SQL["survey score"])
    assert {agent: number for agent, number, _ in rows} == {
        agent: len(values) for agent, values in scores.items()
    }
    assert {agent: float(score) for agent, _, score in rows} == means(scores)


def test_arrivals_by_hour(built: Built) -> None:
    """Arrivals are counted per hour of the org's clock."""
    starts = (datetime.fromisoformat(truth["conversationStart"]) for truth in TRUTH)
    expected = Counter(start.astimezone(ZONE).hour for start in starts)
    assert figures(built, "arrivals by hour") == dict(expected)


def test_repeat_callers(built: Built) -> None:
    """Repeat calls are those of a number within seven days of the one before."""
    calls = defaultdict(list)
    for truth in TRUTH:
        (session,) = truth["participants"][0]["sessions"]
        if session["mediaType"] == "voice" and truth["originatingDirection"] == "inbound":
            calls[session["ani"]].append(datetime.fromisoformat(truth["conversationStart"]))
    repeats = Counter(
        ani
        for ani, starts in calls.items()
        for before, after in pairwise(sorted(starts))
        if after - before <= 7 * DAY
    )
    assert built.models.query(SQL["repeat callers"]) == [[repeats.total(), len(repeats)]]
    assert repeats


def test_the_other_documented_queries_run(built: Built) -> None:
    """First contact resolution has its coverage, and old names are found by their time."""
    coverage = {scope: float(share) for scope, *_, share in built.models.query(SQL["first contact resolution"])}
    assert coverage["voice"] == 1
    assert 0 < coverage["together"] < 1
    legs = {name: number for name, number in built.models.query(SQL["names as they were"])}  # noqa: C416
    old, new = ORG.at(SINCE).queues()[0]["name"], ORG.queues()[0]["name"]
    assert old in legs
    assert new not in legs, "no conversation began after the renaming was read"
