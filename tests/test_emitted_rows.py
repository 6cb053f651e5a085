"""Conversations in a response: those that belong to a read, and those that were emitted before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.harness import tap

from tap_genesys.replication.plan import Purpose, Read, Source
from tap_genesys.replication.windows import DAY, MILLISECOND, Window, iso, parse
from tap_genesys.simulator import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = SINCE + 2 * DAY + timedelta(hours=12)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TODAY = Window(SINCE + 2 * DAY, SINCE + 3 * DAY)


class EmittedPlan:
    """A plan for which each conversation counts as emitted, or none.

    Args:
        has_emitted: Whether it takes them for emitted.
    """

    def __init__(self, *, has_emitted: bool = False) -> None:
        self._has_emitted = has_emitted
        self.ended_in = Window(NOW - 2 * HOUR, NOW - HOUR)
        self.latest: datetime | None = None
        self.lacks_rows = False

    def has_emitted(
        self,
        read: Read,  # noqa: ARG002
        start: datetime,  # noqa: ARG002
        end: datetime | None,  # noqa: ARG002
        latest: Callable[[], datetime | None],
    ) -> bool:
        """Return `has_emitted` for any conversation."""
        self.latest = latest()
        return self._has_emitted

    def finish(self, read: Read, *, is_whole: bool, as_of: datetime) -> None:
        """Record nothing."""

    def note_missing_rows(self) -> None:
        """Record that rows are missing."""
        self.lacks_rows = True


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """Yield an org that gets no request."""
    with Simulator(World(since=SINCE, now=NOW)) as simulator:
        yield simulator


def reader(sim: Simulator, read: Read, **options: Any) -> Any:
    """Return the stream of details while it executes a read."""
    stream: Any = tap(sim, DETAILS, start_date=iso(SINCE)).streams[DETAILS]
    stream.plan = EmittedPlan(**options)
    stream.present, stream.window, stream._in_read = read, read.window, set()
    stream._at_end = {}
    stream.begin_window()
    return stream


def narrow(start: datetime = NOW - 3 * HOUR) -> Read:
    """Return the read of a narrow pass."""
    return Read(Window(start, NOW), "query", "fresh", starts=TODAY)


def conversation(start: datetime, end: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """Return a conversation."""
    record = {"conversationId": "id", "conversationStart": iso(start), **fields}
    return {**record, "conversationEnd": iso(end)} if end else record


# -- what belongs to a read


@pytest.mark.parametrize(
    ("start", "belongs"),
    [
        (TODAY.start - MILLISECOND, False),
        (TODAY.start, True),
        (NOW - 3 * HOUR - MILLISECOND, True),
        (NOW, True),
        (TODAY.end, False),
    ],
)
def test_a_narrow_read_emits_what_started_on_its_day(
    sim: Simulator, start: datetime, *, belongs: bool
) -> None:
    """Not only what started in the interval of its query."""
    assert reader(sim, narrow()).keeps(conversation(start)) is belongs


def test_two_parts_of_a_narrow_read_emit_a_conversation_once(sim: Simulator) -> None:
    """A query with too many rows is halved, and what goes on is returned by both halves."""
    stream = reader(sim, narrow())
    stream._reads = {stream.window: stream.present}
    record = conversation(TODAY.start)
    assert stream.keeps(record)
    stream.window = Window(NOW - HOUR, NOW)
    assert not stream.keeps(record)
    # Another read of the run emits it again.
    stream.read_window(stream.present.window)
    assert stream.keeps(record)


def test_a_full_read_emits_a_conversation_as_often_as_it_is_returned(sim: Simulator) -> None:
    """A window that is read a second time may return a newer row."""
    stream = reader(sim, Read(TODAY, "query", "fresh"))
    record = conversation(TODAY.start)
    assert stream.keeps(record)
    assert stream.keeps(record)


# -- what was emitted


def test_what_was_emitted_is_left_out_and_counted(sim: Simulator) -> None:
    """A row of another day is neither emitted nor counted."""
    stream = reader(sim, narrow(), has_emitted=True)
    assert not stream.keeps(conversation(TODAY.start))
    assert not stream.keeps(conversation(TODAY.start - HOUR))
    assert stream.counts.unchanged == 1


def test_a_conversation_whose_start_cannot_be_read_is_emitted(sim: Simulator) -> None:
    """Without its start, nothing shows that it was emitted."""
    stream = reader(sim, narrow(), has_emitted=True)
    assert stream.keeps({"conversationId": "id", "conversationStart": None})


@pytest.mark.parametrize(
    ("moment", "is_past"),
    [
        (NOW - MINUTE, True),
        # The clock of this machine may be behind that of the vendor.
        (NOW + 30 * MINUTE, True),
        (NOW + 31 * MINUTE, False),
    ],
)
def test_a_date_half_an_hour_ahead_counts_as_past(
    sim: Simulator, moment: datetime, *, is_past: bool
) -> None:
    """What lies farther ahead is a time-out or an appointment, in which nothing has happened."""
    stream = reader(sim, narrow())
    assert stream.keeps(conversation(TODAY.start, eventTime=iso(moment)))
    assert stream.plan.latest == (moment if is_past else TODAY.start)


@pytest.mark.parametrize(
    ("purpose", "end", "has_follow_ups", "is_emitted"),
    [
        ("forward", NOW - 2 * HOUR, True, True),
        ("forward", NOW - 2 * HOUR, False, False),
        ("fresh", NOW - 2 * HOUR, True, False),
        ("forward", NOW - HOUR, True, False),
        ("forward", NOW - 2 * HOUR - MILLISECOND, True, False),
        ("forward", None, True, False),
    ],
)
def test_an_end_that_is_to_be_followed_up_is_not_left_out(
    sim: Simulator,
    purpose: Purpose,
    end: datetime | None,
    *,
    has_follow_ups: bool,
    is_emitted: bool,
) -> None:
    """The first run that reads a conversation's end sends the requests that follow from it."""
    stream = reader(sim, Read(TODAY, "query", purpose), has_emitted=True)
    stream.fan_out = SimpleNamespace(follow_ups=["a stream"] if has_follow_ups else [])
    assert stream.keeps(conversation(TODAY.start, end)) is is_emitted


# -- what a window lacks


@pytest.mark.parametrize(
    ("by", "holes", "lacks_a_page", "lacks_rows"),
    [
        ("query", [], False, False),
        ("query", ["page 2"], False, True),
        ("query", [], True, True),
        # The query it replaces had too many rows; the job has all.
        ("job", ["page 2"], True, False),
    ],
)
def test_rows_that_a_query_lacks_do_not_count_as_emitted(
    sim: Simulator, by: Source, holes: list[str], *, lacks_a_page: bool, lacks_rows: bool
) -> None:
    """Whether the hole was accepted, or is left to jobs."""
    stream = reader(sim, Read(TODAY, by, "fresh"))
    stream.watermark = parse("2026-03-02")
    stream.paginator = SimpleNamespace(
        completeness=SimpleNamespace(holes=holes, lacks_a_page=lacks_a_page)
    )
    stream.finish_window(whole=True)
    assert stream.plan.lacks_rows is lacks_rows
