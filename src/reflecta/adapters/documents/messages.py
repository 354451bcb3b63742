"""The guide's `coachingMessages` document: one for each attempt, sent or not. Written, never read."""

from collections.abc import Sequence
from typing import Final

from reflecta.adapters.documents.instants import milliseconds
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import Attempt, Call, OccasionState, Purpose

_WRITING: Final = frozenset({Purpose.DRAFT, Purpose.REVISION})


def write_message(explanation: Explanation, attempt: Attempt) -> dict[str, object]:
    """Give the document of one attempt of an occasion.

    Beyond the guide: `id` (which an entry's `linkedCoachingMessageId` names, where it was sent), `aiGenerated`,
    `model`, `promptVersion`, tokens, and `cost` in US dollars. The rating is predicted, and null without a judge.
    """
    occasion = explanation.occasion
    was_sent = _was_sent(explanation, attempt)
    return {
        "id": explanation.message_id if was_sent else f"{occasion.id}-{attempt.number}",
        "uid": occasion.user_id,
        "createdAt": milliseconds(attempt.created_at),
        "updatedAt": milliseconds(occasion.ended_at or attempt.created_at),
        **_content(attempt),
        "wasSent": was_sent,
        "journalEntryId": explanation.journal_entry_id if was_sent else None,
        "contextUsed": explanation.context,
        "generationAttempt": attempt.number,
        "failureReason": None if was_sent else _failure(explanation, attempt),
        "userTimezone": occasion.timezone,
        "userTimePreference": occasion.window.value if occasion.window else None,
        "scheduledFor": milliseconds(occasion.due_at),
        **_expense(attempt.calls),
    }


def _was_sent(explanation: Explanation, attempt: Attempt) -> bool:
    """Say whether this attempt became the message; nothing is attempted after one that passed."""
    last = max((a.number for a in explanation.attempts), default=None)
    return explanation.occasion.state is OccasionState.SENT and attempt.number == last


def _content(attempt: Attempt) -> dict[str, object]:
    draft, assessment = attempt.draft, attempt.assessment
    return {
        "messageContent": draft.text if draft else None,
        "messageType": draft.type.value if draft else None,
        "pushNotificationText": draft.push_text if draft else None,
        "aiGenerated": draft.ai_generated if draft else None,
        "effectivenessRating": assessment.score if assessment else None,
        "recommendedAction": assessment.recommendation.value if assessment else None,
    }


def _failure(explanation: Explanation, attempt: Attempt) -> str | None:
    """Give the attempt's own fault, else why its occasion ended without it."""
    faults = [attempt.error, *(check.fault for check in attempt.checks)]
    if attempt.assessment:
        faults.extend(attempt.assessment.faults)
    reason = explanation.occasion.reason
    return "; ".join(fault for fault in faults if fault) or (reason.value if reason else None)


def _expense(calls: Sequence[Call]) -> dict[str, object]:
    writer = next((call for call in calls if call.purpose in _WRITING), None)
    known = [call.cost for call in calls if call.cost is not None]
    return {
        "model": writer.model if writer else None,
        "promptVersion": writer.prompt_version if writer else None,
        "inputTokens": sum(call.input_tokens for call in calls),
        "outputTokens": sum(call.output_tokens for call in calls),
        "cost": sum(known) if known else None,
    }
