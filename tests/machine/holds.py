"""Audits what follows from signs of risk: who is held is sent nothing ordinary, and what was flagged stays flagged."""

import json
from collections.abc import Iterable
from typing import Any, cast

import sqlalchemy as sa
from tests.machine.audit import Snapshot, at
from tests.machine.doubles import ALARM
from tests.machine.known import Known


def note_flagged(known: Known, seen: Snapshot) -> None:
    """Take note of what was flagged; nothing of it may be taken back."""
    for row in seen["users"]:
        person = known.people.get(row.id)
        if person is None:
            continue
        flagged = set(_list(row.flagged_entries))
        if forgotten := person.flagged - flagged:
            known.complain(f"{person.id} has {forgotten} no longer flagged")
        person.flagged |= flagged


def broken(known: Known, seen: Snapshot) -> Iterable[str]:
    """Give the broken promises."""
    for flag in seen["flags"]:
        known.first_seen.setdefault(f"flag {flag.id}", known.step)
        if flag.reviewed_at is not None:
            known.first_seen.setdefault(f"review {flag.id}", known.step)
    flags = {row.occasion_id: row for row in seen["flags"] if row.occasion_id is not None}
    for row in seen["occasions"]:
        if row.user_id in known.people:
            yield from _occasion(row, flags.get(row.id))
    for message in seen["messages"]:
        yield from _message(known, message, seen["flags"])


def _occasion(row: sa.Row[*tuple[Any, ...]], flag: sa.Row[*tuple[Any, ...]] | None) -> Iterable[str]:
    """Hold that a sign of risk is acted on, and that a care text has its flag."""
    is_alarming = ALARM in str(row.screening)
    if row.state == "sent" and is_alarming and row.reason != "safety_hold":
        yield f"{row.id} was sent in spite of {row.screening}"
    if row.state == "sent" and row.reason == "safety_hold" and flag is None:
        yield f"{row.id} sent a care text, and nobody is held for it"
    if flag is not None and not is_alarming:
        yield f"{row.id} has the flag {flag}, and was screened as {row.screening}"


def _message(known: Known, message: sa.Row[*tuple[Any, ...]], flags: Iterable[Any]) -> Iterable[str]:
    """Hold that no message is seen first after a flag, and was sent before the hold ended."""
    sent_in = known.first_seen.setdefault(message.id, known.step)
    for flag in flags:
        # By steps: a clock that is put back makes what came before look later.
        was_held = known.first_seen[f"flag {flag.id}"] < sent_in <= known.first_seen.get(f"review {flag.id}", sent_in)
        until: int = min(flag.held_until, flag.reviewed_at or flag.held_until)
        if flag.user_id == message.user_id and was_held and message.sent_at < until:
            yield f"{message.id} was sent at {at(message.sent_at)}, while held since {at(flag.at)}"


def _list(stored: Any) -> list[str]:
    return cast("list[str]", json.loads(stored) if isinstance(stored, str) else stored or [])
