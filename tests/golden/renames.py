"""The intended changes since the recording; everything else is a defect.

They are applied to what was recorded before it is compared, and to the settings and names with
which the runs are executed, so that the recorded files stay as they are. An entry that applies to
nothing fails the tests as well.

For instance, `STATE_KEYS = {"told": "knownUpTo"}`, `STREAMS = {"old_name": "new_name"}`,
`VALUES = {"conversation_details_source": {"jobs": "job"}}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Key of a stream's bookmark -> its present name.
STATE_KEYS: Mapping[str, str] = {
    "told": "knownUpTo",
    "passes": "queryPasses",
    "rechecks": "recheckedUpTo",
}

#: Keys of a stream's bookmark that are new.
NEW_STATE_KEYS = ("emittedThrough", "fingerprint", "history")

#: Stream -> its present name, in all messages. Streams are read in the order of their names: where
#: one is renamed, the order of different streams between two STATEs is not compared.
STREAMS: Mapping[str, str] = {"conversation_summaries_ai": "conversation_ai_summaries"}

#: Setting -> recorded value -> present value.
VALUES: Mapping[str, Mapping[str, str]] = {
    "conversation_details_source": {"jobs": "job"},
    "user_details_source": {"jobs": "job"},
}


@dataclass(frozen=True)
class Difference:
    """One difference that is no rename, with its reason.

    Args:
        run: The golden's name.
        type: The messages' type.
        stream: Their stream, by its present name; "" for STATE.
        reason: Why the product changed; one sentence.
        expected: Returns the messages that replace a recorded message, or none.
    """

    run: str
    type: str
    stream: str
    reason: str
    expected: Callable[[dict[str, Any]], list[dict[str, Any]]]


#: The streams that have rows of the conversation which ended before the window of the second run.
_OF_THE_ENDED = (
    "conversation_details",
    "conversation_flow_outcomes",
    "conversation_flows",
    "conversation_media_stats",
    "conversation_metrics",
    "conversation_participant_attributes",
    "conversation_participants",
    "conversation_segments",
    "conversation_sessions",
)


def _without_the_ended(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return no row that the second run emits of a conversation that ended before its window."""
    record = message["record"]
    has_ended = record["conversationStart"] == "2026-04-22T23:59:59.999Z"
    return [] if has_ended and record["_readAt"] == "2026-04-24T20:00:00.000Z" else [message]


def _without_dominated_passes(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a STATE without passes that a later one from an earlier start on makes needless."""
    details = message["value"]["bookmarks"].get("conversation_details", {})
    if passes := details.get("queryPasses"):
        details["queryPasses"] = [
            item
            for place, item in enumerate(passes)
            if item[0] < item[1] or all(later[0] > item[0] for later in passes[place + 1 :])
        ]
    return [message]


#: The simulator's limits of the namespace `analytics`: recorded key -> present key and value.
_LIMITS_OF_JOBS = {
    "analytics.1": {"key": "details.jobs.concurrent.access.max", "value": 10},
    "analytics.2": {"key": "details.jobs.rate.per.second", "value": 5},
}


def _with_limits_of_jobs(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a limit of the namespace `analytics` with its present key and value."""
    record = message["record"]
    return [{**message, "record": {**record, **_LIMITS_OF_JOBS.get(record["key"], {})}}]


def _with_the_requested_week(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the SCHEMA with the present description of the column `week`."""
    message["schema"]["properties"]["week"]["description"] = "The Monday of the requested week."
    return [message]


def _with_the_version_last(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a RECORD with its version after the time of its extraction."""
    version = message.pop("version")
    return [{**message, "version": version}]


EXPLAINED: tuple[Difference, ...] = (
    Difference(
        "mapped",
        "RECORD",
        "routing_queues",
        "Records that lose columns are written like whole ones, with the fields of the message in "
        "the same order.",
        _with_the_version_last,
    ),
    Difference(
        "every",
        "SCHEMA",
        "schedules_published",
        "The description of a column is in the field's words.",
        _with_the_requested_week,
    ),
    Difference(
        "every",
        "RECORD",
        "organization_limits",
        "The simulated org has the vendor's limits of jobs, which --check reports.",
        _with_limits_of_jobs,
    ),
    Difference(
        "query",
        "STATE",
        "",
        "A pass that is not whole limits jobs no more than a later one from an earlier start on, "
        "so the state keeps the later one only.",
        _without_dominated_passes,
    ),
    *(
        Difference(
            "dropped",
            "RECORD",
            stream,
            "A record is filtered before it is redacted: where a rule drops conversationEnd, what "
            "ended before the bookmark is no longer emitted a second time by the next run.",
            _without_the_ended,
        )
        for stream in _OF_THE_ENDED
    ),
)


@dataclass(frozen=True)
class Renames:
    """A list of changes; by default, that of this module."""

    state_keys: Mapping[str, str]
    streams: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    explained: tuple[Difference, ...] = ()
    new_state_keys: tuple[str, ...] = ()

    def stream(self, name: str) -> str:
        """Return a stream's present name."""
        return self.streams.get(name, name)

    def value(self, setting: str, value: str) -> str:
        """Return a setting's present value."""
        return self.values.get(setting, {}).get(value, value)


PRESENT = Renames(STATE_KEYS, STREAMS, VALUES, EXPLAINED, NEW_STATE_KEYS)
