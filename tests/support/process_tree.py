"""The child processes of a process, from /proc; processes that end meanwhile are left out."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the ids of a process's children; none if it has ended."""
    pids: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            pids += map(int, (thread / "children").read_text("ascii").split())
    except OSError:
        pass  # A thread or the process has ended: the next call finds its children.
    return pids


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below a process."""
    return [below for child in children(pid) for below in (child, *descendants(child))]


def is_reading_tap(pid: int) -> bool:
    """Return whether a process is the tap in a sync, not in discovery."""
    command = arguments(pid)
    return b"tap-genesys" in command and b"--catalog" in command


def arguments(pid: int) -> bytes:
    """Return the program and arguments of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
