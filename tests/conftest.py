"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A machine that is busy is no defect: examples are not timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
