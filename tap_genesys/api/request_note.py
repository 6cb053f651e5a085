"""The note of a request: its stream, and how its response is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_genesys.replication.lanes import MAIN

if TYPE_CHECKING:
    import requests

    from tap_genesys.api.shape import Shape
    from tap_genesys.api.status import Overrides

_ATTRIBUTE = "tap_genesys_note"


@dataclass(slots=True)
class RequestNote:
    """Facts about a request that are not in its headers.

    Args:
        stream: The stream of the request; empty for a login.
        label: The stream and its requested part, for an error message.
        overrides: Returns the action for a response that differs from the table's; else None.
        may_be_array: Whether the response is an array of records.
        shape: The shape that the response must have; an array counts as `{"entities": [...]}`.
        lane: The lane of the stream for which the request is counted.
        is_split: Whether a second time-out raises `TimedOut`, so that its window can be split.
        failures: The statuses of the failed tries; 0 for one without a response.
    """

    stream: str = ""
    label: str = ""
    overrides: Overrides | None = None
    may_be_array: bool = False
    shape: Shape = field(default_factory=dict)
    is_split: bool = False
    lane: str = MAIN
    failures: list[int] = field(default_factory=list)


def annotate(request: requests.PreparedRequest, note: RequestNote) -> requests.PreparedRequest:
    """Attach a note to a request, and return the request."""
    setattr(request, _ATTRIBUTE, note)
    return request


def note_of(request: object) -> RequestNote:
    """Return the note of a request; an empty note for one without, such as a login."""
    note: RequestNote | None = getattr(request, _ATTRIBUTE, None)
    return note or RequestNote()
