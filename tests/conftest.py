"""What all tests share."""

from __future__ import annotations

import gc

from hypothesis import settings

# A machine that is busy is no defect: examples are not timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# As the command has it: a search after each 700 objects goes through all that the tests keep.
gc.set_threshold(100_000, 20, 50)
