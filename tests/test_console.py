"""Progress is logged at times and drawn on a terminal, without mixing with other lines."""

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
from tap_genesys.output.console import (
    LOG_SECONDS,
    ProgressLogger,
    Terminal,
    drop_idle_lines,
    terminal,
)
from tap_genesys.output.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS, HEIGHT = 60, 12
LOGGER = logging.getLogger("tap-genesys")


def running(clock: Clock) -> Progress:
    """Return the progress of a run with one stream."""
    progress = Progress(clock=clock, left=lambda: 40)
    progress.of("calls").begin(clock.seconds())
    progress.count_request(annotate(requests.PreparedRequest(), RequestNote("calls")), 0.0)
    return progress


class Screen:
    """The contents of a terminal."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def lines(self) -> list[str]:
        """Return all lines, including those that have scrolled out."""
        terminal_screen = pyte.HistoryScreen(COLUMNS, HEIGHT, history=1000)
        terminal_screen.set_mode(pyte.modes.LNM)  # like the kernel's terminals
        pyte.Stream(terminal_screen).feed(self.text.getvalue())
        scrolled = [
            "".join(row[x].data for x in range(COLUMNS)) for row in terminal_screen.history.top
        ]
        return [line.rstrip() for line in [*scrolled, *terminal_screen.display]]

    def text_lines(self) -> list[str]:
        """Return the lines that are not empty."""
        return [line for line in self.lines() if line]


def on(screen: Screen) -> Terminal:
    """Return the terminal of a screen."""
    return Terminal(screen.text, lambda: (COLUMNS, HEIGHT))


@pytest.fixture
def entries(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Return the lines of the log."""
    caplog.set_level(logging.INFO)
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    LOGGER.addHandler(handler)
    yield messages
    LOGGER.removeHandler(handler)


def test_the_log_has_a_line_every_half_minute_of_the_runs_clock(entries: list[str]) -> None:
    """It has the records, the requests, and the requests left in this minute."""
    clock = Clock()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    with progress_logger.active():
        for _ in range(1000):
            clock.now += 0.1
            progress_logger.tick()
    assert len(entries) == 100 / LOG_SECONDS // 1
    assert entries[0] == ("Progress: calls: 0 records (0/s), 1 requests, 40 left this minute.")


@pytest.mark.parametrize("adapted", [False, True])
def test_idle_lines_of_the_sdk_are_dropped(
    caplog: pytest.LogCaptureFixture, *, adapted: bool
) -> None:
    """A stream's logger is a logger in singer-sdk 0.54, and an adapter of one in 0.55."""
    plain = logging.getLogger(f"idle-{adapted}")
    logger = logging.LoggerAdapter(plain) if adapted else plain
    caplog.set_level(logging.INFO)
    drop_idle_lines(logger)
    logger.info("Skipping deselected stream '%s'", "users")
    logger.info("Beginning incremental sync of '%s'", "users")
    assert caplog.messages == ["Beginning incremental sync of 'users'"]


def test_no_progress_is_logged_before_and_after_a_run(entries: list[str]) -> None:
    """The logger is active only within its context."""
    clock = Clock()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    clock.now += 3600
    progress_logger.tick()
    with progress_logger.active():
        pass
    clock.now += 3600
    progress_logger.tick()
    assert entries == []


def test_no_progress_is_logged_without_a_stream(entries: list[str]) -> None:
    """A line without a stream has no information."""
    clock = Clock()
    progress_logger = ProgressLogger(Progress(clock=clock, left=lambda: 0), LOGGER)
    with progress_logger.active():
        clock.now += 3600
        progress_logger.tick()
    assert entries == []


def test_one_of_many_threads_logs_the_progress(entries: list[str]) -> None:
    """Threads that are due at once write one line."""
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
    """And its drawings are not in the log."""
    clock, screen = Clock(), Screen()
    progress_logger = ProgressLogger(running(clock), LOGGER)
    with progress_logger.active(on(screen)):
        for _ in range(10):
            progress_logger.tick()
            clock.now += 1
        (line,) = screen.text_lines()
        assert line.startswith("calls: 0 records (0/s), 1 requests, 40 left this minute"[:COLUMNS])
    assert screen.text_lines() == []
    assert entries == []


LINES = st.lists(st.text("abc \N{LATIN SMALL LETTER E WITH ACUTE}", max_size=90), max_size=12)


@given(st.lists(st.one_of(LINES, st.integers(0, 3)), max_size=30))
def test_log_lines_stay_complete_between_drawings(events: list[list[str] | int]) -> None:
    """The tap's lines erase the drawing; the screen has all of them once, in order."""
    screen = Screen()
    drawn = on(screen)
    logged: list[str] = []
    for number, event in enumerate(events):
        if isinstance(event, int):
            for part in range(event):
                drawn.erase()
                logged.append(f"{number}.{part} | INFO | something")
                screen.text.write(logged[-1] + "\n")
        else:
            drawn.draw(event)
    drawn.erase()
    assert [line for line in screen.lines() if "INFO" in line] == logged
    assert screen.text_lines() == logged


def test_a_line_of_another_program_stays_complete() -> None:
    """It starts on the empty line above the drawing, and is not overwritten."""
    screen = Screen()
    drawn = on(screen)
    for number in range(3):
        drawn.draw(["calls: 12 of 30 windows, 24,000 records", "3 tables: 7 records"])
        screen.text.write(f"target {number}\n")
    drawn.erase()
    assert screen.text_lines() == ["target 0", "target 1", "target 2"]


def test_log_lines_do_not_mix_with_the_progress_on_a_terminal() -> None:
    """A log line erases the drawing first; after the context, a late drawing is ignored."""
    screen = Screen()
    handler = logging.StreamHandler(screen.text)
    logging.getLogger().addHandler(handler)
    try:
        drawn = on(screen)
        with drawn.kept_clean():
            drawn.draw(["calls: 12 of 30 windows"])
            LOGGER.warning("Skipped: queues")
            drawn.draw(["calls: 13 of 30 windows"])
            assert screen.text_lines() == ["Skipped: queues", "calls: 13 of 30 windows"]
        drawn.draw(["a thread that comes late"])
        assert screen.text_lines() == ["Skipped: queues"]
        assert not handler.filters
    finally:
        logging.getLogger().removeHandler(handler)


def test_a_terminal_that_is_gone_is_no_error() -> None:
    """A run goes on if its terminal is closed."""
    closed = io.StringIO()
    closed.close()
    drawn = Terminal(closed, lambda: (COLUMNS, HEIGHT))
    drawn.draw(["calls"])
    drawn.erase()


def test_a_stream_that_is_no_terminal_is_none() -> None:
    """Pipes and buffers get no drawing."""
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write, "w") as pipe:
        assert terminal(pipe, {"TERM": "xterm"}) is None
    assert terminal(io.StringIO(), {"TERM": "xterm"}) is None


@pytest.mark.parametrize(
    ("environ", "is_one"), [({"TERM": "xterm"}, True), ({}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_is_drawn_on_if_it_can_be(environ: dict[str, str], *, is_one: bool) -> None:
    """Not if `TERM` is missing or `dumb`."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen, os.fdopen(theirs, "w") as stream:
        drawing = terminal(stream, environ)
        assert (drawing is not None) == is_one
        if drawing:
            drawing.draw(["calls: 1 of 3 windows"])
            assert b"calls: 1 of 3 windows" in screen.read(1000)
