"""Time zones by their IANA names, read from the pinned tzdata package and never from the system.

The system's data may be stale: with IANA 2025b Vancouver is an hour wrong from November 2026 on.
"""

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata

IANA_VERSION = tzdata.IANA_VERSION

# Files of the data set that are no place a person can live in.
_NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})


def _read_names() -> frozenset[str]:
    listing = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listing.split()) - _NOT_PLACES


NAMES = _read_names()
_BY_CASEFOLD = {name.casefold(): name for name in NAMES}


def canonical_name(given: str | None) -> str | None:
    """Give the exact IANA name for what an app sent, or None when it names no zone.

    Letter case and outer blanks are forgiven; nothing else is guessed ('PST', 'UTC+2' and '+05:00' are unknown).
    """
    if not given:
        return None
    return _BY_CASEFOLD.get(given.strip().casefold())


@cache
def zone(name: str) -> ZoneInfo:
    """Load the zone called exactly *name*; KeyError when there is none."""
    if name not in NAMES:
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
