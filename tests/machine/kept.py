"""Audits what is kept beside messages: contexts, attempts, feedback, addresses and where deliveries stand."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from tests.machine.audit import OPEN, Snapshot
from tests.machine.known import Known, Person

_ENTRY = re.compile(r"\be-\w+-\d+-\d+\b")
# Where a delivery may stand after the provider's last word on it; None is before any.
_STANDINGS = {
    None: {"pending", "expired", "cancelled"},
    "accepted": {"accepted"},
    "waiting": {"accepted"},
    "delivered": {"delivered"},
    "retry": {"pending", "refused", "expired", "cancelled"},
    "refused": {"refused"},
    "gone": {"refused"},
    "unknown": {"unknown"},
    "breaks": {"unknown"},
    "dies": {"sending", "unknown"},
}


def note_attempts(known: Known, seen: Snapshot) -> None:
    """Hold that nobody writes to an occasion's attempts after its end; called as soon as a worker is done."""
    attempts = {row.occasion_id: tuple(row) for row in seen["attempts"]}
    for row in seen["occasions"]:
        person = known.people.get(row.user_id)
        if row.state in OPEN or person is None:
            continue
        life, last = known.last_attempts.setdefault(row.id, (person.life, attempts.get(row.id)))
        if life == person.life and last != attempts.get(row.id):
            known.complain(f"{row.id} had ended with the attempts {last} and has now {attempts.get(row.id)}")


def broken(known: Known, seen: Snapshot, told: Mapping[str, str]) -> Iterable[str]:
    """Give the broken promises; *told* is the provider's last word on each delivery."""
    yield from _contexts(known, seen)
    yield from _feedback(known, seen)
    for row in seen["deliveries"]:
        if row.state not in _STANDINGS[told.get(row.id)]:
            yield f"{row.id} is {row.state} after the provider's {told.get(row.id)!r}"
    for row in seen["users"]:
        person = known.people.get(row.id)
        if person is not None and sorted(_tokens(row.push_tokens)) != sorted(person.wish.tokens):
            yield f"{row.id} is pushed to at {row.push_tokens} instead of {person.wish.tokens}"


def _tokens(stored: Any) -> list[str]:
    return cast("list[str]", json.loads(stored) if isinstance(stored, str) else stored)


def _contexts(known: Known, seen: Snapshot) -> Iterable[str]:
    kept = {row.occasion_id for row in seen["contexts"]}
    for row in seen["contexts"]:
        person = known.people.get(row.user_id)
        if person is None:
            yield f"a context of {row.user_id}, who is erased, is kept"
        elif deleted := set(_ENTRY.findall(row.text)) - person.entries.keys():
            yield f"the context of {row.occasion_id} quotes {deleted}, which were deleted"
    attempted = {row.occasion_id for row in seen["attempts"] if row.n > row.care}  # care texts are written from nothing
    for row in seen["occasions"]:
        person = known.people.get(row.user_id)
        if person is not None and row.id in attempted - kept and not _may_lack_context(known, person, row):
            yield f"{row.id} has attempts, and nothing of what they were written from"


def _may_lack_context(known: Known, person: Person, row: sa.Row[*tuple[Any, ...]]) -> bool:
    """Say whether the user deleted an entry since the occasion began, which takes the contexts with it."""
    return person.deleted_in_step >= known.first_seen.get(row.id, known.step)


def _feedback(known: Known, seen: Snapshot) -> Iterable[str]:
    found = {(row.message_id, row.kind): row.rating for row in seen["feedback"]}
    if found != known.feedback:
        yield f"the feedback {found} is kept, given was {known.feedback}"
