"""The statements of reports and explanations."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.reading import read_attempts
from reflecta.adapters.stores.sql.rows import to_delivery, to_occasion
from reflecta.adapters.stores.sql.schema import calls, contexts, deliveries, messages, occasions
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import Occasion


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
        return await self.database.read(lambda c: _explain(c, occasion_id))

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

    async def spent(self, *, since: datetime) -> float:
        """See the port."""
        cost = sa.func.sum(sa.func.coalesce(calls.c.cost_reported, calls.c.cost_estimated, 0.0))
        statement = sa.select(cost).where(calls.c.at >= since)
        return await self.database.read(lambda c: c.scalar(statement)) or 0.0


def _explain(connection: sa.Connection, occasion_id: str) -> Explanation | None:
    row = connection.execute(sa.select(occasions).where(occasions.c.id == occasion_id)).first()
    if row is None:
        return None
    message = connection.execute(sa.select(messages).where(messages.c.occasion_id == occasion_id)).first()
    context = connection.scalar(sa.select(contexts.c.text).where(contexts.c.occasion_id == occasion_id))
    pushed = sa.select(deliveries).where(deliveries.c.message_id == (message.id if message else None))
    return Explanation(
        occasion=to_occasion(row),
        attempts=read_attempts(connection, occasion_id),
        context=context,
        message_id=message.id if message else None,
        journal_entry_id=message.journal_entry_id if message else None,
        sent_at=message.sent_at if message else None,
        deliveries=[to_delivery(d) for d in connection.execute(pushed.order_by(deliveries.c.id))] if message else (),
    )
