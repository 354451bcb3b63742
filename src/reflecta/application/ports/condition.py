"""What a look into a store tells of how it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What stands in the database that somebody should know of.

    *without_zone* counts users who are switched on but whose zone is not known; *unknown* deliveries of the last
    24 hours that may or may not have arrived; *stuck* ones whose sender is gone; *late* ones that should have left
    long ago.
    """

    without_zone: int
    unknown: int
    stuck: int
    late: int
