"""The runs of tests.proof.tick_zones: people who live through one hour's clock changes beside the real service.

Draws who they are and when the cron fires, plays the ticks, and notes in each `Life` what reached it.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product

import sqlalchemy as sa
from tests.databases import sql
from tests.proof.tick_audit import EARLY, Life
from tests.proof.transitions import HOUR, Transition

from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.stores.sql.schema import OPEN, messages, occasions, users
from reflecta.application.ingest import Ingest
from reflecta.application.ports import Completion
from reflecta.application.process import OnModelFailure, Process
from reflecta.application.tick import Tick
from reflecta.bootstrap import Service
from reflecta.domain.errors import ModelUnavailable
from reflecta.domain.model import Address, Cadence, Call, Entry, Preferences, Purpose, User, Window
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock, answer

# Hours from the change: the first tick, daily users leave, the end (a week after the first message of the last weekly
# user); and between which every hour has its tick.
BEGINS, DAILY_LEAVE, ENDS = -74, 60, 174
DENSE = (-26, 48)
# When users join: late enough to keep runs short, early enough for a message before the change.
JOINS = {Cadence.DAILY: (-48, -36), Cadence.MULTIPLE_TIMES_PER_WEEK: (-62, -50), Cadence.ONCE_A_WEEK: (-74, -62)}
TROUBLED_JOIN = (-30, 4)
TROUBLED = 2
# How often the model fails for them.
SHARES = (0.4, 0.8, 1.0)
# A cron's minute, and how many seconds late it may be.
MINUTES = (0, 0, 5, 20, 35, 50)
MOST_LATE = 20

Hour = tuple[datetime, Sequence[Transition]]


class Silence:
    """Takes events and keeps none."""

    def event(self, name: str, **values: str | float | bool | None) -> None:
        del name, values


@dataclass(slots=True)
class Inbox:
    """An engine that keeps what it is given until it is asked."""

    waiting: list[str] = field(default_factory=list[str])

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        self.waiting += occasion_ids

    def take(self) -> Sequence[str]:
        taken, self.waiting = list(dict.fromkeys(self.waiting)), []
        return taken


@dataclass(slots=True)
class InstantModel:
    """Writes and judges at once, fails as often as a life says, and notes when it was asked for whom.

    A screening fails as often, and changes nothing: the message is only gentler.
    """

    clock: FakeClock
    lives: Mapping[str, Life] = field(default_factory=dict[str, Life])
    chance: random.Random = field(default_factory=random.Random)
    answered: int = 0

    async def complete(self, question: Question) -> Completion:
        life, judges = self.lives[question.context.user_id], question.purpose is Purpose.ASSESSMENT
        if question.purpose is Purpose.SCREENING:
            return self._answer(question, fails=self.chance.random() < life.share)
        # Half of the failures come before the draft, half after it.
        fails = self.chance.random() < (life.share / (2 - life.share) if judges else life.share / 2)
        self._note(life, judges=judges, fails=fails)
        return self._answer(question, fails=fails)

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _note(self, life: Life, *, judges: bool, fails: bool) -> None:
        now = self.clock.now()
        if judges and life.asked and life.asked[-1][0] == now:
            life.asked.pop()
        life.asked.append((now, fails))

    def _answer(self, question: Question, *, fails: bool) -> Completion:
        if fails:
            raise ModelUnavailable("the model is down")
        self.answered += 1
        return Completion(text=answer(question, self.answered), call=self._call(question))

    def _call(self, question: Question) -> Call:
        return Call(
            purpose=question.purpose,
            model="instant",
            prompt_version=question.prompt_version,
            at=self.clock.now(),
            latency=0.0,
        )


@dataclass(frozen=True, slots=True)
class Doubles:
    """What the service meets in place of the world."""

    clock: FakeClock
    model: InstantModel
    inbox: Inbox


@dataclass(slots=True, kw_only=True)
class Run:
    """One hour's run: its ticks, its people, and the service they meet."""

    store: SqlStore
    ingest: Ingest
    tick: Tick
    process: Process
    doubles: Doubles
    ticks: Sequence[datetime]
    lives: Sequence[Life]
    ticked: int = 0

    async def play(self) -> None:
        """Tick until everybody has left, then read what reached whom."""
        needed = {at for life in self.lives for at in (life.joined_at, life.left_at)}
        needed |= set(self.ticks[DENSE[0] - BEGINS : DENSE[1] - BEGINS])
        wake: datetime | None = None
        for at in self.ticks[:-1]:
            if at in needed or (wake is not None and wake <= at + EARLY):
                await self._tick(at)
                wake = await _next_stored(self.store)
        await self._read_messages()

    async def _tick(self, at: datetime) -> None:
        self.doubles.clock.set(at)
        joining = {life.user_id: life for life in self.lives if life.joined_at == at}
        leaving = [life for life in self.lives if life.left_at == at]
        if joining:
            await self.ingest.upsert_users([_user(life) for life in joining.values()])
            await self.ingest.upsert_entries([_entry(life) for life in joining.values()])
        if leaving:
            await self.ingest.upsert_users([_user(life, enabled=False) for life in leaving])
        await self.tick()
        self.ticked += 1
        if joining:
            await self._read_first_dues(joining)
        for occasion_id in self.doubles.inbox.take():
            await self.process(occasion_id)

    async def _read_first_dues(self, joining: Mapping[str, Life]) -> None:
        statement = sa.select(users.c.id, users.c.next_due_at)
        for user_id, due in await self.store.database.read(lambda c: c.execute(statement).all()):
            if user_id in joining:
                joining[user_id].first_due = due

    async def _read_messages(self) -> None:
        lives = {life.user_id: life for life in self.lives}
        statement = sa.select(messages.c.user_id, messages.c.sent_at)
        for user_id, at in await self.store.database.read(lambda c: c.execute(statement).all()):
            lives[user_id].messages.append(at)


