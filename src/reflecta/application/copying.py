"""Copies everything from one store to another, user by user, and counts what there was beside what arrived.

May be broken off and run again: what is there already stays, and is counted as there.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reflecta.application.ports import Clock
from reflecta.application.ports.store import Explanation, MoveStore, Store, UserChange
from reflecta.domain.model import Call, Entry, User

KINDS: Final = (
    "users",
    "entries",
    "insights",
    "occasions",
    "attempts",
    "messages",
    "deliveries",
    "feedback",
    "flags",
    "prompts",
)
_PAGE: Final = 100


@dataclass(slots=True, kw_only=True)
class Copied:
    """What a copy came to: how many of each kind were read, and found in the target afterwards. *last* is the last
    user who is done; *refused* says of what did not arrive why not; *open* occasions were under way and stay behind.
    """

    read: Counter[str] = field(default_factory=Counter[str])
    arrived: Counter[str] = field(default_factory=Counter[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    last: str = ""
    open: int = 0

    @property
    def adds_up(self) -> bool:
        """Say whether everything that was read is in the target."""
        return all(self.read[kind] == self.arrived[kind] for kind in KINDS) and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Copies from *source* to *target*; what the target has of the same users gives way to what the source has."""

    source: Store
    target: Store
    clock: Clock

    async def __call__(
        self, so_far: Copied | None = None, *, tell: Callable[[Copied], None] = lambda _copied: None
    ) -> Copied:
        """Copy all users, or go on where a copy was broken off; *tell* hears after each page how far it is."""
        copied, seen = so_far or Copied(), set[str]()
        while page := await self.source.users(after=copied.last, limit=_PAGE):
            now = self.clock.now()
            await self.target.upsert_users(page, now=now, change=_as_given)
            for user in page:
                versions = await self._user(user, copied)
                await self._prompts(versions - seen, copied)
                seen |= versions
                copied.last = user.id
            tell(copied)
        flags = await self.source.flags_of(None)
        await self.target.keep_flags(flags)
        there = {flag.id for flag in await self.target.flags_of(None)}
        copied.read["flags"] += len(flags)
        copied.arrived["flags"] += sum(flag.id in there for flag in flags)
        return copied

    async def _user(self, user: User, copied: Copied) -> set[str]:
        """Copy what belongs to one user, and look in the target for all of it; give the versions of its prompts."""
        versions = set[str]()
        await self.target.keep_state(user)
        await self._entries(user, copied)
        copied.open += await self.source.open_occasion(user.id) is not None
        insights = await self.source.insights(user.id)
        if insights is not None:
            copied.refused |= await self.target.upsert_insights([insights])
        async for page in history_pages(self.source, user.id):
            await self.target.keep_history(page)
            versions |= {call.prompt_version for one in page for call in _calls(one)}
        flags = await self.source.flags_of(user.id)
        await self.target.keep_flags(flags)
        copied.read += await self._counted(self.source, user)
        copied.arrived += await self._counted(self.target, user)
        return versions

    async def _prompts(self, versions: set[str], copied: Copied) -> None:
        """Copy the texts of the prompts that wrote what was copied, as far as they are kept."""
        for version in sorted(versions):
            text = await self.source.prompt_text(version)
            if text is not None:
                await self.target.keep_prompts([text], now=self.clock.now())
                copied.read["prompts"] += 1
                copied.arrived["prompts"] += await self.target.prompt_text(version) == text

    async def _entries(self, user: User, copied: Copied) -> None:
        async for page in entry_pages(self.source, user.id):
            copied.refused |= await self.target.upsert_entries(page)

    async def _counted(self, store: MoveStore, user: User) -> Counter[str]:
        """Count what a store has of a user."""
        found = Counter[str](users=int(await store.user(user.id) is not None))
        async for entries in entry_pages(store, user.id):
            found["entries"] += len(entries)
        found["insights"] = int(await store.insights(user.id) is not None)
        async for page in history_pages(store, user.id):
            found["occasions"] += len(page)
            found["attempts"] += sum(len(one.attempts) for one in page)
            found["messages"] += sum(one.message_id is not None for one in page)
            found["deliveries"] += sum(len(one.deliveries) for one in page)
            found["feedback"] += sum(len(one.feedback) for one in page)
        found["flags"] = len(await store.flags_of(user.id))
        return found


def _as_given(given: User, _stored: User | None) -> UserChange:
    return UserChange(user=replace(given, entry_count=0))  # a store counts what it has itself


def _calls(told: Explanation) -> Sequence[Call]:
    screening = [told.screening_call] if told.screening_call is not None else []
    return [*screening, *(call for attempt in told.attempts for call in attempt.calls)]


async def entry_pages(store: MoveStore, user_id: str) -> AsyncIterator[Sequence[Entry]]:
    """Give all entries of a user, page by page."""
    after = ""
    while page := await store.entries_of(user_id, after=after, limit=_PAGE):
        yield page
        after = page[-1].id


async def history_pages(store: MoveStore, user_id: str) -> AsyncIterator[Sequence[Explanation]]:
    """Give what is kept of a user's ended occasions, page by page."""
    after = ""
    while page := await store.history(user_id, after=after, limit=_PAGE):
        yield page
        after = page[-1].occasion.id
