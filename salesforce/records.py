"""Records of the custom object: of rows, compared with those delivered, cut into jobs. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from salesforce.definition import EXTERNAL_ID, fields, figures
from salesforce.errors import CorrectSettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: API name -> value as text; None is null. A field that a record lacks keeps its value in the org.
Record: TypeAlias = "dict[str, str | None]"

#: Null in a CSV file of the Bulk API, in which an empty cell leaves a field as it is:
#: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/datafiles_csv_valid_record_rows.htm
NULL = "#N/A"
#: The Number fields of the definition have three decimals at most: milliseconds.
SMALLEST = Decimal("0.001")


def record(columns: Sequence[str], row: Sequence[Any]) -> Record:
    """Return the record of a row, whose columns have the API names of fields."""
    if unknown := sorted(set(columns) - fields().keys()):
        msg = (
            f"the object's definition lacks the field {unknown[0]}: add it to salesforce/force-app"
        )
        raise CorrectSettingError(msg)
    if EXTERNAL_ID not in columns:
        msg = f"a query has no column {EXTERNAL_ID}, which is the key of each record"
        raise CorrectSettingError(msg)
    return {name: _text(value) for name, value in zip(columns, row, strict=True)}


def _text(value: Any) -> str | None:  # noqa: ANN401 - any type of a database
    """Return a value as text, equal for equal values of different databases."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float | Decimal):
        # A float's sum depends on the order of its rows; three decimals do not.
        rounded = Decimal(value).quantize(SMALLEST)
        return f"{rounded:f}".rstrip("0").rstrip(".") if rounded else "0"
    return str(value)


def digest(sent: Record) -> str:
    """Return a digest of all that a record has."""
    text = json.dumps(sent, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def changes(records: Iterable[Record], delivered: Mapping[str, str]) -> list[Record]:
    """Return the records that differ from those delivered, with those whose row is gone.

    A row is gone if the marts have its day, and other rows of its kind, but not the row itself.
    Then its figures become 0, and its other fields stay. A day that the marts lack stays as it is.

    Args:
        records: All records of the marts.
        delivered: External id -> digest of the record that Salesforce has confirmed.
    """
    current = {_id(sent): sent for sent in records}
    figures_of_day = {
        _kind_and_day(key): dict.fromkeys(sorted(figures() & sent.keys()), "0")
        for key, sent in current.items()
    }
    for key in sorted(delivered.keys() - current.keys()):
        zeros = figures_of_day.get(_kind_and_day(key))
        if zeros is not None:
            current[key] = {EXTERNAL_ID: key, **zeros}
    return [sent for key, sent in current.items() if digest(sent) != delivered.get(key)]


def _id(sent: Record) -> str:
    """Return the external id of a record, which is never null."""
    return sent[EXTERNAL_ID] or ""


def _kind_and_day(external_id: str) -> tuple[str, str]:
    """Return the first and the last part of an external id: `queue/.../voice/2026-11-27`."""
    return external_id.partition("/")[0], external_id.rpartition("/")[2]


def parts(records: Sequence[Record], most_bytes: int) -> Iterator[tuple[list[Record], str]]:
    """Yield the records of one job after the other, each with its CSV file.

    Args:
        records: Records, which may have different fields.
        most_bytes: The size of a file at most. A file has one record at least.
    """
    header = list(dict.fromkeys(name for sent in records for name in sent))
    start = _line(header)
    rows: list[Record] = []
    lines: list[str] = []
    size = len(start.encode())
    for sent in records:
        line = _line([NULL if (value := sent.get(name, "")) is None else value for name in header])
        if rows and size + len(line.encode()) > most_bytes:
            yield rows, start + "".join(lines)
            rows, lines, size = [], [], len(start.encode())
        rows.append(sent)
        lines.append(line)
        size += len(line.encode())
    if rows:
        yield rows, start + "".join(lines)


def _line(cells: list[str]) -> str:
    """Return a line of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def rows_of(file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file; none if the response was empty."""
    return list(csv.DictReader(io.StringIO(file, newline="")))
