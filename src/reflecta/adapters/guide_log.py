"""The one table of log events: their fields, their level and the guide's lines. It writes nothing itself.

Guide lines are those of 'Log Patterns to Watch' and 'Log Analysis'; where the guide's two lists word one event
differently, both lines stand here. docs/logs.md mirrors the table.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

Level = Literal["debug", "info", "warning", "error"]
Fields = Mapping[str, str | int | float]

_OCCASION: Final = ("occasion_id", "user_id")
_ENDED: Final = (*_OCCASION, "reason")
_CALL: Final = (*_OCCASION, "attempt", "model")
_ANSWER: Final = (*_CALL, "seconds", "input_tokens", "output_tokens", "cost")
_DELIVERY: Final = ("delivery_id", "message_id", "channel", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One kind of event; *guide* are its line templates, printed in this order."""

    when: str
    fields: tuple[str, ...] = ()
    level: Level = "info"
    guide: tuple[str, ...] = ()


EVENTS: Final[Mapping[str, Event]] = {
    "tick.started": Event(
        when="a tick began",
        guide=("🕐 [COACHING-SCHEDULER] Starting coaching message scheduler",),
    ),
    "tick.found_due": Event(
        when="the users due are known",
        fields=("count",),
        guide=(
            "📊 [FIRESTORE] Found {count} users due for coaching messages",
            "🕐 [COACHING-SCHEDULER] Found {count} users due for coaching messages",
        ),
    ),
    "tick.found_unscheduled": Event(
        when="the users without a due time are known",
        fields=("count",),
        guide=(
            "🔧 [FIRESTORE] Found {count} users needing coaching schedule bootstrap",
            "🔧 [COACHING-SCHEDULER] Found {count} users needing schedule bootstrap",
        ),
    ),
    "tick.swept": Event(when="open occasions were enqueued again or ended as expired", fields=("waiting", "expired")),
    "tick.user_failed": Event(when="a user could not be planned for", fields=("user_id", "reason"), level="warning"),
    "tick.finished": Event(
        when="a tick ended",
        fields=("users_due", "users_bootstrapped", "jobs_created", "users_rescheduled", "errors", "seconds"),
        guide=("🕐 [COACHING-SCHEDULER] Scheduler complete: {results}",),
    ),
    "occasion.queued": Event(
        when="a due user became an occasion to work on",
        fields=_OCCASION,
        guide=(
            "🎯 [COACHING-SCHEDULER] Creating job for user {user_id}",
            "✅ [COACHING-SCHEDULER] Created job for user {user_id}",
        ),
    ),
    "occasion.deferred": Event(when="it ended: not now, another day or hour", fields=_ENDED),
    "occasion.started": Event(
        when="a worker took it and holds its lease",
        fields=_OCCASION,
        guide=("🎯 [COACHING-PROCESSOR] Processing user {user_id}",),
    ),
    "context.started": Event(
        when="reading the user's journal began",
        fields=_OCCASION,
        guide=("📝 [COACHING-PROCESSOR] Building context for user {user_id}",),
    ),
    "context.built": Event(when="the context is ready", fields=(*_OCCASION, "entries", "tokens"), level="debug"),
    "safety.flagged": Event(
        when="a sign of risk was seen; the user is held",
        fields=(*_OCCASION, "sign", "source", "rule"),
        level="warning",
    ),
    "safety.reviewed": Event(when="a person ended a hold", fields=("user_id",)),
    "screening.failed": Event(
        when="the classifier brought no answer of use; the message must be gentle",
        fields=(*_OCCASION, "error"),
        level="warning",
    ),
    "budget.spent": Event(
        when="a budget is spent; the composer writes and no model is asked", fields=_OCCASION, level="warning"
    ),
    "draft.requested": Event(
        when="a draft or a revision was asked for",
        fields=_CALL,
        guide=("🤖 [COACHING-PROCESSOR] Generating message for user {user_id}",),
    ),
    "draft.received": Event(when="a draft or a revision came back", fields=_ANSWER),
    "assessment.requested": Event(
        when="the simulated outcome of a draft was asked for",
        fields=_CALL,
        guide=("🧠 [COACHING-PROCESSOR] Optimizing message for user {user_id}",),
    ),
    "assessment.received": Event(when="the simulated outcome came back", fields=(*_ANSWER, "score")),
    "attempt.passed": Event(
        when="the gate let an attempt through; the finishing transaction follows",
        fields=(*_OCCASION, "attempt"),
        guide=("💬 [COACHING-PROCESSOR] Injecting message for user {user_id}",),
    ),
    "occasion.sent": Event(
        when="it ended: message and journal entry are committed",
        fields=(*_OCCASION, "message_id", "message_type", "attempts", "seconds"),
        guide=("🎉 [COACHING-PROCESSOR] Completed processing for user {user_id}",),
    ),
    "occasion.held_back": Event(when="it ended: nothing good enough to send", fields=_ENDED),
    "occasion.expired": Event(when="it ended: the window closed first", fields=_ENDED),
    "occasion.cancelled": Event(when="it ended: switched off, rescheduled or erased meanwhile", fields=_ENDED),
    "occasion.failed": Event(when="it ended: an error, after its last try", fields=_ENDED, level="error"),
    "occasion.retried": Event(
        when="an error broke off a try; the occasion waits for its next", fields=_ENDED, level="warning"
    ),
    "schedule.set": Event(
        when="a user's next due time was written",
        fields=("user_id", "due_at"),
        guide=("📅 [COACHING-PROCESSOR] Next message due: {due_at}",),
    ),
    "lease.lost": Event(
        when="another worker has the occasion; what was in hand is dropped",
        fields=("occasion_id",),
        level="warning",
    ),
    "delivery.logged": Event(when="the log channel took the place of a push", fields=("delivery_id", "message_id")),
    "delivery.accepted": Event(when="the provider took a push", fields=_DELIVERY),
    "delivery.delivered": Event(when="a receipt confirmed it", fields=_DELIVERY),
    "delivery.retried": Event(
        when="it certainly did not leave and will be tried again", fields=_DELIVERY, level="warning"
    ),
    "delivery.refused": Event(when="the provider refused it for good", fields=_DELIVERY, level="warning"),
    "delivery.gone": Event(when="the address no longer exists and was dropped", fields=_DELIVERY),
    "delivery.unknown": Event(when="it may have left; it is not repeated", fields=_DELIVERY, level="warning"),
    "model.call_failed": Event(
        when="a model call brought nothing usable",
        fields=("model", "purpose", "error", "tries"),
        level="warning",
    ),
    "model.circuit_opened": Event(
        when="a model failed too often and is left alone for a while", fields=("model",), level="error"
    ),
    "model.circuit_closed": Event(when="the model answers again", fields=("model",)),
    "engine.work_failed": Event(
        when="work on an occasion raised; a sweep finds it again",
        fields=("occasion_id", "error", "detail"),
        level="error",
    ),
    "engine.interrupted": Event(
        when="the queue's database broke off; the worker tries again", fields=("error",), level="warning"
    ),
    "engine.called": Event(
        when="a round of calls to the processor ended; what is left stays queued",
        fields=("count", "left", "unanswered", "errors"),
    ),
    "engine.call_failed": Event(
        when="a call to the processor failed; the occasion stays queued",
        fields=("occasion_id", "status", "error"),
        level="warning",
    ),
    "engine.refused": Event(
        when="the processor refused the secret; no more calls are made", fields=("status",), level="error"
    ),
    "engine.stopped": Event(when="the engine stopped and broke off so many occasions", fields=("count",)),
    "user.upserted": Event(when="the app sent a user", fields=("user_id",), level="debug"),
    "user.erased": Event(when="a user and every text about them were deleted", fields=("user_id",)),
    "import.finished": Event(when="a file was imported", fields=("users", "entries", "insights", "bad")),
    "service.started": Event(
        when="the service accepts work", fields=("version", "env", "engine", "store", "host", "port")
    ),
    "service.stopping": Event(when="the service was told to stop"),
    "request.failed": Event(
        when="an HTTP request ended in a server error", fields=("route", "status", "error"), level="error"
    ),
}

