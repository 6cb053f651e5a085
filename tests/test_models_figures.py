"""The dbt package: the marts have the figures of the simulated org, in DuckDB and PostgreSQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.built_models import STATUSES_END, ZONE
from support.contact_centre import DAY, ORG, SINCE, measures, names, seconds, sessions, truth

from tap_genesys.simulator.agents import spans
from tap_genesys.simulator.service_levels import targets_of

if TYPE_CHECKING:
    from support.built_models import Built

    Row = dict[str, Any]

pytestmark = [pytest.mark.integration, pytest.mark.dbt]

TRUTH = truth()
MEASURES = [measure for row in TRUTH for measure in measures(row)]
QUEUES, AGENTS, CODES = names(ORG.queues()), names(ORG.users()), names(ORG.wrapup_codes())


def test_conversations_have_the_figures_of_the_org(built: Built) -> None:
    """Media, queues, agents, times, transfers, wrap-ups and scores, of every conversation."""
    rows = {row["conversation_id"]: row for row in built.models.rows("genesys__conversations")}
    assert set(rows) == {row["conversationId"] for row in TRUTH}
    for row in TRUTH:
        assert rows[row["conversationId"]] == rows[row["conversationId"]] | _figures(row)


def _figures(row: Row) -> Row:
    """Return a part of a conversation's row in the mart."""
    values: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for measure in measures(row):
        values[measure.metric] += measure.value
        counts[measure.metric] += 1
    started = datetime.fromisoformat(row["conversationStart"])
    ended = row.get("conversationEnd")
    segments = [segment for _, session in sessions(row) for segment in session["segments"]]
    queued = [segment for segment in segments if "queueId" in segment]
    held = [
        (min(talk), participant["userId"])
        for participant, session in sessions(row)
        if "userId" in participant
        if (
            talk := [
                s["segmentStart"] for s in session["segments"] if s["segmentType"] == "interact"
            ]
        )
    ]
    codes = [segment for segment in segments if "wrapUpCode" in segment]
    last: Row = max(codes, key=lambda segment: segment["segmentStart"], default={})
    evaluations, surveys = row.get("evaluations", []), row.get("surveys", [])
    return {
        "started_at": started.replace(tzinfo=None),
        "started_at_local": started.astimezone(ZONE).replace(tzinfo=None),
        "ended_at": datetime.fromisoformat(ended).replace(tzinfo=None) if ended else None,
        "is_open": ended is None,
        "duration_seconds": seconds(started, ended) if ended else None,
        "originating_direction": row["originatingDirection"],
        "media_type": row["participants"][0]["sessions"][0]["mediaType"],
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
        "attribute_tier": row["participants"][0]["attributes"]["tier"],
        "attribute_order_s_number": None,
    }


def test_a_transfer_leads_to_the_next_leg(built: Built) -> None:
    """A transferred leg names the queue or agent that had the conversation afterwards."""
    expected = {}
    for row in TRUTH:
        held = [*sessions(row)]
        for place, (participant, session) in enumerate(held):
            moments = [
                m["emitDate"] for m in session.get("metrics", ()) if m["name"] == "nTransferred"
            ]
            if moments:
                # An agent who was only consulted is out before the transfer.
                receiver, onward = next(
                    (other, following)
                    for other, following in held[place + 1 :]
                    if following["segments"][-1]["segmentEnd"] > moments[0]
                )
                queues = [s["queueId"] for s in onward["segments"] if "queueId" in s]
                expected[f"{row['conversationId']}/{session['sessionId']}"] = (
                    AGENTS[participant["userId"]],
                    QUEUES[queues[0]],
                    AGENTS.get(receiver.get("userId", "")),
                )
    columns = ("from_leg_key", "from_agent_name", "to_queue_name", "to_agent_name")
    rows = built.models.rows("genesys__transfers", columns)
    assert {row["from_leg_key"]: tuple(row.values())[1:] for row in rows} == expected
    assert len(expected) > 20


def test_queue_intervals_have_the_sums_of_the_org(built: Built) -> None:
    """Each queue, medium and half hour has what was emitted in it, and its service level."""
    targets = targets_of(ORG.queues())
    expected: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for measure in MEASURES:
        if not measure.queue or measure.metric == "nConsult":  # which the tap does not request
            continue
        late = measure.value > targets[measure.queue, measure.medium]
        sums = expected[QUEUES[measure.queue], measure.medium, _half_hour(measure.moment)]
        sums["offered"] += measure.metric == "nOffered"
        sums["transferred"] += measure.metric == "nTransferred"
        for name, metric in (
            ("answered", "tAnswered"),
            ("abandoned", "tAbandon"),
            ("handled", "tHandle"),
        ):
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
            for name in (
                "offered",
                "answered",
                "abandoned",
                "handled",
                "transferred",
                "over_service_level",
            )
        }
        assert row["service_level"] == _ratio(sums["numerator"], sums["denominator"])
        assert row["average_speed_of_answer_seconds"] == _ratio(
            sums["answer_ms"] / 1000, sums["answered"]
        )
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
        (
            agent,
            span[kind],
            *(datetime.fromisoformat(span[n]) for n in ("startTime", "endTime") if n in span),
        )
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
    """Local times follow the rules of the time zone, when clocks change too."""
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


