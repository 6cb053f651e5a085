"""Whether rows that an earlier run emitted can be left out: if they would have the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_genesys.replication.fingerprint import EMITTED, FINGERPRINT, RowShape, changes
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from datetime import datetime

    from singer_sdk import Stream

    from tap_genesys.endpoints.windowed import WindowedStream

_PRIVACY = ("pii", "attributes_include", "attributes_exclude")
_MAPS = (
    "stream_maps", "stream_map_config", "faker_config", "flattening_enabled",
    "flattening_max_depth", "flattening_separator", "flattening_max_key_length",
)  # fmt: skip
#: Settings that decide which rows a stream has; those of other streams change nothing but its
#: fingerprint, which costs one run without savings.
_FILTERS = (
    "conversation_details_source", "user_details_source", "conversation_filters", "segment_filters",
    "division_ids", "queue_ids", "media_types", "summary_groupings", "summary_metrics",
    "summary_cell_hours",
)  # fmt: skip


def row_shape(stream: WindowedStream) -> RowShape:
    """Return the shape of the rows of a stream, and of the child streams that take its records."""
    config = stream.config
    streams: list[Stream] = [
        member for member in (stream, *stream.child_streams) if member.selected
    ]
    return RowShape(
        selection={member.name: _deselected(member) for member in streams},
        privacy=[*(config.get(name) for name in _PRIVACY), stream.run.privacy.key_digest],
        schema=[
            {member.name: member.schema for member in streams},
            *(config.get(name) for name in _MAPS),
        ],
        filters=[
            *(config.get(name) for name in _FILTERS),
            (config.get("aggregates") or {}).get(stream.name),
        ],
    )


def declare(stream: WindowedStream, start: datetime) -> bool:
    """Note the shape of this run's rows in the state; return whether rows can be left out.

    Where the shape has changed, the marks of emitted rows are emptied in the same STATE, so that
    nothing is left out until a whole run has emitted rows of the new one. Digests of days are left
    to their stream.

    Args:
        stream: The stream that is about to be read.
        start: The start of the range that it reads.
    """
    state, present = stream.own_state, row_shape(stream).fingerprint
    earlier = state.get(FINGERPRINT)
    state[FINGERPRINT] = present
    if earlier == present:
        return not stream.config["emit_unchanged"]
    if isinstance(state.get(EMITTED), list):
        # Not dropped: Meltano merges the STATE of a run that fails into the one before.
        state[EMITTED] = []
    if earlier:
        stream.logger.info(
            "%s: changed since the last run: %s. No row is left out in this run, which is complete "
            "from %s on; earlier rows keep their shape, and a table or column that is new has none "
            "of them.",
            stream.name,
            ", ".join(changes(str(earlier), present)),
            iso(start),
        )
    return False


def _deselected(stream: Stream) -> list[str]:
    return sorted(".".join(names) for names, is_selected in stream.mask.items() if not is_selected)
