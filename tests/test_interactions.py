"""Follow-up streams: one request per ended conversation, before the STATE that covers it."""

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
#: Only some conversations have surveys, and they change later: they have a test of their own.
SURVEYS = "surveys"
FOLLOWING: list[Any] = [
    stream
    for stream in STREAMS
    if issubclass(stream, FollowUpStream) and vars(stream)["name"] != SURVEYS
]


def analysed(world: World, until: datetime) -> list[dict[str, Any]]:
    """Return the conversations that ended before a moment, and have follow-up data."""
    return [
        conversation
        for name, conversation in world.ended.items()
        if is_analysed(name) and datetime.fromisoformat(conversation["conversationEnd"]) < until
    ]


def rows_of(stream: str, conversation: dict[str, Any]) -> int:
    """Return the number of a stream's rows for a conversation."""
    sessions = len(customers_sessions(conversation))
    return {SPEECH: 1, "conversation_ai_summaries": 3, "recordings": 2, TRANSCRIPTS: sessions}[
        stream
    ]


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("source", ["query", "job", "auto"])
@pytest.mark.parametrize("stream", FOLLOWING, ids=lambda stream: stream.name)
def test_each_ended_conversation_is_requested(stream: Any, source: str, parallel: int) -> None:
    """Each ended conversation gives all its rows, each key once, under one SCHEMA.

    Requests and responses validate against the vendor's document.
    """
    until = NOW - timedelta(minutes=30) if source == "query" else WORLD.watermark
    options = {"conversation_details_source": source, "max_parallel_requests": parallel}
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, stream.name, **START, **options)
        requests_sent = [
            request for request in sim.requests if request.path.startswith(own_path(stream))
        ]
        path = next(request.path for request in requests_sent if request.status == 200)
        response = requests.get(f"{sim.url}{path}", headers=token(sim), timeout=10)
        validate(response.json(), response_schema(stream.path, "get"))
    rows = output.records(stream.name)
    conversations = analysed(WORLD, until)
    assert Counter(row["conversationId"] for row in rows) == Counter(
        {
            conversation["conversationId"]: rows_of(stream.name, conversation)
            for conversation in conversations
        }
    )
    keys = [tuple(row[key] for key in stream.primary_keys) for row in rows]
    assert len(keys) == len(set(keys)) > 30
    assert (
        len([message for message in output.of("SCHEMA") if message["stream"] == stream.name]) == 1
    )
    assert all(row["_extra"] is None and row["_readAt"] for row in rows)
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
def test_over_many_runs_each_conversation_is_requested_once(
    stretches: list[Stretch], source: str, window_days: float, step: timedelta, parallel: int
) -> None:
    """One request for each end of a conversation, whatever is read again.

    Look-back, re-checks, queries.
    """
    state: dict[str, Any] = {}
    counts: Counter[str] = Counter()
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
                counts.update(
                    request.path.rpartition("/")[2]
                    for request in sim.requests
                    if "speechandtext" in request.path
                )
        last = sim.world
    ended = {
        name
        for name, conversation in last.ended.items()
        if datetime.fromisoformat(conversation["conversationEnd"]) < bookmark
    }
    if source == "query":
        # Only a re-check finds a conversation that lasts longer than the look-back.
        ended = {name for name in ended if lasts(last.ended[name]) < timedelta(hours=20)}
    assert ended <= set(counts)
    for name, times in counts.items():
        # A conversation that is reopened ends again.
        assert times <= len(ends[name] - {None})


def lasts(conversation: dict[str, Any]) -> timedelta:
    start, end = (
        datetime.fromisoformat(conversation[f"conversation{which}"]) for which in ("Start", "End")
    )
    return end - start


def test_surveys_are_requested_where_there_are_any_and_again_once_completed() -> None:
    """Surveys are requested only where there are some, and at each re-check for a later status."""
    state: dict[str, Any] = {}
    statuses: dict[str, str] = {}
    options = {"conversation_details_source": "job", "recheck_days": [1, 3], **START}
    with Simulator(WORLD) as sim:
        for hours in range(0, 24 * 9, 24):
            sim.world = WORLD.at(NOW + timedelta(hours=hours))
            output = run(sim, DETAILS, SURVEYS, state=state, **options)
            state = output.state
            statuses |= {row["id"]: row["status"] for row in output.records(SURVEYS)}
        paths = [request.path for request in sim.requests if request.path.endswith("/surveys")]
        last = sim.world
        response = requests.get(f"{sim.url}{paths[0]}", headers=token(sim), timeout=10)
        path = "/api/v2/quality/conversations/{conversationId}/surveys"
        validate(response.json(), response_schema(path, "get"))
    until = last.watermark - timedelta(days=4)
    expected = {
        survey["surveyId"]
        for conversation in last.ended.values()
        if datetime.fromisoformat(conversation["conversationEnd"]) < until
        for survey in conversation.get("surveys", [])
    }
    assert expected <= set(statuses)
    assert len(expected) > 3
    assert len(paths) < len(last.ended) // 2