def _identity(scope: str, row: Row) -> str | None:
    """Return the identity of a conversation's customer in a scope."""
    customer = row["participants"][0]
    (session,) = customer["sessions"]
    own = {"voice": session.get("ani"), "messaging": session.get("addressFrom")}
    identity: str | None = own.get(scope) or customer.get("externalContactId")
    return identity


def test_repeat_contacts_are_those_of_the_same_customer(built: Built) -> None:
    """Next contacts and resolutions at 1, 3 and 7 days per scope, with coverage."""
    digital = ("message", "chat", "email")
    scopes = {
        "voice": ("voice",),
        "messaging": digital,
        "together": ("voice", "callback", *digital),
    }
    inbound = [row for row in TRUTH if row["originatingDirection"] == "inbound"]
    loaded_until = max(datetime.fromisoformat(row["conversationStart"]) for row in TRUTH)
    expected: dict[tuple[str, str], Row] = {}
    for scope, media in scopes.items():
        contacts: dict[str | None, list[tuple[datetime, str]]] = defaultdict(list)
        for row in inbound:
            if row["participants"][0]["sessions"][0]["mediaType"] in media:
                started = datetime.fromisoformat(row["conversationStart"])
                contacts[_identity(scope, row)].append((started, row["conversationId"]))
        for identity, starts in contacts.items():
            for place, (started, conversation) in enumerate(sorted(starts)):
                after = sorted(starts)[place + 1 : place + 2] if identity else []
                expected[scope, conversation] = {
                    "is_identified": identity is not None,
                    "next_conversation_id": after[0][1] if after else None,
                }
                for days in (1, 3, 7):
                    resolved: bool | None = None
                    if after and after[0][0] - started <= days * DAY:
                        resolved = False
                    elif identity and started + days * DAY <= loaded_until:
                        resolved = True
                    expected[scope, conversation][f"is_resolved_within_{days}_days"] = resolved
    rows = {
        (row["scope"], row["conversation_id"]): row
        for row in built.models.rows("genesys__repeat_contacts")
    }
    assert set(rows) == set(expected)
    for place_of, figures in expected.items():
        assert rows[place_of] == rows[place_of] | figures
    assert Counter(
        figures["is_resolved_within_3_days"] for figures in expected.values()
    ).keys() == {
        False,
        True,
        None,
    }


def test_freshness_is_that_of_the_newest_run(built: Built) -> None:
    """A lane is complete up to its bookmark, a listing up to the last run that read it whole."""
    rows = {row["freshness_key"]: row for row in built.models.rows("genesys__freshness")}
    assert set(rows) == {"users/main", "conversation_details/job"}
    users, details = rows["users/main"], rows["conversation_details/job"]
    assert (users["complete_to"], users["behind_seconds"]) == (datetime(2025, 4, 1, 10), 3600)  # noqa: DTZ001
    assert (users["last_outcome"], users["last_run_id"], users["runs"]) == ("unfinished", "b", 2)
    assert details["complete_to"] == datetime(2025, 3, 31, 10, 30)  # noqa: DTZ001
    assert details["behind_seconds"] == 24.5 * 3600
    assert details["last_records_at"] == datetime(2025, 4, 1, 10)  # noqa: DTZ001


def test_a_run_has_the_sums_of_its_lanes(built: Built) -> None:
    """Rows are those of the lanes, requests are the run's own, too; a killed run has no end."""
    rows = {row["run_id"]: row for row in built.models.rows("genesys__runs")}
    assert set(rows) == {"a", "b"}
    ended, killed = rows["a"], rows["b"]
    assert (ended["duration_seconds"], ended["records"], ended["requests"]) == (300, 70, 6)
    assert (ended["streams"], ended["streams_not_done"]) == (2, 0)
    assert (killed["ended_at"], killed["duration_seconds"], killed["outcome"]) == (
        None,
        None,
        "killed",
    )
    assert (killed["records"], killed["requests"], killed["retries"]) == (0, 7, 1)
    assert (killed["streams"], killed["streams_not_done"]) == (2, 1)
