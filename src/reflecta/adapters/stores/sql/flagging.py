"""The statements of signs of risk: who is held until when, and what is counted of it. No word of a journal."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from reflecta.adapters.stores.sql.dialect import for_update, insert
from reflecta.adapters.stores.sql.rows import flag_values, to_user
from reflecta.adapters.stores.sql.schema import safety_flags, users
from reflecta.domain.model import Flag, User

# Older ones have long left every context.
_MOST_FLAGGED: Final = 200


def raise_flag(connection: sa.Connection, flag: Flag, *, flag_id: str, user_id: str, occasion_id: str | None) -> None:
    """Hold a user, who is locked, at least until the flag says; the same flag twice is one."""
    values = flag_values(flag, flag_id=flag_id, user_id=user_id, occasion_id=occasion_id)
    connection.execute(insert(connection, safety_flags).on_conflict_do_nothing(), values)
    held = connection.execute(sa.select(users.c.held_until, users.c.flagged_entries).where(users.c.id == user_id)).one()
    entries = list(dict.fromkeys([*(held.flagged_entries or ()), *flag.entry_ids]))[-_MOST_FLAGGED:]
    until = max(filter(None, (held.held_until, flag.held_until)))
    connection.execute(sa.update(users).where(users.c.id == user_id).values(held_until=until, flagged_entries=entries))


def end_hold(
    connection: sa.Connection, user_id: str, now: datetime, next_due: Callable[[User], datetime | None]
) -> bool:
    """End a hold after a review; what was flagged stays out of all messages."""
    row = connection.execute(for_update(sa.select(users).where(users.c.id == user_id))).first()
    if row is None or row.held_until is None:
        return False
    free = {"held_until": None, "next_due_at": next_due(to_user(row))}
    connection.execute(sa.update(users).where(users.c.id == user_id).values(free))
    waiting = sa.and_(safety_flags.c.user_id == user_id, safety_flags.c.reviewed_at.is_(None))
    connection.execute(sa.update(safety_flags).where(waiting).values(reviewed_at=now))
    return True


def forget_flags(connection: sa.Connection, user_id: str) -> None:
    """Leave of an erased user's flags what is counted, and nothing that says whose they were."""
    chance = sa.func.hex(sa.func.randomblob(16))
    if connection.dialect.name == "postgresql":
        chance = sa.func.replace(sa.cast(sa.func.gen_random_uuid(), sa.Text), "-", "")
    nobody = sa.update(safety_flags).values(id=chance, user_id=None, occasion_id=None)
    connection.execute(nobody.where(safety_flags.c.user_id == user_id))
