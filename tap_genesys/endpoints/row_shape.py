"""The shape of a stream's rows; unchanged rows are left out only while it stays the same."""

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
#: Settings that select rows. Those of another stream change the fingerprint, too: that costs one
#: run that emits unchanged rows.
_FILTERS = (
    "conversation_details_source", "user_details_source", "conversation_filters", "segment_filters",
    "division_ids", "queue_ids", "media_types", "summary_groupings", "summary_metrics",
    "summary_cell_hours",
)  # fmt: skip


def row_shape(stream: WindowedStream) -> RowShape:
    """Return the shape of the rows of a stream and of the child streams that share its records."""
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
    """Write the shape of this run's rows to the state; return whether rows can be left out.

    If the shape has changed, the same STATE drops the marks of emitted rows, so that none is left
    out until a complete run has emitted rows of the new shape. Streams with digests of days drop
    these themselves.

    Args:
        stream: The stream, before it is read.
        start: The start of the range that the run reads.
    """
    state, present = stream.own_state, row_shape(stream).fingerprint
    earlier = state.get(FINGERPRINT)
    state[FINGERPRINT] = present
    if earlier == present:
        return not stream.config["emit_unchanged"]
    if isinstance(state.get(EMITTED), list):
        # Emptied, not removed: Meltano merges the STATE of a failed run into the one before.
        state[EMITTED] = []
    if earlier:
        stream.logger.info(
            "%s: changed since the last run: %s. This run emits all rows from %s on, unchanged "
            "ones too. Earlier rows are not emitted again: they keep their shape, and new tables "
            "and columns lack them.",
            stream.name,
            ", ".join(changes(str(earlier), present)),
            iso(start),
        )
    return False


def _deselected(stream: Stream) -> list[str]:
    return sorted(".".join(names) for names, is_selected in stream.mask.items() if not is_selected)
