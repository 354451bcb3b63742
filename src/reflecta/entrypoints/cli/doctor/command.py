"""The command that looks whether all is well: gathers the facts, has them judged, prints the findings."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from reflecta.adapters.clock import StandingClock, SystemClock
from reflecta.adapters.stores import is_firestore
from reflecta.application import doctor
from reflecta.application.doctor import Finding, fail
from reflecta.application.ports import Clock
from reflecta.config import Settings, load
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.zones import IANA_VERSION
from reflecta.entrypoints.cli.doctor.database import look_at_database
from reflecta.entrypoints.cli.doctor.firestore import look_at_firestore
from reflecta.entrypoints.cli.doctor.readiness import ask_the_model, judge_engine, judge_model, judge_secret
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.findings import findings_view, print_findings
from reflecta.entrypoints.cli.output import Output, write_json


def run_doctor(*, at: datetime | None, as_json: bool, ask_model: bool) -> ExitCode:
    """Print every finding; the exit code says whether one has to be mended."""
    try:
        settings = load()
    except ConfigurationError as error:
        _print([fail("settings", str(error), "correct the variable that is named")], as_json=as_json, no_color=False)
        return ExitCode.CONFIGURATION
    findings = asyncio.run(_examine(settings, at, ask_model=ask_model))
    _print(findings, as_json=as_json, no_color=bool(settings.no_color))
    return ExitCode.OK if doctor.is_well(findings) else ExitCode.CONFIGURATION


async def _examine(settings: Settings, at: datetime | None, *, ask_model: bool) -> Sequence[Finding]:
    clock: Clock = StandingClock(at) if at else SystemClock()
    now = clock.now()
    findings = [
        *await _store(settings, now, is_now=at is None),
        doctor.judge_clock(now, IANA_VERSION),
        doctor.judge_zone_data(now, IANA_VERSION),
        doctor.judge_zones(),
        judge_engine(settings),
        judge_secret(settings),
        judge_model(settings),
    ]
    if ask_model:
        findings.append(await ask_the_model(settings, clock))
    return findings


async def _store(settings: Settings, now: datetime, *, is_now: bool) -> Sequence[Finding]:
    if is_firestore(settings.database_url):
        return await look_at_firestore(settings, now, is_now=is_now)
    return await look_at_database(settings, now, is_now=is_now)


def _print(findings: Sequence[Finding], *, as_json: bool, no_color: bool) -> None:
    if as_json:
        write_json(findings_view(findings))
    else:
        print_findings(Output(no_color=no_color), findings)
