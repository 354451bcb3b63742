"""The statements of a copy from one store to another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.dialect import insert, upsert
from reflecta.adapters.stores.sql.ledger import explain
from reflecta.adapters.stores.sql.rows import (
    attempt_values,
    call_values,
    call_values_at,
    delivery_values,
    ended_values,
    flag_values,
    screening_value,
    to_entry,
    to_flag,
)
from reflecta.adapters.stores.sql.schema import (
    attempts,
    calls,
    contexts,
    deliveries,
    feedback,
    journal_entries,
    messages,
    occasions,
    safety_flags,
    users,
)
from reflecta.application.ports.store import Explanation, StoredFlag
from reflecta.domain.model import Entry, Feedback, User
from reflecta.domain.schedule import local_date
from reflecta.domain.zones import canonical_name

_UNKNOWN_ZONE: Final = "UTC"


class MoveSql(SqlPart):
    """What `MoveStore` asks beyond `HostStore`, over SQL."""

    async def entries_of(self, user_id: str, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        """See the port."""
        own = sa.and_(journal_entries.c.user_id == user_id, journal_entries.c.id > after)
        statement = sa.select(journal_entries).where(own).order_by(journal_entries.c.id).limit(limit)
        return [to_entry(row) for row in await self.database.read(lambda c: c.execute(statement).all())]

    async def history(self, user_id: str, *, after: str = "", limit: int = 100) -> Sequence[Explanation]:
        """See the port."""
        own = sa.and_(occasions.c.user_id == user_id, occasions.c.id > after, occasions.c.ended_at.is_not(None))
        ids = sa.select(occasions.c.id).where(own).order_by(occasions.c.id).limit(limit)

        def transaction(connection: sa.Connection) -> Sequence[Explanation]:
            found = [explain(connection, occasion_id) for occasion_id in connection.scalars(ids).all()]
            return [one for one in found if one is not None]

        return await self.database.read(transaction)

    async def flags_of(self, user_id: str | None) -> Sequence[StoredFlag]:
        """See the port."""
        statement = sa.select(safety_flags).where(safety_flags.c.user_id == user_id).order_by(safety_flags.c.id)
        return [to_flag(row) for row in await self.database.read(lambda c: c.execute(statement).all())]

    async def keep_state(self, user: User) -> None:
        """See the port."""
        state = {
            "failures": user.failures,
            "held_until": user.held_until,
            "flagged_entries": list(user.flagged_entries),
        }
        statement = sa.update(users).where(users.c.id == user.id).values(state)
        await self.database.write(lambda c: c.execute(statement).rowcount)

    async def keep_history(self, explanations: Sequence[Explanation]) -> int:
        """See the port."""
        return await self.database.write(lambda c: sum(_keep(c, one) for one in explanations))

    async def keep_flags(self, flags: Sequence[StoredFlag]) -> int:
        """See the port."""

        def transaction(connection: sa.Connection) -> int:
            return sum(_keep_flag(connection, flag) for flag in flags)

        return await self.database.write(transaction)


def _keep(connection: sa.Connection, kept: Explanation) -> bool:
    """Insert one occasion with all that is kept of it; False where it is there."""
    occasion = kept.occasion
    values = {**ended_values(occasion), "screening": screening_value(kept.screening) if kept.screening else None}
    new = insert(connection, occasions).on_conflict_do_nothing().returning(occasions.c.id)
    if connection.execute(new, values).first() is None:
        return False
    upsert(connection, attempts, [attempt_values(occasion.id, attempt) for attempt in kept.attempts])
    upsert(connection, calls, [row for attempt in kept.attempts for row in call_values(occasion.id, attempt)])
    if kept.screening_call is not None:
        upsert(connection, calls, [call_values_at(occasion.id, 0, 0, kept.screening_call)])
    if kept.context is not None:
        text = {"occasion_id": occasion.id, "user_id": occasion.user_id, "text": kept.context}
        upsert(connection, contexts, [text])
    if kept.message_id is not None:
        _keep_message(connection, kept)
    return True


def _keep_message(connection: sa.Connection, kept: Explanation) -> None:
    occasion, sent_at = kept.occasion, kept.sent_at or kept.occasion.due_at
    zone = canonical_name(occasion.timezone) or _UNKNOWN_ZONE
    day = local_date(sent_at, zone).isoformat()
    taken = sa.select(messages.c.id).where(
        messages.c.user_id == occasion.user_id, messages.c.local_date == day, ~messages.c.forced
    )
    # What another system sent twice on one date happened; only this one promises not to.
    forced = occasion.forced or connection.execute(taken).first() is not None
    message = {
        "id": kept.message_id,
        "occasion_id": occasion.id,
        "attempt": max((attempt.number for attempt in kept.attempts), default=1),
        "user_id": occasion.user_id,
        "local_date": day,
        "forced": forced,
        "journal_entry_id": kept.journal_entry_id or "",
        "sent_at": sent_at,
    }
    upsert(connection, messages, [message])
    upsert(connection, deliveries, [delivery_values(one, sent_at) for one in kept.deliveries])
    upsert(connection, feedback, [_feedback_values(one, sent_at) for one in kept.feedback])


def _feedback_values(given: Feedback, sent_at: datetime) -> dict[str, object]:
    return {
        "message_id": given.message_id,
        "kind": given.kind,
        "rating": given.rating,
        "at": given.at or sent_at,
    }


def _keep_flag(connection: sa.Connection, stored: StoredFlag) -> bool:
    values = flag_values(stored.flag, flag_id=stored.id, user_id=stored.user_id, occasion_id=stored.occasion_id)
    new = insert(connection, safety_flags).on_conflict_do_nothing().returning(safety_flags.c.id)
    return connection.execute(new, {**values, "reviewed_at": stored.reviewed_at}).first() is not None
