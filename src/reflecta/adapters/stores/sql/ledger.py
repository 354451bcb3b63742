"""The statements of reports and explanations."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.dialect import insert
from reflecta.adapters.stores.sql.reading import read_attempts, read_feedback
from reflecta.adapters.stores.sql.rows import to_call, to_delivery, to_occasion, to_screening, to_user
from reflecta.adapters.stores.sql.schema import (
    attempts,
    calls,
    contexts,
    deliveries,
    messages,
    occasions,
    prompt_texts,
    safety_flags,
    users,
)
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import Occasion, User
from reflecta.domain.prompt import PromptText

# An occasion is open for at most a day, so what was paid since then was paid for occasions due since a day before.
_MOST_OPEN: Final = timedelta(days=2)


class LedgerSql(SqlPart):
    """`LedgerStore` over SQL."""

    async def occasions(
        self, *, user_id: str | None = None, limit: int = 50, before: datetime | None = None
    ) -> Sequence[Occasion]:
        """See the port."""
        statement = sa.select(occasions).order_by(occasions.c.due_at.desc(), occasions.c.id).limit(limit)
        if user_id is not None:
            statement = statement.where(occasions.c.user_id == user_id)
        if before is not None:
            statement = statement.where(occasions.c.due_at < before)
        return [to_occasion(row) for row in await self.database.read(lambda c: c.execute(statement).all())]

    async def explanation(self, occasion_id: str) -> Explanation | None:
        """See the port."""
        return await self.database.read(lambda c: explain(c, occasion_id))

    async def count_outcomes(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """See the port."""
        reason = sa.func.coalesce(occasions.c.reason, "")
        statement = (
            sa.select(occasions.c.state, reason, sa.func.count())
            .where(occasions.c.due_at >= since)
            .group_by(occasions.c.state, reason)
        )
        rows = await self.database.read(lambda c: c.execute(statement).all())
        return {(state, why): number for state, why, number in rows}

    async def spent(self, *, since: datetime, user_id: str | None = None) -> float:
        """See the port."""
        cost = sa.func.sum(sa.func.coalesce(calls.c.cost_reported, calls.c.cost_estimated, 0.0))
        statement = sa.select(cost).where(calls.c.at >= since)
        if user_id is not None:
            own = sa.select(occasions.c.id).where(
                occasions.c.user_id == user_id, occasions.c.due_at >= since - _MOST_OPEN
            )
            statement = statement.where(calls.c.occasion_id.in_(own))
        return await self.database.read(lambda c: c.scalar(statement)) or 0.0

    async def replayable(self, *, limit: int, user_id: str | None = None) -> Sequence[str]:
        """See the port."""
        written = sa.exists().where(attempts.c.occasion_id == occasions.c.id)
        kept = sa.exists().where(contexts.c.occasion_id == occasions.c.id)
        newest = sa.select(occasions.c.id).where(kept, written).order_by(occasions.c.due_at.desc(), occasions.c.id)
        if user_id is not None:
            newest = newest.where(occasions.c.user_id == user_id)
        return list(await self.database.read(lambda c: c.scalars(newest.limit(limit)).all()))

    async def keep_prompts(self, texts: Sequence[PromptText], *, now: datetime) -> None:
        """See the port."""
        rows = [{"version": t.version, "name": t.name, "text": t.text, "first_used_at": now} for t in texts]
        await self.database.write(lambda c: c.execute(insert(c, prompt_texts).on_conflict_do_nothing(), rows))

    async def prompt_text(self, version: str) -> PromptText | None:
        """See the port."""
        statement = sa.select(prompt_texts).where(prompt_texts.c.version == version)
        row = await self.database.read(lambda c: c.execute(statement).first())
        return PromptText(name=row.name, text=row.text) if row is not None else None

    async def held(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """See the port."""
        waiting = sa.and_(users.c.held_until.is_not(None), users.c.id > after)
        statement = sa.select(users).where(waiting).order_by(users.c.id).limit(limit)
        return [to_user(row) for row in await self.database.read(lambda c: c.execute(statement).all())]

    async def count_flags(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """See the port."""
        kind = (safety_flags.c.sign, safety_flags.c.source)
        statement = sa.select(*kind, sa.func.count()).where(safety_flags.c.at >= since).group_by(*kind)
        rows = await self.database.read(lambda c: c.execute(statement).all())
        return {(sign, source): number for sign, source, number in rows}


def explain(connection: sa.Connection, occasion_id: str) -> Explanation | None:
    """Give all that is kept of one occasion."""
    row = connection.execute(sa.select(occasions).where(occasions.c.id == occasion_id)).first()
    if row is None:
        return None
    message = connection.execute(sa.select(messages).where(messages.c.occasion_id == occasion_id)).first()
    context = connection.scalar(sa.select(contexts.c.text).where(contexts.c.occasion_id == occasion_id))
    pushed = sa.select(deliveries).where(deliveries.c.message_id == (message.id if message else None))
    screened = sa.select(calls).where(calls.c.occasion_id == occasion_id, calls.c.attempt == 0)
    call = connection.execute(screened).first()
    return Explanation(
        occasion=to_occasion(row),
        attempts=read_attempts(connection, occasion_id),
        context=context,
        screening=to_screening(row.screening),
        screening_call=to_call(call) if call is not None else None,
        message_id=message.id if message else None,
        journal_entry_id=message.journal_entry_id if message else None,
        sent_at=message.sent_at if message else None,
        deliveries=[to_delivery(d) for d in connection.execute(pushed.order_by(deliveries.c.id))] if message else (),
        feedback=read_feedback(connection, message.id) if message else (),
    )
