"""A simulated Genesys Cloud, for tests and demonstrations without an org; see docs/simulator.md."""

from tap_genesys.simulator.faults import Fault
from tap_genesys.simulator.server import Request, Simulator
from tap_genesys.simulator.world import World

__all__ = ["Fault", "Request", "Simulator", "World"]
