"""Audits from outside what a class of faults left, by its own SQL and the counterparts' own records.

Shares no code with the service but what reads the number that an answer bears.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tests.faults.counterparts import Counterparts

from reflecta.testing import number_in

ARRIVED: Final = frozenset({"accepted", "delivered"})
OPENS, CLOSES = 12, 18  # the afternoon, local hours

Rows = Sequence[sa.Row[Any]]


class Outside:
    """Reads the tables past the service's store and past every proxy."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        self._sqlite: sa.Engine | None = None
        self._postgres: AsyncEngine | None = None
        if parsed.get_backend_name() == "sqlite":
            self._sqlite = sa.create_engine(url, poolclass=sa.NullPool)
        else:
            self._postgres = create_async_engine(parsed.set(drivername="postgresql+asyncpg"), pool_size=1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._postgres is not None:
            await self._postgres.dispose()

    async def rows(self, statement: str, **values: object) -> Rows:
        """Read rows."""
        if self._postgres is None:
            return await asyncio.to_thread(self._read, statement, values)
        async with self._postgres.connect() as connection:
            return (await connection.execute(sa.text(statement), values)).all()

    async def count(self, statement: str, **values: object) -> int:
        """Read one number."""
        return (await self.rows(statement, **values))[0][0]

    def _read(self, statement: str, values: Mapping[str, object]) -> Rows:
        assert self._sqlite is not None
        with self._sqlite.connect() as connection:
            return connection.execute(sa.text(statement), values).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found for the users of one class of faults; all down to *after_switching_off* must be 0."""

    users: int
    lost: int
    """Without the outcome `sent`, its message and its journal entry; who switched off may be `cancelled` instead."""
    doubled: int
    more_than_one_outcome: int
    pushed_twice: int
    push_fate_wrong: int
    """The table says otherwise than what the push service took, or a push is still under way."""
    altered: int
    """Messages whose text no model answered."""
    saved_calls_repeated: int
    outside_window: int
    after_switching_off: int
    switched_off: int
    not_accepted: int
    unsaved_calls: int
    pushes_unknown: int
    by_composer: int


async def audit(
    outside: Outside,
    counterparts: Counterparts,
    prefix: str,
    users: int,
    *,
    off: Mapping[str, int],
    saved: AbstractSet[int],
) -> Audit:
    """Reckon for all users whose ids begin with *prefix*, of whom there must be so many.

    *off* says when users were switched off, in epoch milliseconds; *saved* names the answers that were seen in the
    tables at any time, because a call that is repeated may overwrite what was saved.
    """
    mine = f"{prefix}%"
    zones = {
        row.id: row.timezone for row in await outside.rows("SELECT id, timezone FROM users WHERE id LIKE :m", m=mine)
    }
    messages = await outside.rows(_MESSAGES, m=mine)
    entries = await outside.rows(_ENTRIES, m=mine)
    ended = await outside.rows(_ENDED, m=mine)
    deliveries = await outside.rows("SELECT * FROM deliveries WHERE user_id LIKE :m", m=mine)
    outcomes = Counter(row.user_id for row in ended)
    written, filed = Counter(row.user_id for row in messages), Counter(row.user_id for row in entries)
    linked = {row.user_id for row in entries if row.is_linked}
    served = {row.user_id for row in ended if row.state == "sent" and written[row.user_id] and row.user_id in linked}
    served |= {row.user_id for row in ended if row.state == "cancelled" and row.user_id in off}
    calls = _Calls(counterparts, prefix, saved | await saved_answers(outside, prefix))
    taken = {
        key: times for key, times in counterparts.taken.items() if key[1].startswith(f"ExponentPushToken[{prefix}")
    }
    return Audit(
        users=users,
        lost=users - len(served & zones.keys()),
        doubled=sum(written[user] > 1 or filed[user] > 1 for user in zones),
        more_than_one_outcome=sum(outcomes[user] > 1 for user in zones),
        pushed_twice=sum(times > 1 for times in taken.values()),
        push_fate_wrong=_wrong_fates(deliveries, taken),
        altered=sum(
            row.ai_generated in {None, 1} and not calls.was_answered(row.user_id, row.text) for row in messages
        ),
        saved_calls_repeated=calls.repeated(),
        outside_window=sum(not _is_open(row.sent_at, zones.get(row.user_id)) for row in messages),
        after_switching_off=sum(row.sent_at >= off.get(row.user_id, row.sent_at + 1) for row in messages),
        switched_off=sum(row.user_id in off for row in ended if row.state == "cancelled"),
        # What was put off before its user switched off stays away.
        not_accepted=sum(
            row.state not in ARRIVED and not (row.state == "cancelled" and row.user_id in off) for row in deliveries
        ),
        unsaved_calls=calls.unsaved(),
        pushes_unknown=sum(row.state == "unknown" for row in deliveries),
        by_composer=sum(not row.ai_generated for row in messages),
    )


async def saved_answers(outside: Outside, prefix: str) -> AbstractSet[int]:
    """Give the numbers of the answers that are saved now."""
    kept = await outside.rows(_KEPT, m=f"{prefix}%")
    return {number for row in kept if (number := number_in(row.said)) is not None}


_MESSAGES: Final = (
    "SELECT m.user_id, m.sent_at, a.text, a.ai_generated FROM messages m "
    "LEFT JOIN attempts a ON a.occasion_id = m.occasion_id AND a.number = m.attempt WHERE m.user_id LIKE :m"
)
_ENTRIES: Final = (
    "SELECT e.user_id, m.id IS NOT NULL AS is_linked FROM journal_entries e "
    "LEFT JOIN messages m ON m.id = e.message_id AND m.journal_entry_id = e.id "
    "WHERE e.user_id LIKE :m AND e.message_id IS NOT NULL"
)
_ENDED: Final = "SELECT user_id, state FROM occasions WHERE user_id LIKE :m AND state NOT IN ('queued', 'in_work')"
# Drafts and assessments stand in the attempts, what a screening saw beside its occasion.
_KEPT: Final = " UNION ALL ".join(
    (
        *(
            f"SELECT a.{said} AS said FROM attempts a JOIN occasions o ON o.id = a.occasion_id "  # noqa: S608
            f"WHERE o.user_id LIKE :m AND a.ai_generated AND a.{said} IS NOT NULL"
            for said in ("text", "rationale")
        ),
        "SELECT CAST(screening AS text) FROM occasions WHERE user_id LIKE :m AND screening IS NOT NULL",
    )
)


def _wrong_fates(deliveries: Rows, taken: Mapping[tuple[str, str], int]) -> int:
    """Count deliveries whose state the push service contradicts, and pushes that no delivery knows."""
    wrong = 0
    known: set[tuple[str, str]] = set()
    for row in deliveries:
        key = (row.message_id, row.address)
        known.add(key)
        was_taken = taken.get(key, 0) > 0
        may_be = {*ARRIVED, "unknown"} if was_taken else {"unknown", "refused", "expired", "cancelled"}
        wrong += row.state not in may_be
    return wrong + len(taken.keys() - known)


def _is_open(sent_at: int, zone: str | None) -> bool:
    """Say whether an instant lies in the afternoon of a zone of whole hours, such as Etc/GMT-3 (east of UTC)."""
    if zone is None:
        return False
    hours = -int(zone.removeprefix("Etc/GMT") or 0)
    return OPENS <= (datetime.fromtimestamp(sent_at / 1000, UTC) + timedelta(hours=hours)).hour < CLOSES


class _Calls:
    """What was asked for beside what was saved. Every answer bears its number, in the order of asking."""

    def __init__(self, counterparts: Counterparts, prefix: str, saved: AbstractSet[int]) -> None:
        self._answered = {n: asked for n, asked in counterparts.answered.items() if asked.user.startswith(prefix)}
        self._said = counterparts.said
        self._saved = saved & self._answered.keys()

    def was_answered(self, user: str, text: str | None) -> bool:
        """Say whether a text is word for word what the model answered for this user."""
        number = number_in(text or "")
        asked = self._answered.get(number) if number is not None else None
        return asked is not None and number is not None and asked.user == user and self._said.get(number) == text

    def repeated(self) -> int:
        """Count saved answers whose very question was asked again after them."""
        last = {asked: number for number, asked in sorted(self._answered.items())}
        return sum(last[self._answered[number]] > number for number in self._saved)

    def unsaved(self) -> int:
        """Count answers that were paid for and are saved nowhere."""
        return len(self._answered.keys() - self._saved)
