"""What an upsert by key leaves of conversations, held against the simulator's truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_genesys.simulator import World

#: The columns that are not the vendor's.
OWN = ("_extra", "_readAt", "_source")
#: How many requests may be made between a response and its reading: prefetched ones, and those of
#: them that were dropped.
_PREFETCHED = 30


class Warehouse:
    """Takes records in, and looks at each whether it is true, and no older than the one before.

    And at each whether the last STATE before it accounts for it: a run that is killed just after
    the record leaves no other.

    Args:
        since: The first conversation start.
        keeps_attributes: Whether no row by query may replace one by job, which has attributes.
    """

    def __init__(self, since: datetime, *, keeps_attributes: bool = False) -> None:
        self.since = since
        self._keeps_attributes = keeps_attributes
        #: The conversations whose row is one by job, of a run that was not killed before its STATE.
        self._by_job: set[str] = set()
        self.rows: dict[str, dict[str, Any]] = {}
        #: The earliest moment whose truth each row is.
        self.known: dict[str, datetime] = {}
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
        """Take in what one run wrote.

        Args:
            messages: What it wrote, up to a kill.
            world: The world when the run began.
            each_request: How much time passed with each request.
            requests: How many requests there were.
            skew: How much the tap's clock was fast.
        """
        end = world.at(world.now + each_request * requests)
        for number in end.numbers(self.since, end.now + timedelta(milliseconds=1)):
            self._numbers.setdefault(world.conversation_id(number), number)
        # A job returns what the lake knew when it was submitted, some time in the run.
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
                # The response was made a request before it was read, or more if it was prefetched.
                made = sorted(
                    {read_at - skew - each_request * count for count in range(1, _PREFETCHED)}
                )
                moment = next(one for one in made if row == world.at(one).conversation(number))
                self._is_announced(number, world, read_at)
            else:
                moment = next(one for one in watermarks if row == world.in_lake(number, one))
                assert moment <= self._knows_up_to
            self._take(number, row, world, moment, record["_source"])
        # What came after the last STATE is read again, by whichever source can.
        bookmark = self._state.get("replication_key_value", "")
        self._by_job = {
            key for key in self._by_job if self.rows[key]["conversationStart"] < bookmark
        }

    def _is_announced(self, number: int, world: World, read_at: datetime) -> None:
        """Hold that a pass in the last STATE covers a row by query."""
        passes = [[*map(datetime.fromisoformat, one)] for one in self._state["queryPasses"]]
        start = world.start_of(number)
        assert any(first <= start and read_at <= at for first, _until, at in passes)

    @property
    def _knows_up_to(self) -> datetime:
        """The latest truth that the last STATE accounts for, by job."""
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
        before = self.known.get(key)
        if before is not None and moment < before:
            # A row by query has no attributes: it is of an earlier moment than its response when
            # nothing but attributes has changed in between.
            moments = (moment, before)
            if source == "query":
                earlier, later = (world.at(one).conversation(number) for one in moments)
            else:
                earlier, later = (world.in_lake(number, one) for one in moments)
            assert earlier == later, f"a step back of {key} from {before} to {moment}"
        self.rows[key] = row
        self.known[key] = moment if before is None else max(moment, before)

    def truth(self, world: World) -> dict[str, dict[str, Any]]:
        """Return what a job with everything would leave."""
        rows = (world.in_lake(number) for number in world.numbers(self.since, world.now))
        return {row["conversationId"]: row for row in rows}
