"""Reads that several ports share: attempts with their calls, messages with their feedback."""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from reflecta.adapters.stores.sql.rows import Row, to_attempt
from reflecta.adapters.stores.sql.schema import attempts, calls, feedback, messages
from reflecta.domain.model import Attempt, Feedback, MessageType, PastMessage

_ATTEMPTS = sa.select(attempts).where(attempts.c.occasion_id == sa.bindparam("occasion")).order_by(attempts.c.number)
_CALLS = (
    sa.select(calls).where(calls.c.occasion_id == sa.bindparam("occasion")).order_by(calls.c.attempt, calls.c.position)
)
_MESSAGES = (
    sa.select(messages.c.id, messages.c.sent_at, attempts.c.message_type, attempts.c.text)
    .join(
        attempts,
        sa.and_(attempts.c.occasion_id == messages.c.occasion_id, attempts.c.number == messages.c.attempt),
    )
    .where(messages.c.user_id == sa.bindparam("user"))
    .order_by(messages.c.sent_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_NEWEST = (
    sa.select(messages.c.id)
    .where(messages.c.user_id == sa.bindparam("user"))
    .order_by(messages.c.sent_at.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_FEEDBACK = sa.select(feedback).where(feedback.c.message_id.in_(_NEWEST)).order_by(feedback.c.at)


def read_attempts(connection: sa.Connection, occasion_id: str) -> Sequence[Attempt]:
    """Give an occasion's attempts in order."""
    by_attempt: defaultdict[int, list[Row]] = defaultdict(list)
    for call in connection.execute(_CALLS, {"occasion": occasion_id}):
        by_attempt[call.attempt].append(call)
    rows = connection.execute(_ATTEMPTS, {"occasion": occasion_id}).all()
    return [to_attempt(row, by_attempt[row.number]) for row in rows]


def read_feedback(connection: sa.Connection, message_id: str) -> Sequence[Feedback]:
    """Give what a user made of a message, in the order of time."""
    made = sa.select(feedback).where(feedback.c.message_id == message_id).order_by(feedback.c.at, feedback.c.kind)
    return [
        Feedback(message_id=row.message_id, kind=row.kind, rating=row.rating, at=row.at)
        for row in connection.execute(made)
    ]


def read_messages(connection: sa.Connection, user_id: str, most: int) -> Sequence[PastMessage]:
    """Give a user's newest messages with what the user made of them."""
    rows = connection.execute(_MESSAGES, {"user": user_id, "most": most}).all()
    if not rows:
        return ()
    made: defaultdict[str, list[Feedback]] = defaultdict(list)
    for row in connection.execute(_FEEDBACK, {"user": user_id, "most": most}):
        made[row.message_id].append(Feedback(message_id=row.message_id, kind=row.kind, rating=row.rating, at=row.at))
    return [
        PastMessage(
            id=row.id,
            type=MessageType(row.message_type),
            text=row.text,
            sent_at=row.sent_at,
            feedback=tuple(made[row.id]),
        )
        for row in rows
    ]
