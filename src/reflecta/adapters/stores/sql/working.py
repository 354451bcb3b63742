"""The statements of one occasion in work: lease, attempts, the finishing transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.dialect import among, for_update, insert, upsert
from reflecta.adapters.stores.sql.reading import read_attempts, read_messages
from reflecta.adapters.stores.sql.rows import (
    Row,
    attempt_values,
    call_values,
    delivery_values,
    entry_values,
    occasion_values,
    to_entry,
    to_insights,
    to_occasion,
    to_user,
)
from reflecta.adapters.stores.sql.schema import (
    OPEN,
    attempts,
    calls,
    contexts,
    deliveries,
    journal_entries,
    messages,
    occasions,
    user_insights,
    users,
)
from reflecta.application.ports.store import Ending, Journal, Sending, Work
from reflecta.domain.errors import Conflict, LeaseLost, NotFound
from reflecta.domain.model import Attempt, Occasion, OccasionState, Outcome, Reason

ENTRIES = (
    sa.select(journal_entries)
    .where(journal_entries.c.user_id == sa.bindparam("user"), journal_entries.c.has_content)
    .order_by(journal_entries.c.written_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_USER = sa.select(users).where(users.c.id == sa.bindparam("user"))
_INSIGHTS = sa.select(user_insights).where(user_insights.c.user_id == sa.bindparam("user"))
_SENT_TODAY = (
    sa.select(messages.c.id)
    .where(messages.c.user_id == sa.bindparam("user"), messages.c.local_date == sa.bindparam("date"))
    .limit(1)
)
_LEASE = (
    sa.update(occasions)
    .where(
        occasions.c.id == sa.bindparam("occasion"),
        sa.or_(
            sa.and_(
                occasions.c.state == "queued",
                sa.or_(occasions.c.not_before.is_(None), occasions.c.not_before <= sa.bindparam("now")),
            ),
            sa.and_(occasions.c.state == "in_work", occasions.c.lease_until <= sa.bindparam("now")),
        ),
    )
    .values(
        state="in_work",
        lease_token=sa.bindparam("token"),
        lease_until=sa.bindparam("until"),
        started_at=sa.func.coalesce(occasions.c.started_at, sa.bindparam("now")),
    )
    # A first try has saved nothing yet: known here, it need not be asked for.
    .returning(*occasions.c, sa.exists().where(attempts.c.occasion_id == occasions.c.id).label("has_attempts"))
)
_HELD = sa.and_(
    occasions.c.id == sa.bindparam("occasion"),
    occasions.c.state == "in_work",
    occasions.c.lease_token == sa.bindparam("token"),
)
# Touches the row so that a save and the loss of the lease cannot both happen.
_TOUCH = sa.update(occasions).where(_HELD).values(lease_until=occasions.c.lease_until)
# The finishing transaction reads what it decides on and no more: decoding whole rows took a third of its time.
_HELD_OCCASION = sa.select(occasions.c.id, occasions.c.user_id, occasions.c.forced, occasions.c.regular_due_at).where(
    _HELD
)
_LOCK_USER = for_update(
    sa.select(users.c.enabled, users.c.failures, users.c.next_due_at).where(users.c.id == sa.bindparam("user"))
)
_NEW_MESSAGE = sa.insert(messages)
_NEW_ENTRY = sa.insert(journal_entries)
_NEW_DELIVERY = sa.insert(deliveries)
_RESCHEDULE = sa.update(users).where(users.c.id == sa.bindparam("user"))
_END = (
    sa.update(occasions)
    .where(_HELD)
    .values(
        state=sa.bindparam("outcome"),
        reason=sa.bindparam("why"),
        detail=sa.bindparam("more"),
        ended_at=sa.bindparam("now"),
        lease_token=None,
        lease_until=None,
    )
)


class ProcessSql(SqlPart):
    """`ProcessStore` over SQL."""

    async def lease(
        self, occasion_id: str, *, token: str, now: datetime, until: datetime, local_date: Callable[[str], date]
    ) -> Work | None:
        """See the port."""
        values = {"occasion": occasion_id, "token": token, "now": now, "until": until}
        return await self.database.write(lambda c: _lease(c, values, local_date))

    async def renew(self, tokens: Sequence[str], *, until: datetime) -> None:
        """See the port."""
        if tokens:
            await self.database.write(lambda c: _renew(c, tokens, until))

    async def journal(self, user_id: str, *, entries: int, messages: int) -> Journal:
        """See the port."""

        def transaction(connection: sa.Connection) -> Journal:
            rows = connection.execute(ENTRIES, {"user": user_id, "most": entries}).all()
            insights = connection.execute(_INSIGHTS, {"user": user_id}).first()
            return Journal(
                entries=[to_entry(row) for row in rows],
                insights=to_insights(insights) if insights is not None else None,
                messages=read_messages(connection, user_id, messages),
            )

        return await self.database.read(transaction)

    async def save_context(self, occasion_id: str, user_id: str, *, token: str, text: str) -> None:
        """See the port."""

        def transaction(connection: sa.Connection) -> None:
            _require(connection, _TOUCH, occasion_id, token)
            upsert(connection, contexts, [{"occasion_id": occasion_id, "user_id": user_id, "text": text}])

        await self.database.write(transaction)

    async def save_attempt(self, occasion_id: str, attempt: Attempt, *, token: str) -> None:
        """See the port."""

        def transaction(connection: sa.Connection) -> None:
            _require(connection, _TOUCH, occasion_id, token)
            upsert(connection, attempts, [attempt_values(occasion_id, attempt)])
            upsert(connection, calls, list(map(dict, call_values(occasion_id, attempt))))

        await self.database.write(transaction)

    async def retry_later(self, occasion_id: str, *, token: str, at: datetime, detail: str) -> None:
        """See the port."""
        again = (
            sa.update(occasions)
            .where(_HELD)
            .values(
                state="queued",
                lease_token=None,
                lease_until=None,
                tries=occasions.c.tries + 1,
                not_before=at,
                detail=detail,
            )
        )
        await self.database.write(lambda c: _require(c, again, occasion_id, token))

    async def release(self, occasion_id: str, *, token: str) -> None:
        """See the port."""
        back = sa.update(occasions).where(_HELD).values(state="queued", lease_token=None, lease_until=None)
        await self.database.write(lambda c: _require(c, back, occasion_id, token))

    async def finish(self, occasion_id: str, ending: Ending, *, token: str) -> tuple[Outcome, Reason | None]:
        """See the port."""
        return await self.database.write(lambda c: _finish(c, occasion_id, ending, token))

    async def force(self, occasion: Occasion) -> None:
        """See the port."""

        def transaction(connection: sa.Connection) -> None:
            user = sa.select(users.c.id).where(users.c.id == occasion.user_id)
            if connection.execute(for_update(user)).first() is None:
                raise NotFound(f"user {occasion.user_id!r} is not known")
            new = insert(connection, occasions).on_conflict_do_nothing().returning(occasions.c.id)
            if connection.execute(new, occasion_values(occasion)).first() is None:
                raise Conflict(f"user {occasion.user_id!r} has an open occasion; wait until it has ended")

        await self.database.write(transaction)

    async def open_occasion(self, user_id: str) -> Occasion | None:
        """See the port."""
        statement = sa.select(occasions).where(OPEN, occasions.c.user_id == user_id)
        row = await self.database.read(lambda c: c.execute(statement).first())
        return to_occasion(row) if row is not None else None


def _renew(connection: sa.Connection, tokens: Sequence[str], until: datetime) -> None:
    """Renew what nobody else holds this moment: waiting for one lease must not cost the others theirs."""
    held = sa.select(occasions.c.id).where(
        among(connection, occasions.c.lease_token, tokens), occasions.c.state == "in_work"
    )
    ids = list(connection.scalars(for_update(held, skip_locked=True)))
    if ids:
        connection.execute(sa.update(occasions).where(among(connection, occasions.c.id, ids)).values(lease_until=until))


def _require(connection: sa.Connection, statement: sa.Update, occasion_id: str, token: str) -> None:
    """Run an update of the leased occasion; without the lease nothing may be written."""
    if connection.execute(statement, {"occasion": occasion_id, "token": token}).rowcount != 1:
        raise LeaseLost(f"occasion {occasion_id} is no longer leased to this worker")


def _lease(connection: sa.Connection, values: Mapping[str, object], local_date: Callable[[str], date]) -> Work | None:
    row = connection.execute(_LEASE, values).first()
    if row is None:
        return None
    occasion = to_occasion(row)
    found = connection.execute(_USER, {"user": occasion.user_id}).first()
    user = to_user(found) if found is not None else None
    return Work(
        occasion=occasion,
        user=user,
        attempts=read_attempts(connection, occasion.id) if row.has_attempts else (),
        sent_today=user is not None
        and user.timezone is not None
        and _sent_on(connection, user.id, local_date(user.timezone)),
    )


def _sent_on(connection: sa.Connection, user_id: str, day: date) -> bool:
    return connection.execute(_SENT_TODAY, {"user": user_id, "date": day.isoformat()}).first() is not None


def _finish(connection: sa.Connection, occasion_id: str, ending: Ending, token: str) -> tuple[Outcome, Reason | None]:
    occasion = connection.execute(_HELD_OCCASION, {"occasion": occasion_id, "token": token}).first()
    if occasion is None:
        raise LeaseLost(f"occasion {occasion_id} is no longer leased to this worker")
    user = connection.execute(_LOCK_USER, {"user": occasion.user_id}).first()
    outcome, reason = _what_holds(connection, occasion, ending, user)
    ended = connection.execute(
        _END,
        {
            "occasion": occasion_id,
            "token": token,
            "outcome": outcome.value,
            "why": reason.value if reason else None,
            "more": ending.detail,
            "now": ending.now,
        },
    )
    if ended.rowcount != 1:
        raise LeaseLost(f"occasion {occasion_id} is no longer leased to this worker")
    if outcome is OccasionState.SENT and ending.sending is not None:
        _send(connection, occasion, ending.sending, ending.now)
    if user is not None:
        _reschedule(connection, occasion, ending, user, outcome)
    return outcome, reason


def _what_holds(
    connection: sa.Connection, occasion: Row, ending: Ending, user: Row | None
) -> tuple[Outcome, Reason | None]:
    """Check once more, under the user's lock, what may have changed since the work began."""
    if user is None:
        return OccasionState.CANCELLED, Reason.ERASED
    if not user.enabled and not occasion.forced:
        return OccasionState.CANCELLED, Reason.SWITCHED_OFF
    sending = ending.sending
    if sending is not None and not occasion.forced and _sent_on(connection, occasion.user_id, sending.local_date):
        return OccasionState.DEFERRED, Reason.ALREADY_TODAY
    return ending.outcome, ending.reason


