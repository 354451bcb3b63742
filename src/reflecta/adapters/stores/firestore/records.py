"""Occasions, attempts, deliveries and flags as documents, and back. Knows the fields, not when they are read.

An attempt is a document of the guide's `coachingMessages`, with what the guide does not know beside its fields.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from reflecta.adapters.documents import read_entry, read_instant, write_entry, write_insights, write_message
from reflecta.adapters.stores.firestore.people import from_ms, to_ms
from reflecta.adapters.stores.firestore.queries import MESSAGES
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Snapshot, Write
from reflecta.application.ports.store import Explanation, KeptContext, Sending
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import (
    Address,
    Assessment,
    Attempt,
    Call,
    Check,
    CheckName,
    Delivery,
    DeliveryState,
    Dimension,
    Draft,
    Entry,
    Evidence,
    Feedback,
    Flag,
    Insights,
    MessageType,
    Occasion,
    OccasionState,
    PastMessage,
    Purpose,
    Reason,
    Recommendation,
    ScreenedSign,
    Screening,
    Window,
)

# What Firestore gives is typed by whoever wrote it, which is this file.
_Read = Mapping[str, Any]
_KNOWN_TYPES: Final = frozenset(kind.value for kind in MessageType)


def occasion_fields(occasion: Occasion) -> dict[str, object]:
    """Give the document of an occasion that was just made."""
    return {
        "userId": occasion.user_id,
        "dueAt": to_ms(occasion.due_at),
        "state": occasion.state.value,
        "isOpen": occasion.state.is_open,
        "reason": occasion.reason.value if occasion.reason else None,
        "detail": occasion.detail,
        "forced": occasion.forced,
        "timezone": occasion.timezone,
        "window": occasion.window.value if occasion.window else None,
        "windowEndsAt": to_ms(occasion.window_ends_at),
        "regularDueAt": to_ms(occasion.regular_due_at),
        "notBefore": to_ms(occasion.not_before),
        "tries": occasion.tries,
        "leaseToken": None,
        "leaseUntil": None,
        "createdAt": to_ms(occasion.created_at),
        "startedAt": None,
        "endedAt": to_ms(occasion.ended_at),
        "attempts": 0,
    }


def ended(state: OccasionState, reason: Reason | None, now: datetime, detail: str | None = None) -> Fields:
    """Give what changes in the document of an occasion that ends."""
    return {
        "state": state.value,
        "isOpen": False,
        "reason": reason.value if reason else None,
        "detail": detail,
        "endedAt": to_ms(now),
        "leaseToken": None,
        "leaseUntil": None,
    }


def to_occasion(id_: str, fields: Fields) -> Occasion:
    """Read an occasion."""
    row = cast("_Read", fields)
    due_at, created_at = from_ms(row["dueAt"]), from_ms(row["createdAt"])
    assert due_at is not None and created_at is not None  # noqa: S101, PT018 - every occasion has them
    return Occasion(
        id=id_,
        user_id=row["userId"],
        due_at=due_at,
        state=OccasionState(row["state"]),
        created_at=created_at,
        forced=row["forced"],
        timezone=row["timezone"],
        window=Window(row["window"]) if row["window"] else None,
        window_ends_at=from_ms(row["windowEndsAt"]),
        regular_due_at=from_ms(row["regularDueAt"]),
        not_before=from_ms(row["notBefore"]),
        tries=row["tries"],
        reason=Reason(row["reason"]) if row["reason"] else None,
        detail=row["detail"],
        lease_until=from_ms(row["leaseUntil"]),
        started_at=from_ms(row["startedAt"]),
        ended_at=from_ms(row["endedAt"]),
    )


def screening_fields(screening: Screening, call: Call) -> Fields:
    """Give what changes in an occasion's document by a screening."""
    return {
        "screening": {"signs": [sign.value for sign in screening.signs], "entries": list(screening.entry_ids)},
        "screeningCall": _call_fields(call),
    }


def spending(fields: Fields, number: int, calls: Sequence[Call]) -> Fields:
    """Give what changes in an occasion's document by calls of an attempt, or of the screening, which is number 0.

    It stands there and not with the attempts, so that what a user cost stays when they are erased.
    """
    costs = {
        **cast("Mapping[str, float]", fields.get("costs") or {}),
        str(number): sum(call.cost or 0.0 for call in calls),
    }
    paid = [to_ms(call.at) or 0 for call in calls]
    latest = max([cast("int", fields.get("paidAt") or 0), *paid])
    return {"costs": costs, "cost": sum(costs.values()), "paidAt": latest}


