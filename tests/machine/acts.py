"""What operators, clocks, ticks and workers do: single acts on the real service, each noted in what is known."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, cast

import sqlalchemy as sa
from tests.databases import sql
from tests.machine import audit
from tests.machine.doubles import IN_HAND, Act, Died, Hand, cancel_this_task, interrupted, mortal
from tests.machine.host import Host
from tests.machine.known import Person

from reflecta.application.process import OnModelFailure, Process, Processed
from reflecta.domain.errors import Conflict
from reflecta.domain.model import Delivery, Window

LEASE: Final = timedelta(seconds=61)
SECOND: Final = timedelta(seconds=1)
# Due, put off to the target hour, due again, and a forced run or a date between them: more is starving.
MOST_HOPS: Final = 24
# So early may a tick take up who is due: the guide's minute.
LOOKAHEAD: Final = timedelta(seconds=60)


@dataclass(slots=True)
class Acts(Host):
    """Acts on one stage: the app's, and those of operators, clocks, ticks and workers."""

    on_failure: OnModelFailure = OnModelFailure.RETRY

    @property
    def worker(self) -> Process:
        process = self.stage.service.process
        return replace(process, policy=replace(process.policy, on_model_failure=self.on_failure))

    @property
    def someone_on(self) -> list[Person]:
        return [person for person in self.known.people.values() if person.wish.is_on]

    # Operators, time and ticks

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

    async def hold(self, person: Person) -> None:
        """Let a person see a sign of risk."""
        await self.stage.service.holds.place(person.id)

    async def release(self, person: Person) -> None:
        """Let a person review."""
        await self.note()
        was_held = await self.scalars("SELECT held_until FROM users WHERE id = :user", user=person.id)
        is_released = await self.stage.service.holds.release(person.id)
        is_held = bool(was_held) and was_held[0] is not None and audit.at(was_held[0]) > self.now
        if is_released != is_held:
            self.known.complain(f"the hold of {person.id} until {was_held} was released: {is_released}")
        if is_released:
            person.edited_in_step, person.edited_due = self.known.step, None

    async def go_to_due(self, person: Person, late: timedelta) -> None:
        due = await self.due_of(person)
        if due is not None:
            self.stage.clock.set(max(self.now, due + late))

    async def tick(self) -> None:
        on = self.someone_on
        report = await self.stage.service.tick()
        if report.users_due != report.jobs_created + report.users_rescheduled + report.errors or report.errors:
            self.known.complain(f"the tick does not add up: {report}")
        await self._look_into_queue()
        self._claims()
        for person in on:
            is_new = self.known.at_once and person.edited_in_step == self.known.step
            person.awaits_tick = person.awaits_tick and (is_new or not person.wish.is_on)

    async def _look_into_queue(self) -> None:
        """Hold that a tick leaves no occasion that may start without a job."""
        if self.stage.service.queue is None or self.known.at_once:
            return
        jobless = await self.scalars(
            "SELECT id FROM occasions WHERE state = 'queued' AND (not_before IS NULL OR not_before <= :now) "
            "AND id NOT IN (SELECT convert_from(payload, 'UTF8') FROM pgqueuer)",
            now=int(self.now.timestamp() * 1000),
        )
        if jobless:
            self.known.complain(f"{jobless} wait, and nothing in the queue tells a worker")

    def _claims(self) -> None:
        """Take note that who is due now may be claimed, and so get another due time."""
        for person in self.known.people.values():
            if person.edited_due is not None and person.edited_due <= self.now + LOOKAHEAD:
                person.edited_due = None

    async def both(self, one: Act, other: Act) -> None:
        self.known.at_once = True
        await asyncio.gather(one(), other())
        self.known.at_once = False

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
        wishes = known.wishes_of(person) if person else []
        known.in_flight[occasion_id] += wishes
        reset = IN_HAND.set(hand)
        processed = None
        try:
            processed = await (process or self.worker)(occasion_id)
        except (Died, asyncio.CancelledError):
            pass
        finally:
            IN_HAND.reset(reset)
            known.answers_lost[occasion_id] += processed is None and hand.answers > 0
        if person is not None and known.at_once:
            wishes += (late := known.wishes_of(person))
            known.in_flight[occasion_id] += late
        await self.note()
        for wish in wishes:
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
        on = self.someone_on
        for _ in range(2):  # who is due outside the window is put off once
            if on and not await self.waiting():
                await self.go_to_due(on[pick % len(on)], SECOND)
                await self.tick()

    async def process_all(self) -> None:
        for occasion_id in await self.waiting():
            await self.process(occasion_id)

    async def work_off_queue(self) -> None:
        """Let the queue's own worker run until it has seen every job."""
        (jobs,) = await self.scalars("SELECT count(*) FROM pgqueuer")
        queue, stop, seen = self.stage.service.queue, asyncio.Event(), list[str]()
        if queue is None or not jobs:
            return

        async def work(occasion_id: str) -> None:
            await self.process(occasion_id)
            seen.append(occasion_id)
            if len(seen) >= jobs:
                stop.set()

        async with asyncio.timeout(60):
            await queue.run(work, stop, concurrency=2)
        (left,) = await self.scalars("SELECT count(*) FROM pgqueuer")
        if left:
            self.known.complain(f"the queue's worker left {left} of {jobs} jobs")

    async def process_waiting(self, pick: int, process: Process | None = None) -> None:
        await self.have_work(pick)
        if ids := await self.waiting():
            await self.process(ids[pick % len(ids)], process)

    async def die(self, pick: int, at: int, *, after: bool) -> None:
        worker = self.worker
        await self.process_waiting(pick, replace(worker, store=mortal(worker.store, at, after=after)))

    async def stop(self, pick: int, at: int) -> None:
        """Cancel a worker in the midst of a call to the store: it must give its lease back."""
        worker = self.worker
        await self._stoppable(pick, replace(worker, store=interrupted(worker.store, at)), has_lease=True)

    async def stop_while_thinking(self, pick: int) -> None:
        """Cancel a worker while it waits for the model."""

        async def stop() -> None:
            cancel_this_task()
            await asyncio.sleep(0)

        self.stage.model.meanwhile = stop
        await self._stoppable(pick, self.worker, has_lease=True)
        self._nothing_happens()

    async def _stoppable(self, pick: int, process: Process, *, has_lease: bool) -> None:
        await self.have_work(pick)
        if not (ids := await self.waiting()):
            return
        occasion_id = ids[pick % len(ids)]
        token = f"stopped-{self.known.step}"
        await asyncio.wait({asyncio.create_task(self.process(occasion_id, replace(process, new_token=lambda: token)))})
        # What was on its way to the database when its task was cancelled has arrived when this returns.
        await sql(self.stage.service.store).database.write(lambda c: c.execute(sa.text("SELECT 1")).first())
        held = await self.scalars("SELECT id FROM occasions WHERE lease_token = :token", token=token)
        # One that is stopped while it asks for the lease may have it: it runs out by itself.
        if held and has_lease:
            self.known.complain(f"a worker was stopped and kept its lease of {held}")

    async def process_with(self, pick: int, what: str) -> None:
        """Process while something else happens during the model's next answer."""
        await self.have_work(pick)
        if not (ids := await self.waiting()):
            return
        occasion_id = ids[pick % len(ids)]
        (owner,) = await self.scalars("SELECT user_id FROM occasions WHERE id = :id", id=occasion_id)
        self.stage.model.meanwhile = lambda: self._happen(what, owner, occasion_id)
        await self.process(occasion_id)
        self._nothing_happens()

    def _nothing_happens(self) -> None:
        self.stage.model.meanwhile, self.stage.model.passes = None, 0

    async def _happen(self, what: str, owner: str, occasion_id: str) -> None:
        person = self.known.people[owner]
        acts: dict[str, Act] = {
            "switch": lambda: self.switch(person),
            "erase": lambda: self.erase(person),
            "edit": lambda: self.edit(person, replace(person.wish, zone="Asia/Tokyo", window=Window.EVENING)),
            "write": lambda: self.write(person),
            "delete": lambda: self.delete_entry(person, -1),
            "react": lambda: self.react(0, "helpful", 5),
            "import": lambda: self.import_again(person, person.wish, self.now + timedelta(hours=30), reschedule=True),
            "put back": self.put_back,
            "hold": lambda: self.hold(person),
            "tick": self.tick,
            "dawdle": self.dawdle,
            "outage": lambda: self.lose_lease(occasion_id, timedelta(hours=5)),
            "stale": lambda: self.lose_lease(occasion_id, LEASE),
        }
        await acts[what]()

    async def dawdle(self) -> None:
        self.stage.clock.advance(timedelta(hours=5))

    async def process_beside(self, pick: int, what: str) -> None:
        """Process while something else happens, neither waiting for the other."""
        await self.have_work(pick)
        if not (ids := await self.waiting()):
            return
        occasion_id = ids[pick % len(ids)]
        (owner,) = await self.scalars("SELECT user_id FROM occasions WHERE id = :id", id=occasion_id)
        person = self.known.people[owner]
        acts: dict[str, Act] = {
            "edit": lambda: self.edit(person, replace(person.wish, zone="Asia/Tokyo", window=Window.EVENING)),
            "switch": lambda: self.switch(person),
            "erase": lambda: self.erase(person),
            "delete": lambda: self.delete_entry(person, -1),
            "write": lambda: self.write(person),
            "tick": self.tick,
            "process": lambda: self.process(ids[-1]),
            "react": lambda: self.react(pick, "opened", None),
            "deliver": self.deliver,
            "hold": lambda: self.hold(person),
        }
        await self.both(lambda: self.process(occasion_id), acts[what])

    async def put_back(self) -> None:
        self.stage.clock.advance(-SECOND * 90)

    async def lose_lease(self, occasion_id: str, after: timedelta) -> None:
        """Let another worker take over; the one that thinks resumes with a stale token."""
        self.stage.clock.advance(after)
        await self.tick()
        await self.process(occasion_id)

    async def ask_for(self, person: Person) -> None:
        """Ask the use case behind the processor endpoint."""
        noting = cast("Process", self.process)
        await replace(self.stage.service.on_demand, process=noting).user(person.id)
        self._claims()

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

    async def deliver_with(self, pick: int, what: str, *, before: bool) -> None:
        """Let pushes leave, twice, while something happens to a user: before the first time or in its midst."""
        await self.process_waiting(pick)
        pending = "SELECT DISTINCT user_id FROM deliveries WHERE state = 'pending' ORDER BY user_id"
        if not (owners := await self.scalars(pending)):
            return
        person = self.known.people[owners[pick % len(owners)]]
        acts: dict[str, Act] = {"erase": lambda: self.erase(person), "switch": lambda: self.switch(person)}
        if before:
            await acts[what]()
        else:
            self.stage.channel.meanwhile = acts[what]
        await self.deliver()
        self.stage.channel.meanwhile = None
        self.stage.clock.advance(SECOND * 40)  # a push that was put off is tried again
        await self.deliver()

    def forget_address(self, delivery: Delivery) -> None:
        person = self.known.people.get(delivery.user_id)
        if person is None:  # erased while the push was on its way
            return
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
