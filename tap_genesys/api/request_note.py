"""The note that travels with a request: whose it is, and how its response is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

    from tap_genesys.api.shape import Shape
    from tap_genesys.api.status import Overrides

_ATTRIBUTE = "tap_genesys_note"


@dataclass(slots=True)
class RequestNote:
    """Facts about a request that its headers do not hold.

    Args:
        stream: The stream that it belongs to; empty for a login.
        label: The stream, and the part of it that is requested, for an error message.
        overrides: Returns the action for a response where it differs from the table's.
        may_be_array: Whether the response is an array of records.
        shape: The shape that the response needs; an array is an object with `entities`.
        is_split: Whether a second time-out raises `TimedOut`, so that its window can be split.
        failures: The statuses of its tries that failed, 0 where there was no response.
    """

    stream: str = ""
    label: str = ""
    overrides: Overrides | None = None
    may_be_array: bool = False
    shape: Shape = field(default_factory=dict)
    is_split: bool = False
    failures: list[int] = field(default_factory=list)


def annotate(request: requests.PreparedRequest, note: RequestNote) -> requests.PreparedRequest:
    """Attach a note to a request, and return the request."""
    setattr(request, _ATTRIBUTE, note)
    return request


def note_of(request: object) -> RequestNote:
    """Return the note of a request; an empty one where it has none, as a login has none."""
    note: RequestNote | None = getattr(request, _ATTRIBUTE, None)
    return note or RequestNote()