def to_screening(fields: Fields) -> Screening | None:
    """Read what the classifier saw, from an occasion's document."""
    found = cast("_Read | None", fields.get("screening"))
    if found is None:
        return None
    return Screening(signs=tuple(map(ScreenedSign, found["signs"])), entry_ids=tuple(found["entries"]))


def to_screening_call(fields: Fields) -> Call | None:
    """Read what the classifier cost, from an occasion's document."""
    found = cast("_Read | None", fields.get("screeningCall"))
    return _to_call(found) if found is not None else None


def fingerprint(context: KeptContext) -> str:
    """Give what is kept of a context here: the app deletes entries without telling anybody."""
    return "sha256:" + hashlib.sha256(context.text.encode("utf-8", "surrogatepass")).hexdigest()


def attempt_fields(explanation: Explanation, attempt: Attempt) -> dict[str, object]:
    """Give the document of an attempt; the *context* of the explanation is its fingerprint."""
    draft, assessment = attempt.draft, attempt.assessment
    document = write_message(explanation, attempt)
    del document["id"]
    return {
        **document,
        "createdAt": attempt.created_at,
        "updatedAt": explanation.occasion.ended_at or attempt.created_at,
        "occasionId": explanation.occasion.id,
        "evidence": [{"entryId": e.entry_id, "quote": e.quote} for e in draft.evidence] if draft else [],
        "checks": [{"name": check.name.value, "fault": check.fault} for check in attempt.checks],
        "dimensions": {name.value: rating for name, rating in assessment.dimensions.items()} if assessment else None,
        "faults": list(assessment.faults) if assessment else [],
        "rationale": assessment.rationale if assessment else None,
        "error": attempt.error,
        "calls": [_call_fields(call) for call in attempt.calls],
        "sentAt": to_ms(explanation.sent_at),
    }


def attempt_id(occasion_id: str, number: int) -> str:
    """Give the id of an attempt that is not sent."""
    return f"{occasion_id}-{number}"


def attempt_write(occasion_id: str, fields: Fields, attempt: Attempt, sending: Sending | None = None) -> Write:
    """Write an attempt of the occasion of these fields; one that is sent bears the id of the message that it is."""
    occasion = to_occasion(occasion_id, fields)
    explanation = Explanation(
        occasion=occasion,
        attempts=[attempt],
        context=cast("str | None", fields.get("contextUsed")),
        message_id=sending.message_id if sending else None,
        journal_entry_id=sending.entry.id if sending else None,
        sent_at=occasion.ended_at if sending else None,
    )
    return Write(
        collection=MESSAGES,
        id=sending.message_id if sending else attempt_id(occasion_id, attempt.number),
        fields=attempt_fields(explanation, attempt),
    )


def _call_fields(call: Call) -> Fields:
    return {
        "purpose": call.purpose.value,
        "model": call.model,
        "promptVersion": call.prompt_version,
        "at": to_ms(call.at),
        "latency": call.latency,
        "inputTokens": call.input_tokens,
        "outputTokens": call.output_tokens,
        "costReported": call.cost_reported,
        "costEstimated": call.cost_estimated,
    }


def _to_call(row: _Read) -> Call:
    at = from_ms(row["at"])
    assert at is not None  # noqa: S101 - every call has one
    return Call(
        purpose=Purpose(row["purpose"]),
        model=row["model"],
        prompt_version=row["promptVersion"],
        at=at,
        latency=row["latency"],
        input_tokens=row["inputTokens"],
        output_tokens=row["outputTokens"],
        cost_reported=row["costReported"],
        cost_estimated=row["costEstimated"],
    )


def to_attempt(fields: Fields) -> Attempt:
    """Read an attempt."""
    row = cast("_Read", fields)
    return Attempt(
        number=row["generationAttempt"],
        created_at=row["createdAt"],
        draft=_draft(row),
        checks=tuple(Check(name=CheckName(check["name"]), fault=check["fault"]) for check in row["checks"]),
        assessment=_assessment(row),
        calls=tuple(map(_to_call, row["calls"])),
        error=row["error"],
    )


def _draft(row: _Read) -> Draft | None:
    if row["messageContent"] is None:
        return None
    return Draft(
        type=MessageType(row["messageType"]),
        text=row["messageContent"],
        push_text=row["pushNotificationText"],
        evidence=tuple(Evidence(entry_id=e["entryId"], quote=e["quote"]) for e in row["evidence"]),
        ai_generated=row["aiGenerated"],
    )


def _assessment(row: _Read) -> Assessment | None:
    if row["dimensions"] is None:
        return None
    return Assessment(
        dimensions={Dimension(name): rating for name, rating in row["dimensions"].items()},
        recommendation=Recommendation(row["recommendedAction"]),
        faults=tuple(row["faults"]),
        rationale=row["rationale"],
    )


