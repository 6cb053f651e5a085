"""Errors, each named by the next action; the message is one line."""

from __future__ import annotations


class CorrectSettingError(Exception):
    """Correct a setting, the marts or the object's definition first."""


class RunAgainError(Exception):
    """Run again later: what is not confirmed is sent again."""
