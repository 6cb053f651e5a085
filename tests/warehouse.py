"""What an upsert by key leaves of conversations, held against the simulator's truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_genesys.simulator import World

#: The columns that are not the vendor's.
OWN = ("_extra", "_readAt", "_source")


class Warehouse:
    """Takes records in, and looks at each whether it is true, and no older than the one before.

    Args:
        since: The first conversation start.
    """

    def __init__(self, since: datetime) -> None:
        self.since = since
        self.rows: dict[str, dict[str, Any]] = {}
        #: The moment whose truth each row is, to the side of doubt.
        self.known: dict[str, datetime] = {}
        self._numbers: dict[str, int] = {}

    def load(
        self,
        messages: list[dict[str, Any]],
        world: World,
        *,
        each_request: timedelta = timedelta(0),
        requests: int = 0,
    ) -> None:
        """Take in what one run wrote.

        Args:
            messages: What it wrote, up to a kill.
            world: The world when the run began.
            each_request: How much time passed with each request.
            requests: How many requests there were.
        """
        for number in world.numbers(self.since, world.now + each_request * requests):
            self._numbers.setdefault(world.conversation_id(number), number)
        # The job saw what the lake knew when it was submitted, some time in the run.
        watermark = world.watermark
        moments = [watermark + each_request * one for one in range(requests + 1)]
        moments = moments if each_request else moments[:1]
        for message in messages:
            if message["type"] != "RECORD":
                continue
            record = message["record"]
            row = {name: value for name, value in record.items() if name not in OWN}
            number = self._numbers[row["conversationId"]]
            if record["_source"] == "query":
                earliest = latest = datetime.fromisoformat(record["_readAt"]) - each_request
                assert row == world.at(earliest).conversation(number)
            else:
                earliest, latest = moments[0], moments[-1]
                assert any(row == world.in_lake(number, one) for one in moments)
            self._take(number, row, world, earliest, latest)

    def _take(
        self, number: int, row: dict[str, Any], world: World, earliest: datetime, latest: datetime
    ) -> None:
        key = row["conversationId"]
        before = self.known.get(key)
        if before is not None and latest < before:
            same = world.in_lake(number, latest) == world.in_lake(number, before)
            assert same, f"a step back of {key} from {before} to {latest}"
        self.rows[key] = row
        self.known[key] = max(earliest, before) if before is not None else earliest

    def truth(self, world: World) -> dict[str, dict[str, Any]]:
        """Return what a job with everything would leave."""
        rows = (world.in_lake(number) for number in world.numbers(self.since, world.now))
        return {row["conversationId"]: row for row in rows}
