import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.expo_server import ExpoServer, answer, reset_in_body

from reflecta.adapters.channels.expo import ExpoChannel
from reflecta.application.deliver import Deliver
from reflecta.application.ports.channel import Channel, Result, ResultKind
from reflecta.application.ports.store import Settled
from reflecta.domain.errors import StoreUnavailable
from reflecta.domain.model import Address, Delivery, DeliveryState
from reflecta.testing import FakeClock, RecordingTelemetry

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
OK = Result(kind=ResultKind.ACCEPTED, ticket="t")
RETRY = Result(kind=ResultKind.RETRY, detail="HTTP 429")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Delivery):
    """A delivery with what the store knows besides."""

    accepted_at: datetime | None = None
    next_try_at: datetime = START
    sending_until: datetime | None = None
    receipt_due_at: datetime | None = None


@dataclass
class Outbox:
    """An OutboxStore in memory."""

    rows: dict[str, Kept] = field(default_factory=dict[str, Kept])
    dropped: list[Address] = field(default_factory=list[Address])
    failing: int = 0
    trouble: Exception = field(default_factory=lambda: StoreUnavailable("the database does not answer; start it"))
    takes: int = 0

    def add(self, count: int, channel: str = "push") -> None:
        for number in range(len(self.rows), len(self.rows) + count):
            address = Address(channel=channel, value=f"ExpoPushToken[{number}]")
            self.rows[f"d{number}"] = Kept(
                id=f"d{number}", message_id=f"m{number}", user_id="u", address=address, title="", body="", data={}
            )

    def states(self) -> list[DeliveryState]:
        return [row.state for row in self.rows.values()]

    async def take_deliveries(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        self.takes += 1
        self._answer()
        for row in self._of(channel, DeliveryState.SENDING):
            if row.sending_until is not None and row.sending_until <= now:
                self.rows[row.id] = replace(row, state=DeliveryState.UNKNOWN)
        due = [row for row in self._of(channel, DeliveryState.PENDING) if row.next_try_at <= now][:limit]
        for row in due:
            self.rows[row.id] = replace(row, state=DeliveryState.SENDING, tries=row.tries + 1, sending_until=until)
        return [self.rows[row.id] for row in due]

    async def settle(self, settled: Sequence[Settled]) -> None:
        self._answer()
        for one in settled:
            row = self.rows[one.delivery_id]
            if row.state not in {DeliveryState.SENDING, DeliveryState.ACCEPTED}:
                continue
            self.rows[row.id] = replace(
                row,
                state=one.state,
                ticket=one.ticket,
                detail=one.detail,
                accepted_at=row.accepted_at or (one.now if one.state is DeliveryState.ACCEPTED else None),
                next_try_at=one.next_try_at or row.next_try_at,
                receipt_due_at=one.receipt_due_at,
            )
            if one.drop_address:
                self.dropped.append(row.address)

    async def take_tickets(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        self._answer()
        due = [
            row
            for row in self._of(channel, DeliveryState.ACCEPTED)
            if row.receipt_due_at is not None and row.receipt_due_at <= now
        ][:limit]
        for row in due:
            self.rows[row.id] = replace(row, receipt_due_at=until)
        return due

    async def next_delivery_at(self, channel: str) -> datetime | None:
        self._answer()
        return min((row.next_try_at for row in self._of(channel, DeliveryState.PENDING)), default=None)

    def _of(self, channel: str, state: DeliveryState) -> list[Kept]:
        return [row for row in self.rows.values() if row.address.channel == channel and row.state is state]

    def _answer(self) -> None:
        if self.failing:
            self.failing -= 1
            raise self.trouble


Reply = Callable[[Sequence[Delivery]], Awaitable[Sequence[Result]]]


@dataclass
class ScriptedChannel:
    """Accepts everything but what *script* says of the next batches."""

    name: str = "push"
    batch_size: int = 100
    script: deque[Sequence[Result] | Exception | Reply] = field(
        default_factory=deque[Sequence[Result] | Exception | Reply]
    )
    receipt: Result = field(default_factory=lambda: Result(kind=ResultKind.DELIVERED))
    breaks: Exception | None = None
    sent: list[list[str]] = field(default_factory=list[list[str]])
    asked: list[list[str]] = field(default_factory=list[list[str]])
    sending: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        self.sent.append([delivery.id for delivery in deliveries])
        self.sending.set()
        reply = self.script.popleft() if self.script else [OK] * len(deliveries)
        if isinstance(reply, Exception):
            raise reply
        return await reply(deliveries) if callable(reply) else reply

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        self.asked.append(list(tickets))
        if self.breaks is not None:
            raise self.breaks
        return [self.receipt] * len(tickets)

    async def aclose(self) -> None:
        pass


@dataclass
class World:
    """Everything around one `Deliver`."""

    outbox: Outbox = field(default_factory=Outbox)
    push: ScriptedChannel = field(default_factory=ScriptedChannel)
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)

    def deliver(self, *others: Channel) -> Deliver:
        channels: list[Channel] = [self.push, *others]
        return Deliver(
            store=self.outbox,
            channels={channel.name: channel for channel in channels},
            clock=self.clock,
            telemetry=self.telemetry,
            gather=timedelta(milliseconds=30),
            poll=timedelta(milliseconds=60),
            receipt_poll=timedelta(milliseconds=30),
        )

    def events(self) -> list[str]:
        return [name for name, _ in self.telemetry.events]


@pytest.fixture
def world() -> World:
    return World()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():  # noqa: ASYNC110 - what is awaited is the state of doubles
            await asyncio.sleep(0.002)


async def test_draining_sends_all_that_is_due_in_full_batches(world: World) -> None:
    world.outbox.add(250)
    assert await world.deliver().drain() == 250
    assert [len(batch) for batch in world.push.sent] == [100, 100, 50]
    assert set(world.outbox.states()) == {DeliveryState.ACCEPTED}


async def test_a_delivery_is_marked_as_sending_before_its_request_leaves(world: World) -> None:
    seen: list[DeliveryState] = []

    async def look(_: Sequence[Delivery]) -> Sequence[Result]:
        seen.extend(world.outbox.states())
        return [OK]

    world.outbox.add(1)
    world.push.script.append(look)
    await world.deliver().drain()
    assert seen == [DeliveryState.SENDING]


async def test_results_are_settled_address_by_address(world: World) -> None:
    kinds = [ResultKind.ACCEPTED, ResultKind.RETRY, ResultKind.REFUSED, ResultKind.GONE, ResultKind.UNKNOWN]
    world.outbox.add(5)
    world.push.script.append([Result(kind=kind) for kind in kinds])
    await world.deliver().drain()
    assert world.outbox.states() == [
        DeliveryState.ACCEPTED,
        DeliveryState.PENDING,
        DeliveryState.REFUSED,
        DeliveryState.REFUSED,
        DeliveryState.UNKNOWN,
    ]
    assert world.outbox.dropped == [world.outbox.rows["d3"].address]


async def test_each_standing_is_one_event_with_ids_and_no_address(world: World) -> None:
    world.outbox.add(5)
    kinds = [ResultKind.ACCEPTED, ResultKind.RETRY, ResultKind.REFUSED, ResultKind.GONE, ResultKind.UNKNOWN]
    world.push.script.append([Result(kind=kind) for kind in kinds])
    await world.deliver().drain()
    assert world.events() == [
        "delivery.accepted",
        "delivery.retried",
        "delivery.refused",
        "delivery.refused",
        "delivery.address_dropped",
        "delivery.unknown",
    ]
    assert world.telemetry.events[0][1] == {"delivery_id": "d0", "message_id": "m0", "channel": "push"}
    assert "ExpoPushToken" not in str(world.telemetry.events)


async def test_an_acceptance_with_a_ticket_waits_for_its_receipt_and_one_without_is_final(world: World) -> None:
    world.outbox.add(2)
    world.push.script.append([OK, Result(kind=ResultKind.ACCEPTED)])
    await world.deliver().drain()
    assert world.outbox.rows["d0"].receipt_due_at == START + timedelta(minutes=15)
    assert world.outbox.rows["d1"].receipt_due_at is None


@pytest.mark.parametrize(
    ("tries", "retry_after", "wait"),
    [(0, None, 30), (1, None, 60), (3, None, 240), (0, 7, 30), (0, 90, 90)],
)
async def test_a_retry_waits_for_the_longer_of_backoff_and_the_providers_advice(
    world: World, tries: int, retry_after: int | None, wait: int
) -> None:
    advice = None if retry_after is None else timedelta(seconds=retry_after)
    world.outbox.add(1)
    world.outbox.rows["d0"] = replace(world.outbox.rows["d0"], tries=tries)
    world.push.script.append([replace(RETRY, retry_after=advice)])
    await world.deliver().drain()
    assert world.outbox.rows["d0"].next_try_at == START + timedelta(seconds=wait)


async def test_jitter_is_what_the_caller_passes_in(world: World) -> None:
    def half_as_much_again(delay: timedelta) -> timedelta:
        return delay * 1.5

    world.outbox.add(1)
    world.push.script.append([RETRY])
    await replace(world.deliver(), jitter=half_as_much_again).drain()
    assert world.outbox.rows["d0"].next_try_at == START + timedelta(seconds=45)


async def test_a_retry_is_not_sent_before_its_time_and_then_is(world: World) -> None:
    world.outbox.add(1)
    world.push.script.append([RETRY])
    assert [await world.deliver().drain(), await world.deliver().drain()] == [1, 0]
    world.clock.advance(timedelta(seconds=30))
    await world.deliver().drain()
    assert world.outbox.states() == [DeliveryState.ACCEPTED]


async def test_after_five_tries_a_delivery_is_refused_with_the_last_reason(world: World) -> None:
    world.outbox.add(1)
    world.push.script.extend([[RETRY]] * 9)
    for _ in range(9):
        await world.deliver().drain()
        world.clock.advance(timedelta(hours=1))
    assert len(world.push.sent) == 5
    assert world.outbox.states() == [DeliveryState.REFUSED]
    assert world.outbox.rows["d0"].detail == "5 tries failed, the last with 'HTTP 429'"


@pytest.mark.parametrize(
    "reply", [RuntimeError("ExpoPushToken[0]"), [OK], [OK] * 3, [Result(kind=ResultKind.WAITING)] * 2]
)
async def test_a_channel_that_breaks_its_contract_leaves_the_batch_unknown(
    world: World, reply: Sequence[Result] | Exception
) -> None:
    world.outbox.add(2)
    world.push.script.append(reply)
    await world.deliver().drain()
    assert world.outbox.states() == [DeliveryState.UNKNOWN] * 2
    assert "ExpoPushToken" not in str(world.telemetry.events)


async def test_a_raising_channel_is_reported_by_class_and_the_next_batch_leaves(world: World) -> None:
    world.push.batch_size = 1
    world.push.script.append(RuntimeError("ExpoPushToken[0]"))
    world.outbox.add(2)
    await world.deliver().drain()
    assert world.outbox.states() == [DeliveryState.UNKNOWN, DeliveryState.ACCEPTED]
    assert world.telemetry.events[0] == (
        "delivery.batch_failed",
        {"channel": "push", "deliveries": 1, "error": "RuntimeError"},
    )


async def test_a_channel_that_hangs_longer_than_the_lease_leaves_the_batch_unknown(world: World) -> None:
    async def hang(_: Sequence[Delivery]) -> Sequence[Result]:
        await asyncio.Event().wait()
        return []

    world.outbox.add(1)
    world.push.script.append(hang)
    await replace(world.deliver(), sending_lease=timedelta(milliseconds=20)).drain()
    assert world.outbox.states() == [DeliveryState.UNKNOWN]


async def test_what_a_dead_process_left_sending_is_unknown_and_not_repeated(world: World) -> None:
    world.outbox.add(1)
    await world.outbox.take_deliveries("push", now=START, until=START + timedelta(seconds=60), limit=1)
    world.clock.advance(timedelta(seconds=60))
    assert await world.deliver().drain() == 0
    assert (world.outbox.states(), world.push.sent) == ([DeliveryState.UNKNOWN], [])


async def test_a_push_whose_result_could_not_be_saved_is_not_sent_twice(world: World) -> None:
    async def fall(_: Sequence[Delivery]) -> Sequence[Result]:
        world.outbox.failing = 1
        return [OK]

    world.outbox.add(1)
    world.push.script.append(fall)
    with pytest.raises(StoreUnavailable):
        await world.deliver().drain()
    world.clock.advance(timedelta(minutes=5))
    await world.deliver().drain()
    assert (world.outbox.states(), world.push.sent) == ([DeliveryState.UNKNOWN], [["d0"]])


async def test_every_channel_gets_its_own_deliveries(world: World) -> None:
    mail = ScriptedChannel(name="mail")
    world.outbox.add(1)
    world.outbox.add(1, channel="mail")
    assert await world.deliver(mail).drain() == 2
    assert (world.push.sent, mail.sent) == ([["d0"]], [["d1"]])


async def accepted(world: World, count: int = 1) -> Deliver:
    world.outbox.add(count)
    deliver = world.deliver()
    await deliver.drain()
    world.telemetry.events.clear()
    return deliver


async def test_no_receipt_is_asked_for_before_its_time(world: World) -> None:
    deliver = await accepted(world)
    world.clock.advance(timedelta(minutes=14))
    assert await deliver.collect_receipts() == 0
    assert world.push.asked == []


async def test_a_receipt_confirms_a_delivery_once(world: World) -> None:
    deliver = await accepted(world, 301)
    world.clock.advance(timedelta(minutes=15))
    assert [await deliver.collect_receipts(), await deliver.collect_receipts()] == [301, 0]
    assert [len(tickets) for tickets in world.push.asked] == [300, 1]
    assert set(world.outbox.states()) == {DeliveryState.DELIVERED}
    assert set(world.events()) == {"delivery.confirmed"}


async def test_a_receipt_of_a_device_that_is_gone_drops_its_address(world: World) -> None:
    deliver = await accepted(world)
    world.push.receipt = Result(kind=ResultKind.GONE, detail="DeviceNotRegistered")
    world.clock.advance(timedelta(minutes=15))
    await deliver.collect_receipts()
    assert (world.outbox.states(), len(world.outbox.dropped)) == ([DeliveryState.REFUSED], 1)
    assert world.events() == ["delivery.refused", "delivery.address_dropped"]


async def test_a_waiting_receipt_is_asked_for_again_until_a_day_has_passed(world: World) -> None:
    deliver = await accepted(world)
    world.push.receipt = Result(kind=ResultKind.WAITING)
    for _ in range(200):
        world.clock.advance(timedelta(minutes=15))
        await deliver.collect_receipts()
    assert len(world.push.asked) == 96
    assert world.outbox.rows["d0"].detail == "no receipt came"
    assert (world.outbox.states(), world.events()) == ([DeliveryState.ACCEPTED], ["delivery.unconfirmed"])


async def test_a_channel_that_breaks_over_receipts_is_asked_again_later(world: World) -> None:
    deliver = await accepted(world)
    world.push.breaks = RuntimeError("ExpoPushToken[0]")
    world.clock.advance(timedelta(minutes=15))
    assert await deliver.collect_receipts() == 0
    assert world.telemetry.events == [
        ("delivery.receipts_failed", {"channel": "push", "deliveries": 1, "error": "RuntimeError"})
    ]
    world.push.breaks = None
    world.clock.advance(timedelta(minutes=15))
    assert await deliver.collect_receipts() == 1


async def run_while(deliver: Deliver, body: Callable[[], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver.run(stop))
        await asyncio.sleep(0.01)
        try:
            await body()
        finally:
            stop.set()


async def test_a_running_loop_gathers_what_is_announced_close_together(world: World) -> None:
    deliver = replace(world.deliver(), poll=timedelta(minutes=1))

    async def body() -> None:
        for _ in range(3):
            world.outbox.add(1)
            deliver.wake()
            await asyncio.sleep(0.002)
        await until(lambda: bool(world.push.sent))

    await run_while(deliver, body)
    assert world.push.sent == [["d0", "d1", "d2"]]


async def test_a_full_batch_does_not_wait_for_more(world: World) -> None:
    deliver = replace(world.deliver(), poll=timedelta(minutes=1), gather=timedelta(minutes=1))

    async def body() -> None:
        world.outbox.add(100)
        deliver.wake(100)
        await until(lambda: bool(world.push.sent))

    await run_while(deliver, body)
    assert [len(batch) for batch in world.push.sent] == [100]


async def test_a_running_loop_rests_between_rings(world: World) -> None:
    deliver = replace(world.deliver(), poll=timedelta(minutes=1), gather=timedelta(milliseconds=1))

    async def body() -> None:
        deliver.wake()
        await asyncio.sleep(0.05)

    await run_while(deliver, body)
    assert world.outbox.takes == 2


async def test_a_running_loop_finds_what_nobody_announced(world: World) -> None:
    async def body() -> None:
        world.outbox.add(1)
        await until(lambda: bool(world.push.sent))

    await run_while(world.deliver(), body)
    assert world.outbox.states() == [DeliveryState.ACCEPTED]


async def test_a_running_loop_sends_a_retry_when_it_is_due_and_not_at_the_next_poll(world: World) -> None:
    deliver = replace(world.deliver(), poll=timedelta(seconds=30), backoff=timedelta(milliseconds=40))
    world.outbox.add(1)

    async def fail(_: Sequence[Delivery]) -> Sequence[Result]:
        asyncio.get_running_loop().call_later(0.03, world.clock.advance, timedelta(milliseconds=40))
        return [RETRY]

    world.push.script.append(fail)
    await run_while(deliver, lambda: until(lambda: len(world.push.sent) == 2))
    assert world.outbox.states() == [DeliveryState.ACCEPTED]


async def test_a_running_loop_collects_receipts(world: World) -> None:
    deliver = await accepted(world)
    world.clock.advance(timedelta(minutes=15))
    await run_while(deliver, lambda: until(lambda: world.outbox.states() == [DeliveryState.DELIVERED]))
    assert world.events() == ["delivery.confirmed"]


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), BufferError("not enough data to read 4 bytes")])
async def test_a_running_loop_outlives_a_database_that_is_away_or_talks_nonsense(
    world: World, trouble: Exception
) -> None:
    world.outbox.add(1)
    world.outbox.failing, world.outbox.trouble = 4, trouble
    await run_while(world.deliver(), lambda: until(lambda: bool(world.push.sent)))
    assert {"delivery.paused", "delivery.accepted"} <= set(world.events())


