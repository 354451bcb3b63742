"""Audits a store from outside, by plain SQL, against what the world knows. Shares no rule with the service."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from tests.machine.calendar import date_in, is_open, regular
from tests.machine.doubles import LIE
from tests.machine.known import Known, Person, Seen, Wish

Rows = Sequence[sa.Row[*tuple[Any, ...]]]

OPEN = {"queued", "in_work"}
# A week, the rest of a window, and a clock that was put back a little.
FAR = timedelta(days=9)
_CANARY = re.compile(r"canary\w+?end")
_QUERIES = {
    "users": "SELECT id, enabled, timezone, next_due_at, entry_count, push_tokens, flagged_entries FROM users",
    "own_entries": "SELECT user_id, count(*) AS n FROM journal_entries WHERE message_id IS NULL "
    "AND text <> '' GROUP BY user_id",
    "occasions": "SELECT id, user_id, state, reason, detail, forced, timezone, time_window, due_at, created_at, "
    "ended_at, window_ends_at, regular_due_at, lease_token, screening FROM occasions",
    "messages": "SELECT m.*, e.message_id AS back, e.user_id AS entry_user, e.content AS content FROM messages m "
    "LEFT JOIN journal_entries e ON e.id = m.journal_entry_id",
    "deliveries": "SELECT id, message_id, user_id, address, state FROM deliveries",
    "contexts": "SELECT occasion_id, user_id, text FROM contexts",
    "attempts": "SELECT occasion_id, count(*) AS n, min(text) AS first, max(text) AS last, max(error) AS error, "
    "sum(CASE WHEN message_type = 'care' THEN 1 ELSE 0 END) AS care FROM attempts GROUP BY occasion_id",
    "flags": "SELECT id, user_id, occasion_id, source, at, held_until, reviewed_at FROM safety_flags",
    "feedback": "SELECT message_id, kind, rating FROM feedback",
    "calls": "SELECT occasion_id, attempt, purpose, count(*) AS n FROM calls WHERE model = 'moody' "
    "GROUP BY occasion_id, attempt, purpose",
}
_TABLES = (
    "users, journal_entries, user_insights, occasions, contexts, attempts, calls, messages, feedback, deliveries, "
    "safety_flags, ticks"
)


class Violated(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tables as one transaction saw them; *everything* is all text, read only where somebody was erased."""

    tables: Mapping[str, Rows]
    everything: str

    def __getitem__(self, name: str) -> Rows:
        return self.tables[name]


def read(connection: sa.Connection, *, whole: bool) -> Snapshot:
    """Read what the audit looks at."""
    tables = {name: connection.execute(sa.text(query)).all() for name, query in _QUERIES.items()}
    texts = [str(connection.execute(sa.text(f"SELECT * FROM {t}")).all()) for t in _TABLES.split(", ") if whole]  # noqa: S608
    return Snapshot(tables, "\n".join(texts))


