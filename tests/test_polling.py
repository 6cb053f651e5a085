"""Polling: growing pauses, a deadline that no pause exceeds, and the result."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.http_doubles import Clock

from tap_genesys.api.polling import Poll
from tap_genesys.errors import StopRun

SECONDS = st.floats(0, 200)


def poll(clock: Clock, *, first: float, timeout: float = 1000) -> Poll:
    """Return a poll that begins now."""
    return Poll(clock=clock, wait=clock.wait, first=first, deadline=clock.seconds() + timeout)


@pytest.mark.parametrize(
    ("first", "pauses"),
    [
        (3, [3, 4.5, 6.75, 10.125]),
        (19, [19, 28.5, 30, 30]),
        (90, [90, 30, 30, 30]),
        (0, [0, 0.15, 0.225, 0.3375]),
        (0.02, [0.02, 0.15, 0.225, 0.3375]),
    ],
)
def test_each_pause_is_half_as_long_again(first: float, pauses: list[float]) -> None:
    """Pauses grow by half, up to 30 seconds; only the first may be longer, or 0."""
    clock = Clock()
    polled = poll(clock, first=first)
    for _ in pauses:
        polled.pause()
    assert clock.waits == pytest.approx(pauses)


def test_a_pause_ends_at_the_deadline() -> None:
    """The last pause ends at the deadline, and the poll there is the last one."""
    clock = Clock()
    polled = poll(clock, first=4, timeout=7)
    for _ in range(3):
        polled.pause()
    assert clock.waits == [4, 3, 0]


def test_a_deadline_that_has_passed_is_no_negative_wait() -> None:
    """After the deadline a pause is 0: reading other jobs may have taken longer."""
    clock = Clock()
    polled = poll(clock, first=4, timeout=7)
    clock.now += 60
    polled.pause()
    assert clock.waits == [0]


@pytest.mark.parametrize(("elapsed", "first"), [(1, 3), (4, 0), (9, 0)])
def test_seconds_that_have_elapsed_are_not_waited_again(elapsed: float, first: float) -> None:
    """Elapsed seconds shorten the first pause, and no later one."""
    clock = Clock()
    polled = poll(clock, first=4)
    polled.pause(elapsed)
    polled.pause()
    assert clock.waits == [first, 6]


@pytest.mark.parametrize(("seconds", "pauses"), [(10, [10, 15]), (60, [60, 30]), (2, [4, 6])])
def test_a_pause_is_lengthened_but_never_shortened(seconds: float, pauses: list[float]) -> None:
    """`Retry-After` lengthens a pause, never shortens it; later pauses grow from there."""
    clock = Clock()
    polled = poll(clock, first=4)
    polled.lengthen(seconds)
    polled.pause()
    polled.pause()
    assert clock.waits == pauses


def test_the_first_poll_is_at_once() -> None:
    """The first poll is at once; a result that is false counts, too."""
    clock = Clock()
    assert poll(clock, first=4).until(lambda: 0, lambda: pytest.fail("too late")) == 0
    assert clock.waits == []


def test_polls_go_on_until_there_is_a_result() -> None:
    """Polls go on until there is a result, with one pause before each but the first."""
    clock = Clock()
    results = iter([None, None, "done"])
    assert poll(clock, first=4).until(lambda: next(results), lambda: "too late") == "done"
    assert clock.waits == [4, 6]


def test_the_poll_at_the_deadline_is_the_last() -> None:
    """The poll at the deadline is the last.

    Then the run stops, with a message that is built only then.
    """
    clock = Clock()
    looks: list[float] = []
    with pytest.raises(StopRun, match=r"^still PENDING after 3 looks$"):
        poll(clock, first=4, timeout=7).until(
            lambda: looks.append(clock.seconds() - 1000),
            lambda: f"still PENDING after {len(looks)} looks",
        )
    assert looks == [0, 4, 7]


def test_a_result_at_the_deadline_counts() -> None:
    """A result at the deadline counts."""
    clock = Clock()
    results = iter([None, "done"])
    assert poll(clock, first=9, timeout=7).until(lambda: next(results), lambda: "late") == "done"


@given(SECONDS, SECONDS, st.lists(SECONDS, max_size=5))
def test_polling_ends_at_its_deadline(
    first: float, timeout: float, lengthened: list[float]
) -> None:
    """Polling ends at its deadline, with ten polls a second at most, whatever lengthens pauses."""
    clock = Clock()
    polled = poll(clock, first=first, timeout=timeout)
    longer, looks = iter(lengthened), itertools.count()

    def look() -> None:
        assert next(looks) < 100
        polled.lengthen(next(longer, 0))

    with pytest.raises(StopRun):
        polled.until(look, lambda: "too late")
    assert sum(clock.waits) == pytest.approx(timeout)
