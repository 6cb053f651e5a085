"""A signal ends every wait, and breaks into nothing but a blocked read."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from support import http_doubles

from tap_genesys.interruption import Clock, Interrupted, Interruption


def clock_of(interruption: Interruption, time: http_doubles.Clock) -> Clock:
    """Make a clock whose sleeps take no time."""
    return Clock(interruption, sleep=time.wait, monotonic=time.seconds)


def test_a_wait_takes_its_time() -> None:
    time = http_doubles.Clock()
    clock_of(Interruption(), time).wait(3.1)
    assert sum(time.waits) == pytest.approx(3.1)


def test_a_wait_looks_up_at_least_every_second() -> None:
    time = http_doubles.Clock()
    clock_of(Interruption(), time).wait(60)
    assert max(time.waits) <= 1


def test_a_signal_ends_a_wait() -> None:
    time, noted = http_doubles.Clock(), Interruption()

    def sleep(seconds: float) -> None:
        time.wait(seconds)
        if time.now > 1005:
            noted.handle(signal.SIGTERM)

    clock = Clock(noted, sleep=sleep, monotonic=time.seconds)
    with pytest.raises(Interrupted) as leaving:
        clock.wait(3600)
    assert leaving.value.code == 143
    assert time.now < 1007


def test_a_handler_outside_a_read_only_takes_a_note() -> None:
    """An exception in the middle of a write would cut a message in two."""
    noted = Interruption()
    noted.handle(signal.SIGINT)
    with pytest.raises(Interrupted) as leaving:
        noted.check()
    assert leaving.value.code == 130


def test_the_first_signal_counts() -> None:
    noted = Interruption()
    noted.handle(signal.SIGTERM)
    noted.handle(signal.SIGINT)
    with pytest.raises(Interrupted) as leaving:
        noted.check()
    assert leaving.value.code == 143


def test_a_signal_breaks_into_a_blocked_read() -> None:
    blocked = Interruption()
    before = signal.signal(signal.SIGUSR1, blocked.handle)
    reading, writing = os.pipe()
    threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(Interrupted), blocked.breakable():
            os.read(reading, 1)
    finally:
        signal.signal(signal.SIGUSR1, before)
        os.close(reading)
        os.close(writing)


def test_a_signal_that_came_before_a_read_keeps_it_from_starting() -> None:
    noted = Interruption()
    noted.handle(signal.SIGTERM)
    with pytest.raises(Interrupted), noted.breakable():
        pytest.fail("the read has begun")


def test_a_signal_after_a_read_only_takes_a_note() -> None:
    noted = Interruption()
    with noted.breakable():
        pass
    noted.handle(signal.SIGTERM)
    with pytest.raises(Interrupted):
        noted.check()


def test_a_shield_lets_a_short_clean_up_finish() -> None:
    """Which knows that there is no time: the run ends within two seconds of the signal."""
    noted = Interruption()
    with noted.shielded():
        before = noted.is_cleaning_up
        noted.handle(signal.SIGTERM)
        assert (before, noted.is_cleaning_up) == (False, True)
    with noted.shielded(), noted.breakable():
        noted.check()
        clock_of(noted, http_doubles.Clock()).wait(0.2)
    with pytest.raises(Interrupted):
        noted.check()


def test_a_second_signal_does_not_break_into_a_clean_up() -> None:
    """Not even into a blocked read: the deletion of a job is one."""
    noted = Interruption()
    noted.handle(signal.SIGTERM)
    reading, writing = os.pipe()
    os.write(writing, b"x")
    try:
        with noted.shielded(), noted.breakable():
            noted.handle(signal.SIGINT)
            assert os.read(reading, 1) == b"x"
    finally:
        os.close(reading)
        os.close(writing)
    with pytest.raises(Interrupted) as leaving:
        noted.check()
    assert leaving.value.code == 143