def _send(connection: sa.Connection, occasion: Row, sending: Sending, now: datetime) -> None:
    connection.execute(
        _NEW_MESSAGE,
        {
            "id": sending.message_id,
            "occasion_id": occasion.id,
            "attempt": sending.attempt,
            "user_id": occasion.user_id,
            "local_date": sending.local_date.isoformat(),
            "forced": occasion.forced,
            "journal_entry_id": sending.entry.id,
            "sent_at": now,
        },
    )
    connection.execute(_NEW_ENTRY, entry_values(sending.entry))
    if sending.deliveries:
        connection.execute(_NEW_DELIVERY, [delivery_values(d, now) for d in sending.deliveries])


def _reschedule(connection: sa.Connection, occasion: Row, ending: Ending, user: Row, outcome: Outcome) -> None:
    """Write what the outcome means for the user; the due time only where the claim's own still stands."""
    values: dict[str, object] = {}
    if outcome is OccasionState.SENT:
        values["last_sent_at"] = ending.now
        if ending.sending is not None and ending.sending.deliveries:
            values["last_notification_at"] = ending.now
    if user.failures != ending.failures and outcome is not OccasionState.CANCELLED:
        values["failures"] = ending.failures
    unchanged = user.next_due_at == occasion.regular_due_at and not occasion.forced
    if ending.next_due_at is not None and unchanged and outcome is not OccasionState.CANCELLED:
        values["next_due_at"] = ending.next_due_at
    if values:
        connection.execute(_RESCHEDULE, {"user": occasion.user_id, **values})
