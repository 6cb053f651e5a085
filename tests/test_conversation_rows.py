"""The tables of a conversation: one row with a key for each place in the tree, none lost."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.conversation_tables import FIELDS, NAMES
from support.harness import QUICK, Output, deselect, last_state, run, simulate_time, tap
from support.loaders import catalog

from tap_genesys import schemas
from tap_genesys.errors import StopRun
from tap_genesys.output.writer import SingerWriter
from tap_genesys.records import row_lines
from tap_genesys.records.conversation_rows import (
    ATTRIBUTES,
    NESTED,
    WRAP_UPS,
    RowCollector,
    RowParts,
    rows,
)
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Fault, Simulator, World
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from collections.abc import Iterator

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=4, per_day=25, since=SINCE, now=SINCE + 16 * DAY)

# Ids that are missing, empty, the same again, of another kind, or made to look like our own signs.
IDS = st.one_of(
    st.sampled_from(["a", "b", "a#1", "#1", "a/b", "~1", "", None, 7]), st.text(max_size=3)
)
# As a parsed response has them: a longer integer is a float.
INTEGERS = st.integers(-(2**63), 2**64 - 1)
# Objects and lists among them, and texts that look like where one object ends and the next begins.
VALUES = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.sampled_from(["},{", '"},{"', "\\"]),
    INTEGERS,
    st.lists(st.text(max_size=2)),
    st.lists(st.dictionaries(st.text(max_size=2), INTEGERS, max_size=2), max_size=3),
)


def nodes(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Return lists of objects; some are absent, and some have another type."""
    inner = st.lists(st.fixed_dictionaries({}, optional=fields), max_size=3)
    return st.one_of(inner, inner, inner, st.none(), st.just("none"), st.just([1]))


