"""The error of the report."""

from __future__ import annotations


class ReportError(Exception):
    """The page cannot be made; the message is one line with the reason."""
