"""The statements of one occasion in work: lease, attempts, the finishing transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reflecta.adapters.stores.sql.database import SqlPart
from reflecta.adapters.stores.sql.dialect import among, among_given, for_update, insert, insert_into, upsert
from reflecta.adapters.stores.sql.flagging import raise_flag
from reflecta.adapters.stores.sql.reading import read_attempts, read_messages
from reflecta.adapters.stores.sql.rows import (
    Row,
    attempt_values,
    call_values,
    call_values_at,
    delivery_values,
    entry_values,
    occasion_values,
    screening_value,
    to_insights,
    to_occasion,
    to_screening,
    to_text,
    to_user,
)
from reflecta.adapters.stores.sql.schema import (
    OPEN,
    Instant,
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
from reflecta.application.ports.store import Ending, Journal, KeptContext, Sending, Work
from reflecta.domain.errors import Conflict, LeaseLost, NotFound
from reflecta.domain.model import Attempt, Call, Occasion, OccasionState, Outcome, Reason, Screening

# A context is made of the text alone.
_TEXT = [column for column in journal_entries.c if column.name not in {"content", "images"}]
ENTRIES = (
    sa.select(*_TEXT)
    .where(journal_entries.c.user_id == sa.bindparam("user"), journal_entries.c.has_content)
    .order_by(journal_entries.c.written_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_USER = sa.select(users).where(users.c.id == sa.bindparam("user"))
_INSIGHTS = sa.select(user_insights).where(user_insights.c.user_id == sa.bindparam("user"))
# What bears a date was sent at most a day before it began in UTC: the index bounds what is looked at, so that years
# of messages cost nothing.
_SENT_TODAY = (
    sa.select(messages.c.id)
    .where(
        messages.c.user_id == sa.bindparam("user"),
        messages.c.sent_at >= sa.bindparam("since"),
        messages.c.local_date == sa.bindparam("date"),
    )
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
# Locks the row so that a save and the loss of the lease cannot both happen.
_STANDS = sa.select(occasions.c.id).where(_HELD)
_HOLD = for_update(_STANDS)
# The finishing transaction reads what it decides on and no more: decoding whole rows took a third of its time.
# Of the occasion only what never changes, so that waiting for the user's lock cannot make it stale.
_LOCK_USER = (
    sa.select(
        users.c.id,
        users.c.enabled,
        users.c.failures,
        users.c.next_due_at,
        users.c.timezone,
        users.c.held_until,
        occasions.c.forced,
        occasions.c.regular_due_at,
    )
    .join(occasions, occasions.c.user_id == users.c.id)
    .where(occasions.c.id == sa.bindparam("occasion"))
    .with_for_update(of=users)
)
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


_CORRECT = (
    sa.update(occasions)
    .where(occasions.c.id == sa.bindparam("occasion"))
    .values(state=sa.bindparam("outcome"), reason=sa.bindparam("why"))
)


# Unless it is not forced and another message, forced or not, bears the local date.
_NEW_MESSAGE = sa.insert(messages).from_select(
    [column.name for column in messages.c],
    sa.select(*(sa.bindparam(column.name, type_=column.type) for column in messages.c)).where(
        sa.or_(
            sa.bindparam("forced", type_=sa.Boolean),
            ~sa.exists().where(
                messages.c.user_id == sa.bindparam("user_id", type_=sa.Text),
                messages.c.sent_at >= sa.bindparam("since", type_=Instant),
                messages.c.local_date == sa.bindparam("local_date", type_=sa.Text),
            ),
        )
    ),
)


@cache
def _quoted(dialect: str) -> sa.Select[str]:
    """Read which of the quoted entries are still there, and keep them until the context is."""
    there = sa.select(journal_entries.c.id).where(among_given(dialect, journal_entries.c.id, "entries"))
    return there.order_by(journal_entries.c.id).with_for_update(read=True, key_share=True)


@cache
def _new_context(dialect: str) -> "postgresql.Insert | sqlite.Insert":
    """Insert or replace a context, whose user is the occasion's."""
    new = insert_into(dialect, contexts)
    read = sa.select(occasions.c.id, occasions.c.user_id, sa.bindparam("text", type_=sa.Text))
    columns = ["occasion_id", "user_id", "text"]
    return new.from_select(columns, read.where(occasions.c.id == sa.bindparam("occasion"))).on_conflict_do_update(
        index_elements=[contexts.c.occasion_id], set_={"text": new.excluded.text}
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

    async def stands(self, occasion_id: str, *, token: str) -> bool:
        """See the port."""
        values = {"occasion": occasion_id, "token": token}
        return await self.database.read(lambda c: c.execute(_STANDS, values).first() is not None)

    async def journal(self, user_id: str, *, entries: int, messages: int) -> Journal:
        """See the port."""

        def transaction(connection: sa.Connection) -> Journal:
            rows = connection.execute(ENTRIES, {"user": user_id, "most": entries}).all()
            insights = connection.execute(_INSIGHTS, {"user": user_id}).first()
            return Journal(
                entries=[to_text(row) for row in rows],
                insights=to_insights(insights) if insights is not None else None,
                messages=read_messages(connection, user_id, messages),
            )

        return await self.database.read(transaction)

    async def save_attempt(
        self, occasion_id: str, attempt: Attempt, *, token: str, context: KeptContext | None = None
    ) -> None:
        """See the port."""

        def transaction(connection: sa.Connection) -> None:
            if connection.execute(_HOLD, {"occasion": occasion_id, "token": token}).first() is None:
                raise _lost(occasion_id)
            _save(connection, occasion_id, attempt, context)

        await self.database.write(transaction)

    async def save_screening(self, occasion_id: str, screening: Screening, call: Call, *, token: str) -> None:
        """See the port."""
        seen = sa.update(occasions).where(_HELD).values(screening=screening_value(screening))

        def transaction(connection: sa.Connection) -> None:
            _require(connection, seen, occasion_id, token)
            upsert(connection, calls, [call_values_at(occasion_id, 0, 0, call)])

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
        raise _lost(occasion_id)


def _lost(occasion_id: str) -> LeaseLost:
    return LeaseLost(f"occasion {occasion_id} is no longer leased to this worker")


def _stands(connection: sa.Connection, context: KeptContext) -> bool:
    """Say whether no entry that a context quotes was deleted meanwhile."""
    entries = list(context.entry_ids)
    return not entries or len(connection.execute(_quoted(connection.dialect.name), {"entries": entries}).all()) == len(
        entries
    )


def _save(connection: sa.Connection, occasion_id: str, attempt: Attempt | None, context: KeptContext | None) -> None:
    """Keep what was read and what was made of it."""
    if context is not None and _stands(connection, context):
        connection.execute(_new_context(connection.dialect.name), {"occasion": occasion_id, "text": context.text})
    if attempt is not None:
        upsert(connection, attempts, [attempt_values(occasion_id, attempt)])
        upsert(connection, calls, list(map(dict, call_values(occasion_id, attempt))))


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
        screening=to_screening(row.screening),
        sent_today=user is not None
        and user.timezone is not None
        and _sent_on(connection, user.id, local_date(user.timezone)),
    )


