"""The statements of deliveries on their way out."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.dialect import among, among_given, for_update
from reflecta.adapters.stores.sql.rows import to_delivery
from reflecta.adapters.stores.sql.schema import PENDING, SENDING, WAITING, Instant, deliveries, messages, users
from reflecta.application.ports.store import Settled
from reflecta.domain.model import Delivery, DeliveryState

_MOST = sa.bindparam("most", type_=sa.Integer)
_OF_CHANNEL = deliveries.c.channel == sa.bindparam("of")
_DUE = sa.and_(PENDING, _OF_CHANNEL, deliveries.c.next_try_at <= sa.bindparam("at"))

# Whoever marked these as sending is gone: the push may have left, so it is shown and never repeated.
_INTERRUPTED = (
    sa.update(deliveries)
    .where(SENDING, _OF_CHANNEL, deliveries.c.sending_until <= sa.bindparam("at"))
    .values(
        state="unknown",
        detail="interrupted while sending",
        sending_until=None,
        updated_at=sa.bindparam("at", type_=Instant),
    )
)
# Nobody is pushed to outside the window because a provider was down until the night.
_EXPIRED = (
    sa.update(deliveries)
    .where(_DUE, deliveries.c.expires_at <= sa.bindparam("at"))
    .values(
        state="expired",
        detail="the window closed before it could leave",
        updated_at=sa.bindparam("at", type_=Instant),
    )
)
_READY = for_update(
    sa.select(deliveries.c.id, deliveries.c.expires_at)
    .where(_DUE)
    .order_by(deliveries.c.next_try_at, deliveries.c.id)
    .limit(_MOST),
    skip_locked=True,
)
_NEXT = sa.select(sa.func.min(deliveries.c.next_try_at)).where(PENDING, _OF_CHANNEL)
_TICKETS = for_update(
    sa.select(deliveries.c.id)
    .where(WAITING, _OF_CHANNEL, deliveries.c.receipt_due_at <= sa.bindparam("at"))
    .order_by(deliveries.c.receipt_due_at)
    .limit(_MOST),
    skip_locked=True,
)
_SETTLE = (
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("delivery"), sa.text("state IN ('sending', 'accepted')"))
    .values(
        state=sa.bindparam("new_state"),
        ticket=sa.func.coalesce(sa.bindparam("new_ticket", type_=sa.Text), deliveries.c.ticket),
        detail=sa.bindparam("new_detail"),
        next_try_at=sa.bindparam("new_next_try_at"),
        receipt_due_at=sa.bindparam("new_receipt_due_at"),
        sending_until=None,
        accepted_at=sa.func.coalesce(deliveries.c.accepted_at, sa.bindparam("new_accepted_at", type_=Instant)),
        updated_at=sa.bindparam("now"),
    )
)


class OutboxSql(SqlPart):
    """`OutboxStore` over SQL."""

    async def take_deliveries(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        return await self.database.write(lambda c: _take(c, channel, now, until, limit))

    async def settle(self, settled: Sequence[Settled]) -> None:
        """See the port."""
        if settled:
            await self.database.write(lambda c: _settle(c, settled))

    async def take_tickets(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""

        def transaction(connection: sa.Connection) -> Sequence[Delivery]:
            ids = list(connection.scalars(_TICKETS, {"of": channel, "at": now, "most": limit}))
            asked = _asking(connection.dialect.name)
            rows = connection.execute(asked, {"ids": ids, "until": until}).all() if ids else ()
            return [to_delivery(row) for row in rows]

        return await self.database.write(transaction)

    async def next_delivery_at(self, channel: str) -> datetime | None:
        """See the port."""
        return await self.database.read(lambda c: c.scalar(_NEXT, {"of": channel}))


def _take(connection: sa.Connection, channel: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
    due = {"of": channel, "at": now}
    connection.execute(_INTERRUPTED, due)
    ready = connection.execute(_READY, {**due, "most": limit}).all()
    if any(row.expires_at is not None and row.expires_at <= now for row in ready):
        connection.execute(_EXPIRED, due)
        ready = connection.execute(_READY, {**due, "most": limit}).all()
    if not ready:
        return []
    ids = [row.id for row in ready]
    marked = connection.execute(_sending(connection.dialect.name), {"ids": ids, "until": until, "at": now})
    taken = {row.id: to_delivery(row) for row in marked}
    return [taken[delivery_id] for delivery_id in ids]


@cache
def _sending(dialect: str) -> ReturningUpdate[Any]:
    """Mark deliveries as sending, one try more."""
    return (
        sa.update(deliveries)
        .where(among_given(dialect, deliveries.c.id, "ids"))
        .values(
            state="sending",
            sending_until=sa.bindparam("until", type_=Instant),
            tries=deliveries.c.tries + 1,
            updated_at=sa.bindparam("at", type_=Instant),
        )
        .returning(*deliveries.c)
    )


@cache
def _asking(dialect: str) -> ReturningUpdate[Any]:
    """Move the time to ask for receipts again."""
    return (
        sa.update(deliveries)
        .where(among_given(dialect, deliveries.c.id, "ids"))
        .values(receipt_due_at=sa.bindparam("until", type_=Instant))
        .returning(*deliveries.c)
    )


def _settle(connection: sa.Connection, settled: Sequence[Settled]) -> None:
    rows = [
        {
            "delivery": item.delivery_id,
            "new_state": item.state.value,
            "new_ticket": item.ticket,
            "new_detail": item.detail,
            "new_next_try_at": item.next_try_at,
            "new_receipt_due_at": item.receipt_due_at,
            "new_accepted_at": item.now if item.state is DeliveryState.ACCEPTED else None,
            "now": item.now,
        }
        for item in settled
    ]
    # Users are locked before their deliveries, as an erasure does.
    _drop_addresses(connection, [item.delivery_id for item in settled if item.drop_address])
    again = [item.delivery_id for item in settled if item.state is DeliveryState.PENDING]
    unwanted = _unwanted(connection, again) if again else ()
    connection.execute(_SETTLE, rows)
    if unwanted:
        cancelled = sa.update(deliveries).where(PENDING, among(connection, deliveries.c.id, unwanted))
        connection.execute(cancelled.values(state="cancelled", detail="switched off before it could leave"))


def _unwanted(connection: sa.Connection, delivery_ids: Sequence[str]) -> Sequence[str]:
    """Give those whose users switched off while they were being sent; the users stay locked, and so do as they are."""
    asked = among(connection, deliveries.c.id, delivery_ids)
    owners = sa.select(users.c.id).where(users.c.id.in_(sa.select(deliveries.c.user_id).where(asked)))
    connection.execute(for_update(owners.order_by(users.c.id))).all()
    off = sa.or_(~users.c.push_enabled, sa.and_(~users.c.enabled, ~messages.c.forced))
    found = (
        sa.select(deliveries.c.id)
        .join(users, users.c.id == deliveries.c.user_id)
        .join(messages, messages.c.id == deliveries.c.message_id)
        .where(asked, off)
    )
    return list(connection.scalars(found))


def _drop_addresses(connection: sa.Connection, delivery_ids: Sequence[str]) -> None:
    """Remove tokens that their provider no longer knows from their users."""
    if not delivery_ids:
        return
    sent = sa.select(deliveries.c.user_id, deliveries.c.address).where(among(connection, deliveries.c.id, delivery_ids))
    gone = {(row.user_id, row.address) for row in connection.execute(sent)}
    owners = among(connection, users.c.id, [user for user, _ in gone])
    for user in connection.execute(for_update(sa.select(users).where(owners).order_by(users.c.id))).all():
        left = [token for token in user.push_tokens if (user.id, token) not in gone]
        if left != user.push_tokens:
            connection.execute(sa.update(users).where(users.c.id == user.id).values(push_tokens=left))
