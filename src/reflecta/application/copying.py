"""Copies everything from one store to another, user by user, and counts what there was beside what arrived.

May be broken off and run again: what is there already stays, and is counted as there.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reflecta.application.ports import Clock
from reflecta.application.ports.store import Explanation, MoveStore, UserChange
from reflecta.domain.model import Entry, User

KINDS: Final = ("users", "entries", "insights", "occasions", "attempts", "messages", "deliveries", "feedback", "flags")
_PAGE: Final = 100


@dataclass(slots=True, kw_only=True)
class Copied:
    """What a copy came to: how many of each kind were read, and found in the target afterwards. *last* is the last
    user who is done; *refused* says of what did not arrive why not.
    """

    read: Counter[str] = field(default_factory=Counter[str])
    arrived: Counter[str] = field(default_factory=Counter[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    last: str = ""

    @property
    def adds_up(self) -> bool:
        """Say whether everything that was read is in the target."""
        return all(self.read[kind] == self.arrived[kind] for kind in KINDS) and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Copies from *source* to *target*. With *keep_due* the due times that the target has stay."""

    source: MoveStore
    target: MoveStore
    clock: Clock
    keep_due: bool = False

    async def __call__(self, *, after: str = "", tell: Callable[[Copied], None] = lambda _copied: None) -> Copied:
        """Copy all users from the one after *after*; *tell* hears after each page of users how far it is."""
        copied = Copied(last=after)
        while page := await self.source.users(after=copied.last, limit=_PAGE):
            now = self.clock.now()
            await self.target.upsert_users(page, now=now, change=self._change)
            for user in page:
                await self._user(user, copied)
                copied.last = user.id
            tell(copied)
        flags = await self.source.flags_of(None)
        await self.target.keep_flags(flags)
        copied.read["flags"] += len(flags)
        copied.arrived["flags"] += len(flags)
        return copied

    def _change(self, given: User, stored: User | None) -> UserChange:
        user = replace(given, entry_count=0)  # a store counts what it has itself
        if stored is None or not self.keep_due:
            return UserChange(user=user)
        return UserChange(user=replace(user, next_due_at=stored.next_due_at, last_sent_at=stored.last_sent_at))

    async def _user(self, user: User, copied: Copied) -> None:
        """Copy what belongs to one user, and look in the target for all of it."""
        await self.target.keep_state(user)
        await self._entries(user, copied)
        insights = await self.source.insights(user.id)
        if insights is not None:
            copied.refused |= await self.target.upsert_insights([insights])
        async for page in self._history(self.source, user.id):
            await self.target.keep_history(page)
        flags = await self.source.flags_of(user.id)
        await self.target.keep_flags(flags)
        copied.read += await self._counted(self.source, user)
        copied.arrived += await self._counted(self.target, user)

    async def _entries(self, user: User, copied: Copied) -> None:
        async for page in _entries(self.source, user.id):
            copied.refused |= await self.target.upsert_entries(page)

    async def _history(self, store: MoveStore, user_id: str) -> AsyncIterator[Sequence[Explanation]]:
        after = ""
        while page := await store.history(user_id, after=after, limit=_PAGE):
            yield page
            after = page[-1].occasion.id

    async def _counted(self, store: MoveStore, user: User) -> Counter[str]:
        """Count what a store has of a user."""
        found = Counter[str](users=int(await store.user(user.id) is not None))
        async for entries in _entries(store, user.id):
            found["entries"] += len(entries)
        found["insights"] = int(await store.insights(user.id) is not None)
        async for page in self._history(store, user.id):
            found["occasions"] += len(page)
            found["attempts"] += sum(len(one.attempts) for one in page)
            found["messages"] += sum(one.message_id is not None for one in page)
            found["deliveries"] += sum(len(one.deliveries) for one in page)
            found["feedback"] += sum(len(one.feedback) for one in page)
        found["flags"] = len(await store.flags_of(user.id))
        return found


async def _entries(store: MoveStore, user_id: str) -> AsyncIterator[Sequence[Entry]]:
    after = ""
    while page := await store.entries_of(user_id, after=after, limit=_PAGE):
        yield page
        after = page[-1].id
