"""The stream of the tap's own runs: a row for each run, stream and lane, without requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from singer_sdk import Stream, StreamSchema
from singer_sdk.schema.source import SchemaDirectory
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

from tap_genesys import schemas
from tap_genesys.endpoints.costs import NoRequests
from tap_genesys.errors import StopRun
from tap_genesys.replication.unreported_runs import KEY, UnreportedRuns

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.replication.unreported_runs import BegunRun


class RunStream(Stream):
    """The rows of runs, which the tap writes around the sync of all other streams.

    Its SCHEMA comes before the first STATE, which has the run; its rows come last, and then a STATE
    without the run. The SDK's sync of the stream, in between, writes nothing.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SchemaDirectory(schemas))
    primary_keys = ("run_id", "stream", "lane")
    #: Whether its rows come without requests.
    is_derived: ClassVar[Literal[True]] = True
    #: The text for the column "read by" of docs/streams.md.
    read_by: ClassVar[str] = "each run adds rows"

    @property
    def cost(self) -> Cost:
        """The cost of the stream: no request."""
        return NoRequests(self.name)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield nothing: the rows are known when the run ends."""
        return iter(())

    @override
    def _write_schema_message(self) -> None:
        """Write nothing in the SDK's sync: see `begin`."""

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, Any, Any]:
        """Write nothing in the SDK's sync, and no STATE: see `end`."""
        yield from ()

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """False: rows of earlier runs are not read again."""
        return False

    def begin(self, run_id: str, started: datetime) -> Sequence[BegunRun]:
        """Write the SCHEMA, and note the run in the state, whose first STATE follows.

        Args:
            run_id: The id of the run.
            started: The start of the run.

        Returns:
            The earlier runs that did not reach their end.

        Raises:
            StopRun: The state's entry of the stream is malformed.
        """
        try:
            earlier = UnreportedRuns.of_entry(self._entry.get(KEY))
        except ValueError as error:
            msg = (
                f"The state's unreportedRuns of tap_runs is {error}; use a list of pairs, id and "
                "start of a run, or leave it out."
            )
            raise StopRun(msg) from error
        begun, dropped = earlier.with_run(run_id, started)
        for run in dropped:
            self.logger.warning("No row of the run %s, begun at %s, is left.", run.id, run.started)
        for run in begun.earlier:
            self.logger.warning(
                "The run %s, begun at %s, did not reach its end, or the loader did not confirm it.",
                run.id,
                run.started,
            )
        self._entry[KEY] = begun.entry
        super()._write_schema_message()
        return begun.earlier

    def end(self, rows: Iterable[Record]) -> None:
        """Write the rows, and a STATE without the run."""
        for row in rows:
            self._write_record_message(row)
        # Emptied, not removed: Meltano merges a STATE into the one before, and a removed key would
        # come back.
        self._entry[KEY] = []
        self._tap.write_message(StateMessage(value=self.tap_state))

    @property
    def _entry(self) -> dict[str, Any]:
        return self.get_context_state(None)
