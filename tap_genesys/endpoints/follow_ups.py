"""What is asked for once for each record of an incremental stream, in that stream's own pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.listings import PerParentStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tap_genesys.api.response import Record


class FollowUpStream(PerParentStream):
    """A request, or a few, for each conversation, made before the STATE that promises it.

    So it needs no bookmark of its own: that of its parent covers it. A conversation is asked for
    once, when it has ended, or (`again`) also when it is re-checked; one of which the vendor has
    nothing (404) has no rows.
    """

    selected_by_default = False
    # Each run asks for the newest conversations only.
    is_history = True
    #: Whether it is asked for again when the conversation is read again at a later age.
    again: ClassVar[bool] = False
    #: How the request for one record is called, when its cost is told.
    unit: ClassVar[str] = "conversation"
    #: How many requests that is.
    requests_each: ClassVar[int] = 1

    def contexts_of(self, record: Record) -> Iterator[dict[str, Any]]:
        """Yield what is asked for a record of the parent: the values of the path's places."""
        yield {self.parent_column: record.get("conversationId")}

    def begin(self) -> None:
        """Write the SCHEMA, say what this costs, and begin to count."""
        self._write_schema_message()
        self.logger.info(
            "%s asks once for each %s that has ended: at %g requests a minute %s an hour.",
            self.name,
            self.unit,
            float(self.config["requests_per_minute"]),
            f"{float(self.config['requests_per_minute']) * 60:,.0f}",
        )
        self._noted: set[tuple[Any, ...]] = set()
        self._counter = self.get_record_counter()
        self._counter.__enter__()

    def add(self, record: Record) -> None:
        """Take note of a record of the parent."""
        if self.name not in self.run.skipped:
            # A window that is read twice brings its conversations twice.
            new = {tuple(one.items()): one for one in self.contexts_of(record)}
            added = [one for key, one in new.items() if key not in self._noted]
            self._noted.update(new)
            self._contexts += added
            self.counts.expect(len(added), "requests")

    def follow(self) -> None:
        """Write the rows of what was noted."""
        self._begun = 0
        for context in self._contexts:
            for record in self.get_records(context):
                self._write_record_message(record)
                self._counter.increment()
        self._contexts = []
        self._noted.clear()

    def end(self, *, broke_off: bool) -> None:
        """Log the count.

        Args:
            broke_off: Whether an error or a signal ended the reading of the parent.
        """
        self._counter.end(broke_off=broke_off)

    @override
    def tell_of_absence(self, response: requests.Response) -> None:
        """Say nothing: of many conversations there is nothing."""
