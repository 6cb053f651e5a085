"""Probes: the requests of `--check` for a stream."""

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
    """The requests that a run would send for one parent record, or for one day.

    Args:
        requests: The requests; none if the parent has no record. The first response is the sample.
        parts: First-page requests of a run for that parent record.
        extract: Returns the records of the sample; None where no stream or estimate needs them.
        availability: The path of the data lake's watermark; empty where it is not read.
        heads_report: Whether the report's head has that watermark, instead of the stream's detail.
        source: The setting of the stream's source: `auto`, `job` or `query`; empty without one.
        going_on: The request for the day's records that last beyond its end; None where not needed.
        is_page: Whether the sample is a full page instead of one record, since the rows of derived
            tables are estimated from it.
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
    """Return the name of a stream's parent; an empty text without one."""
    parent = stream.parent_stream_type
    return str(vars(parent)["name"]) if parent else ""
