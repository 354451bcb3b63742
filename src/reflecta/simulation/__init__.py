"""The simulator: the real tick, process, store and engine under a virtual clock, audited from outside."""

from reflecta.simulation.report import Report
from reflecta.simulation.run import simulate
from reflecta.simulation.scenario import Scenario

__all__ = ["Report", "Scenario", "simulate"]
