"""Judges whether a deployment is well, from facts that others gather. Each finding names what mends it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from reflecta.application.ports.store import TickRecord
from reflecta.domain.schedule import instant

# A lease lasts a minute: clocks further apart would let two workers believe they have the same occasion.
_CLOCKS_APART_WARN: Final = timedelta(seconds=5)
_CLOCKS_APART_FAIL: Final = timedelta(seconds=30)
# The guide's cron is hourly; one missed tick is no alarm yet.
_TICK_OVERDUE: Final = timedelta(hours=2, minutes=5)
_ZONES_STALE: Final = timedelta(days=400)
_RELEASES_APART: Final = timedelta(days=45)
_LAST_YEAR: Final = 2100


class Level(StrEnum):
    """How bad a finding is: nothing to do, look at it, or mend it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, how it stands, and what mends it (a command or a setting), where something does."""

    name: str
    level: Level
    text: str
    fix: str | None = None


def ok(name: str, text: str) -> Finding:
    """Find nothing to do."""
    return Finding(name=name, level=Level.OK, text=text)


def warn(name: str, text: str, fix: str) -> Finding:
    """Find something to look at."""
    return Finding(name=name, level=Level.WARN, text=text, fix=fix)


def fail(name: str, text: str, fix: str) -> Finding:
    """Find something to mend."""
    return Finding(name=name, level=Level.FAIL, text=text, fix=fix)


def is_well(findings: Sequence[Finding]) -> bool:
    """Say whether nothing has to be mended."""
    return all(finding.level is not Level.FAIL for finding in findings)


def judge_clock(now: datetime, zone_data: str) -> Finding:
    """Compare the clock with what cannot be: a time before the zone data it came with, or a century off."""
    name, fix = "clock", "set this machine's clock (a time service such as NTP keeps it right)"
    if now.tzinfo is None:
        return fail(name, "the clock gives a time without a zone", fix)
    first = _released(zone_data)
    if now.year >= _LAST_YEAR or (first is not None and now.date() < first):
        return fail(name, f"the clock says {now:%Y-%m-%d %H:%MZ}, which cannot be", fix)
    return ok(name, f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}")


def judge_clocks(now: datetime, by_database: datetime) -> Finding:
    """Compare this machine's clock with the database's."""
    name, apart = "clocks", abs(now - by_database)
    fix = "let a time service (NTP) keep both machines' clocks"
    text = f"{apart.total_seconds():.1f} s between this machine and the database"
    if apart >= _CLOCKS_APART_FAIL:
        return fail(name, text, fix)
    return warn(name, text, fix) if apart >= _CLOCKS_APART_WARN else ok(name, text)


def judge_zone_data(now: datetime, version: str) -> Finding:
    """Say how old the zone data are, about."""
    name, released = "zone data", _released(version)
    fix = "install a newer Reflecta; it brings newer zone data (package tzdata)"
    if released is None:
        return warn(name, f"version {version!r} tells no year", fix)
    age = now.date() - released
    if age > _ZONES_STALE:
        return warn(name, f"IANA {version} is about {age.days} days old, and clock changes are decided anew", fix)
    return ok(name, f"IANA {version}")


def _released(version: str) -> date | None:
    """Give about when a version ('2026f') came out: it bears a year and a letter, no date.

    Reckoned as if one came every 45 days from January on, which is often enough.
    """
    found = re.fullmatch(r"((?:19|20)\d\d)([a-z])", version)
    if found is None:
        return None
    return date(int(found[1]), 1, 1) + (ord(found[2]) - ord("a")) * _RELEASES_APART


def judge_zones() -> Finding:
    """Reckon a due time that stale zone data get wrong by an hour."""
    name = "zone truth"
    at = instant(date(2026, 12, 1), time(8), "America/Vancouver")
    if at == datetime(2026, 12, 1, 15, tzinfo=UTC):
        return ok(name, "Vancouver 2026-12-01 08:00 is 15:00Z")
    fix = "install the pinned package tzdata again: pip install --force-reinstall tzdata==2026.6"
    return fail(name, f"Vancouver 2026-12-01 08:00 is reckoned as {at:%H:%MZ}, not 15:00Z", fix)


def judge_ticks(last: TickRecord | None, now: datetime) -> Finding:
    """Say how long ago the last tick was."""
    name, fix = "ticks", "run `reflecta serve`, or let a cron run `reflecta tick` every hour"
    if last is None:
        return warn(name, "no tick has run yet", fix)
    ago = now - last.at
    text = f"the last one was {_duration(ago)} ago and found {last.users_due} due"
    if ago > _TICK_OVERDUE:
        return warn(name, text, fix)
    if last.errors:
        return warn(
            name, f"{text}; {last.errors} could not be planned for", "`reflecta list --category needs-timezone`"
        )
    return ok(name, text)


def judge_users(without_zone: int) -> Finding:
    """Say how many wait for a time zone."""
    name = "users"
    if not without_zone:
        return ok(name, "everybody who is switched on has a known time zone")
    fix = "`reflecta list --category needs-timezone` names them; send their userTimezone, e.g. Europe/Berlin"
    return warn(name, f"{without_zone} switched on without a known time zone: they get no messages", fix)


def judge_pushes(*, unknown: int, stuck: int, late: int) -> Finding:
    """Say which pushes somebody should know of."""
    name = "pushes"
    if stuck or late:
        fix = "run `reflecta serve` or `reflecta worker`: one of them must be there to send"
        return warn(name, f"{late} have waited for long, {stuck} were left half sent", fix)
    if unknown:
        fix = "nothing: they are not repeated, for they may have arrived; the messages stand in the journals"
        return warn(name, f"{unknown} of the last 24 hours may or may not have arrived", fix)
    return ok(name, "none is stuck, none unknown in the last 24 hours")


def judge_plan(query: str, indices: Sequence[str], plan: str, *, uses_index: bool) -> Finding:
    """Say whether a hot query is served by its index."""
    name = f"plan: {query}"
    wanted = " or ".join(indices)
    if uses_index:
        return ok(name, f"by {wanted}")
    fix = f"make the index again: restore {wanted} from the migrations, then run ANALYZE"
    return fail(name, f"does not use {wanted} and will slow down with every user: {plan}", fix)


def _duration(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
