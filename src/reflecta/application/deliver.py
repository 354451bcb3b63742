"""Sends what waits in the outbox and asks what became of it; knows neither providers nor how it is stored.

A delivery is `sending` in the store before its request leaves. What may have been taken is never sent again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reflecta.application.ports.channel import Channel, Result, ResultKind
from reflecta.application.ports.clock import Clock
from reflecta.application.ports.store import OutboxStore, Settled
from reflecta.application.ports.telemetry import Telemetry
from reflecta.domain.model import Delivery, DeliveryState


class _Bell:
    """Rings when deliveries were announced, and again when they fill a batch."""

    def __init__(self, full: int) -> None:
        self._full = full
        self._count = 0
        self._rung = asyncio.Event()
        self._filled = asyncio.Event()

    def ring(self, count: int) -> None:
        self._count += count
        self._rung.set()
        if self._count >= self._full:
            self._filled.set()

    def ring_out(self) -> None:
        """Ring so that nobody waits any longer."""
        self.ring(self._full)

    async def wait(self, longest: timedelta, gather: timedelta) -> None:
        """Wait for a ring, at most *longest*; after one, *gather* more or until a batch is full."""
        if await _is_set_within(self._rung, longest):
            await _is_set_within(self._filled, gather)
        self._count = 0
        self._rung.clear()
        self._filled.clear()


async def _is_set_within(event: asyncio.Event, limit: timedelta) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit.total_seconds()):
            await event.wait()
    return event.is_set()


def _as_it_is(delay: timedelta) -> timedelta:
    return delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Empties the outbox, channel by channel.

    *sending_lease* bounds one batch and must exceed a channel's own time limit. A delivery is tried *max_tries*
    times in all, after *backoff*, twice that, four times that; *jitter* may lengthen each. Receipts are asked for
    *receipt_delay* after acceptance and until *receipt_give_up* (Expo keeps them a day).
    """

    store: OutboxStore
    channels: Mapping[str, Channel]
    clock: Clock
    telemetry: Telemetry
    gather: timedelta = timedelta(milliseconds=200)
    poll: timedelta = timedelta(seconds=5)
    sending_lease: timedelta = timedelta(seconds=60)
    max_tries: int = 5
    backoff: timedelta = timedelta(seconds=30)
    jitter: Callable[[timedelta], timedelta] = _as_it_is
    receipt_delay: timedelta = timedelta(minutes=15)
    receipt_poll: timedelta = timedelta(minutes=1)
    receipt_give_up: timedelta = timedelta(hours=24)
    receipt_batch: int = 300
    _bells: dict[str, _Bell] = field(default_factory=dict[str, _Bell], init=False, repr=False)

    async def drain(self) -> int:
        """Send until nothing pending is due now; return how many deliveries were tried."""
        return sum([await self._drain(channel) for channel in self.channels.values()])

    def wake(self, deliveries: int = 1) -> None:
        """Tell `run` that so many deliveries were written."""
        for bell in self._bells.values():
            bell.ring(deliveries)

    async def run(self, stop: asyncio.Event) -> None:
        """Send and ask for receipts until *stop* is set; a batch on its way is settled first."""
        async with asyncio.TaskGroup() as tasks:
            for name, channel in self.channels.items():
                self._bells[name] = _Bell(channel.batch_size)
                tasks.create_task(self._serve(channel, self._bells[name], stop))
            tasks.create_task(self._confirm(stop))
            await stop.wait()
            for bell in self._bells.values():
                bell.ring_out()

    async def collect_receipts(self) -> int:
        """Ask for the receipts that are due; return how many deliveries now have their final standing."""
        return sum([await self._collect(channel) for channel in self.channels.values()])

    async def _serve(self, channel: Channel, bell: _Bell, stop: asyncio.Event) -> None:
        while not stop.is_set():
            pause = self.poll
            try:
                await self._drain(channel, stop)
                pause = await self._until_next(channel)
            except Exception as error:  # noqa: BLE001 - what stopped this batch must not end the service
                self.telemetry.event("delivery.paused", channel=channel.name, error=type(error).__name__)
            await bell.wait(pause, self.gather)

    async def _until_next(self, channel: Channel) -> timedelta:
        """Give how long nothing is due; never so short that a disagreement about the time turns into a spin."""
        at = await self.store.next_delivery_at(channel.name)
        return self.poll if at is None else min(self.poll, max(self.gather, at - self.clock.now()))

    async def _confirm(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.collect_receipts()
            except Exception as error:  # noqa: BLE001 - as above
                self.telemetry.event("delivery.receipts_failed", error=type(error).__name__)
            await _is_set_within(stop, self.receipt_poll)

    async def _drain(self, channel: Channel, stop: asyncio.Event | None = None) -> int:
        count = 0
        while stop is None or not stop.is_set():
            now = self.clock.now()
            batch = await self.store.take_deliveries(
                channel.name, now=now, until=now + self.sending_lease, limit=channel.batch_size
            )
            if batch:
                await self._send(channel, batch)
            count += len(batch)
            if len(batch) < channel.batch_size:
                break
        return count

    async def _send(self, channel: Channel, batch: Sequence[Delivery]) -> None:
        results = await self._results(channel, batch)
        now = self.clock.now()
        await self._settle(
            [(delivery, self._standing(delivery, result, now)) for delivery, result in zip(batch, results, strict=True)]
        )

    async def _results(self, channel: Channel, batch: Sequence[Delivery]) -> Sequence[Result]:
        """Send a batch. Whatever goes wrong inside the channel, nobody can say whether it was taken."""
        try:
            async with asyncio.timeout(self.sending_lease.total_seconds()):
                return _each(await channel.send(batch), batch)
        except Exception as error:  # noqa: BLE001 - a channel's bug must not stop the others, nor be repeated
            self._report_failed("delivery.batch_failed", channel, batch, error)
            return [Result(kind=ResultKind.UNKNOWN, detail=type(error).__name__)] * len(batch)

    def _standing(self, delivery: Delivery, result: Result, now: datetime) -> Settled:
        match result.kind:
            case ResultKind.ACCEPTED:
                due_at = now + self.receipt_delay if result.ticket is not None else None
                return Settled(
                    delivery_id=delivery.id,
                    state=DeliveryState.ACCEPTED,
                    now=now,
                    ticket=result.ticket,
                    detail=result.detail,
                    receipt_due_at=due_at,
                )
            case ResultKind.RETRY:
                return self._again(delivery, result, now)
            case _:
                return _final(delivery, result, now)

    def _again(self, delivery: Delivery, result: Result, now: datetime) -> Settled:
        """Put a delivery back; *tries* counts the one that has just failed."""
        if delivery.tries >= self.max_tries:
            detail = f"{delivery.tries} tries failed, the last with {result.detail!r}"
            return Settled(delivery_id=delivery.id, state=DeliveryState.REFUSED, now=now, detail=detail)
        backoff = self.jitter(self.backoff * 2 ** min(max(0, delivery.tries - 1), _MAX_DOUBLINGS))
        return Settled(
            delivery_id=delivery.id,
            state=DeliveryState.PENDING,
            now=now,
            detail=result.detail,
            next_try_at=now + max(backoff, result.retry_after or timedelta(0)),
        )

    async def _collect(self, channel: Channel) -> int:
        count = 0
        while True:
            now = self.clock.now()
            waiting = await self.store.take_tickets(
                channel.name, now=now, until=now + self.receipt_delay, limit=self.receipt_batch
            )
            results = await self._receipts(channel, waiting)
            if not results:
                return count
            pairs = [
                (delivery, self._confirmed(delivery, result, now))
                for delivery, result in zip(waiting, results, strict=True)
            ]
            known = [(delivery, settled) for delivery, settled in pairs if settled is not None]
            await self._settle(known)
            count += len(known)

    async def _receipts(self, channel: Channel, waiting: Sequence[Delivery]) -> Sequence[Result]:
        """Ask for receipts; none when the channel breaks, and the store gives those tickets again later."""
        if not waiting:
            return ()
        try:
            async with asyncio.timeout(self.sending_lease.total_seconds()):
                return _each(await channel.receipts([delivery.ticket or "" for delivery in waiting]), waiting)
        except Exception as error:  # noqa: BLE001 - as for sending; reading is repeatable
            self._report_failed("delivery.receipts_failed", channel, waiting, error)
            return ()

    def _confirmed(self, delivery: Delivery, result: Result, now: datetime) -> Settled | None:
        """Give the standing that a receipt tells, None to ask again."""
        if result.kind in _TOLD:
            return _final(delivery, result, now)
        accepted_at: datetime | None = delivery.accepted_at
        if accepted_at is None or now - accepted_at < self.receipt_give_up:
            return None
        return Settled(
            delivery_id=delivery.id,
            state=DeliveryState.ACCEPTED,
            now=now,
            ticket=delivery.ticket,
            detail="no receipt came",
        )

    async def _settle(self, standings: Sequence[tuple[Delivery, Settled]]) -> None:
        if not standings:
            return
        await self.store.settle([settled for _, settled in standings])
        for delivery, settled in standings:
            self._report(delivery, settled)

    def _report(self, delivery: Delivery, settled: Settled) -> None:
        unconfirmed = delivery.state is settled.state is DeliveryState.ACCEPTED
        names = ["delivery.unconfirmed" if unconfirmed else _EVENTS[settled.state]]
        if settled.drop_address:
            names.append("delivery.address_dropped")
        for name in names:
            self.telemetry.event(
                name, delivery_id=delivery.id, message_id=delivery.message_id, channel=delivery.address.channel
            )

    def _report_failed(self, name: str, channel: Channel, batch: Sequence[Delivery], error: Exception) -> None:
        """Report the class alone: the text of a channel's exception may hold an address."""
        self.telemetry.event(name, channel=channel.name, deliveries=len(batch), error=type(error).__name__)


_MAX_DOUBLINGS = 10
_TOLD = frozenset({ResultKind.DELIVERED, ResultKind.REFUSED, ResultKind.GONE})
_FINAL_STATES = {
    ResultKind.DELIVERED: DeliveryState.DELIVERED,
    ResultKind.REFUSED: DeliveryState.REFUSED,
    ResultKind.GONE: DeliveryState.REFUSED,
}
_EVENTS = {
    DeliveryState.ACCEPTED: "delivery.accepted",
    DeliveryState.DELIVERED: "delivery.confirmed",
    DeliveryState.PENDING: "delivery.retried",
    DeliveryState.REFUSED: "delivery.refused",
    DeliveryState.UNKNOWN: "delivery.unknown",
}


def _final(delivery: Delivery, result: Result, now: datetime) -> Settled:
    return Settled(
        delivery_id=delivery.id,
        state=_FINAL_STATES.get(result.kind, DeliveryState.UNKNOWN),
        now=now,
        ticket=delivery.ticket,
        detail=result.detail,
        drop_address=result.kind is ResultKind.GONE,
    )


def _each(results: Sequence[Result], batch: Sequence[Delivery]) -> Sequence[Result]:
    """Give *results* if there is one for each delivery."""
    if len(results) != len(batch):
        raise ValueError(f"a channel gave {len(results)!r} results for {len(batch)!r} deliveries; mend the channel")
    return results
