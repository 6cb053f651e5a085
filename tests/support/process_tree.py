"""What a process has started, by what the system knows; what ends meanwhile is not there."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the processes that one has started, none where it is gone."""
    found = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(one) for one in (thread / "children").read_text("ascii").split()]
    except OSError:
        pass  # A thread or the process has ended: what it had started is found by the next look.
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes below one."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def is_reading_tap(pid: int) -> bool:
    """Return whether a process is the tap, and reads, rather than tells its catalog."""
    given = arguments(pid)
    return b"tap-genesys" in given and b"--catalog" in given


def arguments(pid: int) -> bytes:
    """Return the program and its arguments, nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
