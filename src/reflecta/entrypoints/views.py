"""What the API answers and commands print with --json, in the guide's words. Instants are epoch milliseconds.

Shared by `api` and `cli`: the same question has the same answer in both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reflecta.adapters.documents import write_message, write_user
from reflecta.adapters.documents.instants import milliseconds
from reflecta.application.explain import UserExplanation, category, next_step, sentence
from reflecta.application.importing import Imported
from reflecta.application.on_demand import NotDue, Preview
from reflecta.application.ports.store import Explanation
from reflecta.application.process import Processed
from reflecta.application.tick import TickReport
from reflecta.domain.model import Attempt, Call, Delivery, Occasion, OccasionState, User
from reflecta.domain.safety import is_held
from reflecta.domain.schedule import local_time

View = dict[str, object]

_SHOWN_OF_TOKEN: Final = 4


def standing(user: User, now: datetime) -> View:
    """Say where a user stands, without anything they wrote."""
    due, zone = user.next_due_at, user.timezone
    return {
        "userId": user.id,
        "category": category(user, now),
        "nextCoachingMessageDue": milliseconds(due),
        "nextDueUtc": due.isoformat() if due else None,
        "nextDueLocal": local_time(due, zone).isoformat() if due and zone else None,
        "timezone": zone,
        "frequency": user.preferences.cadence.value,
        "timePreference": user.preferences.window.value,
        "enabled": user.preferences.enabled,
        "lastCoachingMessageSentAt": milliseconds(user.last_sent_at),
        "heldUntil": milliseconds(user.held_until) if is_held(user, now) else None,
        "entryCount": user.entry_count,
        "failures": user.failures,
        "pushEnabled": user.push.enabled,
        "pushTokens": len(user.push.tokens),
    }


def held(user: User, now: datetime) -> View:
    """Say until when a held user is held, and what comes next. Until a person's review is until the year 9000."""
    until, zone = user.held_until, user.timezone
    return {
        "userId": user.id,
        "heldUntil": milliseconds(until),
        "heldUntilUtc": until.isoformat() if until else None,
        "heldUntilLocal": local_time(until, zone).isoformat() if until and zone else None,
        "timezone": zone,
        "nextCoachingMessageDue": milliseconds(user.next_due_at),
        "nextStep": next_step(user, now),
    }


def safety_report(counts: Mapping[tuple[str, str], int], since: datetime) -> View:
    """Give how often signs of risk were seen since then, by sign and by who saw them."""
    signs = [{"sign": sign, "source": source, "count": count} for (sign, source), count in sorted(counts.items())]
    return {"since": milliseconds(since), "signs": signs, "total": sum(counts.values())}


def status(explained: UserExplanation, now: datetime, open_occasion: Occasion | None) -> View:
    """Give all that is known of a user, push tokens shortened: whoever has one can write to its device."""
    user = explained.user
    tokens = tuple(f"…{token.rstrip(']')[-_SHOWN_OF_TOKEN:]}" for token in user.push.tokens)
    last = explained.occasions[0] if explained.occasions else None
    return {
        **standing(user, now),
        "nextStep": explained.next_step,
        "openOccasion": _occasion(open_occasion) if open_occasion else None,
        "lastOccasion": {**_occasion(last.occasion), "sentence": sentence(last)} if last else None,
        "user": write_user(replace(user, push=replace(user.push, tokens=tokens))),
    }


def user_explanation(explained: UserExplanation, *, with_context: bool = False) -> View:
    """Tell a user's newest occasions and why each ended as it did."""
    return {
        "userId": explained.user.id,
        "category": explained.category,
        "nextStep": explained.next_step,
        "nextCoachingMessageDue": milliseconds(explained.user.next_due_at),
        "heldUntil": milliseconds(explained.held_until),
        "occasions": [occasion(each, with_context=with_context) for each in explained.occasions],
    }


def occasion(explanation: Explanation, *, with_context: bool = False) -> View:
    """Tell all that is kept of an occasion; the context, which holds the journal, only when asked for."""
    return {
        **_occasion(explanation.occasion),
        "sentence": sentence(explanation),
        "sentAt": milliseconds(explanation.sent_at),
        "messageId": explanation.message_id,
        "journalEntryId": explanation.journal_entry_id,
        "screening": _screening(explanation),
        "attempts": _attempts(explanation, with_context=with_context),
        "deliveries": [_delivery(delivery) for delivery in explanation.deliveries],
    }


def _occasion(given: Occasion) -> View:
    return {
        "id": given.id,
        "userId": given.user_id,
        "state": given.state.value,
        "outcome": None if given.state.is_open else given.state.value,
        "reason": given.reason.value if given.reason else None,
        "detail": given.detail,
        "forced": given.forced,
        "dueAt": milliseconds(given.due_at),
        "windowEndsAt": milliseconds(given.window_ends_at),
        "notBefore": milliseconds(given.not_before),
        "tries": given.tries,
        "startedAt": milliseconds(given.started_at),
        "endedAt": milliseconds(given.ended_at),
    }