SEGMENTS = nodes({"wrapUpCode": st.sampled_from(["code", None]), "queueId": IDS, "news": VALUES})
METRICS = nodes({"name": st.sampled_from(["tAcw", "nOffered"]), "value": st.integers(0, 9)})
OUTCOMES = nodes({"flowOutcomeId": IDS, "news": VALUES})
FLOWS = st.fixed_dictionaries({}, optional={"flowId": IDS, "outcomes": OUTCOMES, "news": VALUES})
SESSIONS = nodes(
    {
        "sessionId": IDS,
        "ani": VALUES,
        "news": VALUES,
        "segments": SEGMENTS,
        "metrics": METRICS,
        "mediaEndpointStats": nodes({"maxLatencyMs": st.integers(0, 9), "news": VALUES}),
        "flow": st.one_of(FLOWS, st.none(), st.just([])),
    }
)
PARTICIPANTS = nodes(
    {
        "participantId": IDS,
        "purpose": VALUES,
        "news": VALUES,
        "attributes": st.dictionaries(st.text(max_size=3), VALUES, max_size=3),
        "sessions": SESSIONS,
    }
)
CONVERSATIONS = st.fixed_dictionaries(
    {"conversationId": st.sampled_from(["c", "c/a", "c#1"])},
    optional={
        "conversationStart": st.just("2026-03-01T00:00:00.000Z"),
        "participants": PARTICIPANTS,
        "evaluations": nodes({"evaluationId": IDS, "news": VALUES}),
        "surveys": nodes({"surveyId": IDS}),
        "resolutions": nodes({"queueId": IDS}),
    },
)


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list of objects."""
    is_list = isinstance(value, list) and all(isinstance(part, dict) for part in value)
    return value if is_list else []  # type: ignore[return-value]


def counted(conversation: dict[str, Any]) -> Counter[str]:
    """Count the places of a tree."""
    counts: Counter[str] = Counter()
    for name in ("evaluations", "surveys", "resolutions"):
        counts[f"conversation_{name}"] += len(objects(conversation.get(name)))
    for participant in objects(conversation.get("participants")):
        counts["conversation_participants"] += 1
        counts[ATTRIBUTES] += len(participant.get("attributes", {}))
        for session in objects(participant.get("sessions")):
            counts["conversation_sessions"] += 1
            segments = objects(session.get("segments"))
            counts["conversation_segments"] += len(segments)
            counts[WRAP_UPS] += len([segment for segment in segments if segment.get("wrapUpCode")])
            counts["conversation_metrics"] += len(objects(session.get("metrics")))
            counts["conversation_media_stats"] += len(objects(session.get("mediaEndpointStats")))
            if isinstance(session.get("flow"), dict):
                counts["conversation_flows"] += 1
                outcomes = objects(session["flow"].get("outcomes"))
                counts["conversation_flow_outcomes"] += len(outcomes)
    return +counts


@example([{"conversationId": "c", "participants": [{"sessions": [{"flow": {}}]}]}])
@given(st.lists(CONVERSATIONS, max_size=3, unique_by=lambda tree: tree["conversationId"]))
def test_every_place_is_a_row_with_a_key_of_its_own(trees: list[dict[str, Any]]) -> None:
    """For any ids; and the given conversation is not changed."""
    before = copy.deepcopy(trees)
    tables: dict[str, list[dict[str, Any]]] = {}
    for tree in trees:
        for table, table_rows in rows(tree, FIELDS).items():
            tables.setdefault(table, []).extend(table_rows)
    assert trees == before
    expected = sum((counted(tree) for tree in trees), Counter[str]())
    assert {table: len(table_rows) for table, table_rows in tables.items() if table_rows} == dict(
        expected
    )
    for table, table_rows in tables.items():
        assert len({row["_id"] for row in table_rows}) == len(table_rows), table
    above = {
        row["_id"]
        for name in ("participants", "sessions")
        for row in tables.get(f"conversation_{name}", [])
    }
    parents = {
        row["_parentId"]
        for table_rows in tables.values()
        for row in table_rows
        if "_parentId" in row
    }
    assert parents <= above


@given(CONVERSATIONS)
def test_unknown_fields_of_a_table_are_in_extra(tree: dict[str, Any]) -> None:
    """New fields, and inner ones with a type that no table has."""
    tables = rows(tree, FIELDS)
    for participant, row in zip(
        objects(tree.get("participants")), tables.get("conversation_participants", []), strict=True
    ):
        kept = (row["_extra"] or {}) | row
        for name, value in participant.items():
            is_in_a_table = name == "attributes" or (name == "sessions" and objects(value) == value)
            assert is_in_a_table or not value or kept[name] == value


@given(CONVERSATIONS, st.sets(st.sampled_from(NAMES)))
def test_only_selected_tables_are_built(tree: dict[str, Any], wanted: set[str]) -> None:
    """And each is the same as among all tables."""
    everything = rows(tree, FIELDS)
    some = rows(tree, {name: FIELDS[name] for name in wanted})
    assert some == {name: table_rows for name, table_rows in everything.items() if name in wanted}


@given(st.lists(CONVERSATIONS, max_size=3))
def test_rows_that_are_spliced_equal_serialized_ones(trees: list[dict[str, Any]]) -> None:
    """The fast path and the SDK's path write the same text."""
    harvest = RowCollector(FIELDS)
    expected: dict[str, list[dict[str, Any]]] = {}
    for tree in trees:
        harvest.add(tree)
        for table, table_rows in rows(tree, FIELDS).items():
            expected.setdefault(table, []).extend(table_rows)
    stdout = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(stdout):
        for lines in row_lines.lines(harvest.take(), SINCE):
            SingerWriter().write_lines(lines)
    content = stdout.buffer.getvalue()
    messages = [json.loads(line) for line in content.splitlines()]
    assert [(message["stream"], message["record"]) for message in messages] == [
        (table, row) for table, table_rows in expected.items() for row in table_rows
    ]
    assert all(message["type"] == "RECORD" for message in messages)
    assert all(message["time_extracted"] == SINCE.isoformat() for message in messages)


