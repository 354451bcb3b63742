"""What doctor finds in Firestore: whether it answers, lets this service in, has its indexes, and what stands in it."""

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Final

from reflecta.adapters.clock import SystemClock
from reflecta.adapters.stores import firestore_at
from reflecta.application import doctor
from reflecta.application.doctor import Finding, fail, ok
from reflecta.config import Settings
from reflecta.domain.errors import ConfigurationError, StoreUnavailable
from reflecta.entrypoints.cli.doctor.users import LATE_AFTER, USERS_READ, look_at_helplines

if TYPE_CHECKING:
    from reflecta.adapters.stores.firestore import FirestoreStore

_DEPLOY: Final = (
    "`reflecta migrate indexes > firestore.indexes.json`, then `firebase deploy --only firestore:indexes`, and wait "
    "until they are built"
)


async def look_at_firestore(settings: Settings, now: datetime, *, is_now: bool) -> Sequence[Finding]:
    """Look at the database, as far as it lets itself be looked at."""
    name = "database"
    try:
        store = firestore_at(settings.store_url, clock=SystemClock(), credentials=settings.firestore_key)
    except ConfigurationError as error:
        return [fail(name, str(error), "set REFLECTA_DATABASE_URL, and GOOGLE_APPLICATION_CREDENTIALS")]
    try:
        return await _look(store, settings, now, is_now=is_now)
    except ConfigurationError as error:
        return [fail(name, str(error), "give the service account the role Cloud Datastore User")]
    except StoreUnavailable as error:
        return [fail(name, f"{settings.database_url}: {error}", "correct REFLECTA_DATABASE_URL, or wait")]
    finally:
        await store.aclose()


async def _look(store: "FirestoreStore", settings: Settings, now: datetime, *, is_now: bool) -> Sequence[Finding]:
    found = [await _answer(store, settings), await _indexes(store)]
    if not doctor.is_well(found):
        return found
    condition = await store.read_condition(now, late_after=LATE_AFTER, users=USERS_READ)
    found += [
        doctor.judge_ticks(await store.last_tick(), now),
        doctor.judge_users(condition.without_zone),
        doctor.judge_pushes(unknown=condition.unknown, stuck=condition.stuck, late=condition.late),
        await look_at_helplines(store, settings),
    ]
    if is_now:
        found.append(doctor.judge_clocks(SystemClock().now(), await store.read_clock()))
    return found


async def _answer(store: "FirestoreStore", settings: Settings) -> Finding:
    await store.ping()  # connects
    start = perf_counter()
    await store.ping()
    return ok("database", f"{settings.database_url} answers in {(perf_counter() - start) * 1000:.1f} ms")


async def _indexes(store: "FirestoreStore") -> Finding:
    """Ask every query once: in production, and only there, one without its index is refused."""
    name, refused = "indexes", await store.without_index()
    if not refused:
        return ok(name, "every query is served")
    fields = sorted({f"{query.collection} ({', '.join(field for field, _ in query.where)})" for query in refused})
    return fail(name, f"{len(refused)} queries are refused for want of an index: {'; '.join(fields)}", _DEPLOY)
