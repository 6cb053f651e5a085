"""Spoil the simulator's responses: records that are no objects, or that lack their key."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_genesys.simulator import Simulator
    from tap_genesys.simulator.responses import SimulatedResponse


@contextmanager
def spoiled(sim: Simulator, path: str, spoil: Callable[[Any], object]) -> Iterator[None]:
    """Change the bodies of the responses below a path; errors stay as they are.

    Args:
        sim: The simulator.
        path: A part of the paths whose responses are changed.
        spoil: Changes a copy of a body in place.
    """
    respond = sim.respond

    def respond_spoiled(method: str, requested: str, *arguments: Any) -> SimulatedResponse:
        good = respond(method, requested, *arguments)
        if path not in requested or good.status >= 300:
            return good
        body = deepcopy(good.body)
        spoil(body)
        return replace(good, body=body)

    with patch.object(sim, "respond", respond_spoiled):
        yield
