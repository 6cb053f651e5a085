"""A summary keeps its key when its cell is asked for again, and no two share one."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.records.summary_keys import SummaryKeys
from tap_genesys.replication.windows import Window, parse

CELL = Window(parse("2026-03-01"), parse("2026-03-02"))
METRICS = ["conversation:duration", "conversation:count"]

MEASURES = st.integers(0, 10**6)
SHAPES = st.one_of(
    st.fixed_dictionaries(
        {
            "groupings": st.dictionaries(st.sampled_from("abc"), st.text(max_size=3), min_size=1),
            "metrics": st.fixed_dictionaries({"conversation:duration": MEASURES}),
        }
    ),
    st.fixed_dictionaries(
        {
            "medium": st.sampled_from(["voice", "chat", None]),
            "queueId": st.text(max_size=3),
            "duration": MEASURES,
            "conversation:count": MEASURES,
        }
    ),
)


def keys(entities: list[dict[str, Any]], cell: Window = CELL) -> list[str]:
    """Give each entity of a cell its key."""
    made = SummaryKeys(cell, METRICS)
    return [made.key(entity) for entity in entities]


@given(st.lists(SHAPES, max_size=8, unique_by=repr))
def test_different_entities_of_a_cell_have_different_keys(entities: list[dict[str, Any]]) -> None:
    assert len(set(keys(entities))) == len(entities)


@given(SHAPES, MEASURES)
def test_a_key_does_not_depend_on_what_is_measured(entity: dict[str, Any], other: int) -> None:
    """So the row of a cell that is read again replaces the one that was read before."""
    again = (
        {**entity, "duration": other}
        if "duration" in entity
        else {
            **entity,
            "metrics": {"conversation:duration": other},
        }
    )
    assert keys([entity]) == keys([again])


@given(SHAPES)
def test_a_key_does_not_depend_on_the_order_of_fields(entity: dict[str, Any]) -> None:
    assert keys([entity]) == keys([dict(reversed(entity.items()))])


def test_a_key_depends_on_the_cell_and_its_size() -> None:
    entity = {"groupings": {"conversation:medium": "voice"}}
    half = Window(CELL.start, parse("2026-03-01T12:00:00Z"))
    following = Window(CELL.end, parse("2026-03-03"))
    assert len({keys([entity], cell)[0] for cell in (CELL, half, following)}) == 3


def test_an_entity_with_an_id_of_its_own_keeps_it() -> None:
    assert keys([{"id": "abc", "medium": "voice"}, {"id": 7}]) == ["abc", "7"]


def test_the_same_entity_twice_has_the_same_key() -> None:
    """A row that came with two pages is one row."""
    entity = {"medium": "voice", "duration": 3}
    assert len(set(keys([entity, dict(entity)]))) == 1
