"""Progress: counts of a run add up in any thread, and each stream has a line."""

from __future__ import annotations

import threading

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.http_doubles import Clock

from tap_genesys.api.pacing import Pacer
from tap_genesys.api.request_note import RequestNote, annotate
from tap_genesys.output.progress import Progress, StreamProgress, duration, line

NUMBERS = st.integers(0, 10**9)
SECONDS = st.floats(0, 10**7)


def request(stream: str = "") -> requests.PreparedRequest:
    """Return a request with the note of a stream, or without a note."""
    prepared = requests.PreparedRequest()
    return annotate(prepared, RequestNote(stream)) if stream else prepared


def counted(**counts: object) -> StreamProgress:
    """Return the progress of a stream that began at 1000."""
    progress = StreamProgress("calls", began=1000.0)
    for name, value in counts.items():
        setattr(progress, name, value)
    return progress


def test_a_line_has_all_counts() -> None:
    """A line has windows, time to go, records and rate, requests, and the rest of the minute."""
    counts = counted(
        parts="windows", parts_total=30, parts_done=10, records=24_000, requests=260, retries=2
    )
    assert line(counts, 1120.0, 40) == (
        "calls: 10 of 30 windows, about 4 min 00 s to go, 24,000 records (200/s), 260 requests, "
        "40 left this minute"
    )


def test_a_line_leaves_out_rates_that_are_unknown() -> None:
    """A line has no rate in the first second, and no time to go before a first window is done."""
    assert line(counted(records=5, requests=1), 1000.5, 299) == (
        "calls: 5 records, 1 requests, 299 left this minute"
    )
    assert "to go" not in line(counted(parts="windows", parts_total=3, parts_done=0), 1060, 1)
    assert "to go" not in line(counted(parts="windows", parts_total=3, parts_done=3), 1060, 1)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, SECONDS, NUMBERS)
def test_a_line_is_one_line_whatever_is_counted(
    total: int, done: int, records: int, requests: int, seconds: float, left: int
) -> None:
    """A line is printable, and has no negative number, whatever the counts are."""
    counts = counted(
        parts="windows", parts_total=total, parts_done=done, records=records, requests=requests
    )
    text = line(counts, 1000 + seconds, left)
    assert "\n" not in text
    assert "-" not in text
    assert text.isprintable()


@given(st.integers(1, 10**6), st.integers(1, 10**6), SECONDS)
def test_what_is_left_takes_as_long_as_what_was(done: int, more: int, seconds: float) -> None:
    """The time to go assumes that the other windows take as long as the done ones."""
    counts = counted(parts="windows", parts_total=done + more, parts_done=done)
    to_go = counts.to_go(1000 + seconds)
    assert to_go is not None
    assert to_go * done == pytest.approx(seconds * more, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (599.4, "9 min 59 s"),
        (599.6, "10 min"),
        (3569, "59 min"),
        (3599, "1 h 00 min"),
        (12_060, "3 h 21 min"),
        (3_600_000, "1,000 h 00 min"),
    ],
)
def test_a_duration_is_as_exact_as_people_need(seconds: float, text: str) -> None:
    """A duration has at most two units; seconds only below ten minutes."""
    assert duration(seconds) == text


def test_only_what_runs_has_a_line_and_tables_share_one() -> None:
    """Running streams have a line each, their derived tables a common one, and ended ones none."""
    clock = Clock()
    progress = Progress(clock=clock, left=lambda: 7)
    assert progress.lines() == []
    for name in ("queues", "calls", "calls_a", "calls_b"):
        progress.of(name).begin(clock.seconds())
    progress.of("queues").end(clock.seconds(), broke_off=False)
    progress.of("calls").expect(2, "windows")
    progress.count_request(request("calls"), 0.0)
    progress.of("calls").records, progress.of("calls_a").records = 10, 300
    progress.of("calls_b").records = 40
    clock.now += 10
    assert progress.lines() == [
        "calls: 0 of 2 windows, 10 records (1/s), 1 requests, 7 left this minute",
        "2 tables: 340 records (34/s)",
    ]


def test_threads_count_together() -> None:
    """Counts of several threads add up; requests of no stream, such as logins, are in the total."""
    progress = Progress(clock=Clock(), left=lambda: 0)

    def work(prepared: requests.PreparedRequest) -> None:
        for _ in range(2000):
            progress.count_request(prepared, 0.5)
            progress.count_retry(prepared, 0.25)

    threads = [
        threading.Thread(target=work, args=(request(name),)) for name in ("a", "a", "b", "") * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (progress.of("a").requests, progress.of("b").retries) == (8000, 4000)
    total = progress.total
    assert (total.requests, total.retries, total.waited) == (16_000, 16_000, 12_000.0)


def test_waiting_counts_for_its_stream() -> None:
    """Seconds of waiting count for their stream and in the total."""
    progress = Progress(clock=Clock(), left=lambda: 0)
    progress.count_wait("calls", 3.0)
    progress.count_wait("calls", 4.5)
    assert progress.of("calls").waited == 7.5
    assert progress.total.waited == 7.5


def test_a_stream_that_is_read_in_turns_began_with_the_first() -> None:
    """The duration of a stream with several passes counts from the first one."""
    counts = StreamProgress("calls")
    assert counts.seconds(1000.0) == 0
    counts.begin(1000.0)
    counts.end(1010.0, broke_off=False)
    counts.begin(1020.0)
    assert counts.is_running
    assert counts.seconds(1030.0) == 30


@given(st.integers(1, 600), st.lists(st.floats(0, 90), max_size=60))
def test_what_is_left_of_the_minute_is_never_more_than_its_budget(
    per_minute: int, pauses: list[float]
) -> None:
    """A request takes one of the minute's budget, and gives it back after a minute."""
    clock = Clock()
    pacer = Pacer(per_minute, clock)
    turns: list[float] = []
    for pause in pauses:
        before = clock.now
        assert pacer.take() == clock.now - before
        turns.append(clock.now)
        clock.now += pause
        recent = [turn for turn in turns if turn > clock.now - 60]
        assert pacer.left == pytest.approx(per_minute - len(recent), abs=1)
        assert 0 <= pacer.left <= per_minute
    clock.now += 61
    assert pacer.left == per_minute
