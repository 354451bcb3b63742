"""Which country a user is in, for helplines: what the app says, else that of their zone, from the pinned zone data."""

from functools import cache
from importlib import resources

from reflecta.domain.model import User


def region_of(user: User) -> str | None:
    """Give the ISO 3166 code of a user's country; None where nothing tells it."""
    if user.region:
        return user.region
    return _countries().get(user.timezone or "")


@cache
def _countries() -> dict[str, str]:
    """Give the country of each zone that has one."""
    table = resources.files("tzdata") / "zoneinfo" / "zone.tab"
    rows = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}
