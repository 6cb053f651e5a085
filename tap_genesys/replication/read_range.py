"""The range of time that a run reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReadRange:
    """From when to when is read, and whether the start was configured."""

    start: datetime
    end: datetime
    start_is_configured: bool
