"""Rows to nouns and back. Knows the columns and nothing of when they are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

import sqlalchemy as sa

from reflecta.adapters.stores.sql.schema import from_ms, to_ms, users
from reflecta.application.ports.store import Slot, StoredFlag
from reflecta.domain.model import (
    Address,
    Assessment,
    Attempt,
    Cadence,
    Call,
    ChallengeDegree,
    Check,
    CheckName,
    Delivery,
    DeliveryState,
    Dimension,
    Draft,
    Entry,
    Evidence,
    Flag,
    FlagSource,
    Insight,
    Insights,
    MessageType,
    Occasion,
    OccasionState,
    Onboarding,
    Preferences,
    Purpose,
    Push,
    Reason,
    Recommendation,
    ScreenedSign,
    Screening,
    Source,
    ToneDegree,
    User,
    Window,
)

# What SQLAlchemy gives is typed by the statement, which it cannot know here.
Row: TypeAlias = sa.Row[*tuple[Any, ...]]
Values: TypeAlias = dict[str, object]


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _instant(ms: object) -> datetime | None:
    return from_ms(ms) if isinstance(ms, int) else None


def user_values(user: User) -> Values:
    """Give the columns of a user, counters included."""
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "onboarding": {
            "completed": user.onboarding.completed,
            "completed_at": _ms(user.onboarding.completed_at),
            "occupations": list(user.onboarding.occupations),
            "practices_tried": list(user.onboarding.practices_tried),
            "clarity": user.onboarding.clarity,
            "stress": user.onboarding.stress,
        },
        "enabled": user.preferences.enabled,
        "cadence": user.preferences.cadence.value,
        "time_window": user.preferences.window.value,
        "challenge": user.preferences.challenge.value,
        "tone": user.preferences.tone.value,
        "push_enabled": user.push.enabled,
        "push_tokens": list(user.push.tokens),
        "last_notification_at": user.push.last_sent_at,
        "timezone": user.timezone,
        "given_timezone": user.given_timezone,
        "next_due_at": user.next_due_at,
        "last_sent_at": user.last_sent_at,
        "failures": user.failures,
        "entry_count": user.entry_count,
        "age_band": user.age_band,
        "language": user.language,
        "region": user.region,
    }


def to_user(row: Row) -> User:
    """Read a row of `users`."""
    onboarding = cast("Mapping[str, Any]", row.onboarding)
    return User(
        id=row.id,
        email=row.email,
        first_name=row.first_name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        onboarding=Onboarding(
            completed=onboarding["completed"],
            completed_at=_instant(onboarding["completed_at"]),
            occupations=tuple(onboarding["occupations"]),
            practices_tried=tuple(onboarding["practices_tried"]),
            clarity=onboarding["clarity"],
            stress=onboarding["stress"],
        ),
        preferences=Preferences(
            enabled=row.enabled,
            cadence=Cadence(row.cadence),
            window=Window(row.time_window),
            challenge=ChallengeDegree(row.challenge),
            tone=ToneDegree(row.tone),
        ),
        push=Push(enabled=row.push_enabled, tokens=tuple(row.push_tokens), last_sent_at=row.last_notification_at),
        timezone=row.timezone,
        given_timezone=row.given_timezone,
        next_due_at=row.next_due_at,
        last_sent_at=row.last_sent_at,
        failures=row.failures,
        entry_count=row.entry_count,
        age_band=row.age_band,
        language=row.language,
        region=row.region,
        held_until=row.held_until,
        flagged_entries=tuple(row.flagged_entries or ()),
    )


# What `to_slot` reads, in its order: ticks read many.
SLOT = (users.c.id, users.c.next_due_at, users.c.timezone, users.c.time_window, users.c.cadence)
_WINDOWS = {window.value: window for window in Window}
_CADENCES = {cadence.value: cadence for cadence in Cadence}


def to_slot(row: Row, *, has_open_occasion: bool = False) -> Slot:
    """Read the part of a user that due times depend on; the zone may be '' where it is unknown."""
    user_id, due_at, timezone, window, cadence = row[: len(SLOT)]
    return Slot(
        user_id=user_id,
        zone=timezone or "",
        window=_WINDOWS[window],
        cadence=_CADENCES[cadence],
        due_at=due_at,
        has_open_occasion=has_open_occasion,
    )


def entry_values(entry: Entry) -> Values:
    """Give the columns of an entry."""
    return {
        "id": entry.id,
        "user_id": entry.user_id,
        "content": entry.content,
        "text": entry.text,
        "has_content": entry.has_content,
        "written_at": entry.written_at,
        "updated_at": entry.updated_at,
        "images": list(entry.images),
        "message_id": entry.message_id,
    }


def to_entry(row: Row) -> Entry:
    """Read a row of `journal_entries`."""
    return Entry(
        id=row.id,
        user_id=row.user_id,
        content=row.content,
        text=row.text,
        written_at=row.written_at,
        updated_at=row.updated_at,
        images=tuple(row.images),
        message_id=row.message_id,
    )


def to_text(row: Row) -> Entry:
    """Read a row of `journal_entries` without its HTML and images."""
    return Entry(
        id=row.id,
        user_id=row.user_id,
        content="",
        text=row.text,
        written_at=row.written_at,
        updated_at=row.updated_at,
        message_id=row.message_id,
    )


def insights_values(insights: Insights) -> Values:
    """Give the columns of a user's insights."""
    return {
        "user_id": insights.user_id,
        "main_focus": _insight_json(insights.main_focus),
        "key_blockers": _insight_json(insights.key_blockers),
        "plan": _insight_json(insights.plan),
        "created_at": insights.created_at,
        "updated_at": insights.updated_at,
    }