def test_keys_are_these_texts() -> None:
    """A target keeps both rows if the key of a row changes."""
    flow = {"flowId": "f", "outcomes": [{"flowOutcomeId": "o"}]}
    inner = {"segments": [{"wrapUpCode": "w"}], "metrics": [{}], "mediaEndpointStats": [{}]}
    tree = {
        "conversationId": "c/1",
        "evaluations": [{"evaluationId": "e"}, {"evaluationId": "e"}, {}],
        "surveys": [{"surveyId": "e"}],
        "resolutions": [{"queueId": "q"}],
        "participants": [
            {
                "participantId": "p#1",
                "attributes": {"a/b~c#d": "x", "plain": "y"},
                "sessions": [{"sessionId": "s", "flow": flow, **inner}, {"sessionId": "s"}],
            },
            {"participantId": "p#1", "sessions": [{}]},
            {"sessions": [{"sessionId": "e"}]},
        ],
    }
    assert {
        name: [row["_id"] for row in table_rows] for name, table_rows in rows(tree, FIELDS).items()
    } == {
        "conversation_evaluations": ["c~11/e", "c~11/e#1", "c~11/#2"],
        # The same id in another table is no repetition.
        "conversation_surveys": ["c~11/e"],
        "conversation_resolutions": ["c~11/#0"],
        "conversation_participants": ["c~11/p~21", "c~11/p~21#1", "c~11/#2"],
        ATTRIBUTES: ["c~11/p~21/a~1b~0c~2d", "c~11/p~21/plain"],
        "conversation_sessions": ["c~11/s", "c~11/s#0.1", "c~11/#1.0", "c~11/e"],
        "conversation_segments": ["c~11/s/0"],
        WRAP_UPS: ["c~11/s/0"],
        "conversation_metrics": ["c~11/s/0"],
        "conversation_media_stats": ["c~11/s/0"],
        "conversation_flows": ["c~11/s"],
        "conversation_flow_outcomes": ["c~11/s/0"],
    }


def test_lines_of_rows_without_a_key_have_that_of_the_parent_and_the_position() -> None:
    """Beside rows that have one or not, fields or not, more than the schema or not."""
    first, second = ({"_parentId": parent, "conversationId": "c"} for parent in ("c/a", "c/b"))
    plain, mixed = RowParts.empty(), RowParts.empty()
    for parts in (plain, mixed):
        parts.add({"text": "a},{b"}, first, position=0)
        parts.add({}, first, position=11)
    plain.add({"n": 1}, second, position=0)
    mixed.add({"n": 1}, second, key="k", extra={"news": 2})
    mixed.add({}, second, position=0)
    lines = row_lines.lines({"plain": plain, "mixed": mixed}, SINCE)
    records = [[json.loads(line)["record"] for line in table.splitlines()] for table in lines]
    both = [
        {"_id": "c/a/0", "position": 0, **first, "_extra": None, "text": "a},{b"},
        {"_id": "c/a/11", "position": 11, **first, "_extra": None},
    ]
    assert records == [
        [*both, {"_id": "c/b/0", "position": 0, **second, "_extra": None, "n": 1}],
        [
            *both,
            {"_id": "k", **second, "_extra": {"news": 2}, "n": 1},
            {"_id": "c/b/0", "position": 0, **second, "_extra": None},
        ],
    ]


@pytest.mark.parametrize("text", ["a b", "a},{b", "a", ""])
def test_a_text_within_a_row_is_no_boundary_of_rows(text: str) -> None:
    """Whatever it is: rows are serialized together and cut apart."""
    parts = RowParts.empty()
    for position in range(2):
        parts.add({"text": text if position else 1}, {"_parentId": "c"}, position=position)
    (lines,) = row_lines.lines({"table": parts}, SINCE)
    texts = [json.loads(line)["record"]["text"] for line in lines.splitlines()]
    assert texts == [1, text]


def test_handle_times_are_in_one_row_of_a_session() -> None:
    """They are in the last wrap-up's row, so that a sum counts them once."""
    segments = [{"wrapUpCode": "a"}, {"segmentType": "hold"}, {"wrapUpCode": "b"}]
    metrics = [
        {"name": "tAcw", "value": 3},
        {"name": "tAcw", "value": 4},
        {"name": "nOffered", "value": 1},
    ]
    session = {"sessionId": "s", "segments": segments, "metrics": metrics, "mediaType": "voice"}
    tree = {"conversationId": "c", "participants": [{"userId": "u", "sessions": [session]}]}
    first, last = rows(tree, FIELDS)[WRAP_UPS]
    assert "tAcw" not in first
    assert (last["tAcw"], last["userId"], last["mediaType"], last["position"]) == (
        7,
        "u",
        "voice",
        2,
    )


def loaded(sim: Simulator, *streams: str, **options: Any) -> Output:
    """Read streams by job and query."""
    options = {"start_date": iso(SINCE), "conversation_details_source": "auto", **options}
    return run(sim, *streams, **options)


