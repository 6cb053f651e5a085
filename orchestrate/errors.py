"""What can go wrong, named by what the scheduler does next; each message is one line."""

from __future__ import annotations


class LoadError(Exception):
    """Try again, a few times: a program failed."""


class NotYetError(LoadError):
    """Do not try again soon: the vendor does not know that day whole yet."""


class SetupError(LoadError):
    """Do not try again: correct a setting first."""