def _insight_json(insight: Insight | None) -> Values | None:
    if insight is None:
        return None
    return {
        "headline": insight.headline,
        "description": insight.description,
        "sources": [{"quote": s.quote, "extracted_at": _ms(s.extracted_at)} for s in insight.sources],
        "updated_at": _ms(insight.updated_at),
    }


def to_insights(row: Row) -> Insights:
    """Read a row of `user_insights`."""
    return Insights(
        user_id=row.user_id,
        main_focus=_insight(row.main_focus),
        key_blockers=_insight(row.key_blockers),
        plan=_insight(row.plan),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _insight(value: Mapping[str, Any] | None) -> Insight | None:
    if value is None:
        return None
    return Insight(
        headline=value["headline"],
        description=value["description"],
        sources=tuple(Source(quote=s["quote"], extracted_at=_instant(s["extracted_at"])) for s in value["sources"]),
        updated_at=_instant(value["updated_at"]),
    )


def occasion_values(occasion: Occasion) -> Values:
    """Give the columns of an occasion."""
    return {
        "id": occasion.id,
        "user_id": occasion.user_id,
        "due_at": occasion.due_at,
        "state": occasion.state.value,
        "reason": occasion.reason.value if occasion.reason else None,
        "detail": occasion.detail,
        "forced": occasion.forced,
        "timezone": occasion.timezone,
        "time_window": occasion.window.value if occasion.window else None,
        "window_ends_at": occasion.window_ends_at,
        "regular_due_at": occasion.regular_due_at,
        "created_at": occasion.created_at,
        "ended_at": occasion.ended_at,
    }


def ended_values(occasion: Occasion) -> Values:
    """Give the columns of an occasion that has ended, as another store kept it."""
    return {
        **occasion_values(occasion),
        "not_before": occasion.not_before,
        "tries": occasion.tries,
        "started_at": occasion.started_at,
    }


def to_occasion(row: Row) -> Occasion:
    """Read a row of `occasions`."""
    return Occasion(
        id=row.id,
        user_id=row.user_id,
        due_at=row.due_at,
        state=OccasionState(row.state),
        created_at=row.created_at,
        forced=row.forced,
        timezone=row.timezone,
        window=Window(row.time_window) if row.time_window else None,
        window_ends_at=row.window_ends_at,
        regular_due_at=row.regular_due_at,
        not_before=row.not_before,
        tries=row.tries,
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        lease_until=row.lease_until,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def attempt_values(occasion_id: str, attempt: Attempt) -> Values:
    """Give the columns of an attempt, its calls apart."""
    draft, assessment = attempt.draft, attempt.assessment
    return {
        "occasion_id": occasion_id,
        "number": attempt.number,
        "created_at": attempt.created_at,
        "message_type": draft.type.value if draft else None,
        "text": draft.text if draft else None,
        "push_text": draft.push_text if draft else None,
        "evidence": [[e.entry_id, e.quote] for e in draft.evidence] if draft else [],
        "ai_generated": draft.ai_generated if draft else None,
        "checks": [[check.name.value, check.fault] for check in attempt.checks],
        "score": assessment.score if assessment else None,
        "dimensions": dict(assessment.dimensions) if assessment else None,
        "recommendation": assessment.recommendation.value if assessment else None,
        "faults": list(assessment.faults) if assessment else [],
        "rationale": assessment.rationale if assessment else None,
        "error": attempt.error,
    }


def call_values(occasion_id: str, attempt: Attempt) -> Sequence[Values]:
    """Give the columns of an attempt's calls."""
    return [call_values_at(occasion_id, attempt.number, place, call) for place, call in enumerate(attempt.calls)]


def call_values_at(occasion_id: str, attempt: int, position: int, call: Call) -> Values:
    """Give the columns of one call; that of the screening stands at attempt 0."""
    return {
        "occasion_id": occasion_id,
        "attempt": attempt,
        "position": position,
        "purpose": call.purpose.value,
        "model": call.model,
        "prompt_version": call.prompt_version,
        "at": call.at,
        "latency": call.latency,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "cost_reported": call.cost_reported,
        "cost_estimated": call.cost_estimated,
    }


def screening_value(screening: Screening) -> Values:
    """Give the column of a screening."""
    return {"signs": list(screening.signs), "entries": list(screening.entry_ids)}


def to_screening(value: Mapping[str, Any] | None) -> Screening | None:
    """Read the column."""
    if value is None:
        return None
    return Screening(signs=tuple(map(ScreenedSign, value["signs"])), entry_ids=tuple(value["entries"]))


def to_flag(row: Row) -> StoredFlag:
    """Read a row of `safety_flags`."""
    return StoredFlag(
        id=row.id,
        flag=Flag(
            sign=ScreenedSign(row.sign),
            source=FlagSource(row.source),
            rule=row.rule,
            at=row.at,
            held_until=row.held_until,
        ),
        user_id=row.user_id,
        occasion_id=row.occasion_id,
        reviewed_at=row.reviewed_at,
    )


def flag_values(flag: Flag, *, flag_id: str, user_id: str | None, occasion_id: str | None) -> Values:
    """Give the columns of a flag."""
    return {
        "id": flag_id,
        "user_id": user_id,
        "occasion_id": occasion_id,
        "at": flag.at,
        "sign": flag.sign.value,
        "source": flag.source.value,
        "rule": flag.rule,
        "held_until": flag.held_until,
    }


def to_attempt(row: Row, calls: Sequence[Row]) -> Attempt:
    """Read a row of `attempts` with its rows of `calls`, in order."""
    return Attempt(
        number=row.number,
        created_at=row.created_at,
        draft=_draft(row),
        checks=tuple(Check(name=CheckName(name), fault=fault) for name, fault in row.checks),
        assessment=_assessment(row),
        calls=tuple(to_call(call) for call in calls),
        error=row.error,
    )


def _draft(row: Row) -> Draft | None:
    if row.text is None:
        return None
    return Draft(
        type=MessageType(row.message_type),
        text=row.text,
        push_text=row.push_text,
        evidence=tuple(Evidence(entry_id=entry_id, quote=quote) for entry_id, quote in row.evidence),
        ai_generated=row.ai_generated,
    )


def _dimensions(row: Row) -> Mapping[Dimension, int]:
    """Read the ratings; what was judged before there were dimensions has one number for all of them."""
    stored = cast("Mapping[str, int] | None", row.dimensions)
    if stored is None:
        return dict.fromkeys(Dimension, round(float(row.score)))
    return {Dimension(name): rating for name, rating in stored.items()}


def _assessment(row: Row) -> Assessment | None:
    if row.recommendation is None:
        return None
    return Assessment(
        dimensions=_dimensions(row),
        recommendation=Recommendation(row.recommendation),
        faults=tuple(row.faults),
        rationale=row.rationale,
    )


def to_call(row: Row) -> Call:
    """Read a row of `calls`."""
    return Call(
        purpose=Purpose(row.purpose),
        model=row.model,
        prompt_version=row.prompt_version,
        at=row.at,
        latency=row.latency,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_reported=row.cost_reported,
        cost_estimated=row.cost_estimated,
    )


def delivery_values(delivery: Delivery, now: datetime) -> Values:
    """Give the columns of a delivery that may leave at once."""
    return {
        "id": delivery.id,
        "message_id": delivery.message_id,
        "user_id": delivery.user_id,
        "channel": delivery.address.channel,
        "address": delivery.address.value,
        "title": delivery.title,
        "body": delivery.body,
        "data": dict(delivery.data),
        "state": delivery.state.value,
        "tries": delivery.tries,
        "ticket": delivery.ticket,
        "detail": delivery.detail,
        "next_try_at": now,
        "expires_at": delivery.expires_at,
        "accepted_at": delivery.accepted_at,
        "updated_at": now,
    }


def to_delivery(row: Row) -> Delivery:
    """Read a row of `deliveries`."""
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        user_id=row.user_id,
        address=Address(channel=row.channel, value=row.address),
        title=row.title,
        body=row.body,
        data=dict(row.data),
        state=DeliveryState(row.state),
        tries=row.tries,
        ticket=row.ticket,
        detail=row.detail,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
    )
