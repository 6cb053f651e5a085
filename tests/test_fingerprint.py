"""The fingerprint of a stream's rows, and the effect of its change on the state."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.harness import tap

from tap_genesys.endpoints.row_shape import declare, row_shape
from tap_genesys.replication import fingerprint
from tap_genesys.replication.fingerprint import RowShape, changes
from tap_genesys.replication.windows import parse
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_genesys.endpoints.windowed import WindowedStream

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
DETAILS = "conversation_details"
GROUPS = [field.name for field in fields(RowShape)]
START = parse("2026-03-01")
KEY = "a-secret-of-sixteen-characters"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """Yield a simulated org, to which no request is sent."""
    with Simulator(World()) as simulator:
        yield simulator


def shape(**groups: Any) -> RowShape:
    """Return a row shape with these groups."""
    return RowShape(**{**dict.fromkeys(GROUPS, "same"), **groups})


@given(JSON, JSON, st.sampled_from(GROUPS))
def test_a_change_of_one_group_is_named_and_no_other(before: Any, after: Any, group: str) -> None:
    """A fingerprint differs in exactly the groups that have changed."""
    earlier = shape(**{group: before})
    present = replace(earlier, **{group: after})
    names = changes(earlier.fingerprint, present.fingerprint)
    assert len(earlier.fingerprint) == 16
    assert len(names) == (repr(before) != repr(after))
    name = changes(shape().fingerprint, shape(**{group: "other"}).fingerprint)
    assert names in ([], name)


def test_what_json_does_not_have_counts_by_its_text() -> None:
    """A setting may hold such a value, as those of stream maps may."""
    earlier, present = (shape(filters=[START, Path(name)]) for name in "ab")
    assert changes(earlier.fingerprint, present.fingerprint) == [fingerprint._NAMES[-1]]


def test_the_order_of_keys_makes_no_difference() -> None:
    """Two equal objects have one fingerprint, however their keys are ordered."""
    first, second = shape(filters={"a": 1, "b": 2}), shape(filters={"b": 2, "a": 1})
    assert first.fingerprint == second.fingerprint


def test_rows_that_change_without_a_setting_have_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A raised `ROWS`, the number of the row format, is a change.

    So a later version leaves out no row that an earlier one emitted in another form.
    """
    earlier = shape().fingerprint
    monkeypatch.setattr(fingerprint, "ROWS", fingerprint.ROWS + 1)
    assert changes(earlier, shape().fingerprint) == changes(
        earlier, shape(schema="other").fingerprint
    )


def details(sim: Simulator, *tables: str, **config: Any) -> WindowedStream:
    """Return the stream of conversation details of a tap with these settings."""
    genesys_tap = tap(sim, "conversation_details", *tables, **config)
    stream: Any = genesys_tap.streams["conversation_details"]
    return stream  # type: ignore[no-any-return]


def own(stream: WindowedStream, *, of: WindowedStream) -> None:
    """Copy the state of a stream to another one."""
    stream.own_state.update(of.own_state)


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "pii": ({"pii": [{"field": "ani", "action": "drop"}]}, "pii rules"),
    "attributes": ({"attributes_exclude": ["ssn"]}, "pii rules"),
    "maps": ({"stream_maps": {"conversation_details": {"x": "1"}}}, "stream maps"),
    "filters": ({"queue_ids": ["q"]}, "filters"),
    "source": ({"conversation_details_source": "job"}, "source"),
}


@pytest.mark.parametrize(("config", "name"), CHANGES.values(), ids=CHANGES)
def test_each_cause_drops_the_marks_and_is_logged(
    sim: Simulator, caplog: pytest.LogCaptureFixture, config: dict[str, Any], name: str
) -> None:
    """A change of what decides the rows empties the marks of emitted rows, and is named once."""
    caplog.set_level("INFO")
    earlier, present = details(sim), details(sim, **config)
    declare(earlier, START)
    earlier.own_state["emittedThrough"] = ["mark"]
    own(present, of=earlier)
    assert not declare(present, START)
    assert present.own_state["emittedThrough"] == []
    lines = [record.getMessage() for record in caplog.records if "changed since" in record.msg]
    assert len(lines) == 1
    assert name in lines[0]
    assert "2026-03-01T00:00:00.000Z" in lines[0]