def to_past_message(snapshot: Snapshot) -> PastMessage | None:
    """Read a message that was sent, by this service or by whatever wrote the guide's documents before it."""
    row = cast("_Read", snapshot.fields)
    text, sent_at = row.get("messageContent"), from_ms(row.get("sentAt")) or _instant(row.get("createdAt"))
    if not isinstance(text, str) or sent_at is None:
        return None
    kind = row.get("messageType")
    return PastMessage(
        id=snapshot.id,
        type=MessageType(kind) if kind in _KNOWN_TYPES else MessageType.GENERAL_REFLECTION,
        text=text,
        sent_at=sent_at,
        feedback=tuple(feedback_of(snapshot.id, row)),
    )


def _instant(value: object) -> datetime | None:
    try:
        return read_instant(value) if value is not None else None
    except ValueError:
        return None


# An app may have a field of its own for what its users answered.
FEEDBACK: Final = "reflectaFeedback"


def feedback_fields(given: Sequence[Feedback]) -> dict[str, object]:
    """Give what a message's document has of what its reader made of it, by field."""
    return {feedback_place(one.kind): {"kind": one.kind, "rating": one.rating, "at": to_ms(one.at)} for one in given}


def feedback_place(kind: str) -> str:
    """Give the field's name of a kind of feedback, which is any word of the app's."""
    return f"k{kind.encode('utf-8').hex()}"


def feedback_of(message_id: str, row: _Read) -> Sequence[Feedback]:
    """Read what a message's reader made of it, in the order of time."""
    made = cast("Mapping[str, _Read]", row.get(FEEDBACK) or {}).values()
    found = [
        Feedback(message_id=message_id, kind=one["kind"], rating=one["rating"], at=from_ms(one["at"])) for one in made
    ]
    return sorted(found, key=lambda one: (one.at is not None, one.at))


def entry_fields(entry: Entry) -> dict[str, object]:
    """Give the app's document of an entry: its times are Timestamps."""
    document = write_entry(entry)
    del document["id"]
    return {**document, "timestamp": entry.written_at, "lastUpdated": entry.updated_at}


def to_entry(snapshot: Snapshot) -> Entry | None:
    """Read an entry as the app wrote it; None where there is no sense in it. What is no picture costs no words."""
    document: dict[str, object] = {**snapshot.fields, "id": snapshot.id}
    without: dict[str, object] = {**document, "images": None, "lastUpdated": None}
    for readable in (document, without):
        try:
            return read_entry(readable)
        except InvalidInput:
            continue
    return None


def insights_fields(insights: Insights) -> dict[str, object]:
    """Give the app's document of insights: its times are Timestamps."""
    return {**write_insights(insights), "createdAt": insights.created_at, "updatedAt": insights.updated_at}


def delivery_fields(delivery: Delivery, now: datetime, *, forced: bool) -> Fields:
    """Give the document of a delivery that may leave at once."""
    return {
        "messageId": delivery.message_id,
        "userId": delivery.user_id,
        "channel": delivery.address.channel,
        "address": delivery.address.value,
        "title": delivery.title,
        "body": delivery.body,
        "data": dict(delivery.data),
        "state": delivery.state.value,
        "tries": delivery.tries,
        "ticket": delivery.ticket,
        "detail": delivery.detail,
        "nextTryAt": to_ms(now),
        "sendingUntil": None,
        "receiptDueAt": None,
        "expiresAt": to_ms(delivery.expires_at),
        "acceptedAt": to_ms(delivery.accepted_at),
        "updatedAt": to_ms(now),
        "forced": forced,
    }


def to_delivery(id_: str, fields: Fields) -> Delivery:
    """Read a delivery."""
    row = cast("_Read", fields)
    return Delivery(
        id=id_,
        message_id=row["messageId"],
        user_id=row["userId"],
        address=Address(channel=row["channel"], value=row["address"]),
        title=row["title"],
        body=row["body"],
        data=row["data"],
        state=DeliveryState(row["state"]),
        tries=row["tries"],
        ticket=row["ticket"],
        detail=row["detail"],
        expires_at=from_ms(row["expiresAt"]),
        accepted_at=from_ms(row["acceptedAt"]),
    )


def flag_fields(flag: Flag, *, user_id: str | None, occasion_id: str | None) -> Fields:
    """Give the document of a flag."""
    return {
        "userId": user_id,
        "occasionId": occasion_id,
        "at": to_ms(flag.at),
        "sign": flag.sign.value,
        "source": flag.source.value,
        "rule": flag.rule,
        "heldUntil": to_ms(flag.held_until),
        "reviewedAt": None,
    }
