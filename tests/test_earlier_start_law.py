"""The law of earlier starts: after a load, each stream has what lies between them.

`start_date` moves, histories are loaded, the world changes and runs are killed, all at random. The
warehouse upserts by key.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.harness import run
from support.run_schedules import searching

from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.replication.history import HISTORY
from tap_genesys.replication.windows import DAY, iso, parse
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS
from tap_genesys.streams.conversations import ConversationDetails

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.harness import Output

HOUR = timedelta(hours=1)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=8, per_day=8, since=SINCE, now=SINCE + 4 * DAY + 7 * HOUR, lag=8 * HOUR)
STATUSES = "user_routing_statuses"
#: Stream -> the streams that are selected with it.
SELECTED = {"user_presences": [STATUSES], "user_aggregates": ["users"]}
#: All aggregates are one class, and the figures of most are made up by the same function.
KINDS = [
    name
    for stream in STREAMS
    if issubclass(stream, WindowedStream) and not issubclass(stream, ConversationDetails)
    for name in [vars(stream)["name"]]
    if not name.endswith("_aggregates") or name in ("conversation_aggregates", "user_aggregates")
]
CASES = [(name, "auto") for name in KINDS] + [("user_presences", by) for by in ("job", "query")]
#: Audits of a file have `eventTime`. A day of adherence has its place in the report, from which the
#: simulator makes its figures, too. Summaries change for longer than their look-back.
OF_READING = (
    "_readAt", "_source", "eventTime", "dayNumber", "dayStartOffsetSeconds",
    "adherencePercentage", "exceptionCount", "metrics",
)  # fmt: skip
#: Dates that come with milliseconds or without.
DATES = ("startTime", "endTime", "eventDate")
OPTIONS: dict[str, Any] = {
    "aggregates": {
        "conversation_aggregates": {"time_zone": "Europe/Berlin", "granularity": "PT12H"},
        "user_aggregates": {"metrics": ["tSystemPresence"], "granularity": "PT12H"},
    },
    "summary_cell_hours": 12,
}


class Scheduled(NamedTuple):
    """One run of a schedule.

    Args:
        hours: Hours since the run before.
        start: Hours from the first day to `start_date`.
        is_loading: Whether the setting names the streams.
        cut: The share of the run's messages before it is killed; None if it is not killed.
    """

    hours: int
    start: int
    is_loading: bool
    cut: float | None


SCHEDULES = st.lists(
    st.builds(
        Scheduled,
        st.sampled_from([1, 1, 5, 26]),
        st.sampled_from([0, 30, 48, 72, 77]),
        st.booleans(),
        st.none() | st.floats(0, 1),
    ),
    min_size=1,
    max_size=4,
)


def keyed(records: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the last row of each key, without the columns that depend on the reading."""
    return {
        str(row.get("_id") or row["id"]): {
            name: iso(parse(value)) if name in DATES and value else value
            for name, value in row.items()
            if name not in OF_READING
        }
        for row in records
    }


def hold_to_the_bookmark(output: Output, name: str, state: dict[str, Any]) -> None:
    """Check that the bookmark never steps back, from that of the state before the run on."""
    before = ""
    for value in [state, *(message["value"] for message in output.of("STATE"))]:
        bookmark = value.get("bookmarks", {}).get(name, {}).get("replication_key_value", before)
        assert bookmark >= before
        before = bookmark


def loads_all(name: str, source: str, schedule: Iterable[Scheduled]) -> None:
    """Execute a schedule and two whole runs; check that the warehouse has all from the start on."""
    names = [name, *SELECTED.get(name, [])]
    loaded = [name, *([STATUSES] if name == "user_presences" else [])]
    options = {**OPTIONS, "user_details_source": source}
    state: dict[str, Any] = {}
    rows: dict[str, list[dict[str, Any]]] = {stream: [] for stream in loaded}
    now = WORLD.now
    # By job, what queries have read waits for the data lake. The last run has the re-checks.
    last = Scheduled(48, 0, is_loading=True, cut=None)
    with Simulator(WORLD) as sim:
        for part in [*schedule, last, last._replace(hours=24 * 7)]:
            now += part.hours * HOUR
            sim.world = WORLD.at(now)
            options["start_date"] = iso(SINCE + part.start * HOUR)
            load_history = loaded if part.is_loading else []
            output = run(sim, *names, state=state, load_history=load_history, **options)
            count = len(output.messages)
            output.messages = output.messages[
                : count if part.cut is None else int(count * part.cut)
            ]
            hold_to_the_bookmark(output, name, state)
            state = output.state or state
            for stream in loaded:
                rows[stream] += output.records(stream)
        truth = run(sim, *names, **options)
    for stream in loaded:
        expected, loaded_rows = keyed(truth.records(stream)), keyed(rows[stream])
        assert len(expected) > 2
        assert {key: loaded_rows.get(key) for key in expected} == expected
    history = state["bookmarks"][name][HISTORY]
    assert history.keys() == {*loaded}
    assert all(bounds[0] <= iso(SINCE) and len(bounds) == 1 for bounds in history.values())


@pytest.mark.parametrize(("name", "source"), CASES)
def test_a_load_that_is_killed_and_goes_on_completes_each_kind_of_stream(
    name: str, source: str
) -> None:
    """`start_date` moves by three days, in two steps, and the first load is killed."""
    loads_all(
        name,
        source,
        [
            Scheduled(1, 72, is_loading=False, cut=None),
            Scheduled(1, 30, is_loading=True, cut=0.7),
        ],
    )


@searching
@example(
    ("adherence_historical", "auto"),
    [Scheduled(5, 30, is_loading=True, cut=0.0), Scheduled(26, 72, is_loading=True, cut=None)],
)
@example(
    ("evaluations", "auto"),
    [Scheduled(1, 30, is_loading=False, cut=None), Scheduled(26, 77, is_loading=True, cut=None)],
)
@given(st.sampled_from(CASES), SCHEDULES)
def test_a_stream_has_all_from_the_earliest_start_on(
    case: tuple[str, str], schedule: list[Scheduled]
) -> None:
    """Whatever moved and was killed: a last load, and the re-checks after it, complete the rows."""
    loads_all(*case, schedule)
