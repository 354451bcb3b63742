"""The tick's statements: who is due, claims, the sweep. Built once: building one takes longer than running it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TypedReturnsRows

from reflecta.adapters.stores.sql.database import PostgresDatabase, SqlPart
from reflecta.adapters.stores.sql.dialect import among_given, for_update, given_rows, insert_into, row_parameters
from reflecta.adapters.stores.sql.rows import SLOT, Row, to_slot
from reflecta.adapters.stores.sql.schema import OPEN, Instant, occasions, ticks, to_ms, users
from reflecta.application.ports.store import Claimed, ClaimPlan, Slot, Swept, TickRecord
from reflecta.domain.model import OccasionState, Reason, occasion_id

# Hands claimed occasions to a queue in the same database, within the claim's own transaction.
Enlist = Callable[[AsyncConnection, Sequence[str]], Awaitable[None]]

# The bare column: `.is_(True)` would not match the partial index and scan the table.
DUE = (
    sa.select(*SLOT)
    .where(users.c.enabled, users.c.next_due_at <= sa.bindparam("until"))
    .order_by(users.c.next_due_at, users.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
DUE_AFTER = DUE.where(
    sa.tuple_(users.c.next_due_at, users.c.id)
    > sa.tuple_(sa.bindparam("after_due", type_=Instant), sa.bindparam("after_id", type_=sa.Text))
)
UNSCHEDULED = (
    sa.select(*SLOT)
    .where(users.c.enabled, users.c.next_due_at.is_(None), users.c.timezone.is_not(None))
    .where(users.c.id > sa.bindparam("after"))
    .order_by(users.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SET_DUE = sa.update(users).where(users.c.id == sa.bindparam("user")).values(next_due_at=sa.bindparam("due"))
# SQLite keeps all that an UPDATE … FROM changes aside before it begins, which takes twice as long.
_SET_ONE_DUE: Final = "UPDATE users SET next_due_at = ? WHERE id = ?"
_KEEP_TICK = sa.insert(ticks)


class _New(NamedTuple):
    """A row of `occasions` as a claim inserts it; instants are epoch milliseconds, as the database has them."""

    id: str
    user_id: str
    due_at: int
    state: OccasionState
    reason: Reason | None
    timezone: str
    time_window: str
    window_ends_at: int | None
    regular_due_at: int


def _plain(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    return sa.BigInteger() if isinstance(column.type, Instant) else column.type


_NEW: Final = {name: _plain(occasions.c[name]) for name in _New._fields}
_DUES: Final = {"id": sa.Text(), "due": sa.BigInteger()}
_IDS: Final = {"id": sa.Text()}


class TickSql(SqlPart):
    """`TickStore` over SQL."""

    enlist: Enlist | None = None

    async def unscheduled(self, limit: int, *, after: str = "") -> Sequence[Slot]:
        """See the port."""
        rows = await self.database.read(lambda c: c.execute(UNSCHEDULED, {"after": after, "most": limit}).all())
        return [to_slot(row) for row in rows]

    async def set_first_due(self, dues: Mapping[str, datetime]) -> int:
        """See the port."""

        def transaction(connection: sa.Connection) -> int:
            dialect = connection.dialect.name
            given = row_parameters(dialect, _DUES, [(user, to_ms(due)) for user, due in dues.items()])
            return connection.execute(_claiming(dialect).set_first_dues, given).rowcount

        return await self.database.write(transaction) if dues else 0

    async def due(self, until: datetime, limit: int, *, after: Slot | None = None) -> Sequence[Slot]:
        """See the port."""
        given: dict[str, object] = {"until": until, "most": limit}
        if after is not None:
            given |= {"after_due": after.due_at, "after_id": after.user_id}
        rows = await self.database.read(lambda c: c.execute(DUE_AFTER if after else DUE, given).all())
        return [to_slot(row) for row in rows]

    async def claim(
        self, user_ids: Sequence[str], *, until: datetime, now: datetime, plan: Callable[[Slot], ClaimPlan]
    ) -> Claimed:
        """See the port."""

        def transaction(connection: sa.Connection) -> Claimed:
            return _claim(connection, user_ids, until=until, now=now, plan=plan)

        if self.enlist is None or not isinstance(self.database, PostgresDatabase):
            return await self.database.write(transaction)
        enlist = self.enlist

        async def hand_over(connection: AsyncConnection, claimed: Claimed) -> None:
            if claimed.queued:
                await enlist(connection, claimed.queued)

        claimed = await self.database.write(transaction, hand_over)
        return Claimed(queued=claimed.queued, deferred=claimed.deferred, failed=claimed.failed)

    async def sweep(self, now: datetime, *, limit: int, next_due: Callable[[Slot, datetime], datetime]) -> Swept:
        """See the port."""
        if not await self.database.read(lambda c: c.execute(_SWEEPING.any, {"now": now}).first()):
            return Swept(waiting=[], expired=[])
        return await self.database.write(lambda c: _sweep(c, now, limit, next_due))

    async def record_tick(self, record: TickRecord) -> None:
        """See the port."""
        values = {name: getattr(record, name) for name in record.__slots__}
        await self.database.write(lambda c: c.execute(_KEEP_TICK, values).rowcount)

    async def last_tick(self) -> TickRecord | None:
        """See the port."""
        newest = sa.select(ticks).order_by(ticks.c.id.desc()).limit(1)
        row = await self.database.read(lambda c: c.execute(newest).first())
        if row is None:
            return None
        return TickRecord(**{name: getattr(row, name) for name in TickRecord.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claiming:
    """What a claim says to the database."""

    lock: sa.Select[*tuple[Any, ...]]
    busy: sa.Select[str]
    insert: TypedReturnsRows[str]
    set_dues: sa.Update
    set_first_dues: sa.Update


@cache
def _claiming(dialect: str) -> _Claiming:
    chosen = among_given(dialect, users.c.id, "users")
    due = sa.select(*SLOT).where(chosen, users.c.enabled, users.c.next_due_at <= sa.bindparam("until"))
    # A join: on PostgreSQL an array is compared with every open occasion there is, value by value.
    ids = given_rows(dialect, _IDS)
    busy = sa.select(occasions.c.user_id).join_from(ids, occasions, occasions.c.user_id == ids.c.id).where(OPEN)
    new = given_rows(dialect, _NEW)
    constant = {"forced": sa.false(), "created_at": sa.bindparam("now", type_=Instant)}
    ended = sa.case((new.c.state == OccasionState.DEFERRED.value, constant["created_at"]))
    rows = sa.select(*new.c, *constant.values(), ended).where(sa.true())  # SQLite asks for a WHERE before ON CONFLICT
    inserted = insert_into(dialect, occasions).from_select([*_NEW, *constant, "ended_at"], rows)
    dues = given_rows(dialect, _DUES)
    set_dues = sa.update(users).where(users.c.id == dues.c.id).values(next_due_at=dues.c.due)
    return _Claiming(
        lock=for_update(due, skip_locked=True),
        busy=busy,
        insert=inserted.on_conflict_do_nothing().returning(occasions.c.id),
        set_dues=set_dues,
        set_first_dues=set_dues.where(users.c.next_due_at.is_(None), users.c.enabled),
    )


def _claim(
    connection: sa.Connection,
    user_ids: Sequence[str],
    *,
    until: datetime,
    now: datetime,
    plan: Callable[[Slot], ClaimPlan],
) -> Claimed:
    made: list[_New] = []
    dues: list[tuple[str, int | None]] = []
    failed: list[str] = []
    for slot in _lock_due(connection, user_ids, until):
        try:
            planned = plan(slot)
        except KeyError:
            failed.append(slot.user_id)
            dues.append((slot.user_id, None))
            continue
        new = _occasion(slot, planned)
        made.append(new)
        dues.append((slot.user_id, new.regular_due_at))
    inserted = _insert_occasions(connection, made, now)
    _set_dues(connection, dues)
    queued = [new.id for new in made if new.id in inserted and new.state is OccasionState.QUEUED]
    waiting = set(queued)
    return Claimed(
        queued=queued,
        to_enqueue=queued,
        deferred=[new.id for new in made if new.id not in waiting],
        failed=failed,
    )


def _lock_due(connection: sa.Connection, user_ids: Sequence[str], until: datetime) -> Sequence[Slot]:
    """Lock those of the users who are still due and whom no other claim holds, in the order given."""
    dialect = connection.dialect.name
    statements = _claiming(dialect)
    rows = {row[0]: row for row in connection.execute(statements.lock, {"users": user_ids, "until": until})}
    if not rows:
        return []
    busy = set(connection.scalars(statements.busy, row_parameters(dialect, _IDS, [(user,) for user in rows])))
    return [to_slot(rows[u], has_open_occasion=u in busy) for u in user_ids if u in rows]


def _occasion(slot: Slot, planned: ClaimPlan) -> _New:
    assert slot.due_at is not None  # noqa: S101 - the statement asked for due users
    return _New(
        id=occasion_id(slot.user_id, slot.due_at),
        user_id=slot.user_id,
        due_at=to_ms(slot.due_at),
        state=OccasionState.DEFERRED if planned.reason else OccasionState.QUEUED,
        reason=planned.reason,
        timezone=slot.zone,
        time_window=slot.window,
        window_ends_at=to_ms(planned.window_ends_at) if planned.window_ends_at else None,
        regular_due_at=to_ms(planned.next_due_at),
    )


def _insert_occasions(connection: sa.Connection, made: Sequence[_New], now: datetime) -> set[str]:
    """Insert occasions; return the ids of those that were not there before."""
    if not made:
        return set()
    dialect = connection.dialect.name
    given = row_parameters(dialect, _NEW, made)
    return set(connection.scalars(_claiming(dialect).insert, {**given, "now": now}))


def _set_dues(connection: sa.Connection, dues: Sequence[tuple[str, int | None]]) -> None:
    dialect = connection.dialect.name
    if dues and dialect == "sqlite":
        connection.exec_driver_sql(_SET_ONE_DUE, [(due, user) for user, due in dues])
    elif dues:
        connection.execute(_claiming(dialect).set_dues, row_parameters(dialect, _DUES, dues))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sweeping:
    """What a sweep says to the database."""

    any: sa.Select[str]
    closed: sa.Select[str, str]
    expire: TypedReturnsRows[datetime, datetime]
    lost: sa.Select[str]
    waiting: sa.Select[str]


def _sweeping() -> _Sweeping:
    now = sa.bindparam("now", type_=Instant)
    limit = sa.bindparam("most", type_=sa.Integer)
    lost = sa.or_(occasions.c.state == "queued", occasions.c.lease_until <= now)
    closed = (
        sa.select(occasions.c.id, occasions.c.user_id)
        .where(OPEN, occasions.c.window_ends_at <= now, lost)
        .order_by(occasions.c.window_ends_at)
        .limit(limit)
    )
    expire = (
        sa.update(occasions)
        .where(occasions.c.id == sa.bindparam("occasion"), OPEN, lost)
        .values(
            state=OccasionState.EXPIRED.value,
            reason=Reason.WINDOW_CLOSED.value,
            ended_at=now,
            lease_token=None,
            lease_until=None,
        )
        .returning(occasions.c.due_at, occasions.c.regular_due_at)
    )
    out = sa.select(occasions.c.id).where(OPEN, occasions.c.state == "in_work", occasions.c.lease_until <= now)
    startable = sa.or_(occasions.c.not_before.is_(None), occasions.c.not_before <= now)
    waiting = (
        sa.select(occasions.c.id)
        .where(OPEN, occasions.c.state == "queued", startable)
        .order_by(occasions.c.window_ends_at.nulls_first())  # forced ones have none: somebody waits for them
        .limit(limit)
    )
    # Most ticks find nothing open, and need not wait for the write lock to see it.
    any_open = sa.select(occasions.c.id).where(OPEN).order_by(occasions.c.window_ends_at).limit(1)
    return _Sweeping(
        any=any_open, closed=closed, expire=expire, lost=for_update(out, skip_locked=True), waiting=waiting
    )


_SWEEPING: Final = _sweeping()


@cache
def _requeue(dialect: str) -> sa.Update:
    queued = sa.update(occasions).where(among_given(dialect, occasions.c.id, "ids"))
    return queued.values(state="queued", lease_token=None, lease_until=None)


@cache
def _users_to_lock(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    """Lock users before their occasions, as `finish` does, and in order of id, as imports do: no deadlocks."""
    chosen = among_given(dialect, users.c.id, "users")
    return for_update(sa.select(*SLOT, users.c.enabled).where(chosen).order_by(users.c.id))


def _sweep(
    connection: sa.Connection, now: datetime, limit: int, next_due: Callable[[Slot, datetime], datetime]
) -> Swept:
    found = connection.execute(_SWEEPING.closed, {"now": now, "most": limit}).all()
    owners = _lock_users(connection, [row.user_id for row in found])
    expired = [
        row.id for row in found if _expire(connection, row.id, user=owners.get(row.user_id), now=now, next_due=next_due)
    ]
    _take_back(connection, now)
    waiting = connection.scalars(_SWEEPING.waiting, {"now": now, "most": limit})
    return Swept(waiting=list(waiting), expired=expired)


def _take_back(connection: sa.Connection, now: datetime) -> None:
    """Return occasions whose lease ran out to the queue; one that is being saved this moment is not lost."""
    ids = list(connection.scalars(_SWEEPING.lost, {"now": now}))
    if ids:
        connection.execute(_requeue(connection.dialect.name), {"ids": ids})


def _lock_users(connection: sa.Connection, user_ids: Sequence[str]) -> Mapping[str, Row]:
    if not user_ids:
        return {}
    return {row.id: row for row in connection.execute(_users_to_lock(connection.dialect.name), {"users": user_ids})}


def _expire(
    connection: sa.Connection,
    occasion_id: str,
    *,
    user: Row | None,
    now: datetime,
    next_due: Callable[[Slot, datetime], datetime],
) -> bool:
    """End one occasion as expired, whose user is locked."""
    occasion = connection.execute(_SWEEPING.expire, {"occasion": occasion_id, "now": now}).first()
    if occasion is None:
        return False
    if user is not None and user.enabled and user.timezone and user.next_due_at == occasion.regular_due_at:
        due = _next_due_or_none(to_slot(user), occasion.due_at, next_due)
        connection.execute(_SET_DUE, {"user": user.id, "due": due})
    return True


def _next_due_or_none(slot: Slot, due: datetime, next_due: Callable[[Slot, datetime], datetime]) -> datetime | None:
    """Give no due time where the zone is unknown, as a claim does: one user must not stop the sweep for all."""
    try:
        return next_due(slot, due)
    except KeyError:
        return None
