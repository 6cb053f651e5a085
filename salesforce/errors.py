"""Errors, each named by the next action; the message is one line."""

from __future__ import annotations

#: The letters of a response that fit a line of a log.
LONGEST = 300


class CorrectSettingError(Exception):
    """Correct a setting, the marts or the object's definition first."""


class RunAgainError(Exception):
    """Run again later: what is not confirmed is sent again."""


def short(text: str) -> str:
    """Return a text of Salesforce's as one line, cut if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