def _screening(of: Explanation) -> View | None:
    """Tell what the safety classifier answered; no sign at all is an answer that could not be read."""
    given, call = of.screening, of.screening_call
    if given is None:
        return None
    return {
        "signs": [sign.value for sign in given.signs],
        "entryIds": list(given.entry_ids),
        "call": _call(call) if call else None,
    }


def _attempts(explanation: Explanation, *, with_context: bool = False) -> Sequence[View]:
    shown = explanation if with_context else replace(explanation, context=None)
    return [_attempt(shown, attempt) for attempt in explanation.attempts]


def _attempt(of: Explanation, given: Attempt) -> View:
    """Give the guide's `coachingMessages` document of an attempt, with its checks, assessment and calls."""
    return {
        **write_message(of, given),
        "checks": [{"name": c.name.value, "passed": c.passed, "fault": c.fault} for c in given.checks],
        "assessment": _assessment(given),
        "error": given.error,
        "calls": [_call(call) for call in given.calls],
    }


def _assessment(attempt: Attempt) -> View | None:
    given = attempt.assessment
    if given is None:
        return None
    return {
        "predictedScore": given.score,
        "predictedDimensions": {dimension.value: rating for dimension, rating in given.dimensions.items()},
        "recommendation": given.recommendation.value,
        "faults": list(given.faults),
        "rationale": given.rationale,
    }


def _call(given: Call) -> View:
    return {
        "purpose": given.purpose.value,
        "model": given.model,
        "promptVersion": given.prompt_version,
        "at": milliseconds(given.at),
        "seconds": given.latency,
        "inputTokens": given.input_tokens,
        "outputTokens": given.output_tokens,
        "costReported": given.cost_reported,
        "costEstimated": given.cost_estimated,
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


def processed(done: Processed | NotDue, user: User | None, told: Explanation | None) -> View:
    """Give the guide's answer of /processor, with outcome and reason; of an open occasion its state is the reason."""
    due: Mapping[str, object] = {"nextCoachingMessageDue": milliseconds(user.next_due_at) if user else None}
    if isinstance(done, NotDue):
        answer = {"messageGenerated": False, "outcome": None, "reason": "not_due"}
        return {"success": True, "userId": done.user_id, **answer, **due}
    open_state = told.occasion.state.value if told and told.occasion.state.is_open else None
    return {
        "success": not is_error(done),
        "userId": done.user_id,
        "messageGenerated": done.outcome is OccasionState.SENT,
        "outcome": done.outcome.value if done.outcome else None,
        "reason": done.reason.value if done.reason else open_state,
        "detail": done.detail,
        "occasionId": done.occasion_id,
        "messageId": done.message_id,
        **due,
    }


def is_error(done: Processed) -> bool:
    """Say whether something broke: the occasion failed, or waits for another try because of a reason."""
    return done.outcome is OccasionState.FAILED or (done.outcome is None and done.reason is not None)


def preview(given: Preview, now: datetime) -> View:
    """Tell what a dry run wrote, judged and would have done. Nothing of it is stored, so its ids mean nothing."""
    composed = given.composed
    return {
        "userId": given.user.id,
        "wouldSend": composed is not None and composed.chosen is not None,
        "reason": given.reason.value if given.reason else None,
        "attempts": _attempts(_unsent(given, now)),
        "entriesRead": len(given.context.notes),
        "category": category(given.user, now),
        "nextStep": next_step(given.user, now),
    }


def _unsent(given: Preview, now: datetime) -> Explanation:
    user = given.user
    return Explanation(
        occasion=Occasion(
            id="dry-run",
            user_id=user.id,
            due_at=now,
            state=OccasionState.QUEUED,
            created_at=now,
            timezone=user.timezone,
            window=user.preferences.window,
        ),
        attempts=given.composed.attempts if given.composed else (),
    )


def results(report: TickReport) -> View:
    """Give a tick's figures under the guide's four names and the one its own counts lack."""
    return {
        "usersDue": report.users_due,
        "usersBootstrapped": report.users_bootstrapped,
        "jobsCreated": report.jobs_created,
        "errors": report.errors,
        "usersRescheduled": report.users_rescheduled,
    }


def imported(given: Imported) -> View:
    """Give what an import did and which lines it refused."""
    return {
        "lines": given.lines,
        "users": given.users,
        "entries": given.entries,
        "insights": given.insights,
        "badLines": given.bad_lines,
        "bad": [{"line": bad.line, "field": bad.field, "reason": bad.reason} for bad in given.bad],
    }
