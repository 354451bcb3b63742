"""The tick's statements: who is due, claims, the sweep."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from reflecta.adapters.stores.sql.database import PostgresDatabase, SqlPart
from reflecta.adapters.stores.sql.dialect import among, for_update, insert
from reflecta.adapters.stores.sql.rows import Row, occasion_values, to_slot
from reflecta.adapters.stores.sql.schema import OPEN, occasions, ticks, users
from reflecta.application.ports.store import Claimed, ClaimPlan, Slot, Swept, TickRecord
from reflecta.domain.model import Occasion, OccasionState, Reason, occasion_id

# Hands claimed occasions to a queue in the same database, within the claim's own transaction.
Enlist = Callable[[AsyncConnection, Sequence[str]], Awaitable[None]]

_SLOT = (users.c.id, users.c.next_due_at, users.c.timezone, users.c.time_window, users.c.cadence)

# The bare column: `.is_(True)` would not match the partial index and scan the table.
DUE = (
    sa.select(*_SLOT)
    .where(users.c.enabled, users.c.next_due_at <= sa.bindparam("until"))
    .order_by(users.c.next_due_at, users.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
UNSCHEDULED = (
    sa.select(*_SLOT)
    .where(users.c.enabled, users.c.next_due_at.is_(None), users.c.timezone.is_not(None))
    .where(users.c.id > sa.bindparam("after"))
    .order_by(users.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SET_DUE = sa.update(users).where(users.c.id == sa.bindparam("user")).values(next_due_at=sa.bindparam("due"))


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
            statement = _SET_DUE.where(users.c.next_due_at.is_(None), users.c.enabled)
            return sum(connection.execute(statement, {"user": user, "due": due}).rowcount for user, due in dues.items())

        return await self.database.write(transaction)

    async def due(self, until: datetime, limit: int) -> Sequence[Slot]:
        """See the port."""
        rows = await self.database.read(lambda c: c.execute(DUE, {"until": until, "most": limit}).all())
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
        return await self.database.write(lambda c: _sweep(c, now, limit, next_due))

    async def record_tick(self, record: TickRecord) -> None:
        """See the port."""
        values = {name: getattr(record, name) for name in record.__slots__}
        await self.database.write(lambda c: c.execute(sa.insert(ticks), values).rowcount)

    async def last_tick(self) -> TickRecord | None:
        """See the port."""
        newest = sa.select(ticks).order_by(ticks.c.id.desc()).limit(1)
        row = await self.database.read(lambda c: c.execute(newest).first())
        if row is None:
            return None
        return TickRecord(**{name: getattr(row, name) for name in TickRecord.__slots__})


def _claim(
    connection: sa.Connection,
    user_ids: Sequence[str],
    *,
    until: datetime,
    now: datetime,
    plan: Callable[[Slot], ClaimPlan],
) -> Claimed:
    slots = _lock_due(connection, user_ids, until)
    made: list[Occasion] = []
    dues: list[dict[str, object]] = []
    failed: list[str] = []
    for slot in slots:
        try:
            planned = plan(slot)
        except KeyError:
            failed.append(slot.user_id)
            dues.append({"user": slot.user_id, "due": None})
            continue
        made.append(_occasion(slot, planned, now))
        dues.append({"user": slot.user_id, "due": planned.next_due_at})
    new = _insert_occasions(connection, made)
    if dues:
        connection.execute(_SET_DUE, dues)
    queued = [o.id for o in made if o.id in new and o.state is OccasionState.QUEUED]
    waiting = set(queued)
    return Claimed(
        queued=queued,
        to_enqueue=queued,
        deferred=[o.id for o in made if o.id not in waiting],
        failed=failed,
    )


def _lock_due(connection: sa.Connection, user_ids: Sequence[str], until: datetime) -> Sequence[Slot]:
    """Lock those of the users who are still due and whom no other claim holds, in the order given."""
    statement = sa.select(*_SLOT).where(
        among(connection, users.c.id, user_ids), users.c.enabled, users.c.next_due_at <= until
    )
    rows = {row.id: row for row in connection.execute(for_update(statement, skip_locked=True))}
    busy = sa.select(occasions.c.user_id).where(OPEN, among(connection, occasions.c.user_id, list(rows)))
    open_users = set(connection.scalars(busy)) if rows else set[str]()
    return [to_slot(rows[u], has_open_occasion=u in open_users) for u in user_ids if u in rows]


def _occasion(slot: Slot, planned: ClaimPlan, now: datetime) -> Occasion:
    assert slot.due_at is not None  # noqa: S101 - the statement asked for due users
    return Occasion(
        id=occasion_id(slot.user_id, slot.due_at),
        user_id=slot.user_id,
        due_at=slot.due_at,
        state=OccasionState.DEFERRED if planned.reason else OccasionState.QUEUED,
        reason=planned.reason,
        created_at=now,
        ended_at=now if planned.reason else None,
        timezone=slot.zone,
        window=slot.window,
        window_ends_at=planned.window_ends_at,
        regular_due_at=planned.next_due_at,
    )


def _insert_occasions(connection: sa.Connection, made: Sequence[Occasion]) -> set[str]:
    """Insert occasions; return the ids of those that were not there before."""
    if not made:
        return set()
    statement = insert(connection, occasions).on_conflict_do_nothing().returning(occasions.c.id)
    return set(connection.scalars(statement, [occasion_values(occasion) for occasion in made]))


def _sweep(
    connection: sa.Connection, now: datetime, limit: int, next_due: Callable[[Slot, datetime], datetime]
) -> Swept:
    lost = sa.or_(occasions.c.state == "queued", occasions.c.lease_until <= now)
    closed = (
        sa.select(occasions.c.id, occasions.c.user_id)
        .where(OPEN, occasions.c.window_ends_at <= now, lost)
        .order_by(occasions.c.window_ends_at)
        .limit(limit)
    )
    found = connection.execute(closed).all()
    owners = _lock_users(connection, [row.user_id for row in found])
    expired = [
        row.id
        for row in found
        if _expire(connection, row.id, sa.and_(OPEN, lost), user=owners.get(row.user_id), now=now, next_due=next_due)
    ]
    _take_back(connection, now)
    startable = sa.or_(occasions.c.not_before.is_(None), occasions.c.not_before <= now)
    waiting = (
        sa.select(occasions.c.id)
        .where(OPEN, occasions.c.state == "queued", startable)
        .order_by(occasions.c.window_ends_at.nulls_first())  # forced ones have none: somebody waits for them
        .limit(limit)
    )
    return Swept(waiting=list(connection.scalars(waiting)), expired=expired)


def _take_back(connection: sa.Connection, now: datetime) -> None:
    """Return occasions whose lease ran out to the queue; one that is being saved this moment is not lost."""
    lost = sa.select(occasions.c.id).where(OPEN, occasions.c.state == "in_work", occasions.c.lease_until <= now)
    ids = list(connection.scalars(for_update(lost, skip_locked=True)))
    if ids:
        queued = sa.update(occasions).where(among(connection, occasions.c.id, ids))
        connection.execute(queued.values(state="queued", lease_token=None, lease_until=None))


def _lock_users(connection: sa.Connection, user_ids: Sequence[str]) -> Mapping[str, Row]:
    """Lock users before their occasions, as `finish` does, and in order of id, as imports do: no deadlocks."""
    statement = sa.select(*_SLOT, users.c.enabled).where(among(connection, users.c.id, user_ids)).order_by(users.c.id)
    return {row.id: row for row in connection.execute(for_update(statement))} if user_ids else {}


def _expire(
    connection: sa.Connection,
    occasion_id: str,
    still: sa.ColumnElement[bool],
    *,
    user: Row | None,
    now: datetime,
    next_due: Callable[[Slot, datetime], datetime],
) -> bool:
    """End one occasion as expired, whose user is locked."""
    ended = connection.execute(
        sa.update(occasions)
        .where(occasions.c.id == occasion_id, still)
        .values(
            state=OccasionState.EXPIRED.value,
            reason=Reason.WINDOW_CLOSED.value,
            ended_at=now,
            lease_token=None,
            lease_until=None,
        )
        .returning(occasions.c.due_at, occasions.c.regular_due_at)
    )
    occasion = ended.first()
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
