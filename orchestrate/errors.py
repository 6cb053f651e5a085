"""Errors, each named by the next action of the scheduler; the message is one line."""

from __future__ import annotations


class LoadError(Exception):
    """Retry, a few times: a program failed."""


class NotYetError(LoadError):
    """Retry much later: the vendor's data of that day is incomplete yet."""


class SetupError(LoadError):
    """Do not retry: correct a setting first."""
