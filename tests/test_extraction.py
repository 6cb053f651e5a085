"""Records are extracted from bodies of each form, and become rows in one way."""

from __future__ import annotations

from typing import Any

import pytest

from tap_genesys.records.extraction import Array, Extraction, Field, Map, Whole
from tap_genesys.records.pipeline import RecordPipeline

ROWS = [{"id": "1"}, {"id": "2"}]
PARTS = Field("parts", leading="whole")
MAPPED = Map("utilization", "medium")
FLAGS = Map("mapping", "code", "flags")


@pytest.mark.parametrize(
    ("extraction", "body", "records"),
    [
        (Field(), {"entities": ROWS}, ROWS),
        (Field(), {"results": ROWS}, []),
        (Field(), {"entities": None}, []),
        (Field("results"), {"results": ROWS, "entities": []}, ROWS),
        (PARTS, {"parts": ROWS, "whole": {"id": "0"}}, [{"id": "0"}, *ROWS]),
        (PARTS, {"parts": ROWS}, ROWS),
        (Array(), {"entities": ROWS}, ROWS),
        (Array(), {}, []),
        (Whole(), {"id": "1"}, [{"id": "1"}]),
        (Whole(), {}, []),
        (MAPPED, {"utilization": {"call": {"most": 1}}}, [{"most": 1, "medium": "call"}]),
        (MAPPED, {"utilization": None}, []),
        (FLAGS, {"mapping": {"a": ["x"], "b": []}}, [
            {"code": "a", "flags": ["x"]}, {"code": "b", "flags": []},
        ]),
        (FLAGS, {}, []),
    ],
)  # fmt: skip
def test_records_are_extracted(
    extraction: Extraction, body: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    """From a field, an array, the whole body or a map; a body of another form has none."""
    assert extraction.of(body) == records


@pytest.mark.parametrize(
    ("extraction", "body", "is_absent"),
    [
        (Field("results"), {"entities": []}, True),
        (Field("results"), {"results": None}, False),
        (Array(), {}, True),
        (Array(), {"entities": []}, False),
        (Whole(), {}, False),
        (MAPPED, {}, False),
    ],
)
def test_an_absent_list_differs_from_an_empty_one(
    extraction: Extraction,
    body: dict[str, Any],
    is_absent: bool,  # noqa: FBT001
) -> None:
    """An absent list may hide rows."""
    assert extraction.is_absent(body) is is_absent


def test_only_an_array_is_an_array() -> None:
    """The other kinds expect an object."""
    assert [kind.is_array for kind in (Field(), Array(), Whole(), MAPPED)] == [
        False, True, False, False,
    ]  # fmt: skip


def test_a_record_that_is_left_out_is_not_redacted() -> None:
    """It is filtered in the vendor's form, and costs no hash."""
    redacted: list[str] = []

    def redact(record: dict[str, Any]) -> None:
        redacted.append(record.pop("id"))

    pipeline = RecordPipeline(["id", "name"], redact)
    records = [{"id": str(number), "name": "x"} for number in range(4)]
    rows = [*pipeline.rows(records, lambda record: record["id"] in "13", {"_readAt": "now"})]
    assert redacted == ["1", "3"]
    assert rows == [{"name": "x", "_extra": None, "_readAt": "now"}] * 2


def test_unknown_fields_go_into_extra_and_stay_where_they_are() -> None:
    """Our own columns come last, in their order, and win over a field of the same name."""
    record = {"new": 1, "id": "a", "_readAt": "the vendor's"}
    own = {"_readAt": "now", "_source": "job"}
    (row,) = RecordPipeline(["id", "_readAt"], None).rows([record], lambda _record: True, own)
    assert row == {"new": 1, "id": "a", "_readAt": "now", "_extra": {"new": 1}, "_source": "job"}
    assert [*row][-2:] == ["_extra", "_source"]


def test_rows_are_made_one_by_one() -> None:
    """A record is redacted when its row is needed, not before."""
    redacted: list[str] = []
    pipeline = RecordPipeline(["id"], lambda record: redacted.append(record["id"]))
    rows = pipeline.rows([dict(row) for row in ROWS], lambda _record: True, {})
    next(rows)
    assert redacted == ["1"]
