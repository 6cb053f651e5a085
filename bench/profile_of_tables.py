"""Measures the parts of what a conversation and its tables cost, each by itself.

Run it: `.venv/bin/python bench/profile_of_tables.py`. Its output is bench/profile_of_tables.txt.
The conversations have 10 kB, as in `side_by_side`; each figure is the CPU time of the process for
one conversation, the least of ten rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from org import DIFFERENT, Org, templates

from tap_genesys.records import row_lines
from tap_genesys.records.conversation_rows import (
    ATTRIBUTES,
    TABLES,
    WRAP_UPS,
    RowCollector,
    vendors_fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_genesys.records.conversation_rows import RowParts

BENCH = Path(__file__).parent
SCHEMAS = BENCH.parent / "tap_genesys/schemas"
PAGE = 100
#: Conversations whose rows are written at once, as in `endpoints.derived_tables`.
AT_ONCE = 20
ROUNDS = 10


def fields_of(table: str) -> frozenset[str]:
    """Return the vendor's fields of a table."""
    schema = json.loads((SCHEMAS / f"{table}.json").read_text("utf-8"))
    return vendors_fields(table, schema["properties"])


def collected(conversations: list[Any]) -> list[dict[str, RowParts]]:
    """Return the rows of conversations as parts, some conversations at a time."""
    collector = RowCollector({name: fields_of(name) for name in (*TABLES, ATTRIBUTES, WRAP_UPS)})
    parts = []
    for first in range(0, len(conversations), AT_ONCE):
        for conversation in conversations[first : first + AT_ONCE]:
            collector.add(conversation)
        parts.append(collector.take())
    return parts


def microseconds(work: Callable[[], object]) -> float:
    """Return the CPU time of a work for each of `DIFFERENT` conversations."""

    def seconds() -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return min(seconds() for _ in range(ROUNDS)) / DIFFERENT * 1_000_000


def main() -> None:
    """Measure and print."""
    org = Org(DIFFERENT, templates("large"))
    pages = [org.page([date(2026, 3, 9)], page + 1, PAGE) for page in range(DIFFERENT // PAGE)]
    conversations = [each for page in pages for each in orjson.loads(page)["conversations"]]
    parts, extracted = collected(conversations), datetime.now(UTC)
    texts = [text for tables in parts for text in row_lines.lines(tables, extracted)]
    rows = sum(len(table.fields) for tables in parts for table in tables.values())
    out, pipe = os.pipe()
    reader = subprocess.Popen(["/bin/cat"], stdin=out, stdout=subprocess.DEVNULL)

    def write() -> None:
        with os.fdopen(os.dup(pipe), "wb", buffering=0) as file:
            for text in texts:
                file.write(text)

    works: dict[str, Callable[[], object]] = {
        "parse the response": lambda: [orjson.loads(page) for page in pages],
        "serialize the conversation": lambda: [orjson.dumps(each) for each in conversations],
        "collect the rows of its tables": lambda: collected(conversations),
        "serialize them into lines": lambda: [
            [*row_lines.lines(tables, extracted)] for tables in parts
        ],
        "write the lines into a pipe": write,
    }
    size = sum(map(len, pages)) / DIFFERENT
    print(f"A conversation of {size:,.0f} bytes: {rows / DIFFERENT:.0f} rows of tables, ", end="")
    print(f"{sum(map(len, texts)) / DIFFERENT:,.0f} bytes of RECORD lines")
    for name, work in works.items():
        print(f"{name}: {microseconds(work):.0f} µs")
    for end in (pipe, out):
        os.close(end)
    reader.wait()


if __name__ == "__main__":
    main()