def test_a_selected_table_and_a_deselected_column_are_changes(sim: Simulator) -> None:
    """A table that is selected, and a column that is not any more, change the fingerprint."""
    plain, table = details(sim), details(sim, "conversation_segments")
    narrow = details(sim)
    narrow.metadata[("properties", "surveys")].selected = False
    narrow.selected = True  # resolves the selection anew
    prints = set()
    for stream in (plain, table, narrow):
        declare(stream, START)
        prints.add(stream.own_state["fingerprint"])
    assert len(prints) == 3


def test_the_shape_has_the_selected_streams_alone(sim: Simulator) -> None:
    """The shape has the schema and the deselected columns of selected streams, and of no other."""
    table = row_shape(details(sim, "conversation_segments"))
    deselected = details(sim, "conversation_segments")
    deselected.child_streams[0].selected = False
    plain = row_shape(deselected)
    narrow = details(sim)
    narrow.metadata[("properties", "surveys")].selected = False
    narrow.selected = True  # resolves the selection anew
    assert plain.selection == {DETAILS: []}
    assert table.selection == {DETAILS: [], "conversation_segments": []}
    assert row_shape(narrow).selection[DETAILS][0] == "properties.surveys"
    assert plain.schema[0] == {DETAILS: narrow.schema}
    assert table.schema[0].keys() == table.selection.keys()


def test_what_is_counted_in_one_stream_is_a_change_of_that_one(sim: Simulator) -> None:
    """The metrics and groupings of an aggregate stream belong to its own shape alone."""
    flows, users = "flow_aggregates", "user_aggregates"
    counted: dict[str, Any] = {"aggregates": {flows: {"metrics": ["nFlow"]}}}
    for name, is_changed in ((flows, True), (users, False)):
        earlier, present = (
            row_shape(cast("WindowedStream", tap(sim, name, **config).streams[name])).fingerprint
            for config in (dict[str, Any](), counted)
        )
        assert (earlier != present) is is_changed


def test_digests_of_days_are_left_to_their_stream(sim: Simulator) -> None:
    """Digests of days stay in the state.

    Their stream withdraws them itself, in a STATE before the rows.
    """
    stream = details(sim)
    stream.own_state["emittedThrough"] = {"2026-03-01": "digest"}
    assert not declare(stream, START)
    assert stream.own_state["emittedThrough"] == {"2026-03-01": "digest"}


def test_the_same_shape_keeps_the_marks(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """With the same settings unchanged rows are left out, unless `emit_unchanged` is set."""
    caplog.set_level("INFO")
    earlier, present = details(sim), details(sim)
    everything = details(sim, emit_unchanged=True)
    assert not declare(earlier, START)
    earlier.own_state["emittedThrough"] = ["mark"]
    own(present, of=earlier)
    own(everything, of=earlier)
    assert declare(present, START)
    assert not declare(everything, START)
    assert everything.own_state["emittedThrough"] == ["mark"]
    assert not [record for record in caplog.records if "changed since" in record.msg]


def test_another_key_of_hashes_is_a_change_and_is_not_in_the_state(sim: Simulator) -> None:
    """Another hash key changes the fingerprint, and no part of the key is written to the state."""
    rules = [{"field": "ani", "action": "hash"}]
    first = details(sim, pii=rules, pii_hash_key=KEY)
    second = details(sim, pii=rules, pii_hash_key=KEY[::-1])
    for stream in (first, second):
        declare(stream, START)
    assert first.own_state["fingerprint"] != second.own_state["fingerprint"]
    assert KEY not in str(first.own_state)
