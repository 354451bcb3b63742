"""The command that looks whether all is well: gathers the facts, has them judged, prints the findings."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

from reflecta.adapters.care import load_care
from reflecta.adapters.clock import StandingClock, SystemClock
from reflecta.adapters.regions import region_of
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.database import Database, PostgresDatabase, connect
from reflecta.adapters.stores.sql.inspection import has_queue, missing_file, read_clock, read_condition
from reflecta.adapters.stores.sql.plans import explain_plans
from reflecta.adapters.stores.sql.schema import REVISION
from reflecta.application import doctor
from reflecta.application.doctor import Finding, Level, fail, ok, warn
from reflecta.application.ports import Clock
from reflecta.config import EngineName, Settings, load
from reflecta.domain.errors import ConfigurationError, StoreUnavailable
from reflecta.domain.zones import IANA_VERSION
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, write_json
from reflecta.entrypoints.cli.readiness import ask_the_model, judge_engine, judge_model, judge_secret
from reflecta.entrypoints.cli.settings import masked_url

# A push waits for its batch 200 ms, for its next try a few minutes.
_LATE_AFTER: Final = timedelta(minutes=15)
# Users are read whole: enough of them to meet every region that matters, in about a second.
_USERS_READ: Final = 10_000
_PAGE: Final = 1000
_NAMED: Final = 30

Probe = Callable[[], Awaitable[Sequence[Finding]]]


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
        *await _database(settings, now, is_now=at is None),
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


async def _database(settings: Settings, now: datetime, *, is_now: bool) -> Sequence[Finding]:
    """Look at the database, from whether it answers to what stands in it; stops where no more can be seen."""
    name, url = "database", settings.database_url
    try:
        missing = missing_file(url)
        if missing is not None:
            return [fail(name, f"there is no file {str(missing)!r} yet", "reflecta migrate")]
        database = connect(url, pool_size=1)
    except ConfigurationError as error:
        return [fail(name, str(error), "set REFLECTA_DATABASE_URL")]
    try:
        return await _Look(database, settings, now, is_now=is_now).findings()
    except StoreUnavailable as error:
        fix = "start the database, or correct REFLECTA_DATABASE_URL"
        return [fail(name, f"{masked_url(url)}: {error}", fix)]
    finally:
        await database.aclose()


class _Look:
    """One look at a database that can be reached."""

    def __init__(self, database: Database, settings: Settings, now: datetime, *, is_now: bool) -> None:
        self._database = database
        self._settings = settings
        self._now = now
        self._is_now = is_now
        self._store = SqlStore(database)

    async def findings(self) -> Sequence[Finding]:
        """Give what was found; raises StoreUnavailable where the database does not answer."""
        found = [await self._answer()]
        revision = await self._store.revision()
        found.append(_schema(revision))
        if revision != REVISION:
            return found
        for probe in self._probes():
            try:
                found += await probe()
            except StoreUnavailable as error:  # it answers, but not to this: a table or a column is not there
                fix = "restore the database from a backup, or start with an empty one: the schema was changed by hand"
                return [*found, fail("tables", str(error), fix)]
        return found

    def _probes(self) -> Sequence[Probe]:
        probes: list[Probe] = [self._plans, self._ticks, self._condition, self._helplines]
        if self._is_now and isinstance(self._database, PostgresDatabase):
            probes.append(self._clocks)
        if self._settings.engine is EngineName.PGQUEUER:
            probes.append(self._queue)
        return probes

    async def _answer(self) -> Finding:
        await self._store.ping()  # connects
        start = perf_counter()
        await self._store.ping()
        took = (perf_counter() - start) * 1000
        return ok("database", f"{masked_url(self._settings.database_url)} answers in {took:.1f} ms")

    async def _plans(self) -> Sequence[Finding]:
        # PostgreSQL is told for one transaction what it may not do; reads have none there. Nothing is written.
        is_postgres = isinstance(self._database, PostgresDatabase)
        run = self._database.write if is_postgres else self._database.read
        plans = await run(explain_plans)
        return [doctor.judge_plan(plan.name, plan.indices, plan.text, uses_index=plan.uses_index) for plan in plans]

    async def _ticks(self) -> Sequence[Finding]:
        return [doctor.judge_ticks(await self._store.last_tick(), self._now)]

    async def _condition(self) -> Sequence[Finding]:
        found = await self._database.read(lambda c: read_condition(c, self._now, late_after=_LATE_AFTER))
        pushes = doctor.judge_pushes(unknown=found.unknown, stuck=found.stuck, late=found.late)
        return [doctor.judge_users(found.without_zone), pushes]

    async def _helplines(self) -> Sequence[Finding]:
        try:
            care = load_care(self._settings.care_texts)
        except ConfigurationError as error:
            return [fail("helplines", str(error), "correct the file, or REFLECTA_CARE_TEXTS")]
        regions: Counter[str] = Counter()
        after, read = "", 0
        while read < _USERS_READ and (page := await self._store.users(after=after, limit=_PAGE)):
            after, read = page[-1].id, read + len(page)
            regions.update(region.strip().upper() for user in page if (region := region_of(user)))
        without = {region: users for region, users in regions.items() if not care.has_helpline(region)}
        return [_judge_helplines(without, read=read)]

    async def _clocks(self) -> Sequence[Finding]:
        by_database = await self._database.read(read_clock)
        return [doctor.judge_clocks(SystemClock().now(), by_database)]

    async def _queue(self) -> Sequence[Finding]:
        if await self._database.read(has_queue):
            return [ok("queue", "its tables are there")]
        return [fail("queue", "pgqueuer's tables are missing", "reflecta migrate")]


def _schema(revision: str | None) -> Finding:
    name = "schema"
    if revision == REVISION:
        return ok(name, f"revision {revision}")
    if revision is not None and revision > REVISION:
        fix = "install the newer version of Reflecta that wrote it"
        return fail(name, f"revision {revision!r} is newer than this version ({REVISION})", fix)
    return fail(name, f"revision {revision or 'none'}, this version needs {REVISION}", "reflecta migrate")


def _judge_helplines(without: Mapping[str, int], *, read: int) -> Finding:
    """Say which regions have no helpline of their own, those of most users first."""
    name = "helplines"
    among = f"the first {read:,} users" if read >= _USERS_READ else "all users"
    if not without:
        return ok(name, f"every known region of {among} has its own")
    most = sorted(without, key=lambda region: (-without[region], region))
    named = ", ".join(f"{region} ({without[region]:,})" for region in most[:_NAMED])
    more = f" and {len(most) - _NAMED} more" if len(most) > _NAMED else ""
    fix = "add them to a helplines.toml in the folder that REFLECTA_CARE_TEXTS names; see docs/safety.md"
    return warn(name, f"none of their own for regions of {among}, who get international ones: {named}{more}", fix)


def _print(findings: Sequence[Finding], *, as_json: bool, no_color: bool) -> None:
    if as_json:
        told = [{"name": f.name, "level": f.level.value, "text": f.text, "fix": f.fix} for f in findings]
        write_json({"ok": doctor.is_well(findings), "findings": told})
        return
    output = Output(no_color=no_color)
    for finding in findings:
        output.verdict(f"{finding.level.value}", f"{finding.name}: {finding.text}")
        if finding.fix is not None:
            output.line(f"      to mend: {finding.fix}")
    if all(finding.level is Level.OK for finding in findings):
        output.line("All is well.")
