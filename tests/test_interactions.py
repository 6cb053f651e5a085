"""What is asked for conversation by conversation: once, when it has ended, before its STATE."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from support.direct import without_sockets
from support.harness import Output, run, tap
from support.run_schedules import Stretch, schedules, searching
from support.simulator_client import token
from support.vendor_document import DOCUMENT, response_schema, validate

from tap_genesys.api.prefetch import Prefetcher
from tap_genesys.endpoints import request_loop
from tap_genesys.endpoints.follow_ups import FollowUpStream
from tap_genesys.errors import StopRun
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.simulator.interactions import customers_sessions, is_analysed, transcript
from tap_genesys.streams import STREAMS

DETAILS = "conversation_details"
SPEECH = "conversation_speech_analytics"
HOUR = timedelta(hours=1)
TRANSCRIPTS = "conversation_transcripts"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
WORLD = World(seed=5, per_day=12, since=SINCE, now=NOW)
START: dict[str, Any] = {"start_date": iso(SINCE)}
#: Not of every conversation, and again: it has a test of its own.
SURVEYS = "surveys"
FOLLOWING: list[Any] = [
    one for one in STREAMS if issubclass(one, FollowUpStream) and vars(one)["name"] != SURVEYS
]


def analysed(world: World, until: datetime) -> list[dict[str, Any]]:
    """Return the conversations that ended before a moment, and of which there is something."""
    return [
        one
        for name, one in world.ended.items()
        if is_analysed(name) and datetime.fromisoformat(one["conversationEnd"]) < until
    ]


def rows_of(stream: str, conversation: dict[str, Any]) -> int:
    """Return how many rows there are of a conversation."""
    sessions = len(customers_sessions(conversation))
    return {SPEECH: 1, "conversation_ai_summaries": 3, "recordings": 2, TRANSCRIPTS: sessions}[
        stream
    ]


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("source", ["query", "job", "auto"])
@pytest.mark.parametrize("stream", FOLLOWING, ids=lambda one: one.name)
def test_each_conversation_that_has_ended_is_asked_for(
    stream: Any, source: str, parallel: int
) -> None:
    """All rows, keys once each, one SCHEMA; what was asked and answered is in the document."""
    until = NOW - timedelta(minutes=30) if source == "query" else WORLD.watermark
    options = {"conversation_details_source": source, "max_parallel_requests": parallel}
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, stream.name, **START, **options)
        asked = [one for one in sim.requests if one.path.startswith(own_path(stream))]
        path = next(one.path for one in asked if one.status == 200)
        answer = requests.get(f"{sim.url}{path}", headers=token(sim), timeout=10)
        validate(answer.json(), response_schema(stream.path, "get"))
    found = output.records(stream.name)
    wanted = analysed(WORLD, until)
    assert Counter(row["conversationId"] for row in found) == Counter(
        {one["conversationId"]: rows_of(stream.name, one) for one in wanted}
    )
    keys = [tuple(row[key] for key in stream.primary_keys) for row in found]
    assert len(keys) == len(set(keys)) > 30
    assert len([one for one in output.of("SCHEMA") if one["stream"] == stream.name]) == 1
    assert all(row["_extra"] is None and row["_readAt"] for row in found)
    assert not output.state["bookmarks"].get(stream.name)
    assert set(DOCUMENT["paths"][stream.path]) == {"get"}


def own_path(stream: Any) -> str:
    return str(stream.path).partition("{")[0]


@searching
@example([Stretch(HOUR, 60, 24 * HOUR, None, "")], "auto", 1, timedelta(0), 1)
@example([Stretch(6 * HOUR, 10, 4 * HOUR, None, "")], "query", 1, timedelta(0), 1)
@given(
    schedules(
        [HOUR, 5 * HOUR, DAY, 50 * HOUR],
        [timedelta(0), 2 * HOUR, 7 * HOUR, 24 * HOUR, 30 * HOUR, 80 * HOUR],
        [""],
        most_runs=12,
        stretches=(2, 5),
    ),
    st.sampled_from(["query", "job", "auto"]),
    st.sampled_from([0.5, 1, 5]),
    st.sampled_from([timedelta(0), timedelta(minutes=20), 6 * HOUR]),
    st.sampled_from([1, 4]),
)
def test_over_many_runs_each_is_asked_for_once(
    stretches: list[Stretch], source: str, window_days: float, step: timedelta, parallel: int
) -> None:
    """Once for each end that it has, whatever is read again: look-back, re-checks, fresh lane."""
    state: dict[str, Any] = {}
    asked: Counter[str] = Counter()
    ends: dict[str, set[str | None]] = {}
    world = World(seed=5, per_day=4, since=SINCE, now=NOW, step=step)
    bookmark = SINCE
    with Simulator(world) as sim, without_sockets(sim):
        for stretch in stretches:
            for _ in range(stretch.runs):
                sim.world = world.at(sim.world.now + stretch.distance, stretch.lag)
                sim.requests.clear()
                output = run(
                    sim,
                    DETAILS,
                    SPEECH,
                    state=state,
                    conversation_details_source=source,
                    window_days=window_days,
                    max_parallel_requests=parallel,
                    recheck_days=[1, 2],
                    **START,
                )
                state = output.state
                bookmark = datetime.fromisoformat(output.bookmark() or iso(SINCE))
                for row in output.records(DETAILS):
                    ends.setdefault(row["conversationId"], set()).add(row.get("conversationEnd"))
                asked.update(
                    one.path.rpartition("/")[2]
                    for one in sim.requests
                    if "speechandtext" in one.path
                )
        last = sim.world
    ended = {
        name
        for name, one in last.ended.items()
        if datetime.fromisoformat(one["conversationEnd"]) < bookmark
    }
    if source == "query":
        # One that goes on for longer than the look-back is found again by a re-check only.
        ended = {name for name in ended if lasts(last.ended[name]) < timedelta(hours=20)}
    assert ended <= set(asked)
    for name, times in asked.items():
        # One that is opened again ends again.
        assert times <= len(ends[name] - {None})


def lasts(conversation: dict[str, Any]) -> timedelta:
    start, end = (
        datetime.fromisoformat(conversation[f"conversation{which}"]) for which in ("Start", "End")
    )
    return end - start


def test_surveys_are_asked_for_when_there_are_any_and_again_when_they_are_answered() -> None:
    """By job, with re-checks at one and three days."""
    state: dict[str, Any] = {}
    found: dict[str, str] = {}
    options = {"conversation_details_source": "job", "recheck_days": [1, 3], **START}
    with Simulator(WORLD) as sim:
        for hours in range(0, 24 * 9, 24):
            sim.world = WORLD.at(NOW + timedelta(hours=hours))
            output = run(sim, DETAILS, SURVEYS, state=state, **options)
            state = output.state
            found |= {row["id"]: row["status"] for row in output.records(SURVEYS)}
        asked = [one.path for one in sim.requests if one.path.endswith("/surveys")]
        last = sim.world
        answer = requests.get(f"{sim.url}{asked[0]}", headers=token(sim), timeout=10)
        path = "/api/v2/quality/conversations/{conversationId}/surveys"
        validate(answer.json(), response_schema(path, "get"))
    until = last.watermark - timedelta(days=4)
    wanted = {
        told["surveyId"]
        for one in last.ended.values()
        if datetime.fromisoformat(one["conversationEnd"]) < until
        for told in one.get("surveys", [])
    }
    assert wanted <= set(found)
    assert len(wanted) > 3
    assert len(asked) < len(last.ended) // 2


def test_rows_are_out_before_the_state_that_promises_them() -> None:
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, SPEECH, **START)
    told: set[str] = set()
    for message in output.messages:
        if message["type"] == "RECORD" and message["stream"] == SPEECH:
            told.add(message["record"]["conversationId"])
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"][DETAILS].get("replication_key_value")
            if bookmark:
                passed = datetime.fromisoformat(bookmark)
                started = [
                    one
                    for one in analysed(WORLD, passed)
                    if datetime.fromisoformat(one["conversationStart"]) < passed
                ]
                assert {one["conversationId"] for one in started} <= told


def test_a_run_that_fails_asks_again() -> None:
    with Simulator(WORLD) as sim:
        whole = run(sim, DETAILS, SPEECH, **START)
        fault = Fault("status", path="/speechandtext", status=500, after=20, times=None)
        sim.faults.add(fault)
        first = Output()
        with pytest.raises(StopRun, match="Gave up"):
            tap(sim, DETAILS, SPEECH, output=first, **START).sync_or_leave()
        fault.times = 0
        second = run(sim, DETAILS, SPEECH, state=first.state, **START)
    assert set(first.ids(SPEECH)) | set(second.ids(SPEECH)) == set(whole.ids(SPEECH))
    assert len(first.ids(SPEECH)) < len(whole.ids(SPEECH))


def test_a_missing_permission_skips_it_and_nothing_else() -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/speechandtext", times=None))
        output = run(sim, DETAILS, SPEECH, "recordings", **START)
        refused = [one for one in sim.requests if "speechandtext" in one.path]
    assert output.records(DETAILS)
    assert output.records("recordings")
    assert not output.records(SPEECH)
    assert len(refused) == 1


def test_a_transcript_is_what_lies_there_and_no_token_goes_to_it() -> None:
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, TRANSCRIPTS, **START)
        stored = [one for one in sim.requests if one.path.startswith("/_storage/")]
    found = output.records(TRANSCRIPTS)
    for row in found:
        assert row["transcript"] == transcript(row["conversationId"], row["communicationId"])
    assert len(stored) == len(found) > 30
    assert not [one for one in stored if "Authorization" in one.headers]


def test_a_transcript_that_cannot_be_had_ends_the_run_without_the_signature() -> None:
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/_storage/", status=403, times=None))
        with pytest.raises(StopRun, match=r"download from 127.0.0.1/_storage/.* 403") as stopped:
            run(sim, DETAILS, TRANSCRIPTS, **START)
    assert "signature" not in str(stopped.value)


def test_the_cost_is_told_before_it_is_paid(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, SPEECH, requests_per_minute=300, **START)
    assert "300 requests per minute are 18,000 per hour" in caplog.text


@pytest.mark.parametrize("parallel", [2, 4])
def test_each_window_s_requests_are_prefetched(
    parallel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each window the first one alone is sent when its response is needed."""
    late = []

    class Watched(Prefetcher[Any, Any]):
        def result(self, key: Any, send: Any, following: Any) -> Any:
            if "/speechandtextanalytics/" in key[0] and key not in self._in_flight:
                late.append(key)
            return super().result(key, send, following)

    monkeypatch.setattr(request_loop, "Prefetcher", Watched)
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, SPEECH, max_parallel_requests=parallel, window_days=1, **START)
        sent = [one for one in sim.requests if "/speechandtextanalytics/" in one.path]
    assert len(sent) > 30
    assert len(late) == 5