def at(milliseconds: int) -> datetime:
    """Give the instant of stored milliseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def check(known: Known, seen: Snapshot, now: datetime, others: Iterable[str] = ()) -> None:
    """Hold every promise against the tables; raises Violated with the broken ones, and with *others*."""
    broken = [
        *known.complaints,
        *others,
        *_after_work(known, seen),
        *_occasions(known, seen),
        *_messages(known, seen),
        *_deliveries(known, seen),
        *_users(known, seen, now),
        *_calls(seen),
        *(f"text of {word!r} was found after its erasure" for word in known.dead_canaries if word in seen.everything),
    ]
    if broken:
        raise Violated("; ".join(broken))


def note_messages(known: Known, seen: Snapshot) -> None:
    """Judge each message at the first sight of it, by what its user wants at that moment and wanted before."""
    ends = {row.id: row.window_ends_at for row in seen["occasions"]}
    for row in seen["messages"]:
        if row.id in known.sent:
            continue
        person = known.people.get(row.user_id)
        if person is None:
            known.complain(f"{row.id} was sent to somebody erased")
            continue
        message = Seen(
            user_id=row.user_id,
            life=person.life,
            forced=bool(row.forced),
            sent_at=at(row.sent_at),
            wishes=tuple(known.in_flight[row.occasion_id]),
            expires_at=at(ends[row.occasion_id]) if ends.get(row.occasion_id) is not None else None,
        )
        known.sent[row.id] = message
        _judge(known, person, row.id, row.local_date, message)


def _judge(known: Known, person: Person, message_id: str, stored_date: str, message: Seen) -> None:
    if not any(_fits(wish, message) for wish in message.wishes):
        known.complain(f"{message_id} was sent at {message.sent_at}, which none of {message.wishes} allows")
    if not message.forced and not any(wish.is_on for wish in known.wishes_of(person)):
        known.complain(f"{message_id} was sent after switching off")
    # Of the zone as it is when the message is written down: one that was edited meanwhile has its own today.
    days = {date_in(wish.zone or "UTC", message.sent_at).isoformat() for wish in known.wishes_of(person)}
    if stored_date not in days:
        known.complain(f"{message_id} bears the date {stored_date}, it was {days} there")
    earlier = known.dates.setdefault((message.user_id, message.life, stored_date), message_id)
    if earlier != message_id and not message.forced:
        known.complain(f"{message_id} is a second message of {stored_date}, after {earlier}")


def _fits(wish: Wish, message: Seen) -> bool:
    if message.forced:
        return True
    return wish.enabled and wish.zone is not None and is_open(wish.zone, wish.window, message.sent_at)


def may_leave(known: Known, message_id: str, now: datetime) -> None:
    """Judge a push at the moment it leaves."""
    message = known.sent.get(message_id)
    person = known.people.get(message.user_id) if message else None
    if message is None or person is None or person.life != message.life:
        known.complain(f"a push of {message_id} left for somebody who is gone, or before its message was committed")
    elif not message.forced and not person.wish.enabled:
        known.complain(f"a push of {message_id} left after switching off")
    elif not message.forced and not any(
        wish.zone and is_open(wish.zone, wish.window, now) and date_in(wish.zone, now) == date_in(wish.zone, s)
        for wish in message.wishes
        for s in [message.sent_at]
    ):
        known.complain(f"a push of {message_id} left outside its window, at {now}")


def _occasions(known: Known, seen: Snapshot) -> Iterable[str]:
    open_ones = Counter(row.user_id for row in seen["occasions"] if row.state in OPEN)
    yield from (f"{user} has {n} open occasions" for user, n in open_ones.items() if n > 1)
    dues = Counter((row.user_id, row.due_at) for row in seen["occasions"])
    yield from (f"{key} has {n} occasions" for key, n in dues.items() if n > 1)
    messages = {row.occasion_id for row in seen["messages"]}
    for row in seen["occasions"]:
        yield from _occasion(known, row, has_message=row.id in messages)


def _occasion(known: Known, row: sa.Row[*tuple[Any, ...]], *, has_message: bool) -> Iterable[str]:
    is_new = known.first_seen.setdefault(row.id, known.step) == known.step
    yield from _end(known, row)
    erased = f"message-{row.id}" in known.sent and not known.is_sent_to_living(f"message-{row.id}")
    if has_message != (row.state == "sent" and not erased):
        yield f"{row.id} is {row.state} and has {'a' if has_message else 'no'} message"
    if row.forced:
        return
    if is_new and row.timezone:
        yield from _claim(known, row)
    if row.reason == "internal_error":
        yield f"{row.id} ended by an internal error: {row.detail}"
    if row.state == "expired" and row.ended_at < row.window_ends_at:
        yield f"{row.id} expired before its window closed"


def _end(known: Known, row: sa.Row[*tuple[Any, ...]]) -> Iterable[str]:
    ended = row.state not in OPEN
    if ended != (row.ended_at is not None) or (ended and row.lease_token is not None):
        yield f"{row.id} is {row.state} with ended_at {row.ended_at} and lease {row.lease_token}"
    if ended or row.id in known.ended:
        first = known.ended_as(row.id, row.user_id, row.state, row.reason, row.ended_at)
        if (first.state, first.reason, first.at) != (row.state, row.reason, row.ended_at):
            yield f"{row.id} had ended as {first} and is now {row.state}, {row.reason}, {row.ended_at}"


def _claim(known: Known, row: sa.Row[*tuple[Any, ...]]) -> Iterable[str]:
    """Check what a claim wrote, against the zone and window it knew and the cadence of that moment."""
    created, open_then = at(row.created_at), is_open(row.timezone, row.time_window, at(row.created_at))
    if open_then != (row.window_ends_at is not None or row.reason == "already_open"):
        yield f"{row.id} was claimed at {created} as {row.state} {row.reason}, the window being {open_then}"
    if row.window_ends_at is not None:
        end, instant = at(row.window_ends_at), timedelta(milliseconds=1)
        if is_open(row.timezone, row.time_window, end) or not is_open(row.timezone, row.time_window, end - instant):
            yield f"{row.id} has its window end at {end}"
    person = known.people.get(row.user_id)
    if person is None or person.edited_in_step == known.step or row.window_ends_at is None:
        return
    due = regular(row.timezone, row.time_window, person.wish.cadence, max(at(row.due_at), created))
    if at(row.regular_due_at) != due:
        yield f"{row.id} has its regular due time at {at(row.regular_due_at)} instead of {due}"


def _after_work(known: Known, seen: Snapshot) -> Iterable[str]:
    """Check the due time that a message or a hold-back leaves, where no edit came between."""
    latest = {row.user_id: row for row in sorted(seen["occasions"], key=lambda row: row.created_at) if not row.forced}
    rows = {row.id: row for row in seen["users"]}
    for person in known.people.values():
        row, user = latest.get(person.id), rows.get(person.id)
        if row is None or user is None or row.state not in {"sent", "held_back"} or row.id in known.ended:
            continue
        if not person.wish.is_on or person.edited_in_step >= known.first_seen.get(row.id, known.step):
            continue
        if row.reason == "safety_hold":
            continue  # the hold decides
        after = max(at(row.due_at), at(row.ended_at))
        due = regular(row.timezone, row.time_window, person.wish.cadence, after)
        if user.next_due_at is None or at(user.next_due_at) != due:
            yield f"{person.id} is due at {user.next_due_at and at(user.next_due_at)} instead of {due}"


def _messages(known: Known, seen: Snapshot) -> Iterable[str]:
    stored = {row.id: row for row in seen["messages"]}
    per_occasion = Counter(row.occasion_id for row in stored.values())
    yield from (f"{occasion} has {n} messages" for occasion, n in per_occasion.items() if n > 1)
    for row in stored.values():
        if row.back != row.id or row.entry_user != row.user_id:
            yield f"{row.id} and its journal entry {row.journal_entry_id} are not linked both ways"
        strangers = set(_CANARY.findall(row.content or "")) - {known.canary_of(row.user_id)}
        if strangers or LIE in (row.content or ""):
            yield f"{row.id} tells of {sorted(strangers)}, or what nobody wrote: {row.content!r}"
    missing = (key for key in known.sent if key not in stored and known.is_sent_to_living(key))
    yield from (f"{key} has vanished" for key in missing)


def _deliveries(known: Known, seen: Snapshot) -> Iterable[str]:
    addresses: dict[str, list[str]] = {row.id: [] for row in seen["messages"]}
    for row in seen["deliveries"]:
        addresses.setdefault(row.message_id, []).append(row.address)
    for message_id, found in addresses.items():
        message = known.sent[message_id]
        if not any(sorted(set(wish.tokens)) == sorted(found) for wish in message.wishes):
            yield f"{message_id} has deliveries to {found}, wanted were {message.wishes}"


def _users(known: Known, seen: Snapshot, now: datetime) -> Iterable[str]:
    rows = {row.id: row for row in seen["users"]}
    if rows.keys() != known.people.keys():
        yield f"the store has the users {sorted(rows)}, the app {sorted(known.people)}"
    counted = {row.user_id: row.n for row in seen["own_entries"]}
    for person in known.people.values():
        row = rows.get(person.id)
        if row is not None:
            yield from _user(person, row, counted.get(person.id, 0), now)


def _user(person: Person, row: sa.Row[*tuple[Any, ...]], counted: int, now: datetime) -> Iterable[str]:
    written = sum(person.entries.values())
    if not row.entry_count == counted == written:
        yield f"{person.id} wrote {written} entries, {counted} are there, counted are {row.entry_count}"
    if not person.wish.is_on and row.next_due_at is not None:
        yield f"{person.id} is off and due at {at(row.next_due_at)}"
    if person.wish.is_on and row.next_due_at is None and not person.awaits_tick:
        yield f"{person.id} is on and never due"
    if row.next_due_at is not None and at(row.next_due_at) > now + FAR:
        yield f"{person.id} is not due until {at(row.next_due_at)}"
    if person.edited_due is not None and row.next_due_at is not None and at(row.next_due_at) != person.edited_due:
        yield f"{person.id} is due at {at(row.next_due_at)}, an edit had made it {person.edited_due}"


def _calls(seen: Snapshot) -> Iterable[str]:
    yield from (f"{row.occasion_id} paid twice for {row.purpose} {row.attempt}" for row in seen["calls"] if row.n > 1)


def repeated_calls(known: Known, seen: Snapshot, answered: Mapping[str, int]) -> None:
    """Hold what the model answered against what is saved: only what was in flight at a death may be missing."""
    saved: Counter[str] = Counter()
    for row in seen["calls"]:
        saved[row.occasion_id] += row.n
    for occasion, count in answered.items():
        if count > saved[occasion] + known.answers_lost[occasion]:
            raise Violated(f"{occasion}: {count} answers, {saved[occasion]} saved, {known.answers_lost[occasion]} lost")
