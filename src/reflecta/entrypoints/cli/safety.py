"""The commands about signs of risk: report, held, hold and release."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from reflecta.application.explain import end_of_hold, next_step, step_after_hold
from reflecta.application.holds import held_users, new_year
from reflecta.bootstrap import Service
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import ScreenedSign, User
from reflecta.entrypoints import views
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.options import given_instant
from reflecta.entrypoints.cli.output import Output, note, write_json
from reflecta.entrypoints.cli.reading import held_until_utc
from reflecta.entrypoints.cli.service import run
from reflecta.entrypoints.cli.session import Ledger, Session

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COLUMNS: Final = ("USER", "HELD UNTIL (USER'S CLOCK)", "HELD UNTIL (UTC)", "THEN")


def show_report(given: str | None, *, at: datetime | None, as_json: bool) -> ExitCode:
    """Print how often signs of risk were seen, by sign and source, since a date or since the year began."""
    session = Session.begin(at)
    since = new_year(session.clock.now()) if given is None else _since(given)

    async def read(ledger: Ledger) -> Mapping[tuple[str, str], int]:
        return await ledger.store.count_flags(since=since)

    counts = session.read(read)
    if as_json:
        write_json(views.safety_report(counts, since))
    else:
        _print_report(session.output, counts, since)
    return ExitCode.OK


def _since(text: str) -> datetime:
    """Read a date, which begins by UTC, or an instant."""
    given = text.strip()
    try:
        return given_instant(f"{given}T00:00:00Z" if _DATE.fullmatch(given) else given)
    except InvalidInput as error:
        reason = f"{text[:40]!r} is neither; give a date such as 2026-01-01, or an instant: 2026-01-01T08:00:00+01:00"
        raise InvalidInput("--since", reason) from error


def _print_report(output: Output, counts: Mapping[tuple[str, str], int], since: datetime) -> None:
    output.line(f"Signs of risk since {since:%Y-%m-%d %H:%MZ}: {sum(counts.values())}")
    if counts:
        rows = [(sign, source, str(count)) for (sign, source), count in sorted(counts.items())]
        output.table(("SIGN", "SEEN BY", "COUNT"), rows)


def show_held(*, at: datetime | None, as_json: bool, after: str, limit: int) -> ExitCode:
    """List who is held, by id."""
    session = Session.begin(at)

    async def read(ledger: Ledger) -> tuple[Sequence[User], datetime]:
        return await held_users(ledger.store, ledger.now, after=after, limit=limit + 1), ledger.now

    found, now = session.read(read)
    users = found[:limit]
    rest_after = users[-1].id if len(found) > limit else None
    if as_json:
        write_json({"held": [views.held(user, now) for user in users], "next": rest_after})
    elif users:
        rows = [(u.id, end_of_hold(u), held_until_utc(u), step_after_hold(u, now)) for u in users]
        session.output.table(_COLUMNS, rows)
    else:
        note("nobody is held")
    if rest_after is not None:
        note(f"there are more: reflecta safety held --after {rest_after!r}, or a higher --limit")
    return ExitCode.OK


def run_hold(user_id: str, sign: str, *, at: datetime | None, as_json: bool) -> ExitCode:
    """Hold a user, and say until when."""
    session = Session.begin(at)

    async def place(service: Service) -> User | None:
        await service.holds.place(user_id, ScreenedSign(sign))
        return await service.store.user(user_id)

    return _tell(session, run(session, place), as_json=as_json)


def run_release(user_id: str, *, at: datetime | None, as_json: bool) -> ExitCode:
    """End a user's hold, and say what comes next; without a hold there is nothing to do."""
    session = Session.begin(at)

    async def release(service: Service) -> tuple[bool, User | None]:
        released = await service.holds.release(user_id)
        return released, await service.store.user(user_id)

    released, user = run(session, release)
    if not as_json:
        session.output.line("Released." if released else "There is nothing to release: the user is not held.")
    return _tell(session, user, as_json=as_json)


def _tell(session: Session, user: User | None, *, as_json: bool) -> ExitCode:
    """Say how a user stands now; nothing of one who was erased meanwhile."""
    now = session.clock.now()
    if as_json:
        write_json(views.held(user, now) if user is not None else None)
    elif user is not None:
        session.output.line(next_step(user, now))
    return ExitCode.OK