def _sent_on(connection: sa.Connection, user_id: str, day: date) -> bool:
    values = {"user": user_id, "date": day.isoformat(), "since": _earliest(day)}
    return connection.execute(_SENT_TODAY, values).first() is not None


def _earliest(day: date) -> datetime:
    """Give an instant before which it was nowhere that date yet."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)


def _finish(connection: sa.Connection, occasion_id: str, ending: Ending, token: str) -> tuple[Outcome, Reason | None]:
    user = connection.execute(_LOCK_USER, {"occasion": occasion_id}).first()
    outcome, reason = _what_holds(ending, user)
    values: Mapping[str, object] = {"occasion": occasion_id, "token": token, "more": ending.detail, "now": ending.now}
    # The lease first: whoever lost it must find nothing of its successor's to trip over.
    if connection.execute(_END, {**values, **_standing(outcome, reason)}).rowcount != 1:
        raise _lost(occasion_id)
    if user is None:
        return outcome, reason
    sending = ending.sending if outcome is OccasionState.SENT else None
    if sending is not None and not _send(connection, occasion_id, user, sending, ending.now):
        outcome, reason = OccasionState.DEFERRED, Reason.ALREADY_TODAY
        connection.execute(_CORRECT, {"occasion": occasion_id, **_standing(outcome, reason)})
    _save(connection, occasion_id, ending.attempt, ending.context)
    if ending.flag is not None and outcome is OccasionState.SENT:
        raise_flag(connection, ending.flag, flag_id=occasion_id, user_id=user.id, occasion_id=occasion_id)
    _reschedule(connection, ending, user, outcome)
    return outcome, reason


def _standing(outcome: Outcome, reason: Reason | None) -> Mapping[str, str | None]:
    return {"outcome": outcome.value, "why": reason.value if reason else None}


def _what_holds(ending: Ending, user: Row | None) -> tuple[Outcome, Reason | None]:
    """Check once more, under the user's lock, what may have changed since the work began."""
    if user is None:
        return OccasionState.CANCELLED, Reason.ERASED
    if not user.enabled and not user.forced:
        return OccasionState.CANCELLED, Reason.SWITCHED_OFF
    is_held = user.held_until is not None and user.held_until > ending.now
    if is_held and ending.sending is not None and ending.flag is None:
        return OccasionState.DEFERRED, Reason.SAFETY_HOLD
    return ending.outcome, ending.reason


def _send(connection: sa.Connection, occasion_id: str, user: Row, sending: Sending, now: datetime) -> bool:
    """Write what goes out; False, and nothing, when another message bears the local date."""
    # By the zone as it is now: one edited meanwhile must not leave room for a second message today.
    day = sending.local_date(user.timezone)
    new = connection.execute(
        _NEW_MESSAGE,
        {
            "id": sending.message_id,
            "occasion_id": occasion_id,
            "attempt": sending.attempt,
            "user_id": user.id,
            "local_date": day.isoformat(),
            "since": _earliest(day),
            "forced": user.forced,
            "journal_entry_id": sending.entry.id,
            "sent_at": now,
        },
    )
    if new.rowcount != 1:
        return False
    connection.execute(_NEW_ENTRY, entry_values(sending.entry))
    if sending.deliveries:
        connection.execute(_NEW_DELIVERY, [delivery_values(d, now) for d in sending.deliveries])
    return True


def _reschedule(connection: sa.Connection, ending: Ending, user: Row, outcome: Outcome) -> None:
    """Write what the outcome means for the user; the due time only where the claim's own still stands."""
    values: dict[str, object] = {}
    if outcome is OccasionState.SENT:
        values["last_sent_at"] = ending.now
        if ending.sending is not None and ending.sending.deliveries:
            values["last_notification_at"] = ending.now
    if user.failures != ending.failures and outcome is not OccasionState.CANCELLED:
        values["failures"] = ending.failures
    unchanged = user.next_due_at == user.regular_due_at and not user.forced
    if ending.next_due_at is not None and unchanged and outcome is not OccasionState.CANCELLED:
        values["next_due_at"] = ending.next_due_at
    if values:
        connection.execute(_RESCHEDULE, {"user": user.id, **values})
