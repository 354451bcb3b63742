"""Runs one user's occasion because somebody asks now: the processor endpoint, forced runs and dry runs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reflecta.application.claiming import plan_claim
from reflecta.application.compose import Composed, Fallback, keep_nothing
from reflecta.application.ports import Clock
from reflecta.application.ports.store import Store
from reflecta.application.process import Process, Processed
from reflecta.domain.context import Context
from reflecta.domain.errors import NotFound
from reflecta.domain.model import Flag, Occasion, OccasionState, Reason, User, occasion_id
from reflecta.domain.pregate import nothing_worth_saying
from reflecta.domain.safety import is_held
from reflecta.domain.schedule import LOOKAHEAD

# A forced run has no window; it ends as expired if nobody could work on it for so long.
FORCED_LASTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """Nothing was done and nothing written: the user is not due."""

    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a dry run wrote and decided; nothing of it is stored or sent."""

    user: User
    context: Context
    composed: Composed | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemand:
    """Runs single occasions in the caller's own time."""

    store: Store
    process: Process
    clock: Clock

    async def occasion(self, occasion_id: str) -> Processed:
        """Continue one occasion; an ended one is told as it ended. NotFound without it."""
        processed = await self.process(occasion_id)
        if processed is not None:
            return processed
        explanation = await self.store.explanation(occasion_id)
        if explanation is None:
            raise NotFound(f"occasion {occasion_id[:64]!r} is not known")
        return _as_it_stands(explanation.occasion, explanation.message_id)

    async def user(self, user_id: str) -> Processed | NotDue:
        """Continue the user's open occasion, or claim one if the user is due. NotFound without the user."""
        await self._user(user_id)
        waiting = await self.store.open_occasion(user_id)
        if waiting is not None:
            return await self.occasion(waiting.id)
        now = self.clock.now()
        claimed = await self.store.claim(
            [user_id], until=now + LOOKAHEAD, now=now, plan=lambda slot: plan_claim(slot, now)
        )
        for occasion in (*claimed.queued, *claimed.deferred):
            return await self.occasion(occasion)
        return NotDue(user_id=user_id)

    async def force(self, user_id: str) -> Processed:
        """Run an occasion of its own now: enabled, due, window and date are not asked for.

        Erasure and the gate are; the schedule stays as it is. NotFound without the user, Conflict while
        another occasion is open.
        """
        return await self.occasion(await self.force_later(user_id))

    async def force_later(self, user_id: str) -> str:
        """Queue a forced occasion and give its id."""
        user, now = await self._user(user_id), self.clock.now()
        occasion = Occasion(
            id=occasion_id(user_id, now),
            user_id=user_id,
            due_at=now,
            state=OccasionState.QUEUED,
            created_at=now,
            forced=True,
            timezone=user.timezone,
            window=user.preferences.window,
            window_ends_at=now + FORCED_LASTS,
        )
        await self.store.force(occasion)
        return occasion.id

    async def preview(self, user_id: str) -> Preview:
        """Write a message for a user as if due now; stores nothing and sends nothing, but pays for its calls."""
        user = await self._user(user_id)
        run = occasion_id(user_id, self.clock.now())
        read = await self.process.read(user, occasion_id=run)
        screen = self.process.screen
        if is_held(user, self.clock.now()) or screen.by_rules(user, read.entries) is not None:
            return Preview(user=user, context=read.context, composed=None, reason=Reason.SAFETY_HOLD)
        if (reason := nothing_worth_saying(read.context)) is not None:
            return Preview(user=user, context=read.context, composed=None, reason=reason)
        context = await screen.by_classifier(read, occasion_id=run, saved=None, save=keep_nothing)
        if isinstance(context, Flag):
            return Preview(user=user, context=read.context, composed=None, reason=Reason.SAFETY_HOLD)
        composed = await self.process.compose(context, occasion_id=run, save=keep_nothing, fallback=Fallback.ALWAYS)
        return Preview(user=user, context=context, composed=composed, reason=composed.reason)

    async def _user(self, user_id: str) -> User:
        user = await self.store.user(user_id)
        if user is None:
            raise NotFound(f"user {user_id[:64]!r} is not known")
        return user


def _as_it_stands(occasion: Occasion, message_id: str | None) -> Processed:
    ended = None if occasion.state.is_open else occasion.state
    return Processed(
        occasion_id=occasion.id,
        user_id=occasion.user_id,
        outcome=ended,
        reason=occasion.reason,
        message_id=message_id,
        detail=occasion.detail,
    )
