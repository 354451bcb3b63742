"""Tells what became of a user's occasions, and why, in sentences and in data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reflecta.application.holds import first_due_after
from reflecta.application.ports import Clock
from reflecta.application.ports.store import Explanation, Store
from reflecta.domain.errors import NotFound
from reflecta.domain.model import Attempt, DeliveryState, Occasion, OccasionState, Reason, User
from reflecta.domain.safety import NEVER, is_held
from reflecta.domain.schedule import local_time
from reflecta.domain.zones import canonical_name

_WHY: Final = {
    Reason.LOW_SCORE: "the predicted effectiveness stayed below the gate",
    Reason.JUDGE_SKIP: "the judge advised against sending",
    Reason.UNGROUNDED: "a quotation or a claim was not found in the journal",
    Reason.REPETITIVE: "it repeated an earlier message",
    Reason.UNSAFE: "it was not safe to send",
    Reason.MALFORMED: "it was empty, too long or not plain text",
    Reason.NOTHING_TO_SAY: "the newest entries hold nothing to write about",
    Reason.OVER_BUDGET: "the budget for model calls was spent",
    Reason.SAFETY_HOLD: "the user was held because of a sign of risk: nothing ordinary is sent meanwhile",
    Reason.OUTSIDE_WINDOW: "it came due outside the user's window",
    Reason.ALREADY_TODAY: "a message already bears that local date",
    Reason.ALREADY_OPEN: "another occasion of the user was still open",
    Reason.WINDOW_CLOSED: "the window closed first",
    Reason.SWITCHED_OFF: "coaching messages are switched off",
    Reason.RESCHEDULED: "zone, window or cadence were changed meanwhile",
    Reason.ERASED: "the user was erased",
    Reason.NEEDS_TIMEZONE: "the user's time zone is not known",
    Reason.MODEL_ERROR: "no model brought a usable answer",
    Reason.INTERNAL_ERROR: "an error of this service, named in the detail",
}
_CARE: Final = "a text with helplines, because the journal showed a sign of risk"
_HEAD: Final = {
    OccasionState.QUEUED: "Waiting for a worker",
    OccasionState.IN_WORK: "In work",
    OccasionState.SENT: "Sent",
    OccasionState.HELD_BACK: "Held back",
    OccasionState.DEFERRED: "Deferred",
    OccasionState.EXPIRED: "Expired",
    OccasionState.CANCELLED: "Cancelled",
    OccasionState.FAILED: "Failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserExplanation:
    """A user, what comes next and why, and the newest occasions with all that is kept of them.

    *held_until* is None where no hold stands.
    """

    user: User
    category: str
    next_step: str
    occasions: Sequence[Explanation]
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """Answers 'why did, or did not, this user get a message?'."""

    store: Store
    clock: Clock

    async def user(self, user_id: str, *, limit: int = 10) -> UserExplanation:
        """Explain a user's newest occasions; NotFound without the user."""
        user = await self.store.user(user_id)
        if user is None:
            raise NotFound(f"user {user_id[:64]!r} is not known")
        found = await self.store.occasions(user_id=user_id, limit=limit)
        explained = [await self.store.explanation(occasion.id) for occasion in found]
        now = self.clock.now()
        return UserExplanation(
            user=user,
            category=category(user, now),
            next_step=next_step(user, now),
            occasions=[explanation for explanation in explained if explanation is not None],
            held_until=user.held_until if is_held(user, now) else None,
        )


def category(user: User, now: datetime) -> str:
    """Give the guide's word for where a user stands: due, needs-bootstrap, scheduled, disabled, needs-timezone."""
    if not user.preferences.enabled:
        return "disabled"
    if user.timezone is None:
        return "needs-timezone"
    if user.next_due_at is None:
        return "needs-bootstrap"
    return "due" if user.next_due_at <= now else "scheduled"


def next_step(user: User, now: datetime) -> str:
    """Say when the user is looked at next, and why then; of a held one also until when and why."""
    if not is_held(user, now):
        return _regular_step(user, now)
    # Rules and classifier name the entries; only a person holds a user without one.
    cause = "the journal showed a sign of risk" if user.flagged_entries else "a person saw a sign of risk"
    return f"Held until {end_of_hold(user)}, because {cause}. {step_after_hold(user, now)}"