# The guide's four keys, in its order, and the one that its own counts lack.
_RESULTS: Final = {
    "usersDue": "users_due",
    "usersBootstrapped": "users_bootstrapped",
    "jobsCreated": "jobs_created",
    "errors": "errors",
    "usersRescheduled": "users_rescheduled",
}


def guide_lines(name: str, fields: Fields) -> str:
    """Give the guide's line or lines for an event, else one plain line."""
    event = EVENTS.get(name)
    if event is None or not event.guide:
        return _plain_line(name, fields)
    words = _guide_words(fields)
    try:
        lines = [line.format_map(words) for line in event.guide]
    except KeyError:  # a field is missing: what is known is still worth a line
        return _plain_line(name, fields)
    if "dropped" in fields:
        lines.append(_plain_line(name, {"dropped": fields["dropped"]}))
    return "\n".join(lines)


def _guide_words(fields: Fields) -> Fields:
    """Give the fields as the guide words them."""
    words = dict(fields)
    if "due_at" in fields:
        words["due_at"] = _guide_time(str(fields["due_at"]))
    if fields.keys() >= set(_RESULTS.values()):
        words["results"] = json.dumps({key: fields[name] for key, name in _RESULTS.items()})
    return words


def _guide_time(instant: str) -> str:
    """Give an instant in the order of the guide, 'Thu Dec 14 2023 14:00:00', in UTC and in English."""
    # ctime() knows no locale, strftime("%a") does.
    weekday, month, day, time, year = datetime.fromisoformat(instant).astimezone(UTC).ctime().split()
    return f"{weekday} {month} {day:0>2} {year} {time}"


def _plain_line(name: str, fields: Fields) -> str:
    """Give an event for which the guide has no words."""
    pairs = [f"{key}={_quoted(value)}" for key, value in fields.items()]
    return " ".join(["ℹ️ [REFLECTA]", name, *pairs])


def _quoted(value: str | float) -> str:
    """Give a value so that it cannot pass for two pairs."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' ="') else text
