"""What the machine's rules are made of: single acts on the real service, each noted in what the world knows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
from tests.machine import audit
from tests.machine.doubles import IN_HAND, Died, Hand, mortal
from tests.machine.known import Known, Person, Wish
from tests.machine.stage import Stage

from reflecta.application.process import OnModelFailure, Process, Processed
from reflecta.domain.errors import Conflict
from reflecta.domain.model import Delivery, Window

LEASE: Final = timedelta(seconds=61)
SECOND: Final = timedelta(seconds=1)
# Due, put off to the target hour, due again, and a forced run or a date between them: more is starving.
MOST_HOPS: Final = 24
Act = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Acts:
    """Acts on one stage. Before anything changes what a user wants, the messages sent so far are judged."""

    stage: Stage
    known: Known
    on_failure: OnModelFailure = OnModelFailure.RETRY

    @property
    def worker(self) -> Process:
        process = self.stage.service.process
        return replace(process, policy=replace(process.policy, on_model_failure=self.on_failure))

    @property
    def now(self) -> datetime:
        return self.stage.clock.now()

    async def snapshot(self) -> audit.Snapshot:
        whole = bool(self.known.dead_canaries)
        return await self.stage.service.store.database.read(lambda c: audit.read(c, whole=whole))

    async def scalars(self, statement: str, **values: object) -> list[Any]:
        store = self.stage.service.store
        return await store.database.read(lambda c: list(c.scalars(sa.text(statement), values)))

    async def note(self) -> None:
        audit.note_messages(self.known, await self.snapshot())

    # Users and their apps

    async def add(self, wish: Wish) -> None:
        known = self.known
        user_id = next(name for name in "uvwxyz" if name not in known.people)
        known.lives[user_id] += 1
        person = Person(id=user_id, life=known.lives[user_id], wish=wish)
        await self.stage.service.ingest.upsert_users([person.as_user()])
        known.people[user_id] = person
        await self.write(person)

    async def write(self, person: Person, *, blank: bool = False) -> None:
        self.known.entries_written += 1
        entry = person.an_entry(self.known.entries_written, self.now, blank=blank)
        if not await self.stage.service.ingest.upsert_entries([entry]):
            person.entries[entry.id] = not blank

    async def delete_entry(self, person: Person) -> None:
        entry = next(iter(person.entries))
        del person.entries[entry]
        await self.stage.service.ingest.delete_entry(entry)

    async def edit(self, person: Person, wish: Wish) -> None:
        await self.note()
        person.wish, person.edited_in_step = wish, self.known.step
        await self.stage.service.ingest.upsert_users([person.as_user()])
        person.awaits_tick = person.awaits_tick or not wish.is_on

    async def switch(self, person: Person) -> None:
        await self.edit(person, replace(person.wish, enabled=not person.wish.enabled))

    async def erase(self, person: Person) -> None:
        await self.note()
        await self.stage.service.ingest.erase_user(person.id)
        del self.known.people[person.id]
        self.known.dead_canaries.add(person.canary)

    async def force(self, person: Person) -> None:
        is_open = "SELECT id FROM occasions WHERE user_id = :user AND state IN ('queued', 'in_work')"
        waiting = await self.scalars(is_open, user=person.id)
        at_once = "SELECT id FROM occasions WHERE user_id = :user AND due_at = :now"
        same_instant = await self.scalars(at_once, user=person.id, now=int(self.now.timestamp() * 1000))
        try:
            await self.stage.service.on_demand.force_later(person.id)
        except Conflict:
            if not waiting and not same_instant:
                self.known.complain(f"a forced run for {person.id} was refused while none was open")
            return
        if waiting:
            self.known.complain(f"a forced run for {person.id} was taken beside {waiting}")

    # Time and ticks

    async def go_to_due(self, person: Person, late: timedelta) -> None:
        dues = await self.scalars("SELECT next_due_at FROM users WHERE id = :user", user=person.id)
        if dues and dues[0] is not None:
            self.stage.clock.set(max(self.now, audit.at(dues[0]) + late))

    async def tick(self) -> None:
        on = [person for person in self.known.people.values() if person.wish.is_on]
        report = await self.stage.service.tick()
        if report.users_due != report.jobs_created + report.users_rescheduled + report.errors or report.errors:
            self.known.complain(f"the tick does not add up: {report}")
        for person in on:
            person.awaits_tick = person.awaits_tick and not person.wish.is_on

    async def both(self, one: Act, other: Act) -> None:
        await asyncio.gather(one(), other())

    async def due_hour(self, person: Person, late: timedelta) -> None:
        await self.go_to_due(person, late)
        await self.tick()
        await self.process_all()
        await self.deliver()

    # Workers

    async def process(self, occasion_id: str, process: Process | None = None) -> Processed | None:
        """Let one worker work on one occasion; what it paid for and could not save is noted as lost."""
        known, hand = self.known, Hand(occasion_id)
        owner = await self.scalars("SELECT user_id FROM occasions WHERE id = :id", id=occasion_id)
        person = known.people.get(owner[0]) if owner else None
        wish = person.wish if person else None
        if wish is not None:
            known.in_flight[occasion_id].append(wish)
        reset = IN_HAND.set(hand)
        processed = None
        try:
            processed = await (process or self.worker)(occasion_id)
        except Died:
            pass
        finally:
            IN_HAND.reset(reset)
            known.answers_lost[occasion_id] += processed is None and hand.answers > 0
        await self.note()
        if wish is not None:
            known.in_flight[occasion_id].remove(wish)
        return processed

    async def process_one(self, pick: int) -> None:
        """Process any occasion, ended or not, most often the newest."""
        ids = await self.scalars("SELECT id FROM occasions ORDER BY created_at DESC, id")
        if ids:
            await self.process(ids[pick % len(ids)] if pick > len(ids) else ids[0])

    async def waiting(self) -> list[str]:
        return await self.scalars("SELECT id FROM occasions WHERE state IN ('queued', 'in_work') ORDER BY id")

    async def have_work(self, pick: int) -> None:
        """See to it that an occasion waits, if anybody can be due."""
        on = [person for person in self.known.people.values() if person.wish.is_on]
        for _ in range(2):  # who is due outside the window is put off once
            if on and not await self.waiting():
                await self.go_to_due(on[pick % len(on)], SECOND)
                await self.tick()

    async def process_all(self) -> None:
        for occasion_id in await self.waiting():
            await self.process(occasion_id)

    async def process_waiting(self, pick: int, process: Process | None = None) -> None:
        await self.have_work(pick)
        if ids := await self.waiting():
            await self.process(ids[pick % len(ids)], process)

    async def die(self, pick: int, at: int, *, after: bool) -> None:
        worker = self.worker
        await self.process_waiting(pick, replace(worker, store=mortal(worker.store, at, after=after)))

    async def process_with(self, pick: int, what: str) -> None:
        """Process while something else happens during the model's next answer."""
        await self.have_work(pick)
        if not (ids := await self.waiting()):
            return
        occasion_id = ids[pick % len(ids)]
        (owner,) = await self.scalars("SELECT user_id FROM occasions WHERE id = :id", id=occasion_id)
        self.stage.model.meanwhile = lambda: self._happen(what, owner, occasion_id)
        await self.process(occasion_id)
        self.stage.model.meanwhile = None

    async def _happen(self, what: str, owner: str, occasion_id: str) -> None:
        person = self.known.people[owner]
        acts: dict[str, Act] = {
            "switch": lambda: self.switch(person),
            "erase": lambda: self.erase(person),
            "edit": lambda: self.edit(person, replace(person.wish, zone="Asia/Tokyo", window=Window.EVENING)),
            "write": lambda: self.write(person),
            "tick": self.tick,
            "dawdle": self.dawdle,
            "outage": lambda: self.lose_lease(occasion_id, timedelta(hours=5)),
            "stale": lambda: self.lose_lease(occasion_id, LEASE),
        }
        await acts[what]()

    async def dawdle(self) -> None:
        self.stage.clock.advance(timedelta(hours=5))

    async def lose_lease(self, occasion_id: str, after: timedelta) -> None:
        """Let another worker take over; the one that thinks resumes with a stale token."""
        self.stage.clock.advance(after)
        await self.tick()
        await self.process(occasion_id)

    async def ask_for(self, person: Person) -> None:
        """Ask the use case behind the processor endpoint."""
        noting = cast("Process", self.process)
        await replace(self.stage.service.on_demand, process=noting).user(person.id)

    # Deliveries

    async def deliver(self) -> None:
        try:
            await self.stage.service.deliver.drain()
        except Died:
            return

    async def collect(self) -> None:
        await self.stage.service.deliver.collect_receipts()

    def witness(self, delivery: Delivery) -> None:
        """See a push leave."""
        if self.stage.channel.maybe_taken[delivery.id]:
            self.known.complain(f"{delivery.id} left again after it may have been taken")
        audit.may_leave(self.known, delivery.message_id, self.now)

    def forget_address(self, delivery: Delivery) -> None:
        person = self.known.people[delivery.user_id]  # whoever is gone has no deliveries
        left = tuple(token for token in person.wish.tokens if token != delivery.address.value)
        person.wish = replace(person.wish, tokens=left)

    # The end

    async def serve_all(self) -> None:
        """Let the world be kind: everybody who can be due must be served, and every occasion end."""
        self.stage.model.moods.clear()
        self.stage.channel.receptions.clear()
        await self.tick()
        before = await self._served()
        eager = {person.id for person in self.known.people.values() if person.wish.is_on}
        hops = 0
        while (hungry := eager - {owner for _, owner in await self._served() - before}) and hops < MOST_HOPS:
            await self._hop(hungry)
            hops += 1
        if hungry:
            self.known.complain(f"{sorted(hungry)} starve: {MOST_HOPS} due times brought neither message nor hold-back")
        self.stage.clock.advance(timedelta(hours=26))  # a forced run lasts a day
        await self.tick()
        await self.process_all()
        if left := await self.waiting():
            self.known.complain(f"{left} have not ended")

    async def _served(self) -> set[tuple[str, str]]:
        rows = (await self.snapshot())["occasions"]
        return {(row.id, row.user_id) for row in rows if row.state in {"sent", "held_back"} and not row.forced}

    async def _hop(self, users: set[str]) -> None:
        """Go to the earliest of their due times, tick and work."""
        rows = (await self.snapshot())["users"]
        dues = [audit.at(row.next_due_at) for row in rows if row.id in users and row.next_due_at is not None]
        self.stage.clock.set(max([self.now, min(dues, default=self.now)]) + SECOND)
        await self.tick()
        await self.process_all()