def end_of_hold(user: User) -> str:
    """Say until when a held user is held, on their own clock."""
    if user.held_until is not None and user.held_until >= NEVER:
        return "a person has reviewed"
    return when(user.held_until, user.timezone)


def step_after_hold(user: User, now: datetime) -> str:
    """Say what comes after a hold; what comes due before its end is deferred until after it."""
    until = user.held_until
    if until is None or not user.preferences.enabled or user.timezone is None:
        return _regular_step(user, now)
    if until >= NEVER:
        return "Until then every occasion is deferred."
    is_due_later = user.next_due_at is not None and user.next_due_at >= until
    return _next_due(user, user.next_due_at if is_due_later else first_due_after(user, until))


def _regular_step(user: User, now: datetime) -> str:
    match category(user, now):
        case "disabled":
            return "Nothing is due: coaching messages are switched off."
        case "needs-timezone":
            return (
                f"Nothing is due: {user.given_timezone!r} is no IANA time zone; send userTimezone, e.g. Europe/Berlin."
            )
        case "needs-bootstrap":
            return "The next tick gives the first due time."
        case "due":
            return f"Due since {when(user.next_due_at, user.timezone)}; the next tick makes an occasion of it."
        case _:
            return _next_due(user, user.next_due_at)


def _next_due(user: User, due: datetime | None) -> str:
    return f"Next due {when(due, user.timezone)}, in the {user.preferences.window} window."


def sentence(explanation: Explanation) -> str:
    """Say in one line what became of an occasion and why."""
    occasion = explanation.occasion
    head = (
        f"{when(occasion.due_at, occasion.timezone)}: {_HEAD[occasion.state]}{' (forced)' if occasion.forced else ''}"
    )
    tail = _sent(explanation) if occasion.state is OccasionState.SENT else why(occasion)
    return f"{head}: {tail}" if tail else head


def why(occasion: Occasion) -> str:
    """Say why an occasion stands as it does; empty where there is nothing to add."""
    if occasion.state.is_open:
        later = f"tries again after {when(occasion.not_before, occasion.timezone)}" if occasion.not_before else ""
        return ", ".join(part for part in (later, occasion.detail or "") if part)
    reason = _WHY[occasion.reason] if occasion.reason else ""
    return f"{reason} ({occasion.detail})" if reason and occasion.detail else reason


def _sent(explanation: Explanation) -> str:
    if explanation.sent_at is None:
        return "what was sent has been erased with the user"
    is_care = explanation.occasion.reason is Reason.SAFETY_HOLD
    chosen = next((a for a in reversed(explanation.attempts) if a.draft is not None), None)
    parts = [_CARE] if is_care else []
    parts.append(when(explanation.sent_at, explanation.occasion.timezone))
    if chosen is not None and not is_care:
        parts += _about(chosen, len(explanation.attempts))
    parts += [f"{count} push {state}" for state, count in _delivery_counts(explanation).items()]
    return ", ".join(parts)


def _about(attempt: Attempt, total: int) -> Sequence[str]:
    draft, assessment = attempt.draft, attempt.assessment
    parts = [draft.type.value] if draft else []
    if draft and not draft.ai_generated:
        parts.append("from a template, no AI")
    if assessment is not None:
        parts.append(f"predicted {assessment.score:g} of 10")
    parts.append(f"attempt {attempt.number} of {total}")
    return parts


def _delivery_counts(explanation: Explanation) -> dict[DeliveryState, int]:
    counts: dict[DeliveryState, int] = {}
    for delivery in explanation.deliveries:
        counts[delivery.state] = counts.get(delivery.state, 0) + 1
    return counts


def when(at: datetime | None, zone: str | None) -> str:
    """Give an instant on the user's wall clock with its zone; UTC where the zone is unknown."""
    if at is None:
        return "never"
    name = canonical_name(zone) or "UTC"
    return f"{local_time(at, name):%Y-%m-%d %H:%M} ({name})"
