"""The requests that show whether a stream can be read, and how much there is to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from requests import Response
    from singer_sdk import Stream
    from singer_sdk.streams.rest import HTTPRequest

    from tap_genesys.api.response import Record


@dataclass(frozen=True, slots=True)
class Probes:
    """The requests for a stream, as a run makes them, for one record of its parent or for one day.

    Args:
        requests: The requests; none where the parent has no record. The first is the sample.
        parts: How many requests, further pages aside, a run makes for that record.
        extract: Returns the records of the sample; None where the sample has no records that
            another stream or the estimate needs.
        availability: The path of the data lake's watermark; empty where it is not read.
        heads_report: Whether that watermark heads the report, and is no detail of the stream.
        source: Where the stream's rows come from, where it has a source: `auto`, `job` or `query`.
        going_on: The request for those of the day's records that go on at its end; None where that
            plays no part.
        is_page: Whether the sample is a page as a run requests it, and not one record: tables are
            made of its records, and the number of their rows is estimated.
    """

    requests: Sequence[HTTPRequest]
    parts: int = 1
    extract: Callable[[Response], list[Record]] | None = None
    availability: str = ""
    heads_report: bool = False
    source: str = ""
    going_on: HTTPRequest | None = None
    is_page: bool = False


def parent_name(stream: Stream) -> str:
    """Return the name of a stream's parent; empty where it has none."""
    parent = stream.parent_stream_type
    return str(vars(parent)["name"]) if parent else ""
