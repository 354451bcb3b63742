"""The demonstration: forty hand-written people, two days in seconds, no key and no network."""

from reflecta.demo.run import run

__all__ = ["run"]
