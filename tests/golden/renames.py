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


EXPLAINED: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Renames:
    """A list of changes; by default, that of this module."""

    state_keys: Mapping[str, str]
    streams: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    explained: tuple[Difference, ...] = ()

    def stream(self, name: str) -> str:
        """Return a stream's present name."""
        return self.streams.get(name, name)

    def value(self, setting: str, value: str) -> str:
        """Return a setting's present value."""
        return self.values.get(setting, {}).get(value, value)


PRESENT = Renames(STATE_KEYS, STREAMS, VALUES, EXPLAINED)
