"""Decides and writes beside another system, on a copy, and delivers nothing; then says where the two differ.

What it decides stands in a store of its own, where everything can be explained. The other's collections are only read.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from reflecta.application.copying import entry_pages, history_pages
from reflecta.application.ingest import Ingest
from reflecta.application.ports import Clock
from reflecta.application.ports.legacy import LEGACY, LegacyStore
from reflecta.application.ports.store import Store
from reflecta.application.tick import Tick, TickReport
from reflecta.domain.model import Occasion, OccasionState, User
from reflecta.domain.schedule import local_date

# So far back the two are compared.
SPAN: Final = timedelta(days=7)
_PAGE: Final = 100
_MOST_COMPARED: Final = 60


class Agreement(StrEnum):
    """Which of the two wrote to a user on a local date."""

    BOTH = "both"
    OTHER = "only-the-other"
    THIS = "only-this-one"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One local date of a user: when the other system wrote, and this one's occasion, where there was one."""

    user_id: str
    day: date
    agreement: Agreement
    other_at: datetime | None
    occasion: Occasion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """What a run came to. Only local dates that are over are compared, from the one after the first run on."""

    users: int
    erased: int
    tick: TickReport
    compared: Sequence[Compared]

    @property
    def counts(self) -> Mapping[Agreement, int]:
        """Count the dates by who wrote."""
        found = Counter(one.agreement for one in self.compared)
        return {agreement: found[agreement] for agreement in Agreement}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Keeps a store of its own, *kept*, beside *source*; *ingest*, *tick* and *work* (on occasions) act on *kept*."""

    source: LegacyStore
    kept: Store
    ingest: Ingest
    tick: Tick
    work: Callable[[Sequence[str]], Awaitable[None]]
    clock: Clock

    async def __call__(self) -> Shadowed:
        """Take over what changed of the users, tick, work on who is due from a fresh copy, and compare."""
        users, erased = await self._users()
        collected = _Collected()
        report = await replace(self.tick, engine=collected)()
        for user_id in await self._owners(collected.ids):
            await self._journal(user_id)
        await self.work(collected.ids)
        return Shadowed(users=users, erased=erased, tick=report, compared=await self._compare())

    async def _users(self) -> tuple[int, int]:
        """Take over users, without what could be pushed to; whoever is gone from the source goes here, too."""
        count, erased, last = 0, 0, ""
        while page := await self.source.users(after=last, limit=_PAGE):
            await self.ingest.upsert_users([_without_devices(user) for user in page])
            erased += await self._erase_between(last, page)
            count, last = count + len(page), page[-1].id
        return count, erased + await self._erase_between(last, ())

    async def _erase_between(self, after: str, page: Sequence[User]) -> int:
        """Erase who is kept after *after*, up to the end of a page of the source, and not in the source any more."""
        there, erased = {user.id for user in page}, 0
        async for user in self._kept_users(after):
            if page and user.id > page[-1].id:
                break
            if user.id not in there and await self.source.user(user.id) is None:
                await self.ingest.erase_user(user.id)
                erased += 1
        return erased

    async def _kept_users(self, after: str = "") -> AsyncIterator[User]:
        while page := await self.kept.users(after=after, limit=_PAGE):
            for user in page:
                yield user
            after = page[-1].id

    async def _owners(self, occasion_ids: Sequence[str]) -> Sequence[str]:
        found = [await self.kept.explanation(occasion) for occasion in occasion_ids]
        return list(dict.fromkeys(told.occasion.user_id for told in found if told is not None))

    async def _journal(self, user_id: str) -> None:
        """Copy what a message is made of; not what the other system wrote today, for that is what is compared."""
        async for entries in entry_pages(self.source, user_id):
            await self.ingest.upsert_entries(entries)
        insights = await self.source.insights(user_id)
        if insights is not None:
            await self.ingest.upsert_insights([insights])
        user = await self.kept.user(user_id)
        zone = user.timezone if user is not None else None
        today = local_date(self.clock.now(), zone) if zone is not None else None
        async for page in history_pages(self.source, user_id):
            past = [
                told
                for told in page
                if told.sent_at is None or zone is None or today is None or local_date(told.sent_at, zone) < today
            ]
            await self.kept.keep_history(past)

    async def _compare(self) -> Sequence[Compared]:
        now = self.clock.now()
        written: dict[str, list[datetime]] = defaultdict(list)
        for message in await self.source.messages_since(now - SPAN):
            if message.occasion_id is None:
                written[message.user_id].append(message.sent_at)
        decided = [(user, await self._decided(user.id)) async for user in self._kept_users()]
        began_at = min((one.created_at for _, own in decided for one in own), default=now)
        return [
            compared
            for user, own in decided
            if user.timezone is not None
            for compared in _compared(user.id, user.timezone, own, written[user.id], (max(began_at, now - SPAN), now))
        ]

    async def _decided(self, user_id: str) -> Sequence[Occasion]:
        """Give what this system decided of a user; what was put off is no decision."""
        found = await self.kept.occasions(user_id=user_id, limit=_MOST_COMPARED)
        undecided = {OccasionState.DEFERRED, OccasionState.QUEUED, OccasionState.IN_WORK}
        return [one for one in found if not one.id.startswith(LEGACY) and one.state not in undecided]


class _Collected:
    """An engine that only collects."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """See the port."""
        self.ids += occasion_ids


def _without_devices(user: User) -> User:
    """Leave out the addresses of pushes: whatever is run on the copy, nobody's device rings."""
    return replace(user, push=replace(user.push, tokens=()))


def _compared(
    user_id: str, zone: str, own: Sequence[Occasion], others: Sequence[datetime], span: tuple[datetime, datetime]
) -> Sequence[Compared]:
    first, today = (local_date(at, zone) for at in span)
    other_at = {local_date(at, zone): at for at in others}
    by_day = {local_date(one.ended_at or one.due_at, zone): one for one in sorted(own, key=lambda one: one.due_at)}
    found: list[Compared] = []
    for day in sorted({*other_at, *by_day}):
        if not first < day < today:
            continue
        occasion = by_day.get(day)
        is_sent = occasion is not None and occasion.state is OccasionState.SENT
        found.append(
            Compared(
                user_id=user_id,
                day=day,
                agreement=_AGREEMENTS[day in other_at, is_sent],
                other_at=other_at.get(day),
                occasion=occasion,
            )
        )
    return found


_AGREEMENTS: Final[Mapping[tuple[bool, bool], Agreement]] = {
    (True, True): Agreement.BOTH,
    (True, False): Agreement.OTHER,
    (False, True): Agreement.THIS,
    (False, False): Agreement.NEITHER,
}