async def test_a_slow_channel_does_not_delay_another(world: World) -> None:
    async def hang(_: Sequence[Delivery]) -> Sequence[Result]:
        await until(lambda: bool(mail.sent))
        return [OK]

    mail = ScriptedChannel(name="mail")
    world.push.script.append(hang)
    world.outbox.add(1)
    world.outbox.add(1, channel="mail")
    await run_while(world.deliver(mail), lambda: until(lambda: DeliveryState.SENDING not in world.outbox.states()))
    assert world.outbox.states() == [DeliveryState.ACCEPTED] * 2


async def test_stopping_settles_the_batch_on_its_way_and_leaves_the_rest_pending(world: World) -> None:
    async def linger(_: Sequence[Delivery]) -> Sequence[Result]:
        await asyncio.sleep(0.05)
        return [OK]

    async def wait_until_sending() -> None:
        await world.push.sending.wait()

    world.push.batch_size = 1
    world.push.script.append(linger)
    world.outbox.add(2)
    await run_while(world.deliver(), wait_until_sending)
    assert world.outbox.states() == [DeliveryState.ACCEPTED, DeliveryState.PENDING]


async def test_250_deliveries_reach_an_expo_server_once_each_in_three_requests(world: World) -> None:
    world.outbox.add(250, channel="expo")
    async with ExpoServer(gone={"ExpoPushToken[7]"}) as server:
        expo = ExpoChannel(base_url=server.base_url)
        await world.deliver(expo).drain()
        await expo.aclose()
    assert server.batch_sizes == [100, 100, 50]
    assert (len(server.times_taken()), set(server.times_taken().values())) == (249, {1})
    assert world.outbox.dropped == [Address(channel="expo", value="ExpoPushToken[7]")]


async def test_over_http_only_a_push_that_was_surely_not_taken_is_sent_again(world: World) -> None:
    world.outbox.add(200, channel="expo")
    async with ExpoServer() as server:
        server.script.extend([answer(429, headers={"Retry-After": "40"}), reset_in_body])
        expo = ExpoChannel(base_url=server.base_url)
        await world.deliver(expo).drain()
        world.clock.advance(timedelta(seconds=40))
        await world.deliver(expo).drain()
        await expo.aclose()
    assert world.outbox.states() == [DeliveryState.ACCEPTED] * 100 + [DeliveryState.UNKNOWN] * 100
    assert server.batch_sizes == [100, 100, 100]
