"""What doctor finds among the users, whatever store they are in."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from reflecta.adapters.care import load_care
from reflecta.adapters.regions import region_of
from reflecta.application.doctor import Finding, fail, ok, warn
from reflecta.application.ports.store import HostStore
from reflecta.config import Settings
from reflecta.domain.errors import ConfigurationError

# A push waits for its batch 200 ms, for its next try a few minutes.
LATE_AFTER: Final = timedelta(minutes=15)
# Users are read whole: enough of them to meet every region that matters, in about a second.
USERS_READ: Final = 10_000
_PAGE: Final = 1000
_NAMED: Final = 30


async def look_at_helplines(store: HostStore, settings: Settings) -> Finding:
    """Say for which regions of the first users there is no helpline of their own."""
    try:
        care = load_care(settings.care_texts)
    except ConfigurationError as error:
        return fail("helplines", str(error), "correct the file, or REFLECTA_CARE_TEXTS")
    regions: Counter[str] = Counter()
    after, read = "", 0
    while read < USERS_READ and (page := await store.users(after=after, limit=_PAGE)):
        after, read = page[-1].id, read + len(page)
        regions.update(region.strip().upper() for user in page if (region := region_of(user)))
    without = {region: users for region, users in regions.items() if not care.has_helpline(region)}
    return _judge_helplines(without, read=read)


def _judge_helplines(without: Mapping[str, int], *, read: int) -> Finding:
    """Say which regions have no helpline of their own, those of most users first."""
    name = "helplines"
    among = f"the first {read:,} users" if read >= USERS_READ else "all users"
    if not without:
        return ok(name, f"every known region of {among} has its own")
    most = sorted(without, key=lambda region: (-without[region], region))
    named = ", ".join(f"{region} ({without[region]:,})" for region in most[:_NAMED])
    more = f" and {len(most) - _NAMED} more" if len(most) > _NAMED else ""
    fix = "add them to a helplines.toml in the folder that REFLECTA_CARE_TEXTS names; see docs/safety.md"
    return warn(name, f"none of their own for regions of {among}, who get international ones: {named}{more}", fix)
