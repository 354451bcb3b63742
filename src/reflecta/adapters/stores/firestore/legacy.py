"""Messages that another system wrote into `coachingMessages`: the guide's fields, and no occasion of ours.

They are read as occasions that ended, so that nothing of them is lost on the way to another store and back.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from reflecta.adapters.documents import read_instant
from reflecta.adapters.stores.firestore.records import FEEDBACK, feedback_fields, feedback_of
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Snapshot
from reflecta.application.ports.legacy import LEGACY
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import (
    Assessment,
    Attempt,
    Dimension,
    Draft,
    MessageType,
    Occasion,
    OccasionState,
    Recommendation,
    Window,
)

_TYPES: Final = frozenset(kind.value for kind in MessageType)
_ADVICE: Final = frozenset(advice.value for advice in Recommendation)
_WINDOWS: Final = frozenset(window.value for window in Window)
_LOWEST, _HIGHEST = 1, 10
_UNKNOWN: Final = datetime(1990, 1, 1, tzinfo=UTC)


def is_legacy(found: Snapshot) -> bool:
    """Say whether another system wrote a message."""
    return "occasionId" not in found.fields


def legacy_id(message_id: str) -> str:
    """Give the id of the occasion that is made of a message."""
    return f"{LEGACY}{message_id}"


def written_at(row: Mapping[str, object]) -> datetime:
    """Give when a message was written."""
    return _instant(row.get("createdAt")) or _instant(row.get("updatedAt")) or _UNKNOWN


def to_legacy(found: Snapshot) -> Explanation:
    """Read a message of another system."""
    row = cast("Mapping[str, Any]", found.fields)
    created_at = written_at(row)
    was_sent = row.get("wasSent") is True
    window = row.get("userTimePreference")
    occasion = Occasion(
        id=legacy_id(found.id),
        user_id=str(row.get("uid") or ""),
        due_at=_instant(row.get("scheduledFor")) or created_at,
        state=OccasionState.SENT if was_sent else OccasionState.FAILED,
        created_at=created_at,
        timezone=_text(row.get("userTimezone")),
        window=Window(window) if window in _WINDOWS else None,
        detail=_text(row.get("failureReason")),
        ended_at=_instant(row.get("updatedAt")) or created_at,
    )
    number = row.get("generationAttempt")
    attempt = Attempt(
        number=number if isinstance(number, int) and number > 0 else 1,
        created_at=created_at,
        draft=_draft(row),
        assessment=_assessment(row),
        error=_text(row.get("failureReason")),
    )
    return Explanation(
        occasion=occasion,
        attempts=[attempt],
        context=_text(row.get("contextUsed")),
        message_id=found.id if was_sent else None,
        journal_entry_id=_text(row.get("journalEntryId")) if was_sent else None,
        sent_at=created_at if was_sent else None,
        feedback=feedback_of(found.id, row),
    )


def legacy_fields(kept: Explanation) -> Fields:
    """Give the document that such an explanation was read from, by the guide's fields."""
    occasion, attempt = kept.occasion, kept.attempts[-1]
    draft, assessment = attempt.draft, attempt.assessment
    return {
        "uid": occasion.user_id,
        "createdAt": attempt.created_at,
        "updatedAt": occasion.ended_at,
        "messageContent": draft.text if draft else "",
        "messageType": draft.type.value if draft else "unknown",
        "pushNotificationText": draft.push_text if draft else "",
        "effectivenessRating": round(assessment.score) if assessment else 0,
        "recommendedAction": assessment.recommendation.value if assessment else Recommendation.SKIP.value,
        "wasSent": kept.message_id is not None,
        "journalEntryId": kept.journal_entry_id,
        "contextUsed": kept.context,
        "generationAttempt": attempt.number,
        "failureReason": attempt.error,
        "userTimezone": occasion.timezone,
        "userTimePreference": occasion.window.value if occasion.window else None,
        "scheduledFor": round(occasion.due_at.timestamp() * 1000),
        FEEDBACK: feedback_fields(kept.feedback),
    }


def _draft(row: Mapping[str, Any]) -> Draft | None:
    text, kind = _text(row.get("messageContent")), row.get("messageType")
    if not text:
        return None
    return Draft(
        type=MessageType(kind) if kind in _TYPES else MessageType.GENERAL_REFLECTION,
        text=text,
        push_text=_text(row.get("pushNotificationText")) or "",
    )


def _assessment(row: Mapping[str, Any]) -> Assessment | None:
    rating, advice = row.get("effectivenessRating"), row.get("recommendedAction")
    if not isinstance(rating, int | float) or not _LOWEST <= rating <= _HIGHEST or advice not in _ADVICE:
        return None
    return Assessment(dimensions=dict.fromkeys(Dimension, round(rating)), recommendation=Recommendation(advice))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _instant(value: object) -> datetime | None:
    """Read an instant; seconds, which the guide's 'unix timestamp' may mean, as well as milliseconds."""
    if value is None:
        return None
    for reading in (value, value * 1000 if isinstance(value, int | float) else None):
        try:
            return read_instant(reading)
        except ValueError:
            continue
    return None