def test_rows_are_emitted_before_the_state_that_covers_them() -> None:
    """Before a STATE whose bookmark passes a conversation, its follow-up rows are emitted."""
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, SPEECH, **START)
    emitted: set[str] = set()
    for message in output.messages:
        if message["type"] == "RECORD" and message["stream"] == SPEECH:
            emitted.add(message["record"]["conversationId"])
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"][DETAILS].get("replication_key_value")
            if bookmark:
                passed = datetime.fromisoformat(bookmark)
                started = [
                    conversation
                    for conversation in analysed(WORLD, passed)
                    if datetime.fromisoformat(conversation["conversationStart"]) < passed
                ]
                assert {conversation["conversationId"] for conversation in started} <= emitted


def test_the_run_after_a_failed_one_requests_the_rest() -> None:
    """A failed run and the next one together emit what one whole run does."""
    with Simulator(WORLD) as sim:
        whole = run(sim, DETAILS, SPEECH, **START)
        sim.faults.add(Fault("status", path="/speechandtext", status=500, after=20, times=None))
        first = Output()
        with pytest.raises(StopRun, match="Gave up"):
            tap(sim, DETAILS, SPEECH, output=first, **START).sync_or_leave()
        sim.faults.clear()
        second = run(sim, DETAILS, SPEECH, state=first.state, **START)
    assert set(first.ids(SPEECH)) | set(second.ids(SPEECH)) == set(whole.ids(SPEECH))
    assert len(first.ids(SPEECH)) < len(whole.ids(SPEECH))


def test_a_missing_permission_skips_it_and_nothing_else() -> None:
    """A 403 skips the follow-up stream after one request; its parent and its siblings are read."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("forbidden", path="/speechandtext", times=None))
        output = run(sim, DETAILS, SPEECH, "recordings", **START)
        refused = [request for request in sim.requests if "speechandtext" in request.path]
    assert output.records(DETAILS)
    assert output.records("recordings")
    assert not output.records(SPEECH)
    assert len(refused) == 1


def test_a_transcript_is_what_lies_there_and_no_token_goes_to_it() -> None:
    """A transcript is the stored file, unchanged, and no token is sent to the storage."""
    with Simulator(WORLD) as sim:
        output = run(sim, DETAILS, TRANSCRIPTS, **START)
        stored = [request for request in sim.requests if request.path.startswith("/_storage/")]
    rows = output.records(TRANSCRIPTS)
    for row in rows:
        assert row["transcript"] == transcript(row["conversationId"], row["communicationId"])
    assert len(stored) == len(rows) > 30
    assert not [request for request in stored if "Authorization" in request.headers]


def test_a_transcript_that_cannot_be_had_ends_the_run_without_the_signature() -> None:
    """A download that fails stops the run; the error has host and path, not the signature."""
    with Simulator(WORLD) as sim:
        sim.faults.add(Fault("status", path="/_storage/", status=403, times=None))
        with pytest.raises(StopRun, match=r"download from 127.0.0.1/_storage/.* 403") as stopped:
            run(sim, DETAILS, TRANSCRIPTS, **START)
    assert "signature" not in str(stopped.value)


def test_the_cost_is_logged_before_the_first_request(caplog: pytest.LogCaptureFixture) -> None:
    """A follow-up stream logs its rate of conversations at `requests_per_minute`."""
    caplog.set_level(logging.INFO)
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, SPEECH, requests_per_minute=300, **START)
    assert "300 requests per minute are 18,000 per hour" in caplog.text


@pytest.mark.parametrize("parallel", [2, 4])
def test_each_window_s_requests_are_prefetched(
    parallel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All requests of a window but the first are prefetched, with more than one connection."""
    late = []

    class Watched(Prefetcher[Any, Any]):
        def result(self, key: Any, send: Any, following: Any) -> Any:
            if "/speechandtextanalytics/" in key[0] and key not in self._in_flight:
                late.append(key)
            return super().result(key, send, following)

    monkeypatch.setattr(request_loop, "Prefetcher", Watched)
    with Simulator(WORLD) as sim:
        run(sim, DETAILS, SPEECH, max_parallel_requests=parallel, window_days=1, **START)
        sent = [request for request in sim.requests if "/speechandtextanalytics/" in request.path]
    assert len(sent) > 30
    assert len(late) == 5
