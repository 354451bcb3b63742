"""The statements of the host app's data: users, entries and insights in and out, feedback, erasure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.dialect import among, for_update, upsert
from reflecta.adapters.stores.sql.flagging import end_hold, forget_flags, raise_flag
from reflecta.adapters.stores.sql.rows import (
    Row,
    entry_values,
    insights_values,
    to_entry,
    to_insights,
    to_user,
    user_values,
)
from reflecta.adapters.stores.sql.schema import (
    OPEN,
    PENDING,
    attempts,
    contexts,
    deliveries,
    feedback,
    journal_entries,
    messages,
    occasions,
    user_insights,
    users,
)
from reflecta.application.ports.store import UserChange
from reflecta.domain.model import Entry, Feedback, Flag, Insights, Reason, User

_UNKNOWN_USER = "user {!r} is not known; send the user first"


class HostSql(SqlPart):
    """`HostStore` over SQL."""

    async def upsert_users(
        self, users: Sequence[User], *, now: datetime, change: Callable[[User, User | None], UserChange]
    ) -> None:
        """See the port."""
        newest = {user.id: user for user in users}
        await self.database.write(lambda c: _upsert_users(c, list(newest.values()), now, change))

    async def upsert_entries(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        """See the port."""
        newest = {entry.id: entry for entry in entries}
        return await self.database.write(lambda c: _upsert_entries(c, newest))

    async def upsert_insights(self, insights: Sequence[Insights]) -> Mapping[str, str]:
        """See the port."""
        newest = {item.user_id: item for item in insights}

        def transaction(connection: sa.Connection) -> Mapping[str, str]:
            known = _lock_users(connection, list(newest))
            rows = [insights_values(item) for item in newest.values() if item.user_id in known]
            upsert(connection, user_insights, rows)
            return {user: _UNKNOWN_USER.format(user) for user in newest if user not in known}

        return await self.database.write(transaction)

    async def delete_entry(self, entry_id: str) -> bool:
        """See the port."""
        return await self.database.write(lambda c: _delete_entry(c, entry_id))

    async def erase_user(self, user_id: str, *, now: datetime) -> bool:
        """See the port."""
        return await self.database.write(lambda c: _erase(c, user_id, now))

    async def user(self, user_id: str) -> User | None:
        """See the port."""
        statement = sa.select(users).where(users.c.id == user_id)
        row = await self.database.read(lambda c: c.execute(statement).first())
        return to_user(row) if row is not None else None

    async def users(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """See the port."""
        statement = sa.select(users).where(users.c.id > after).order_by(users.c.id).limit(limit)
        return [to_user(row) for row in await self.database.read(lambda c: c.execute(statement).all())]

    async def entry(self, entry_id: str) -> Entry | None:
        """See the port."""
        statement = sa.select(journal_entries).where(journal_entries.c.id == entry_id)
        row = await self.database.read(lambda c: c.execute(statement).first())
        return to_entry(row) if row is not None else None

    async def insights(self, user_id: str) -> Insights | None:
        """See the port."""
        statement = sa.select(user_insights).where(user_insights.c.user_id == user_id)
        row = await self.database.read(lambda c: c.execute(statement).first())
        return to_insights(row) if row is not None else None

    async def hold(self, user_id: str, flag: Flag) -> bool:
        """See the port."""
        flag_id = f"{user_id}-{int(flag.at.timestamp() * 1000)}"

        def transaction(connection: sa.Connection) -> bool:
            if not _lock_users(connection, [user_id]):
                return False
            raise_flag(connection, flag, flag_id=flag_id, user_id=user_id, occasion_id=None)
            return True

        return await self.database.write(transaction)

    async def release_hold(self, user_id: str, *, now: datetime, next_due: Callable[[User], datetime | None]) -> bool:
        """See the port."""
        return await self.database.write(lambda c: end_hold(c, user_id, now, next_due))

    async def add_feedback(self, feedback: Feedback) -> bool:
        """See the port."""
        return await self.database.write(lambda c: _add_feedback(c, feedback))


def _upsert_users(
    connection: sa.Connection,
    given: Sequence[User],
    now: datetime,
    change: Callable[[User, User | None], UserChange],
) -> None:
    statement = sa.select(users).where(among(connection, users.c.id, [user.id for user in given]))
    stored = {row.id: to_user(row) for row in connection.execute(for_update(statement.order_by(users.c.id)))}
    changes = [change(user, stored.get(user.id)) for user in given]
    # Ids in order, so that two imports that overlap cannot lock each other out.
    rows = sorted((user_values(changed.user) for changed in changes), key=lambda row: str(row["id"]))
    sent_times = ("last_sent_at", "last_notification_at")
    upsert(connection, users, rows, keep=("entry_count", "failures"), keep_unless_given=sent_times)
    for changed in changes:
        if changed.cancel is not None:
            _cancel(connection, changed.user.id, changed.cancel, now, sa.not_(occasions.c.forced), states=("queued",))
    silenced = [
        changed.user.id
        for changed in changes
        if changed.user.id in stored and _wants_pushes(stored[changed.user.id]) and not _wants_pushes(changed.user)
    ]
    if silenced:
        _cancel_pushes(connection, silenced, now)


def _wants_pushes(user: User) -> bool:
    return user.preferences.enabled and user.push.enabled


def _cancel_pushes(connection: sa.Connection, user_ids: Sequence[str], now: datetime) -> None:
    """Keep back what has not left yet; the message itself stays in the journal."""
    connection.execute(
        sa.update(deliveries)
        .where(PENDING, among(connection, deliveries.c.user_id, user_ids))
        .values(state="cancelled", detail="switched off before it could leave", updated_at=now)
    )


def _cancel(
    connection: sa.Connection,
    user_id: str,
    reason: Reason,
    now: datetime,
    *which: sa.ColumnElement[bool],
    states: Sequence[str],
) -> None:
    connection.execute(
        sa.update(occasions)
        .where(OPEN, occasions.c.user_id == user_id, occasions.c.state.in_(states), *which)
        .values(state="cancelled", reason=reason.value, ended_at=now, lease_token=None, lease_until=None)
    )


def _lock_users(connection: sa.Connection, user_ids: Sequence[str]) -> set[str]:
    """Give those who are known; while they are locked, no erasure can overtake what is written about them."""
    statement = sa.select(users.c.id).where(among(connection, users.c.id, user_ids)).order_by(users.c.id)
    return set(connection.scalars(for_update(statement)))


def _lock_owner(connection: sa.Connection, owner: sa.Select[str]) -> bool:
    """Lock the user whose id *owner* reads; False when there is none (any more)."""
    statement = sa.select(users.c.id).where(users.c.id == owner.scalar_subquery())
    return connection.execute(for_update(statement)).first() is not None


def _upsert_entries(connection: sa.Connection, given: Mapping[str, Entry]) -> Mapping[str, str]:
    known = _lock_users(connection, list({entry.user_id for entry in given.values()}))
    columns = (journal_entries.c.id, journal_entries.c.user_id, journal_entries.c.has_content)
    statement = sa.select(*columns, journal_entries.c.message_id)
    statement = statement.where(among(connection, journal_entries.c.id, list(given))).order_by(journal_entries.c.id)
    stored = {row.id: row for row in connection.execute(for_update(statement))}
    refused = {entry.id: reason for entry in given.values() if (reason := _refusal(entry, known, stored.get(entry.id)))}
    taken = sorted((e for e in given.values() if e.id not in refused), key=lambda e: e.id)
    rows: list[dict[str, object]] = []
    grown: Counter[str] = Counter()
    for entry in taken:
        old = stored.get(entry.id)
        values = entry_values(entry)
        if old is not None and old.message_id:  # an entry made of our message stays one, whoever edits it
            values |= {"message_id": old.message_id, "has_content": False}
        grown[entry.user_id] += bool(values["has_content"]) - (old is not None and bool(old.has_content))
        rows.append(values)
    upsert(connection, journal_entries, rows)
    _count(connection, grown)
    return refused


def _refusal(entry: Entry, known: set[str], stored: Row | None) -> str:
    if entry.user_id not in known:
        return _UNKNOWN_USER.format(entry.user_id)
    if stored is not None and stored.user_id != entry.user_id:
        return f"entry {entry.id!r} belongs to another user; entry ids are unique across users"
    return ""


def _count(connection: sa.Connection, grown: Mapping[str, int]) -> None:
    rows = [{"user": user, "more": more} for user, more in sorted(grown.items()) if more]
    if rows:
        statement = sa.update(users).where(users.c.id == sa.bindparam("user"))
        connection.execute(statement.values(entry_count=users.c.entry_count + sa.bindparam("more")), rows)


def _delete_entry(connection: sa.Connection, entry_id: str) -> bool:
    _lock_owner(connection, sa.select(journal_entries.c.user_id).where(journal_entries.c.id == entry_id))
    gone = connection.execute(
        sa.delete(journal_entries)
        .where(journal_entries.c.id == entry_id)
        .returning(journal_entries.c.user_id, journal_entries.c.has_content)
    ).first()
    if gone is None:
        return False
    _count(connection, {gone.user_id: -1 if gone.has_content else 0})
    # The contexts that drafts were written from may hold what was just deleted.
    connection.execute(sa.delete(contexts).where(contexts.c.user_id == gone.user_id))
    return True


def _erase(connection: sa.Connection, user_id: str, now: datetime) -> bool:
    found = connection.execute(for_update(sa.select(users.c.id).where(users.c.id == user_id))).first()
    if found is None:
        return False
    _cancel(connection, user_id, Reason.ERASED, now, states=("queued", "in_work"))
    own = sa.select(occasions.c.id).where(occasions.c.user_id == user_id)
    sent = sa.select(messages.c.id).where(messages.c.user_id == user_id)
    connection.execute(sa.delete(attempts).where(attempts.c.occasion_id.in_(own)))
    connection.execute(sa.delete(feedback).where(feedback.c.message_id.in_(sent)))
    for table in (contexts, deliveries, messages, journal_entries, user_insights):
        connection.execute(sa.delete(table).where(table.c.user_id == user_id))
    # Why an occasion ended stays, but not that its user was at risk.
    why = sa.case((occasions.c.reason == Reason.SAFETY_HOLD, None), else_=occasions.c.reason)
    connection.execute(sa.update(occasions).where(occasions.c.user_id == user_id).values(screening=None, reason=why))
    forget_flags(connection, user_id)
    connection.execute(sa.delete(users).where(users.c.id == user_id))
    return True


def _add_feedback(connection: sa.Connection, given: Feedback) -> bool:
    if not _lock_owner(connection, sa.select(messages.c.user_id).where(messages.c.id == given.message_id)):
        return False
    values = {"message_id": given.message_id, "kind": given.kind, "rating": given.rating, "at": given.at}
    upsert(connection, feedback, [values])
    return True
