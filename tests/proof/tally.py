"""Counts that add up, for proofs that walk many lives."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Tally:
    """Derive from it with fields of numbers; from `outside_window` on they are faults."""

    def __add__(self, other: Self) -> Self:
        """Add up field by field."""
        return type(self)(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def faults(self) -> Mapping[str, int]:
        """Give what must be zero."""
        names = [field.name for field in fields(self)]
        return {name: getattr(self, name) for name in names[names.index("outside_window") :]}
