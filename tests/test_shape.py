"""Shapes of responses: what fits, and the line about a misfit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.api.shape import (
    ANYTHING,
    COUNT,
    DATE,
    LIST,
    NUMBER,
    OBJECT,
    TEXT,
    TOKEN,
    AnyOf,
    Required,
    kind_of,
    misfit,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
KINDS = st.sampled_from([ANYTHING, TEXT, NUMBER, COUNT, OBJECT, LIST, DATE, TOKEN])
SHAPES = st.recursive(
    KINDS,
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b"]), inner | inner.map(Required), max_size=2)
        | inner.map(lambda shape: [shape])
        | st.tuples(inner, inner).map(AnyOf)
    ),
    max_leaves=5,
)


@given(JSON, SHAPES)
def test_any_value_fits_any_shape_or_has_a_line(value: Any, shape: Any) -> None:
    """Any value either fits a shape or gives a line, without its contents, and no exception."""
    line = misfit(value, shape)
    assert line == "" or line.startswith("expected a")
    secret = "contents"
    assert secret not in misfit(json.loads(json.dumps(value).replace('""', f'"{secret}"')), shape)


@pytest.mark.parametrize(
    ("value", "shape", "line"),
    [
        ([], {}, "expected an object, got a list"),
        ({}, {"a": TEXT}, ""),
        ({"a": None}, {"a": TEXT}, ""),
        ({"a": ""}, {"a": TEXT}, ""),
        ({}, {"a": Required(TEXT)}, 'expected a text in "a", got nothing'),
        ({"a": None}, {"a": Required(TEXT)}, 'expected a text in "a", got nothing'),
        ({"a": ""}, {"a": Required(TEXT)}, 'expected a text in "a", got nothing'),
        ({"a": 7}, {"a": Required(TEXT)}, 'expected a text in "a", got a number'),
        ({"a": "b"}, {"a": Required(TEXT)}, ""),
        ({"a": {"b": []}}, {"a": {"b": OBJECT}}, 'expected an object in "a.b", got a list'),
        ({"a": [{}, {"b": 1}]}, {"a": [{"b": TEXT}]}, 'expected a text in "a[1].b", got a number'),
        ({"a": {}}, {"a": [TEXT]}, 'expected a list in "a", got an object'),
        ({"a": []}, {"a": {"b": TEXT}}, 'expected an object in "a", got a list'),
        ({"a": 7}, {"a": AnyOf((LIST, OBJECT))}, 'expected a list in "a", got a number'),
        ([], AnyOf((LIST, OBJECT)), ""),
        ({}, AnyOf((LIST, OBJECT)), ""),
        (True, AnyOf((LIST, OBJECT)), "expected a list, got a truth value"),
    ],
)
def test_a_part_that_does_not_fit_is_named_with_both_kinds(
    value: Any, shape: Any, line: str
) -> None:
    """The first misfit is named with its path and both kinds.

    Only a required part may not be absent.
    """
    assert misfit(value, shape) == line


@pytest.mark.parametrize(
    ("kind", "holds", "does_not"),
    [
        (TEXT, ["", "a"], [None, 1, True, [], {}]),
        (NUMBER, [0, -1.5], [True, "1", None]),
        (COUNT, [0, 7, 7.0, "7"], [-1, 1.5, True, "x", "", "٣", None]),
        (TOKEN, ["", "a", 7], [True, None, [], {}]),
        (DATE, ["2026-03-01", "2026-03-01T00:00:00.000Z"], ["", "soon", 7, None, "9999-12-31"]),
        (OBJECT, [{}], [[], None, "a"]),
        (LIST, [[]], [{}, None, "a"]),
        (ANYTHING, [None, 1], []),
    ],
)
def test_a_kind_holds_what_its_reader_can_take(
    kind: Any, holds: list[Any], does_not: list[Any]
) -> None:
    """A kind holds the values that its reader accepts.

    A truth value is no number, a date is computable.
    """
    assert all(kind.holds(value) for value in holds)
    assert not any(kind.holds(value) for value in does_not)


def test_each_kind_of_json_has_its_name() -> None:
    """Each kind of JSON value has a name for the line about a misfit."""
    values: list[Any] = [None, False, 1, 1.5, "", [], {}]
    assert [kind_of(value) for value in values] == [
        "nothing",
        "a truth value",
        "a number",
        "a number",
        "a text",
        "a list",
        "an object",
    ]