def test_the_tables_have_all_rows_of_the_conversations() -> None:
    """One row for each place in the tree, each with a unique key."""
    with Simulator(WORLD) as sim:
        output = loaded(sim, DETAILS, *NAMES)
        details = {row["conversationId"] for row in output.records(DETAILS)}
    assert len(details) == WORLD.count(SINCE, WORLD.now)
    expected: Counter[str] = Counter()
    for row in output.records(DETAILS):
        expected += counted(row)
    for name in NAMES:
        ids = output.ids(name)
        assert ids, name
        assert len(ids) == len(set(ids)) == expected[name], name


def test_a_deselected_parent_feeds_its_tables() -> None:
    """Without its own rows, the parent is still read, with the same bookmark."""
    with Simulator(WORLD) as sim:
        whole = loaded(sim, DETAILS, *NAMES)
        alone = loaded(sim, "conversation_segments")
    assert not alone.records(DETAILS)
    assert alone.ids("conversation_segments") == whole.ids("conversation_segments")
    assert {message["stream"] for message in alone.of("SCHEMA")} == {"conversation_segments"}
    assert alone.bookmark(DETAILS) == whole.bookmark(DETAILS)


def test_a_catalog_may_leave_out_the_parent_of_a_table() -> None:
    """The parent is read as one that is not selected, and has no message."""
    chosen = catalog(["conversation_segments"])
    entries = [entry for entry in chosen["streams"] if entry["stream"] != DETAILS]
    with Simulator(WORLD) as sim:
        expected = loaded(sim, "conversation_segments")
        output = Output()
        reader = TapGenesys(
            config={
                **QUICK,
                "api_url": sim.url,
                "login_url": sim.url,
                "start_date": iso(SINCE),
                "conversation_details_source": "auto",
            },
            catalog={"streams": entries},
            message_writer=output,
        )
        simulate_time(reader, sim)
        reader.sync_or_leave()
    assert output.ids("conversation_segments") == expected.ids("conversation_segments")
    assert {message["stream"] for message in output.of("SCHEMA")} == {"conversation_segments"}


def test_a_schema_comes_once_and_states_stay_small() -> None:
    """One SCHEMA per stream and run; a STATE is below 4 kB."""
    with Simulator(WORLD) as sim:
        output = loaded(sim, DETAILS, *NAMES)
    schemas = Counter(message["stream"] for message in output.of("SCHEMA"))
    assert schemas == Counter([DETAILS, *NAMES])
    assert max(len(json.dumps(message)) for message in output.of("STATE")) < 4000


def test_rows_are_written_before_the_bookmark_moves() -> None:
    """Cut at any line: the last STATE covers written rows only, those of tables included."""
    with Simulator(WORLD) as sim:
        messages = loaded(sim, DETAILS, "conversation_segments").messages
    whole = {
        m["record"]["_id"]: m["record"]
        for m in messages
        if m.get("stream") == "conversation_segments" and m["type"] == "RECORD"
    }
    printed: set[str] = set()
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] == "conversation_segments":
            printed.add(message["record"]["_id"])
        if message["type"] == "STATE":
            value = (
                last_state([message])
                .get("bookmarks", {})
                .get(DETAILS, {})
                .get("replication_key_value")
            )
            if value:
                promised = {key for key, row in whole.items() if row["conversationStart"] < value}
                assert promised <= printed


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each scalar of a value with the name of its field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif value is not None:
        yield name, value


def test_the_tables_hold_all_of_the_nested_columns() -> None:
    """Each of their values is in a row, so that the columns themselves may be deselected."""
    kinds = Counter[str]()
    schema = json.loads((resources.files(schemas) / f"{DETAILS}.json").read_text("utf-8"))
    objects = {
        name
        for name, column in schema["properties"].items()
        if "object" in column.get("items", {}).get("type", ())
    }
    assert set(NESTED) == objects
    for number in WORLD.numbers(SINCE, WORLD.now):
        conversation = WORLD.in_lake(number)
        tables = rows(conversation, FIELDS)
        held = Counter(leaves(tables))
        held.update((row["key"], row["value"]) for row in tables.get(ATTRIBUTES, ()))
        for name in NESTED:
            nested = conversation.get(name, [])
            kinds[name] += len(nested)
            assert Counter(leaves(nested)) <= held
    assert all(kinds[name] > 3 for name in NESTED)


