"""What the database says at the end, read as rows behind the service's back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from reflecta.adapters.stores.sql.database import Database
from reflecta.simulation.effects import Effect, Value

_OCCASIONS: Final = """
SELECT o.user_id, o.id, o.due_at, o.created_at, o.started_at, o.ended_at, o.window_ends_at, o.state, o.reason, o.tries,
       (SELECT count(*) FROM messages m WHERE m.occasion_id = o.id) AS messages,
       (SELECT count(*) FROM messages m JOIN journal_entries e ON e.id = m.journal_entry_id AND e.message_id = m.id
         WHERE m.occasion_id = o.id AND e.user_id = o.user_id) AS entries,
       (SELECT count(*) FROM calls c WHERE c.occasion_id = o.id AND c.model NOT LIKE 'composer%') AS calls
  FROM occasions o"""
# What an erasure must not leave behind, by table.
_LEFT: Final = " UNION ALL ".join(
    f"SELECT t.user_id, '{table}' AS name FROM {table} t"  # noqa: S608 - names of our own
    " WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = t.user_id)"
    for table in ("messages", "journal_entries", "contexts", "deliveries", "user_insights")
)
_DELIVERIES: Final = "SELECT user_id, id, message_id, state, tries, updated_at FROM deliveries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Reads the tables of a store."""

    database: Database
    start: datetime
    end: int

    async def effects(self) -> Sequence[Effect]:
        """Give each occasion and each delivery as it stands, at the virtual time of its end, and what is left of
        users who were erased, at *end*."""
        return await self.database.read(lambda c: [*self._occasions(c), *self._pushes(c), *self._left(c)])

    def _occasions(self, connection: sa.Connection) -> Iterator[Effect]:
        for row in connection.execute(sa.text(_OCCASIONS)):
            values: dict[str, Value] = {
                "id": row.id,
                "due": self._at(row.due_at),
                "created": self._at(row.created_at),
                "started": self._at(row.started_at),
                "closes": self._at(row.window_ends_at),
                "state": row.state,
                "reason": row.reason,
                "tries": row.tries,
                "messages": row.messages,
                "entries": row.entries,
                "calls": row.calls,
            }
            ended = self._at(row.ended_at)
            step = "occasion.open" if ended is None else "occasion.ended"
            yield Effect(self._or(ended, row.created_at), row.user_id, step, values)

    def _pushes(self, connection: sa.Connection) -> Iterator[Effect]:
        for row in connection.execute(sa.text(_DELIVERIES)):
            values: dict[str, Value] = {
                "delivery": row.id,
                "message": row.message_id,
                "state": row.state,
                "tries": row.tries,
            }
            yield Effect(self._or(self._at(row.updated_at), 0), row.user_id, "push.settled", values)

    def _left(self, connection: sa.Connection) -> Iterator[Effect]:
        for row in connection.execute(sa.text(_LEFT)):
            yield Effect(self.end, row.user_id, "erased.left", {"table": row.name})

    def _at(self, milliseconds: int | None) -> int | None:
        """Give a stored instant in virtual microseconds."""
        if milliseconds is None:
            return None
        return (milliseconds - round(self.start.timestamp() * 1000)) * 1000

    def _or(self, at: int | None, stored: int | None) -> int:
        return at if at is not None else self._at(stored) or 0
