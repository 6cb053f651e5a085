"""Usable records: those that can become rows, and the reasons of the others."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_genesys.records.usable import is_identity, parted, usable

VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({})
)
#: As the parser returns them: an integer of more than 64 bits is a float, which can be written.
RECORDS = st.lists(st.dictionaries(st.sampled_from(["id", "a"]), VALUES) | VALUES, max_size=6).map(
    lambda records: orjson.loads(json.dumps(records))
)


def nest(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@given(RECORDS)
@example(orjson.loads('[{"id": -9223372036854775809}, {"id": 18446744073709551616}]'))
def test_each_record_is_usable_or_counted(extracted: list[Any]) -> None:
    """Each record is returned unchanged, in order, or counted with a reason."""
    records, reasons = usable(extracted, ["id"])
    assert records == [
        record for record in extracted if isinstance(record, dict) and is_identity(record.get("id"))
    ]
    assert len(records) + reasons.total() == len(extracted)


def test_a_reason_names_the_kind_and_not_the_contents() -> None:
    """A reason has the kind of a value, and no contents."""
    extracted = [{"id": 1}, {"id": ""}, {"secret": 1}, "secret", None, ["secret"], 7]
    records, reasons = usable(extracted, ["id"])
    assert records == [{"id": 1}]
    assert reasons == {
        "an object without `id`": 2,
        "a text": 1,
        "nothing": 1,
        "a list": 1,
        "a number": 1,
    }


def test_an_identity_is_a_text_or_a_number() -> None:
    """An identity is a number or a text that is not empty."""
    others: list[Any] = ["", None, True, False, [], {}, ["a"]]
    assert all(is_identity(value) for value in ("a", 7, 0, 1.5))
    assert not any(is_identity(value) for value in others)


def test_a_record_that_is_nested_too_deeply_is_left_out_alone() -> None:
    """Only the record that nests too deeply for a message is left out."""
    records, reasons = usable(
        [{"id": 1}, {"id": 2, "a": nest(250)}, {"id": 3, "a": nest(240)}], ["id"]
    )
    assert [record["id"] for record in records] == [1, 3]
    assert reasons == {"an object that is nested too deeply": 1}
    assert orjson.dumps({"type": "RECORD", "record": {"_extra": {"a": records[1]}}})


@pytest.mark.parametrize(
    ("value", "objects", "others"),
    [
        (None, [], []),
        ([], [], []),
        ([{"a": 1}], [{"a": 1}], []),
        ([{"a": 1}, 7, None], [{"a": 1}], [7, None]),
        ("text", [], ["text"]),
        ({"a": 1}, [], [[{"a": 1}]]),
        (0, [], [0]),
    ],
)
def test_a_list_is_parted_into_objects_and_the_rest(
    value: object, objects: list[Any], others: list[Any]
) -> None:
    """A list is split into objects and others.

    An object in place of the list is one of the others.
    """
    assert parted(value) == (objects, others)
    assert not any(isinstance(other, dict) for other in others)
