"""Writes again from stored contexts with other prompts, beside what was written then. Sends and stores nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Final

from reflecta.application.compose import Compose, Composed, Fallback, keep_nothing
from reflecta.application.ports.store import Explanation, Store
from reflecta.domain.context import Context
from reflecta.domain.errors import InvalidInput, ModelError, NotFound
from reflecta.domain.model import MessageType
from reflecta.domain.prompt import Prompts
from reflecta.domain.replaying import parse

FLAGGED: Final = "not written again: it shows a sign of risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One occasion as it was, and what other prompts make of its context.

    *composed* is None where that broke off, or was not begun, for the reason in *error*.
    """

    was: Explanation
    composed: Composed | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Asks the models in use; what it asks is paid for. What was flagged, then or since, is not written about."""

    store: Store
    compose: Compose

    async def __call__(self, prompts: Prompts, *, limit: int, user_id: str | None = None) -> AsyncGenerator[Replayed]:
        """Go through the newest occasions whose context is kept."""
        compose = replace(self.compose, prompts=prompts)
        for occasion_id in await self.store.replayable(limit=limit, user_id=user_id):
            was = await self.store.explanation(occasion_id)
            if was is not None and was.context is not None:
                yield await self._again(compose, was, was.context)

    async def prompts(self, version: str, current: Prompts) -> Prompts:
        """Give the prompts in use with the one of that version in its place; NotFound where no such text is kept."""
        found = await self.store.prompt_text(version)
        if found is None:
            raise NotFound(f"prompt version {version[:64]!r} was never used here; `reflecta explain` shows versions")
        if found.name not in {prompt.name for prompt in current.all}:
            raise NotFound(f"prompt {found.name!r} is not asked any more")
        return replace(current, **{found.name: found})

    async def _again(self, compose: Compose, was: Explanation, text: str) -> Replayed:
        occasion = was.occasion
        try:
            context = parse(text, user_id=occasion.user_id)
            if _has_care(was) or await self._is_flagged(context):
                return Replayed(was=was, error=FLAGGED)
            composed = await compose(context, occasion_id=occasion.id, save=keep_nothing, fallback=Fallback.NEVER)
        except (InvalidInput, ModelError) as error:
            return Replayed(was=was, error=f"{type(error).__name__}: {error}")
        return Replayed(was=was, composed=composed)

    async def _is_flagged(self, context: Context) -> bool:
        """Say whether the context tells of an entry that was flagged after it was kept."""
        user = await self.store.user(context.user_id)
        return user is not None and not context.sources.keys().isdisjoint(user.flagged_entries)


def _has_care(was: Explanation) -> bool:
    """Say whether a later try of the occasion ended in a text with helplines."""
    return any(attempt.draft is not None and attempt.draft.type is MessageType.CARE for attempt in was.attempts)
