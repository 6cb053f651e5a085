"""The progress of an installation, as `make` prints it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from support.scripts import script

if TYPE_CHECKING:
    import pytest

INSTALLING = script("installing")


def test_its_output_is_silent_and_its_progress_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Begin, time and end are printed, and nothing of the output of what succeeds."""
    monkeypatch.setattr(INSTALLING, "EVERY_SECONDS", 0.001)
    assert INSTALLING.main("a thing", sys.executable, "-c", "print('chatter')") == 0
    printed = capsys.readouterr()
    first, *between, last = printed.out.splitlines()
    assert first == "Installing a thing ..."
    assert {re.sub(r"\d+", "0", line) for line in between} == {"  still installing a thing: 0 s"}
    assert re.fullmatch(r"Installed a thing in \d+ s\.", last)
    assert "chatter" not in printed.out + printed.err


def test_a_failure_has_its_output_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    """What fails prints all that it wrote, and returns its exit code."""
    command = "import sys; print('cause'); sys.stderr.write('detail'); sys.exit(3)"
    assert INSTALLING.main("a thing", sys.executable, "-c", command) == 3
    printed = capsys.readouterr()
    assert "cause" in printed.err
    assert "detail" in printed.err
    assert "Installed" not in printed.out
