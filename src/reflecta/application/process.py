"""Takes one occasion from its lease to its outcome. Idempotent: an ended occasion is left as it is."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from reflecta.application.budget import Budget
from reflecta.application.compose import Compose, Composed, Fallback
from reflecta.application.leases import Leases
from reflecta.application.ports import Clock, Telemetry
from reflecta.application.ports.store import Ending, Journal, KeptContext, ProcessStore, Sending, Work
from reflecta.application.screening import Read, Screen
from reflecta.domain import safety, schedule
from reflecta.domain.care import CareTexts
from reflecta.domain.context import Context, build_context, render, tokens
from reflecta.domain.errors import LeaseLost, ModelError, StoreUnavailable
from reflecta.domain.letter import entry_html
from reflecta.domain.model import (
    Address,
    Attempt,
    Call,
    Delivery,
    Draft,
    Entry,
    Flag,
    MessageType,
    Occasion,
    OccasionState,
    Outcome,
    Reason,
    Screening,
    User,
)
from reflecta.domain.pregate import nothing_worth_saying
from reflecta.domain.push import PushPrivacy, push_text
from reflecta.domain.wording import Language, say_origin

MAX_TRIES: Final = 3
# A forced run for a user of unknown zone reckons in this one.
UNKNOWN_ZONE: Final = "UTC"
PUSH_TITLE: Final = "A note from your coach"


class OnModelFailure(StrEnum):
    """What to do when no model brings a usable answer.

    retry: try again in 2, 4 or 8 hours, the last time with the composer. composer: use it at once. hold:
    try again, and never send a template.
    """

    RETRY = "retry"
    COMPOSER = "composer"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an operator may turn: how much is read, and what follows from failures."""

    entries: int = 80
    messages: int = 10
    context_tokens: int = 6000
    on_model_failure: OnModelFailure = OnModelFailure.RETRY
    push_privacy: PushPrivacy = PushPrivacy.GENERIC
    tick_interval: timedelta = schedule.TICK_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """What became of an occasion; *outcome* is None when it waits for another try."""

    occasion_id: str
    user_id: str
    outcome: OccasionState | None
    reason: Reason | None = None
    message_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Lease, check again, read, screen, compose, decide, finish.

    *addresses* says where a user's message is pushed to, *region_of* which country's helplines a user is given;
    *notify* is called after a message was committed.
    """

    store: ProcessStore
    screen: Screen
    care: CareTexts
    budget: Budget
    compose: Compose
    leases: Leases
    clock: Clock
    telemetry: Telemetry
    new_token: Callable[[], str]
    addresses: Callable[[User], Sequence[Address]]
    region_of: Callable[[User], str | None]
    notify: Callable[[], None] = lambda: None
    policy: Policy = Policy()

    async def __call__(self, occasion_id: str) -> Processed | None:
        """Work on one occasion; None when there is nothing to do (ended, leased by another, not to start yet)."""
        token = self.new_token()
        try:
            return await self._take(occasion_id, token)
        except asyncio.CancelledError:
            # Also where the lease was only being asked for: who is cancelled does not learn whether it was given.
            await asyncio.shield(self._release(occasion_id, token))
            raise

    async def _take(self, occasion_id: str, token: str) -> Processed | None:
        now = self.clock.now()
        until = now + self.leases.lease
        work = await self.store.lease(
            occasion_id,
            token=token,
            now=now,
            until=until,
            local_date=lambda zone: schedule.local_date(now, zone),
        )
        if work is None:
            return None
        self.telemetry.event("occasion.started", occasion_id=occasion_id, user_id=work.occasion.user_id)
        async with self.leases.hold(token, until):
            try:
                return await self._work(work, token)
            except LeaseLost:
                self.telemetry.event("lease.lost", occasion_id=occasion_id)
                return None

    async def _release(self, occasion_id: str, token: str) -> None:
        try:
            await self.store.release(occasion_id, token=token)
        except (LeaseLost, StoreUnavailable):
            return  # the lease runs out by itself

    async def _work(self, work: Work, token: str) -> Processed:
        try:
            ending = await self._decide(work, token)
        except (LeaseLost, StoreUnavailable):
            raise  # nothing may or can be written now
        except ModelError as error:
            return await self._failed(work, token, Reason.MODEL_ERROR, f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - one user's trouble must touch no other; the outcome names it
            return await self._failed(work, token, Reason.INTERNAL_ERROR, type(error).__name__)
        return await self._finish(work, token, ending)

    async def _decide(self, work: Work, token: str) -> Ending:
        """Give how the occasion ends."""
        if (ending := self._check_again(work)) is not None:
            return ending
        assert work.user is not None  # noqa: S101 - _check_again ends occasions without a user
        read = await self.read(work.user, occasion_id=work.occasion.id)
        if (flag := self.screen.by_rules(work.user, read.entries)) is not None:
            return self._care(work, work.user, flag)
        if (reason := nothing_worth_saying(read.context)) is not None:
            return self._regular(work, OccasionState.HELD_BACK, reason)
        is_over = await self.budget.is_spent(work.user.id, zone_of(work.user))
        if is_over and self.policy.on_model_failure is OnModelFailure.HOLD:
            return self._regular(work, OccasionState.HELD_BACK, Reason.OVER_BUDGET)
        if is_over:
            self.telemetry.event("budget.spent", occasion_id=work.occasion.id, user_id=work.user.id)
            return await self._write(work, token, read.context, without_model=True)
        context = await self._screened(work, token, read)
        if isinstance(context, Flag):
            return self._care(work, work.user, context)
        return await self._write(work, token, context)

    async def _screened(self, work: Work, token: str, read: Read) -> Context | Flag:
        """Ask the classifier, where there is one; give the context to write from, or the flag."""

        async def save(screening: Screening, call: Call) -> None:
            await self.store.save_screening(work.occasion.id, screening, call, token=token)

        return await self.screen.by_classifier(
            read,
            occasion_id=work.occasion.id,
            saved=work.screening,
            save=save,
            permit=partial(self.leases.require, work.occasion.id, token),
        )

    async def _write(self, work: Work, token: str, context: Context, *, without_model: bool = False) -> Ending:
        """Compose, saving what each call brought, and give how the occasion ends."""
        assert work.user is not None  # noqa: S101 - as above
        unsaved = None if work.attempts else _keep(context)

        async def save(attempt: Attempt) -> None:
            nonlocal unsaved
            kept, unsaved = unsaved, None
            await self.store.save_attempt(work.occasion.id, attempt, token=token, context=kept)

        composed = await self.compose(
            context,
            occasion_id=work.occasion.id,
            save=save,
            saved=work.attempts,
            fallback=self._fallback(work),
            without_model=without_model,
            permit=partial(self.leases.require, work.occasion.id, token),
        )
        ending = self._ending(work, work.user, composed, context)
        return replace(ending, attempt=composed.unsaved, context=unsaved)

    def _care(self, work: Work, user: User, flag: Flag) -> Ending:
        """Send the fixed text with helplines instead of a message, and hold the user.

        Too late for the window nothing is sent and nobody held: the next occasion finds the sign again.
        """
        occasion = work.occasion
        if (late := self._check_again(work)) is not None:
            return late
        ids = {"occasion_id": occasion.id, "user_id": user.id}
        self.telemetry.event("safety.flagged", **ids, sign=flag.sign, source=flag.source, rule=flag.rule)
        care = self.care.write(user.language or flag.language, self.region_of(user))
        draft = Draft(type=MessageType.CARE, text=care.text, push_text=care.push_text, ai_generated=False)
        now = self.clock.now()
        attempt = Attempt(number=len(work.attempts) + 1, created_at=now, draft=draft)
        sending = self._sending(
            occasion,
            user,
            attempt,
            entry=entry_html(draft, care.heading),
            push_text=care.push_text,
            closes_at=occasion.window_ends_at,
        )
        ending = self._until(work, flag.held_until, OccasionState.SENT, sending)
        return replace(ending, attempt=attempt, flag=flag)

    def _check_again(self, work: Work) -> Ending | None:
        """End an occasion whose user or window changed since it was claimed."""
        occasion, user, now = work.occasion, work.user, self.clock.now()
        if user is None:
            return Ending(outcome=OccasionState.CANCELLED, reason=Reason.ERASED, now=now)
        if occasion.window_ends_at is not None and now >= occasion.window_ends_at:
            return self._next_target(work, OccasionState.EXPIRED, Reason.WINDOW_CLOSED)
        if (wishes := None if occasion.forced else self._check_wishes(work, user, now)) is not None:
            return wishes
        return self._check_hold(work, user, now)

    def _check_hold(self, work: Work, user: User, now: datetime) -> Ending | None:
        """Defer what would be written while a sign of risk stands; a forced run as well."""
        if user.held_until is None or not safety.is_held(user, now):
            return None
        return self._until(work, user.held_until, OccasionState.DEFERRED)

    def _until(self, work: Work, held_until: datetime, outcome: Outcome, sending: Sending | None = None) -> Ending:
        """End with the first target hour after a hold; with the regular due time where only a review ends it."""
        ending = self._regular(work, outcome, Reason.SAFETY_HOLD, sending)
        timetable = _timetable(work)
        if timetable is None or held_until >= safety.NEVER:
            return ending
        return replace(ending, next_due_at=schedule.next_target(timetable, held_until))

    def _check_wishes(self, work: Work, user: User, now: datetime) -> Ending | None:
        """End an unforced occasion that its user, as they are now, would not want."""
        if not user.preferences.enabled:
            return Ending(outcome=OccasionState.CANCELLED, reason=Reason.SWITCHED_OFF, now=now)
        if user.timezone is None:
            return Ending(outcome=OccasionState.CANCELLED, reason=Reason.NEEDS_TIMEZONE, now=now)
        timetable = _timetable(work)
        if timetable is not None and not schedule.is_open(timetable, now):
            # Edited after a first worker died, or the clock was put back before the opening.
            return self._next_target(work, OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)
        if work.sent_today:
            return self._next_target(work, OccasionState.DEFERRED, Reason.ALREADY_TODAY)
        return None

    async def read(self, user: User, *, occasion_id: str) -> Read:
        """Read what a message to this user may be about; what was flagged is left out."""
        self.telemetry.event("context.started", occasion_id=occasion_id, user_id=user.id)
        journal: Journal = await self.store.journal(user.id, entries=self.policy.entries, messages=self.policy.messages)
        entries = safety.unflagged(user, journal.entries)
        known = user.entry_count if journal.entry_count is None else journal.entry_count
        context = build_context(
            replace(user, preferences=safety.soften(user.preferences, age_band=user.age_band), entry_count=known),
            entries=entries,
            insights=journal.insights,
            messages=journal.messages,
            now=self.clock.now(),
            zone=zone_of(user),
            budget=self.policy.context_tokens,
            # The composer quotes whole entries and needs no memory.
            templates=self.compose.templates if self.compose.uses_model else None,
        )
        self.telemetry.event(
            "context.built",
            occasion_id=occasion_id,
            user_id=user.id,
            entries=len(context.notes),
            tokens=sum(tokens(note.text) for note in context.notes),
        )
        return Read(entries=entries, context=context)

    def _fallback(self, work: Work) -> Fallback:
        mode = self.policy.on_model_failure
        if mode is OnModelFailure.HOLD:
            return Fallback.NEVER
        is_last = mode is OnModelFailure.COMPOSER or self._retry_at(work) is None
        return Fallback.ALWAYS if is_last else Fallback.WHEN_REFUSED

    def _ending(self, work: Work, user: User, composed: Composed, context: Context) -> Ending:
        occasion, now = work.occasion, self.clock.now()
        if occasion.window_ends_at is not None and now >= occasion.window_ends_at:
            return self._next_target(work, OccasionState.EXPIRED, Reason.WINDOW_CLOSED)
        if composed.chosen is None:
            return self._regular(work, OccasionState.HELD_BACK, composed.reason)
        timetable = _timetable(work)
        if not occasion.forced and timetable is not None and not schedule.is_open(timetable, now):
            # The clock was put back before the opening while the message was written.
            return self._next_target(work, OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)
        self.telemetry.event("attempt.passed", occasion_id=occasion.id, user_id=user.id, attempt=composed.chosen.number)
        draft = composed.chosen.draft
        assert draft is not None  # noqa: S101 - the gate chose it
        language = context.language_among(self.compose.templates)
        cited = [context.sources[e.entry_id].written_at for e in draft.evidence if e.entry_id in context.sources]
        sending = self._sending(
            occasion,
            user,
            composed.chosen,
            entry=entry_html(draft, _heading(draft, language), say_origin(cited, language)),
            push_text=push_text(self.policy.push_privacy, draft, context, neutral=language.labels.push),
            closes_at=_closes_at(occasion, timetable, now),
        )
        return self._regular(work, OccasionState.SENT, None, sending)

    def _sending(
        self,
        occasion: Occasion,
        user: User,
        chosen: Attempt,
        *,
        entry: str,
        push_text: str,
        closes_at: datetime | None,
    ) -> Sending:
        """Put together what goes out. All ids derive from the occasion, so a repeat finds itself."""
        draft, now = chosen.draft, self.clock.now()
        assert draft is not None  # noqa: S101 - the gate chose it
        message_id = f"message-{occasion.id}"
        written = Entry(
            id=f"coaching-{occasion.id}",
            user_id=user.id,
            content=entry,
            text=draft.text,
            written_at=now,
            updated_at=now,
            message_id=message_id,
        )
        deliveries = [
            Delivery(
                id=f"{message_id}-{number}",
                message_id=message_id,
                user_id=user.id,
                address=address,
                title=PUSH_TITLE,
                body=push_text,
                data={"type": "coaching_message", "messageId": message_id, "journalEntryId": written.id},
                expires_at=closes_at,
            )
            for number, address in enumerate(dict.fromkeys(self.addresses(user)), start=1)
        ]
        return Sending(
            message_id=message_id,
            attempt=chosen.number,
            local_date=lambda zone: schedule.local_date(now, zone or UNKNOWN_ZONE),
            entry=written,
            deliveries=deliveries,
        )

    def _regular(self, work: Work, outcome: Outcome, reason: Reason | None, sending: Sending | None = None) -> Ending:
        """End with the regular next due time."""
        now, timetable = self.clock.now(), _timetable(work)
        due = schedule.next_due(timetable, due=work.occasion.due_at, now=now) if timetable else None
        return Ending(outcome=outcome, reason=reason, now=now, next_due_at=due, sending=sending)

    def _next_target(self, work: Work, outcome: Outcome, reason: Reason) -> Ending:
        """End with the next target hour as due time."""
        now, timetable = self.clock.now(), _timetable(work)
        due = schedule.next_target(timetable, now) if timetable else None
        failures = work.user.failures if work.user else 0
        return Ending(outcome=outcome, reason=reason, now=now, next_due_at=due, failures=failures)

    def _retry_at(self, work: Work) -> datetime | None:
        """Give when this occasion may be tried again; None on its last try."""
        timetable = _timetable(work)
        if timetable is None or work.occasion.tries + 1 >= MAX_TRIES:
            return None
        return schedule.retry_at(
            timetable,
            self.clock.now(),
            closes_at=work.occasion.window_ends_at,
            tick_interval=self.policy.tick_interval,
        )

    async def _failed(self, work: Work, token: str, reason: Reason, detail: str) -> Processed:
        """Try again within the window, or end the occasion as failed."""
        occasion = work.occasion
        at = self._retry_at(work)
        if at is None:
            return await self._finish(work, token, self._failure(work, reason, detail))
        may_start = at - schedule.LOOKAHEAD  # the tick at that hour must find it
        await self.store.retry_later(occasion.id, token=token, at=may_start, detail=detail)
        self.telemetry.event("occasion.retried", occasion_id=occasion.id, user_id=occasion.user_id, reason=reason)
        return Processed(occasion_id=occasion.id, user_id=occasion.user_id, outcome=None, reason=reason, detail=detail)

    def _failure(self, work: Work, reason: Reason, detail: str) -> Ending:
        now, timetable = self.clock.now(), _timetable(work)
        failures = (work.user.failures if work.user else 0) + 1
        due = None
        if timetable is not None:
            due = schedule.retry_due(
                timetable,
                due=work.occasion.due_at,
                now=now,
                failures=failures,
                tick_interval=self.policy.tick_interval,
            )
        return Ending(
            outcome=OccasionState.FAILED, reason=reason, detail=detail, now=now, next_due_at=due, failures=failures
        )

    async def _finish(self, work: Work, token: str, ending: Ending) -> Processed:
        occasion = work.occasion
        outcome, reason = await self.store.finish(occasion.id, ending, token=token)
        sent = outcome is OccasionState.SENT
        message_id = ending.sending.message_id if sent and ending.sending else None
        self._tell(occasion, ending, outcome, reason)
        if sent:
            self.notify()
        return Processed(
            occasion_id=occasion.id,
            user_id=occasion.user_id,
            outcome=outcome,
            reason=reason,
            message_id=message_id,
            detail=ending.detail,
        )

    def _tell(self, occasion: Occasion, ending: Ending, outcome: Outcome, reason: Reason | None) -> None:
        ids = {"occasion_id": occasion.id, "user_id": occasion.user_id}
        seconds = (ending.now - (occasion.started_at or ending.now)).total_seconds()
        if outcome is OccasionState.SENT and ending.sending is not None:
            self.telemetry.event(
                "occasion.sent",
                **ids,
                message_id=ending.sending.message_id,
                attempts=ending.sending.attempt,
                seconds=seconds,
            )
        else:
            self.telemetry.event(f"occasion.{outcome.value}", **ids, reason=reason)
        kept = occasion.forced or outcome is OccasionState.CANCELLED
        if ending.next_due_at is not None and not kept:
            self.telemetry.event("schedule.set", user_id=occasion.user_id, due_at=ending.next_due_at.isoformat())


def _keep(context: Context) -> KeptContext:
    return KeptContext(text=render(context), entry_ids=list(context.sources))


def _heading(draft: Draft, language: Language) -> str:
    return language.labels.heading if draft.ai_generated else language.labels.composed


def zone_of(user: User) -> str:
    """Give the zone to reckon with."""
    return user.timezone or UNKNOWN_ZONE


def _closes_at(occasion: Occasion, timetable: schedule.Schedule | None, now: datetime) -> datetime | None:
    """Give until when a push may leave: today, also where a clock that ran a day ahead had claimed for tomorrow."""
    if occasion.forced or timetable is None or occasion.window_ends_at is None:
        return occasion.window_ends_at
    return min(occasion.window_ends_at, schedule.window_end(timetable, now))


def _timetable(work: Work) -> schedule.Schedule | None:
    user = work.user
    if user is None:
        return None
    return schedule.Schedule(zone=zone_of(user), window=user.preferences.window, cadence=user.preferences.cadence)