def test_stream_maps_and_selection_apply_to_tables() -> None:
    """A table's stream map renames, removes and filters as for any stream."""
    maps = {
        "conversation_segments": {
            "kind": "segmentType",
            "segmentType": None,
            "__filter__": "segmentType == 'hold'",
        }
    }
    with Simulator(WORLD) as sim:
        output = loaded(sim, "conversation_segments", "conversation_wrap_ups", stream_maps=maps)
    segments = output.records("conversation_segments")
    assert {row["kind"] for row in segments} == {"hold"}
    assert not [row for row in segments if "segmentType" in row]
    assert output.records("conversation_wrap_ups")


def test_each_table_counts_its_rows(caplog: pytest.LogCaptureFixture) -> None:
    """The SDK's metric `record_count` of a table is its number of rows."""
    caplog.set_level("INFO", logger="singer_sdk.metrics")
    with Simulator(WORLD) as sim:
        output = loaded(sim, DETAILS, *NAMES)
    for name in NAMES:
        (line,) = [
            message
            for message in caplog.messages
            if f'"stream":"{name}"' in message and "record_count" in message
        ]
        assert f'"value":{len(output.records(name))}' in line


def test_a_skipped_parent_skips_its_tables() -> None:
    """A run in which all streams are skipped fails."""
    with Simulator(WORLD) as sim:
        sim.faults.add(
            Fault(
                "forbidden",
                path="/details",
                times=None,
                permission="analytics:conversationDetail:view",
            )
        )
        reader = tap(sim, DETAILS, *NAMES, start_date=iso(SINCE))
        with pytest.raises(StopRun, match="Every selected stream was skipped"):
            reader.sync_or_leave()


def test_rows_that_vanish_are_older_than_their_conversation() -> None:
    """A late wrap-up comes between two readings: an upsert keeps old rows, the view drops them."""
    warehouse: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in (DETAILS, *NAMES)}
    state: dict[str, Any] = {}
    for days in (1, 2, 5, 9, 40):
        world = ShrinkingWorld(
            seed=4, per_day=25, since=SINCE, now=SINCE + days * DAY, until=SINCE + 2 * DAY
        )
        with Simulator(world) as sim:
            output = loaded(sim, DETAILS, *NAMES, state=state, recheck_days=[1, 3, 7, 30])
        state = output.state
        for name, table in warehouse.items():
            key = "conversationId" if name == DETAILS else "_id"
            table.update({row[key]: row for row in output.records(name)})
    newest = {key: row["_readAt"] for key, row in warehouse[DETAILS].items()}
    vanished = 0
    for name in NAMES:
        seen = {
            key
            for key, row in warehouse[name].items()
            if row["_readAt"] >= newest[row["conversationId"]]
        }
        vanished += len(warehouse[name]) - len(seen)
        expected = {
            row["_id"]
            for conversation in warehouse[DETAILS].values()
            for row in rows(conversation, FIELDS).get(name, [])
        }
        assert seen == expected
    assert vanished


class ShrinkingWorld(World):
    """An org in which segments are merged later: the last one of a session disappears."""

    def conversation(self, number: int) -> dict[str, Any]:
        return self._merged(super().conversation(number))

    def in_lake(self, number: int, moment: datetime | None = None) -> dict[str, Any]:
        return self._merged(super().in_lake(number, moment))

    def _merged(self, row: dict[str, Any]) -> dict[str, Any]:
        if self.now < SINCE + 4 * DAY:
            return row
        for participant in row["participants"]:
            for session in participant["sessions"]:
                session["segments"] = session["segments"][:2]
        return row


def test_no_row_waits_when_a_state_is_written() -> None:
    """At the end of every window, the rows of tables are written before the STATE."""
    stdout = io.TextIOWrapper(io.BytesIO())
    world = World(seed=5, per_day=9, since=SINCE, now=SINCE + 3 * DAY)
    with Simulator(world) as sim, contextlib.redirect_stdout(stdout):
        reader = tap(
            sim, "conversation_details", "conversation_participants", start_date=iso(SINCE)
        )
        reader.message_writer = SingerWriter()
        reader.sync_or_leave()
        stdout.flush()
    lines = [json.loads(line) for line in stdout.buffer.getvalue().splitlines()]
    printed: set[str] = set()
    in_the_table: set[str] = set()
    for line in lines:
        if line["type"] == "STATE":
            assert printed == in_the_table
        if line["type"] == "RECORD":
            known = printed if line["stream"] == "conversation_details" else in_the_table
            known.add(line["record"]["conversationId"])
    assert len(printed) > 20