async def _next_stored(store: SqlStore) -> datetime | None:
    """Give the earliest instant for which something is stored: a tick before it would find nothing."""
    due = sa.select(sa.func.min(users.c.next_due_at)).where(users.c.enabled)
    open_from = sa.select(sa.func.min(sa.func.coalesce(occasions.c.not_before, occasions.c.created_at))).where(OPEN)
    found = await store.database.read(lambda c: [c.scalar(due), c.scalar(open_from)])
    return min((at for at in found if at is not None), default=None)


def _user(life: Life, *, enabled: bool = True) -> User:
    zone = life.transition.zone
    preferences = Preferences(enabled=enabled, window=life.window, cadence=life.cadence)
    return User(id=life.user_id, timezone=zone, given_timezone=zone, preferences=preferences)


def _entry(life: Life) -> Entry:
    written = life.joined_at - HOUR
    text = "I walked along the river and thought about the garden."
    return Entry(
        id=f"entry-{life.user_id}",
        user_id=life.user_id,
        content=f"<p>{text}</p>",
        text=text,
        written_at=written,
        updated_at=written,
    )


def _ticks(hour: datetime, chance: random.Random) -> Sequence[datetime]:
    """Give the instants of an hourly cron that keeps its minute, but is some seconds late."""
    first = hour + timedelta(hours=BEGINS, minutes=chance.choice(MINUTES))
    return [first + n * HOUR + timedelta(seconds=chance.randrange(MOST_LATE)) for n in range(ENDS - BEGINS + 1)]


def _people(changes: Iterable[Transition], ticks: Sequence[datetime], chance: random.Random) -> Iterator[Life]:
    """Give nine calm users to each change, and some whose model fails."""
    for change in changes:
        for window, cadence in product(Window, Cadence):
            yield _life(change, (window, cadence), 0.0, ticks[chance.randint(*JOINS[cadence]) - BEGINS], ticks)
        for number in range(1, TROUBLED + 1):
            pair, share = (chance.choice(list(Window)), chance.choice(list(Cadence))), chance.choice(SHARES)
            joined_at = ticks[chance.randint(*TROUBLED_JOIN) - BEGINS]
            yield _life(change, pair, share, joined_at, ticks, number=number)


def _life(
    change: Transition,
    pair: tuple[Window, Cadence],
    share: float,
    joined_at: datetime,
    ticks: Sequence[datetime],
    *,
    number: int = 0,
) -> Life:
    window, cadence = pair
    leave = ENDS if cadence is Cadence.ONCE_A_WEEK else DAILY_LEAVE
    return Life(
        user_id=f"{change.zone}|{window}|{cadence}|{number}",
        transition=change,
        window=window,
        cadence=cadence,
        share=share,
        joined_at=joined_at,
        left_at=ticks[leave - BEGINS],
    )


def _no_address(user: User) -> Sequence[Address]:
    """Push to nobody: the outbox has proofs of its own."""
    del user
    return ()


def cast(service: Service, doubles: Doubles, hour: Hour, seed: int) -> tuple[Run, bool]:
    """Draw an hour's people and ticks; say whether its occasions may fail, or are written without the model."""
    at, changes = hour
    chance = random.Random(f"{seed} {at:%Y-%m-%dT%H}")
    ticks = _ticks(at, chance)
    lives = list(_people(changes, ticks, chance))
    holds = chance.random() < 0.5
    doubles.model.lives, doubles.model.chance = {life.user_id: life for life in lives}, chance
    on_failure = OnModelFailure.HOLD if holds else OnModelFailure.RETRY
    policy = replace(service.process.policy, on_model_failure=on_failure)
    run = Run(
        store=sql(service.store),
        ingest=service.ingest,
        tick=replace(service.tick, engine=doubles.inbox, draw=chance.random),
        process=replace(service.process, policy=policy, addresses=_no_address),
        doubles=doubles,
        ticks=ticks,
        lives=lives,
    )
    return run, holds
