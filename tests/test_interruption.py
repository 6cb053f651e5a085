"""Signals: they end every wait, and interrupt nothing but a blocked read."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from support import http_doubles

from tap_genesys.interruption import Clock, Interrupted, Interruption


def clock_of(interruption: Interruption, time: http_doubles.Clock) -> Clock:
    """Return a clock whose sleeps take no time."""
    return Clock(interruption, sleep=time.wait, monotonic=time.seconds)


def test_a_wait_takes_its_time() -> None:
    """A wait without a signal takes the seconds that it is given."""
    time = http_doubles.Clock()
    clock_of(Interruption(), time).wait(3.1)
    assert sum(time.waits) == pytest.approx(3.1)


def test_a_wait_checks_for_signals_every_second() -> None:
    """A wait is made of sleeps of one second at most, so that a signal ends it soon."""
    time = http_doubles.Clock()
    clock_of(Interruption(), time).wait(60)
    assert max(time.waits) <= 1


def test_a_signal_ends_a_wait() -> None:
    """A signal ends a wait within two seconds, with the signal's exit code."""
    time, interruption = http_doubles.Clock(), Interruption()

    def sleep(seconds: float) -> None:
        time.wait(seconds)
        if time.now > 1005:
            interruption.handle(signal.SIGTERM)

    clock = Clock(interruption, sleep=sleep, monotonic=time.seconds)
    with pytest.raises(Interrupted) as leaving:
        clock.wait(3600)
    assert leaving.value.code == 143
    assert time.now < 1007


def test_a_handler_outside_a_read_raises_nothing() -> None:
    """Outside a read the handler raises nothing.

    An exception in the middle of a write would cut a message in two.
    """
    interruption = Interruption()
    interruption.handle(signal.SIGINT)
    with pytest.raises(Interrupted) as leaving:
        interruption.check()
    assert leaving.value.code == 130


def test_the_first_signal_counts() -> None:
    """Of several signals the first one gives the exit code."""
    interruption = Interruption()
    interruption.handle(signal.SIGTERM)
    interruption.handle(signal.SIGINT)
    with pytest.raises(Interrupted) as leaving:
        interruption.check()
    assert leaving.value.code == 143


def test_a_signal_breaks_into_a_blocked_read() -> None:
    """A signal interrupts a blocked read."""
    interruption = Interruption()
    before = signal.signal(signal.SIGUSR1, interruption.handle)
    reading, writing = os.pipe()
    threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(Interrupted), interruption.breakable():
            os.read(reading, 1)
    finally:
        signal.signal(signal.SIGUSR1, before)
        os.close(reading)
        os.close(writing)


def test_no_read_starts_after_a_signal() -> None:
    """After a signal no read begins."""
    interruption = Interruption()
    interruption.handle(signal.SIGTERM)
    with pytest.raises(Interrupted), interruption.breakable():
        pytest.fail("the read has begun")


def test_a_signal_after_a_read_raises_nothing_at_once() -> None:
    """After a read the handler raises nothing again; the next check does."""
    interruption = Interruption()
    with interruption.breakable():
        pass
    interruption.handle(signal.SIGTERM)
    with pytest.raises(Interrupted):
        interruption.check()


def test_a_shield_lets_a_short_clean_up_finish() -> None:
    """A shielded clean-up finishes, and can see that the run must end within two seconds."""
    interruption = Interruption()
    with interruption.shielded():
        before = interruption.is_cleaning_up
        interruption.handle(signal.SIGTERM)
        assert (before, interruption.is_cleaning_up) == (False, True)
    with interruption.shielded(), interruption.breakable():
        interruption.check()
        clock_of(interruption, http_doubles.Clock()).wait(0.2)
    with pytest.raises(Interrupted):
        interruption.check()


def test_a_second_signal_does_not_break_into_a_clean_up() -> None:
    """A second signal does not interrupt a clean-up, not even a blocked read.

    The deletion of a job is one.
    """
    interruption = Interruption()
    interruption.handle(signal.SIGTERM)
    reading, writing = os.pipe()
    os.write(writing, b"x")
    try:
        with interruption.shielded(), interruption.breakable():
            interruption.handle(signal.SIGINT)
            assert os.read(reading, 1) == b"x"
    finally:
        os.close(reading)
        os.close(writing)
    with pytest.raises(Interrupted) as leaving:
        interruption.check()
    assert leaving.value.code == 143
