"""The steps of the move from another system on the same Firestore: check, bootstrap, shadow, cut over, verify."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from reflecta.adapters.stores import firestore_at, is_firestore
from reflecta.application.doctor import is_well
from reflecta.application.legacy import WRITTEN_NOTHING, Legacy, Moved, Standing, Survey
from reflecta.application.shadowing import Agreement, Shadow, Shadowed
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, Settings
from reflecta.domain.errors import ConfigurationError
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.findings import findings_view, print_findings
from reflecta.entrypoints.cli.output import Output, write_json
from reflecta.entrypoints.cli.session import Session

if TYPE_CHECKING:
    from reflecta.adapters.stores.firestore import FirestoreStore

T = TypeVar("T")

# What happens to those who stand there, in the order in which a user is judged.
_WHAT_HAPPENS: Final[Mapping[Standing, str]] = {
    Standing.OFF: "switched off: nothing, as they want",
    Standing.NO_ZONE: "no userTimezone: written nothing until the app sends one",
    Standing.UNKNOWN_ZONE: "a userTimezone that names no IANA zone: written nothing until it is corrected",
    Standing.UNCLEAR_WISHES: "an unknown window or frequency: written nothing until it is corrected",
    Standing.DUE_MISSING: "no nextCoachingMessageDue: bootstrap sets a first one",
    Standing.DUE_NULL: "nextCoachingMessageDue is null: bootstrap sets a first one",
    Standing.DUE_UNREADABLE: "nextCoachingMessageDue is no instant: bootstrap sets a first one",
    Standing.DUE_AS_DATE: "nextCoachingMessageDue is a date or a text: bootstrap writes it as milliseconds",
    Standing.OVERDUE: "due more than an hour ago: cut-over moves it to the next target hour",
    Standing.OUTSIDE_WINDOW: "due outside their window: cut-over moves it to the next target hour",
    Standing.READY: "due within their window: nothing changes",
}
_ZONES_SHOWN: Final = 30
_ROWS_SHOWN: Final = 30
_AT_ONCE: Final = timedelta(0)


def run_check(*, at: datetime | None, as_json: bool) -> ExitCode:
    """Say where all users stand; nothing is changed."""
    session = Session.begin(at)
    survey = _run(session, lambda legacy: legacy.check())
    if as_json:
        write_json(_survey_view(survey))
    else:
        _print_survey(session.output, survey)
    return ExitCode.OK


def run_bootstrap(*, at: datetime | None, as_json: bool, is_dry: bool) -> ExitCode:
    """Give due times to everybody who has none that a query finds."""
    session = Session.begin(at)
    moved = _run(session, lambda legacy: legacy.bootstrap(is_dry=is_dry))
    if as_json:
        write_json(_moved_view(moved, is_dry=is_dry))
    elif is_dry:
        session.output.line(
            f"{moved.found:,} of {moved.survey.users:,} users would get a due time. Nothing was changed."
        )
    else:
        session.output.line(f"{moved.moved:,} of {moved.survey.users:,} users got a due time.")
    return ExitCode.OK


def run_cut_over(*, at: datetime | None, as_json: bool, is_dry: bool) -> ExitCode:
    """Take over. Fails, and changes nothing, while somebody lacks a due time."""
    session = Session.begin(at)
    moved = _run(session, lambda legacy: legacy.cut_over(is_dry=is_dry))
    if as_json:
        write_json({**_moved_view(moved, is_dry=is_dry), "lacking": moved.survey.lacking})
    elif moved.survey.lacking:
        text = f"{moved.survey.lacking:,} users have no due time, so nothing was changed. First: "
        session.output.line(f"{text}reflecta migrate legacy bootstrap")
    elif is_dry:
        session.output.line(f"{moved.found:,} due times would move to the next target hour. Nothing was changed.")
    else:
        session.output.line(f"{moved.moved:,} due times moved to the next target hour. This service has taken over:")
        session.output.line("switch the other system's cron off, let yours call /scheduler every hour,")
        session.output.line("and look tomorrow: reflecta migrate legacy verify")
    return ExitCode.FAILED if moved.survey.lacking else ExitCode.OK


def run_verify(*, at: datetime | None, as_json: bool) -> ExitCode:
    """Look for what is wrong after a take-over; nothing is changed."""
    session = Session.begin(at)
    findings = _run(session, lambda legacy: legacy.verify())
    if as_json:
        write_json(findings_view(findings))
    else:
        print_findings(session.output, findings)
    return ExitCode.OK if is_well(findings) else ExitCode.FAILED


def run_shadow(into: Path, *, at: datetime | None, as_json: bool) -> ExitCode:
    """Decide and write beside the other system, into a file; nothing is delivered, nothing of theirs is changed."""
    session = Session.begin(at)
    # A line in the log for each user would bury the report; what goes wrong is still logged.
    session = replace(session, settings=session.settings.model_copy(update={"log_level": "warning"}))
    _make_private(into)
    shadowed = asyncio.run(_shadow(session, into))
    if as_json:
        write_json(_shadow_view(shadowed))
    else:
        _print_shadow(session.output, shadowed, into)
    return ExitCode.OK


def _run(session: Session, work: Callable[[Legacy], Awaitable[T]]) -> T:
    async def opened() -> T:
        store = _firestore(session)
        try:
            await store.open()
            return await work(Legacy(store=store, clock=session.clock, draw=random.SystemRandom().random))
        finally:
            await store.aclose()

    return asyncio.run(opened())


def _firestore(session: Session) -> "FirestoreStore":
    url = session.settings.store_url
    if not is_firestore(url):
        raise ConfigurationError(
            "`migrate legacy` works on the Firestore that both systems share; "
            "set REFLECTA_DATABASE_URL=firestore://PROJECT"
        )
    return firestore_at(url, clock=session.clock, credentials=session.settings.firestore_key)


async def _shadow(session: Session, into: Path) -> Shadowed:
    source = _firestore(session)
    try:
        await source.open()
        async with open_service(_apart(session.settings, into), clock=session.clock) as service:
            shadow = Shadow(
                source=source,
                kept=service.store,
                ingest=service.ingest,
                tick=service.tick,
                work=lambda occasions: _work(service, occasions),
                clock=session.clock,
            )
            return await shadow()
    finally:
        await source.aclose()


def _apart(settings: Settings, into: Path) -> Settings:
    """Give settings under which everything stays in the file: its users have no devices that pushes could go to."""
    changes = {
        "database_url": f"sqlite:///{into.absolute()}",
        "engine": EngineName.LOCAL,
        "channel": ChannelName.EXPO,
        "migrate": True,
    }
    return settings.model_copy(update=changes)


async def _work(service: Service, occasions: Sequence[str]) -> None:
    assert service.local is not None  # noqa: S101 - see the settings
    await service.local.start()
    try:
        await service.local.enqueue(occasions)
        await service.local.drain()
    finally:
        await service.local.stop(_AT_ONCE)


def _make_private(path: Path) -> None:
    """Make the file readable by its owner alone before diaries are written to it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _survey_view(survey: Survey) -> Mapping[str, object]:
    return {
        "users": survey.users,
        "standings": {one.value: survey.standings[one] for one in Standing},
        "examples": {one.value: users for one, users in survey.examples.items() if one in WRITTEN_NOTHING},
        "unknownZones": dict(survey.unknown_zones.most_common()),
        "withoutSchedule": survey.lacking,
    }


