"""What a message costs on Firestore: requests, documents read, CPU; beside the bare requests.

On Google's emulator, which has a process of its own, with a model that takes no CPU. An earlier implementation of the
guide needs 11 requests and reads 16 documents a message (12 entries, the insights, the user three times), its tick and
its pushes left out; so are ours where the two are compared.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.builders import a_user, an_entry
from tests.firestore import emulator_if_any, new_project
from tests.proof.figures import Figure

from benchmarks.answers import SENTENCE
from benchmarks.measure import at_most, told
from benchmarks.people import NOW
from benchmarks.sizes import Sizes
from benchmarks.stopwatch import nowhere
from benchmarks.worker import InProcess
from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.firestore.queries import ENTRIES_NEWEST, USERS
from reflecta.adapters.stores.firestore.wire import Wire, Write
from reflecta.adapters.telemetry import LogTelemetry
from reflecta.application.ports.store import UserChange
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, Settings
from reflecta.domain.model import Insight, Insights
from reflecta.testing import FakeClock

_EARLIER_REQUESTS: Final = 11
_EARLIER_DOCUMENTS: Final = 16
_CPU_MS: Final = 10
_ENTRIES: Final = 12
_PAGE: Final = 50
_PLAN: Final = Insight(headline="A week with room in it")
# What stays of a message when all that the service thinks is left out: its requests, one of them the journal's.
_FLOOR_READS, _FLOOR_COMMITS = 4, 4


@dataclass(frozen=True, slots=True)
class Cost:
    """What was asked of Firestore, what came, what the price list counts, and the CPU seconds of this process."""

    requests: int
    read: int
    billed: int
    written: int
    cpu: float

    @classmethod
    def so_far(cls, wire: Wire) -> "Cost":
        """Give what everything came to so far."""
        return cls(wire.requests, wire.read, wire.billed, wire.written, time.process_time())

    def since(self, before: "Cost") -> "Cost":
        """Give the difference."""
        return Cost(
            self.requests - before.requests,
            self.read - before.read,
            self.billed - before.billed,
            self.written - before.written,
            self.cpu - before.cpu,
        )


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Measure, where there is an emulator."""
    with emulator_if_any() as addresses:
        for address in addresses:
            return await _measured(new_project(address), sizes.messages)
    return {}


async def _measured(url: str, messages: int) -> dict[str, Figure]:
    clock = FakeClock(NOW)
    with nowhere() as log:
        telemetry = LogTelemetry(clock=clock, format="json", stream=log)
        async with open_service(_settings(url), clock=clock, telemetry=telemetry, model=InProcess(0.0)) as service:
            assert isinstance(service.store, FirestoreStore)  # noqa: S101 - the URL says so
            wire = service.store.wire
            await _fill(service.store, messages)
            service.process.screen.prepare()
            began = Cost.so_far(wire)
            await service.tick()
            ticked = Cost.so_far(wire)
            await _work(service)
            worked = Cost.so_far(wire)
            await service.deliver.drain()
            delivered = Cost.so_far(wire)
            await _bare(wire, messages, service.settings.concurrency)
            floor = Cost.so_far(wire).since(delivered)
    work, whole = worked.since(ticked), delivered.since(began)
    return {
        "ratio_cpu_firestore": told(floor.cpu / whole.cpu, messages),
        "firestore_requests_message": at_most(work.requests / messages, _EARLIER_REQUESTS, messages),
        "firestore_documents_message": at_most(work.read / messages, _EARLIER_DOCUMENTS, messages),
        "firestore_requests_from_tick_to_delivery": told(whole.requests / messages, messages),
        "firestore_reads_billed_from_tick_to_delivery": told(whole.billed / messages, messages),
        "firestore_writes_billed_from_tick_to_delivery": told(whole.written / messages, messages),
        "cpu_ms_message_firestore": at_most(1000 * whole.cpu / messages, _CPU_MS, messages),
        "cpu_ms_message_firestore_floor": told(1000 * floor.cpu / messages, messages),
    }


def _settings(url: str) -> Settings:
    return Settings(  # pyright: ignore[reportCallIssue] - what has an alias keeps its default
        _env_file=None,  # pyright: ignore[reportCallIssue]
        database_url=url,
        channel=ChannelName.LOG,
    )


async def _fill(store: FirestoreStore, count: int) -> None:
    """Store users who are due, each with a journal."""
    for start in range(0, count, _PAGE):
        users = [a_user(f"u{n}", next_due_at=NOW) for n in range(start, min(count, start + _PAGE))]
        await store.upsert_users(users, now=NOW, change=lambda given, _: UserChange(user=given))
        await store.upsert_insights([Insights(user_id=user.id, plan=_PLAN, updated_at=NOW) for user in users])
        await store.upsert_entries(
            [
                an_entry(f"{user.id}-{n}", user.id, text=f"{SENTENCE} {n}", written_at=NOW - timedelta(days=n + 1))
                for user in users
                for n in range(_ENTRIES)
            ]
        )


async def _work(service: Service) -> None:
    """Write to everybody whom the tick queued; the occasions are known here, as they are in `serve`."""
    assert service.local is not None  # noqa: S101 - the settings say so
    await service.local.start()
    await service.tick.sweep()
    await service.local.drain()


async def _bare(wire: Wire, messages: int, at_once: int) -> None:
    """Ask as much for as many messages at once: a request costs less where others are under way."""
    places = asyncio.Semaphore(at_once)

    async def one(n: int) -> None:
        async with places:
            await wire.query(ENTRIES_NEWEST, f"u{n}", limit=_ENTRIES)
            for _ in range(_FLOOR_READS - 1):
                await wire.get((USERS, f"u{n}"))
            for number in range(_FLOOR_COMMITS):
                await wire.commit([Write(collection="floor", id=f"{n}-{number}", fields={"text": SENTENCE})])

    await asyncio.gather(*(one(n) for n in range(messages)))
