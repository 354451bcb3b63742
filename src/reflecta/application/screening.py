"""Looks for signs of risk in the newest entries before anything is written: local rules first, then a classifier.

Fails towards caution: what the rules find needs no second opinion; where the classifier brings no answer, the message
must be gentle.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from reflecta.application.leases import Permit, permit_all
from reflecta.application.ports import Clock, Model, Telemetry
from reflecta.domain import prompt, safety
from reflecta.domain.context import Context
from reflecta.domain.errors import InvalidReply, ModelError
from reflecta.domain.model import Call, Entry, Flag, Screening, User
from reflecta.domain.prompt import Prompts
from reflecta.domain.risk import LocalScreen

# An answer that makes no sense: paid for, not asked for again, and no reason to be at ease.
UNREADABLE: Final = Screening(signs=())

SaveScreening = Callable[[Screening, Call], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of a user: the *entries* that may be written about, newest first, and the *context* of them."""

    entries: Sequence[Entry]
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The layers of the screen; without a *classifier* the local one alone. *hold* None: until a person reviews.

    *local* gives the same one at every call. The first may take a second: whoever works calls `prepare` beforehand,
    and commands that read no journal never do.
    """

    local: Callable[[], LocalScreen]
    classifier: Model | None
    prompts: Prompts
    clock: Clock
    telemetry: Telemetry
    hold: timedelta | None = safety.DEFAULT_HOLD

    def prepare(self) -> None:
        """Make the local screen ready, so that the first person need not wait for it."""
        self.local().prepare()

    def by_rules(self, user: User, entries: Sequence[Entry]) -> Flag | None:
        """Ask the local rules, which cost nothing and are never down."""
        return safety.find_by_rules(self.local(), user, entries, now=self.clock.now(), hold=self.hold)

    async def by_classifier(
        self,
        read: Read,
        *,
        occasion_id: str,
        saved: Screening | None,
        save: SaveScreening,
        permit: Permit = permit_all,
    ) -> Context | Flag:
        """Ask the classifier, once for an occasion: give its flag, or the context to write from, gentle if need be.

        It is not asked where *permit* raises.
        """
        if self.classifier is None:
            return read.context
        if saved is None:
            await permit()
        screening = saved or await self._ask(self.classifier, read.context, occasion_id, save)
        now = self.clock.now()
        flag = safety.flag_of(screening, read.entries, now=now, hold=self.hold) if screening is not None else None
        if flag is not None:
            return flag
        if not safety.asks_for_gentleness(screening):
            return read.context
        preferences = safety.soften(read.context.preferences, age_band=read.context.age_band, gently=True)
        return replace(read.context, preferences=preferences)

    async def _ask(
        self, classifier: Model, context: Context, occasion_id: str, save: SaveScreening
    ) -> Screening | None:
        try:
            completion = await classifier.complete(prompt.ask_for_screening(self.prompts, context))
        except ModelError as error:
            self._failed(error, occasion_id, context)
            return None
        try:
            screening = prompt.read_screening(completion.text)
        except InvalidReply as error:
            self._failed(error, occasion_id, context)
            screening = UNREADABLE
        await save(screening, completion.call)
        return screening

    def _failed(self, error: ModelError, occasion_id: str, context: Context) -> None:
        ids = {"occasion_id": occasion_id, "user_id": context.user_id}
        self.telemetry.event("screening.failed", **ids, error=type(error).__name__)
