"""People are told now and then, never garbled, and not at all where nobody begins."""

from __future__ import annotations

import io
import logging
import os
import pty
import threading
from typing import TYPE_CHECKING

import pyte
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.http_doubles import Clock

from tap_genesys.api.request_note import RequestNote, annotate
from tap_genesys.output.console import LOG_SECONDS, ProgressLogger, Terminal, terminal
from tap_genesys.output.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS, HEIGHT = 60, 12
LOGGER = logging.getLogger("tap-genesys")


def running(clock: Clock) -> Progress:
    """Return the progress of a stream that is being read."""
    progress = Progress(clock=clock, left=lambda: 40)
    progress.of("calls").begin(clock.seconds())
    progress.count_request(annotate(requests.PreparedRequest(), RequestNote("calls")), 0.0)
    return progress


class Screen:
    """What a person sees of a terminal."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def lines(self) -> list[str]:
        """Return all lines that there are, and those that have left the top."""
        shown = pyte.HistoryScreen(COLUMNS, HEIGHT, history=1000)
        shown.set_mode(pyte.modes.LNM)  # as the kernel's terminals have it
        pyte.Stream(shown).feed(self.text.getvalue())
        gone = ["".join(row[x].data for x in range(COLUMNS)) for row in shown.history.top]
        return [line.rstrip() for line in [*gone, *shown.display]]

    def said(self) -> list[str]:
        """Return those that are not empty."""
        return [line for line in self.lines() if line]


def on(screen: Screen) -> Terminal:
    """Return that terminal."""
    return Terminal(screen.text, lambda: (COLUMNS, HEIGHT))


@pytest.fixture
def entries(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Return the log's lines."""
    caplog.set_level(logging.INFO)
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    LOGGER.addHandler(handler)
    yield said
    LOGGER.removeHandler(handler)


def test_the_log_has_a_line_every_half_minute_of_the_runs_clock(entries: list[str]) -> None:
    clock = Clock()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    with progress_logger.active():
        for _ in range(1000):
            clock.now += 0.1
            progress_logger.tick()
    assert len(entries) == 100 / LOG_SECONDS // 1
    assert entries[0] == ("Progress: calls: 0 records (0/s), 1 requests, 40 left this minute.")


def test_nobody_is_told_before_and_after(entries: list[str]) -> None:
    clock = Clock()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    clock.now += 3600
    progress_logger.tick()
    with progress_logger.active():
        pass
    clock.now += 3600
    progress_logger.tick()
    assert entries == []


def test_nothing_is_said_where_there_is_nothing(entries: list[str]) -> None:
    clock = Clock()
    progress_logger = ProgressLogger(Progress(clock=clock, left=lambda: 0), LOGGER)
    with progress_logger.active():
        clock.now += 3600
        progress_logger.tick()
    assert entries == []


def test_of_many_threads_one_says_it(entries: list[str]) -> None:
    clock = Clock()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    with progress_logger.active():
        clock.now += LOG_SECONDS
        threads = [threading.Thread(target=progress_logger.tick) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(entries) == 1


def test_a_terminal_is_drawn_over_and_left_empty(entries: list[str]) -> None:
    """And nothing of it goes into the log."""
    clock, screen = Clock(), Screen()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    with progress_logger.active(on(screen)):
        for _ in range(10):
            progress_logger.tick()
            clock.now += 1
        (line,) = screen.said()
        assert line.startswith("calls: 0 records (0/s), 1 requests, 40 left this minute"[:COLUMNS])
    assert screen.said() == []
    assert entries == []


LINES = st.lists(st.text("abc \N{LATIN SMALL LETTER E WITH ACUTE}", max_size=90), max_size=12)


@given(st.lists(st.one_of(LINES, st.integers(0, 3)), max_size=30))
def test_log_lines_come_out_whole_between_drawings(events: list[list[str] | int]) -> None:
    """Ours erase what is drawn; the screen holds them all, in order, and nothing twice."""
    screen = Screen()
    drawn = on(screen)
    said: list[str] = []
    for number, event in enumerate(events):
        if isinstance(event, int):
            for part in range(event):
                drawn.erase()
                said.append(f"{number}.{part} | INFO | something")
                screen.text.write(said[-1] + "\n")
        else:
            drawn.draw(event)
    drawn.erase()
    assert [line for line in screen.lines() if "INFO" in line] == said
    assert screen.said() == said


def test_a_line_of_another_program_comes_out_whole() -> None:
    """It begins on the empty line above ours, and is not drawn over."""
    screen = Screen()
    drawn = on(screen)
    for number in range(3):
        drawn.draw(["calls: 12 of 30 windows, 24,000 records", "3 tables: 7 records"])
        screen.text.write(f"target {number}\n")
    drawn.erase()
    assert screen.said() == ["target 0", "target 1", "target 2"]


def test_while_told_on_a_terminal_each_log_line_has_room() -> None:
    screen = Screen()
    handler = logging.StreamHandler(screen.text)
    logging.getLogger().addHandler(handler)
    try:
        drawn = on(screen)
        with drawn.kept_clean():
            drawn.draw(["calls: 12 of 30 windows"])
            LOGGER.warning("Skipped: queues")
            drawn.draw(["calls: 13 of 30 windows"])
            assert screen.said() == ["Skipped: queues", "calls: 13 of 30 windows"]
        drawn.draw(["a thread that comes late"])
        assert screen.said() == ["Skipped: queues"]
        assert not handler.filters
    finally:
        logging.getLogger().removeHandler(handler)


def test_a_terminal_that_is_gone_is_no_error() -> None:
    closed = io.StringIO()
    closed.close()
    drawn = Terminal(closed, lambda: (COLUMNS, HEIGHT))
    drawn.draw(["calls"])
    drawn.erase()


def test_what_is_no_terminal_is_none() -> None:
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write, "w") as pipe:
        assert terminal(pipe, {"TERM": "xterm"}) is None
    assert terminal(io.StringIO(), {"TERM": "xterm"}) is None


@pytest.mark.parametrize(
    ("environ", "is_one"), [({"TERM": "xterm"}, True), ({}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_is_drawn_on_if_it_can_be(environ: dict[str, str], *, is_one: bool) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen, os.fdopen(theirs, "w") as stream:
        found = terminal(stream, environ)
        assert (found is not None) == is_one
        if found:
            found.draw(["calls: 1 of 3 windows"])
            assert b"calls: 1 of 3 windows" in screen.read(1000)
