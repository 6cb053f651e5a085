"""Compare the conversations that an upsert by key leaves with those of the simulator."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_genesys.simulator import World

#: The tap's own columns.
OWN = ("_extra", "_readAt", "_source")
#: The most requests between a response and its reading: prefetched pages, kept or dropped.
_PREFETCHED = 30


class Warehouse:
    """Upserts records by key, and checks each of them.

    A record equals the simulator's conversation at some moment, which is not before that of the row
    that it replaces. The last STATE before it covers it, since a run that is killed after the
    record leaves no later one.

    Args:
        since: The first conversation start.
        keeps_attributes: Whether rows by query must not replace rows by job, which have attributes.
    """

    def __init__(self, since: datetime, *, keeps_attributes: bool = False) -> None:
        self.since = since
        self._keeps_attributes = keeps_attributes
        #: The ids of rows by job that a later STATE covers.
        self._by_job: set[str] = set()
        self.rows: dict[str, dict[str, Any]] = {}
        #: Id -> the earliest moment at which the simulator has this row.
        self.moments: dict[str, datetime] = {}
        self._numbers: dict[str, int] = {}
        self._state: dict[str, Any] = {}

    def load(
        self,
        messages: list[dict[str, Any]],
        world: World,
        *,
        each_request: timedelta = timedelta(0),
        requests: int = 0,
        skew: timedelta = timedelta(0),
    ) -> None:
        """Load the messages of a run.

        Args:
            messages: The messages, up to a kill.
            world: The world as the run began.
            each_request: The time that passed with each request.
            requests: The number of requests.
            skew: How far the tap's clock was ahead.
        """
        end = world.at(world.now + each_request * requests)
        for number in end.numbers(self.since, end.now + timedelta(milliseconds=1)):
            self._numbers.setdefault(world.conversation_id(number), number)
        # A job returns rows up to the watermark at its submission, at some request of the run.
        during = [world.now + each_request * count for count in range(requests + 1)]
        watermarks = sorted({world.at(moment).watermark for moment in during})
        for message in messages:
            if message["type"] == "STATE":
                self._state = message["value"]["bookmarks"].get("conversation_details", {})
            if message["type"] != "RECORD":
                continue
            record = message["record"]
            row = {name: value for name, value in record.items() if name not in OWN}
            number = self._numbers[row["conversationId"]]
            if record["_source"] == "query":
                read_at = datetime.fromisoformat(record["_readAt"])
                # The response came a request before its reading, or more if it was prefetched.
                responded = sorted(
                    {read_at - skew - each_request * count for count in range(1, _PREFETCHED)}
                )
                moment = next(at for at in responded if row == world.at(at).conversation(number))
                self._check_covered(number, world, read_at)
            else:
                moment = next(at for at in watermarks if row == world.in_lake(number, at))
                assert moment <= self._covered_up_to
            self._take(number, row, world, moment, record["_source"])
        # Rows after the last STATE are read again, by either source.
        bookmark = self._state.get("replication_key_value", "")
        self._by_job = {
            key for key in self._by_job if self.rows[key]["conversationStart"] < bookmark
        }

    def _check_covered(self, number: int, world: World, read_at: datetime) -> None:
        """Check that a query pass of the last STATE covers a row by query."""
        passes = [[*map(datetime.fromisoformat, bounds)] for bounds in self._state["queryPasses"]]
        start = world.start_of(number)
        assert any(first <= start and read_at <= at for first, _until, at in passes)

    @property
    def _covered_up_to(self) -> datetime:
        """The latest watermark of rows by job that the last STATE covers."""
        watermark = self._state.get("watermark")
        moments = [watermark] if watermark else [at for _, _, at in self._state["queryPasses"]]
        return max(map(datetime.fromisoformat, moments))

    def _take(
        self, number: int, row: dict[str, Any], world: World, moment: datetime, source: str
    ) -> None:
        key = row["conversationId"]
        if source == "job":
            self._by_job.add(key)
        elif self._keeps_attributes:
            assert key not in self._by_job, f"{key} loses its attributes"
        before = self.moments.get(key)
        if before is not None and moment < before:
            # Without a change between the two moments, the row is no step back. A row by query has
            # no attributes, so a change of attributes alone is none.
            moments = (moment, before)
            if source == "query":
                earlier, later = (world.at(at).conversation(number) for at in moments)
            else:
                earlier, later = (world.in_lake(number, at) for at in moments)
            assert earlier == later, f"a step back of {key} from {before} to {moment}"
        self.rows[key] = row
        self.moments[key] = moment if before is None else max(moment, before)

    def truth(self, world: World) -> dict[str, dict[str, Any]]:
        """Return the rows by id that jobs return of the whole history."""
        rows = (world.in_lake(number) for number in world.numbers(self.since, world.now))
        return {row["conversationId"]: row for row in rows}
