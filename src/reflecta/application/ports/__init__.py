"""What the use cases need from outside, with each contract where it is declared."""

from reflecta.application.ports.channel import Channel, Result, ResultKind
from reflecta.application.ports.clock import Clock
from reflecta.application.ports.engine import Engine
from reflecta.application.ports.model import Completion, Model
from reflecta.application.ports.store import Store
from reflecta.application.ports.telemetry import Telemetry

__all__ = [
    "Channel",
    "Clock",
    "Completion",
    "Engine",
    "Model",
    "Result",
    "ResultKind",
    "Store",
    "Telemetry",
]
