"""A simulator that sends records which are none, or lack their key."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_genesys.simulator import Simulator
    from tap_genesys.simulator.answers import Answer


@contextmanager
def spoiled(sim: Simulator, path: str, spoil: Callable[[Any], object]) -> Iterator[None]:
    """Change the bodies of responses.

    Args:
        sim: The simulator.
        path: A part of the paths whose responses are changed.
        spoil: Changes a copy of a body in place.
    """
    answer = sim.answer

    def answered(method: str, requested: str, *arguments: Any) -> Answer:
        good = answer(method, requested, *arguments)
        if path not in requested or good.status >= 300:
            return good
        body = deepcopy(good.body)
        spoil(body)
        return replace(good, body=body)

    with patch.object(sim, "answer", answered):
        yield
