"""Keys of summaries: stable over readings of a cell, and unique within it."""

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
    """Return the keys of a cell's entities."""
    summary_keys = SummaryKeys(cell, METRICS)
    return [summary_keys.key(entity) for entity in entities]


@given(st.lists(SHAPES, max_size=8, unique_by=repr))
def test_different_entities_of_a_cell_have_different_keys(entities: list[dict[str, Any]]) -> None:
    """Different entities of a cell have different keys."""
    assert len(set(keys(entities))) == len(entities)


@given(SHAPES, MEASURES)
def test_a_key_does_not_depend_on_what_is_measured(entity: dict[str, Any], other: int) -> None:
    """A key does not depend on metrics, so that a later reading replaces the row."""
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
    """A key does not depend on the order of fields."""
    assert keys([entity]) == keys([dict(reversed(entity.items()))])


def test_a_key_depends_on_the_cell_and_its_size() -> None:
    """A key depends on the begin and the end of the cell."""
    entity = {"groupings": {"conversation:medium": "voice"}}
    half = Window(CELL.start, parse("2026-03-01T12:00:00Z"))
    following = Window(CELL.end, parse("2026-03-03"))
    assert len({keys([entity], cell)[0] for cell in (CELL, half, following)}) == 3


def test_an_entity_with_an_id_of_its_own_keeps_it() -> None:
    """An entity's own id is its key, as text."""
    assert keys([{"id": "abc", "medium": "voice"}, {"id": 7}]) == ["abc", "7"]


def test_the_same_entity_twice_has_the_same_key() -> None:
    """A row that is on two pages is one row."""
    entity = {"medium": "voice", "duration": 3}
    assert len(set(keys([entity, dict(entity)]))) == 1
