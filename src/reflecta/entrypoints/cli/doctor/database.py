"""What doctor finds in a SQL database, from whether it answers to what stands in it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from time import perf_counter

from reflecta.adapters.clock import SystemClock
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.database import Database, PostgresDatabase, connect
from reflecta.adapters.stores.sql.inspection import has_queue, missing_file, read_clock, read_condition
from reflecta.adapters.stores.sql.plans import explain_plans
from reflecta.adapters.stores.sql.schema import REVISION
from reflecta.application import doctor
from reflecta.application.doctor import Finding, fail, ok
from reflecta.config import EngineName, Settings
from reflecta.domain.errors import ConfigurationError, StoreUnavailable
from reflecta.entrypoints.cli.doctor.users import LATE_AFTER, look_at_helplines
from reflecta.entrypoints.cli.settings import masked_url

Probe = Callable[[], Awaitable[Sequence[Finding]]]


async def look_at_database(settings: Settings, now: datetime, *, is_now: bool) -> Sequence[Finding]:
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
        found = await self._database.read(lambda c: read_condition(c, self._now, late_after=LATE_AFTER))
        pushes = doctor.judge_pushes(unknown=found.unknown, stuck=found.stuck, late=found.late)
        return [doctor.judge_users(found.without_zone), pushes]

    async def _helplines(self) -> Sequence[Finding]:
        return [await look_at_helplines(self._store, self._settings)]

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
