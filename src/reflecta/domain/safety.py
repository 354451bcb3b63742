"""What follows from a sign of risk: nothing ordinary is sent. Knows no rule and asks nobody.

This routes; it does not diagnose, it predicts nothing, and that it found nothing says nothing about a person.
Source of the protocol: docs/safety.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reflecta.domain.model import (
    ChallengeDegree,
    Entry,
    Flag,
    FlagSource,
    Preferences,
    ScreenedSign,
    Screening,
    ToneDegree,
    User,
)
from reflecta.domain.risk import LocalScreen

ADULT: Final = "adult"
# The classifier reads as many entries as its prompt says; the rules also read all that is new since the last message.
NEWEST: Final = 5
# An entry may arrive, or be edited, while the message after it is being written.
_OVERLAP: Final = timedelta(days=1)
DEFAULT_HOLD: Final = timedelta(hours=72)
# 'Until a person reviews' as an instant that never comes.
NEVER: Final = datetime.fromisoformat("9000-01-01T00:00:00+00:00")

# On these no ordinary message is sent, the gravest first. Distress and illness make a message gentle.
_GRAVE: Final = (
    ScreenedSign.SUICIDE,
    ScreenedSign.SELF_HARM,
    ScreenedSign.HARM_TO_OTHERS,
    ScreenedSign.ABUSE,
    ScreenedSign.EATING_DISORDER,
    ScreenedSign.PSYCHOSIS,
)


def is_held(user: User, now: datetime) -> bool:
    """Say whether nothing ordinary may be sent to a user."""
    return user.held_until is not None and user.held_until > now


def unflagged(user: User, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Give the entries that may be written about."""
    if not user.flagged_entries:
        return entries
    flagged = frozenset(user.flagged_entries)
    return [entry for entry in entries if entry.id not in flagged]


def find_by_rules(
    local: LocalScreen, user: User, entries: Sequence[Entry], *, now: datetime, hold: timedelta | None
) -> Flag | None:
    """Read the newest entries, and all since the last message, for a sign that the local screen knows.

    *entries* come newest first, without those flagged before. *hold* None: until a person reviews.
    """
    since = user.last_sent_at - _OVERLAP if user.last_sent_at is not None else None
    found = {
        entry.id: finding
        for place, entry in enumerate(entries)
        if (place < NEWEST or since is None or max(entry.written_at, entry.updated_at) >= since)
        and (finding := local.find(entry.text)) is not None
    }
    if not found:
        return None
    first = next(iter(found.values()))
    return Flag(
        sign=ScreenedSign(first.sign.value),
        source=FlagSource.RULES,
        rule=first.rule,
        language=first.language,
        entry_ids=tuple(found),
        at=now,
        held_until=held_until(now, hold),
    )


def flag_of(screening: Screening, entries: Sequence[Entry], *, now: datetime, hold: timedelta | None) -> Flag | None:
    """Give the flag that the classifier's answer calls for; where it names no entry of these, the newest is meant."""
    grave = [sign for sign in _GRAVE if sign in screening.signs]
    if not grave:
        return None
    known = {entry.id for entry in entries}
    named = tuple(entry_id for entry_id in screening.entry_ids if entry_id in known)
    return Flag(
        sign=grave[0],
        source=FlagSource.MODEL,
        entry_ids=named or tuple(entry.id for entry in entries[:1]),
        at=now,
        held_until=held_until(now, hold),
    )


def asks_for_gentleness(screening: Screening | None) -> bool:
    """Say whether a message must be gentle: distress or illness was seen, or nobody could look (None)."""
    return screening is None or screening.signs != (ScreenedSign.NONE,)


def held_until(now: datetime, hold: timedelta | None) -> datetime:
    """Give the end of a hold."""
    return NEVER if hold is None else now + hold


def soften(preferences: Preferences, *, age_band: str | None, gently: bool = False) -> Preferences:
    """Give the degrees that a message may be written in: never harsh for who is not known to be adult."""
    if gently:
        return replace(preferences, challenge=ChallengeDegree.GENTLE, tone=ToneDegree.SUPPORTIVE)
    if age_band == ADULT:
        return preferences
    tone = ToneDegree.DIRECT if preferences.tone in {ToneDegree.FIRM, ToneDegree.HARSH} else preferences.tone
    is_intense = preferences.challenge is ChallengeDegree.INTENSE
    return replace(
        preferences, tone=tone, challenge=ChallengeDegree.CHALLENGING if is_intense else preferences.challenge
    )