def emitted(world: World, *names: str, straight: bool = True, **options: Any) -> list[Any]:
    """Return the messages of a run, without the moments of extraction.

    Args:
        world: The simulator's world.
        names: The streams; `stream.column` deselects a column, `stream.column.field` a part of it.
        straight: Whether records may bypass the SDK's layers.
        options: Settings.
    """
    stdout = io.TextIOWrapper(io.BytesIO())
    streams = [name for name in names if "." not in name]
    with Simulator(world) as sim, contextlib.redirect_stdout(stdout):
        reader = tap(sim, *streams, start_date=iso(SINCE), **options)
        reader.message_writer = SingerWriter()
        for name in set(names) - set(streams):
            deselect(reader, *name.split("."))
        if not straight:
            for each in reader.streams.values():
                vars(each)["_deselected_columns"] = None
        reader.sync_or_leave()
        stdout.flush()
    messages = [json.loads(line) for line in stdout.buffer.getvalue().splitlines()]
    for message in messages:
        if message["type"] == "RECORD":
            datetime.fromisoformat(message.pop("time_extracted"))
    return messages


def test_unmapped_rows_are_written_as_by_the_sdk() -> None:
    """Line by line, for records, listings and tables; a stream map takes the SDK's path."""
    world = World(seed=5, per_day=9, since=SINCE, now=SINCE + 2 * DAY)
    streams = ("conversation_details", "conversation_wrap_ups", "users", "roles")

    def lines(*, straight: bool, **options: Any) -> list[dict[str, Any]]:
        return emitted(
            world, *streams, straight=straight, emit_activate_version_messages=True, **options
        )

    straight, around = lines(straight=True), lines(straight=False)
    assert straight == around
    assert {message.get("version") for message in straight if message.get("stream") == "roles"} != {
        None
    }
    renamed = lines(straight=True, stream_maps={"users": {"__alias__": "people"}})
    assert not [message for message in renamed if message.get("stream") == "users"]
    assert [
        message
        for message in renamed
        if message["type"] == "RECORD" and message["stream"] == "people"
    ]


class NewColumn(World):
    """Org whose conversations have a field that is in no schema."""

    def conversation(self, number: int) -> dict[str, Any]:
        return {**super().conversation(number), "unheardOf": number}


@pytest.mark.parametrize(
    "deselected",
    [
        (),
        ("conversation_details.participants", "conversation_details.surveys"),
        ("users.addresses",),
        # A part of a column: the SDK removes it.
        ("users.division.name",),
        ("users.division", "users.division.name"),
        # Of a table, too; its other rows are those of the whole selection.
        ("conversation_wrap_ups.participantId", "conversation_details.participants"),
    ],
)
def test_a_selection_of_columns_removes_them_as_the_sdk_does(deselected: tuple[str, ...]) -> None:
    """Columns, parts of columns, and nothing else: unknown fields and the rows of tables stay."""
    world = NewColumn(seed=5, per_day=9, since=SINCE, now=SINCE + 2 * DAY)
    names = ("conversation_details", "conversation_wrap_ups", "users")
    messages = emitted(world, *names, *deselected)
    assert messages == emitted(world, *names, *deselected, straight=False)
    whole = emitted(world, *names)
    for name in names:
        prefix = f"{name}."
        paths = {path.removeprefix(prefix) for path in deselected if path.startswith(prefix)}
        rows_left, rows_before = (
            [
                line["record"]
                for line in lines
                if line["type"] == "RECORD" and line["stream"] == name
            ]
            for lines in (messages, whole)
        )
        assert len(rows_left) == len(rows_before) > 0
        for row, before in zip(rows_left, rows_before, strict=True):
            assert set(row) == set(before) - paths
        if name == "conversation_details":
            assert all(row["unheardOf"] for row in rows_left)
