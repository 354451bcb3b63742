"""What the API says of nouns that the guide has no document for: results, occasions, explanations. Reads no store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reflecta.adapters.documents import write_message
from reflecta.adapters.documents.instants import milliseconds
from reflecta.application.explain import UserExplanation, category, next_step, sentence
from reflecta.application.on_demand import Preview
from reflecta.application.ports.store import Explanation
from reflecta.application.tick import TickReport
from reflecta.domain.model import Attempt, Delivery, Occasion, OccasionState, User

View = dict[str, object]


def results(report: TickReport) -> View:
    """Give a tick's figures under the guide's four names and the one its own counts lack."""
    return {
        "usersDue": report.users_due,
        "usersBootstrapped": report.users_bootstrapped,
        "jobsCreated": report.jobs_created,
        "errors": report.errors,
        "usersRescheduled": report.users_rescheduled,
    }


def standing(user: User, now: datetime) -> View:
    """Say where a user stands, without anything they wrote."""
    return {
        "userId": user.id,
        "category": category(user, now),
        "nextCoachingMessageDue": milliseconds(user.next_due_at),
        "timezone": user.timezone,
        "frequency": user.preferences.cadence.value,
        "timePreference": user.preferences.window.value,
        "enabled": user.preferences.enabled,
        "lastCoachingMessageSentAt": milliseconds(user.last_sent_at),
        "entryCount": user.entry_count,
        "failures": user.failures,
        "pushEnabled": user.push.enabled,
        "pushTokens": len(user.push.tokens),
    }


def user_explanation(explained: UserExplanation, *, with_context: bool = False) -> View:
    """Tell a user's newest occasions and why each ended as it did."""
    return {
        "userId": explained.user.id,
        "category": explained.category,
        "nextStep": explained.next_step,
        "nextCoachingMessageDue": milliseconds(explained.user.next_due_at),
        "occasions": [occasion(each, with_context=with_context) for each in explained.occasions],
    }


def occasion(explanation: Explanation, *, with_context: bool = False) -> View:
    """Tell all that is kept of an occasion; the context, which holds the journal, only when asked for."""
    own = explanation.occasion
    return {
        "id": own.id,
        "userId": own.user_id,
        "state": own.state.value,
        "outcome": None if own.state.is_open else own.state.value,
        "reason": own.reason.value if own.reason else None,
        "detail": own.detail,
        "sentence": sentence(explanation),
        "forced": own.forced,
        "dueAt": milliseconds(own.due_at),
        "windowEndsAt": milliseconds(own.window_ends_at),
        "notBefore": milliseconds(own.not_before),
        "tries": own.tries,
        "startedAt": milliseconds(own.started_at),
        "endedAt": milliseconds(own.ended_at),
        "sentAt": milliseconds(explanation.sent_at),
        "messageId": explanation.message_id,
        "journalEntryId": explanation.journal_entry_id,
        "attempts": attempts(explanation, with_context=with_context),
        "deliveries": [_delivery(delivery) for delivery in explanation.deliveries],
    }


def attempts(explanation: Explanation, *, with_context: bool = False) -> Sequence[View]:
    """Give the guide's `coachingMessages` document of each attempt, with its checks and its assessment."""
    return [_attempt(explanation, attempt, with_context=with_context) for attempt in explanation.attempts]


def preview(preview: Preview, now: datetime) -> View:
    """Tell what a dry run wrote, judged and would have done."""
    composed = preview.composed
    unsent = Explanation(occasion=_unsent(preview.user, now), attempts=composed.attempts if composed else ())
    chosen = composed.chosen if composed else None
    told = attempts(unsent)
    return {
        "userId": preview.user.id,
        "wouldSend": chosen is not None,
        "reason": preview.reason.value if preview.reason else None,
        "message": next((view for view in told if chosen and view["generationAttempt"] == chosen.number), None),
        "attempts": told,
        "entriesRead": len(preview.context.notes),
        "category": category(preview.user, now),
        "nextStep": next_step(preview.user, now),
    }


def _unsent(user: User, now: datetime) -> Occasion:
    return Occasion(
        id="dry-run",
        user_id=user.id,
        due_at=now,
        state=OccasionState.QUEUED,
        created_at=now,
        timezone=user.timezone,
        window=user.preferences.window,
    )


def _attempt(explanation: Explanation, attempt: Attempt, *, with_context: bool) -> View:
    shown = explanation if with_context else replace(explanation, context=None)
    return {**write_message(shown, attempt), "checks": _checks(attempt), "assessment": _assessment(attempt)}


def _checks(attempt: Attempt) -> Sequence[Mapping[str, object]]:
    return [{"name": check.name.value, "passed": check.passed, "fault": check.fault} for check in attempt.checks]


def _assessment(attempt: Attempt) -> View | None:
    given = attempt.assessment
    if given is None:
        return None
    return {
        "predictedScore": given.score,
        "recommendation": given.recommendation.value,
        "faults": list(given.faults),
        "rationale": given.rationale,
    }


def _delivery(delivery: Delivery) -> View:
    """Tell of a delivery without its address, which is a key to the user's device."""
    return {
        "id": delivery.id,
        "channel": delivery.address.channel,
        "state": delivery.state.value,
        "tries": delivery.tries,
        "detail": delivery.detail,
        "acceptedAt": milliseconds(delivery.accepted_at),
    }