def _print_survey(output: Output, survey: Survey) -> None:
    rows = [
        (one.value, f"{survey.standings[one]:,}", text) for one, text in _WHAT_HAPPENS.items() if survey.standings[one]
    ]
    output.table(("STANDING", "USERS", "WHAT HAPPENS"), [*rows, ("in all", f"{survey.users:,}", "")])
    for one in sorted(WRITTEN_NOTHING & survey.examples.keys()):
        output.line(f"{one.value}: {', '.join(survey.examples[one])}")
    for zone, users in survey.unknown_zones.most_common(_ZONES_SHOWN):
        output.line(f"unknown zone {zone!r}: {users:,} users")


def _moved_view(moved: Moved, *, is_dry: bool) -> Mapping[str, object]:
    return {"dryRun": is_dry, "users": moved.survey.users, "found": moved.found, "changed": moved.moved}


def _shadow_view(shadowed: Shadowed) -> Mapping[str, object]:
    return {
        "users": shadowed.users,
        "erased": shadowed.erased,
        "due": shadowed.tick.users_due,
        "queued": shadowed.tick.jobs_created,
        "compared": {agreement.value: number for agreement, number in shadowed.counts.items()},
        "differences": [
            {
                "uid": one.user_id,
                "date": one.day.isoformat(),
                "agreement": one.agreement.value,
                "otherAt": one.other_at.isoformat() if one.other_at else None,
                "occasionId": one.occasion.id if one.occasion else None,
                "outcome": one.occasion.state.value if one.occasion else None,
                "reason": one.occasion.reason.value if one.occasion and one.occasion.reason else None,
            }
            for one in shadowed.compared
            if one.agreement is not Agreement.BOTH
        ],
    }


def _print_shadow(output: Output, shadowed: Shadowed, into: Path) -> None:
    tick = shadowed.tick
    output.line(
        f"{shadowed.users:,} users; {tick.users_due:,} due, {tick.jobs_created:,} worked on. Nothing was delivered."
    )
    counts = shadowed.counts
    if not any(counts.values()):
        output.line("Nothing to compare yet: local dates are compared when they are over, from tomorrow's on.")
    else:
        output.line("Local dates of the last seven days on which somebody wrote or decided:")
        output.table(("WROTE", "DATES"), [(agreement.value, f"{number:,}") for agreement, number in counts.items()])
    different = [one for one in shadowed.compared if one.agreement in {Agreement.OTHER, Agreement.THIS}]
    if different:
        rows = [
            (one.user_id, one.day.isoformat(), one.agreement.value, one.occasion.state.value if one.occasion else "-")
            for one in different[:_ROWS_SHOWN]
        ]
        output.table(("USER", "DATE", "WROTE", "THIS ONE'S OUTCOME"), rows)
    output.line(f"To see why: REFLECTA_DATABASE_URL=sqlite:///{into} reflecta explain USER")
    output.line(f"{into} holds diaries: delete it when you have compared enough.")
