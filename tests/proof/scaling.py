"""Measures the guide's scaling tables anew: 5 % of the users due, at 100 to 100,000 users, on SQLite in one process.

    python -m tests.proof.scaling

The tick by the guide's count, what reading all users instead would cost (the guide's legacy approach), and the
whole of the processing with two model calls of one second each (a draft and its assessment, the safety classifier
left out), 500 occasions at once. Prints the table and writes
out/scaling.json. Absolute times are this machine's.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.application.scene import WRITTEN
from tests.builders import NOW, a_call, a_user, an_entry
from tests.proof.figures import Figure, report

from reflecta.application.ports import Completion
from reflecta.application.ports.store import UserChange
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, load
from reflecta.domain.model import User
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock, RecordingTelemetry, answer

SIZES = (100, 1_000, 10_000, 100_000)
AT_ONCE = 500
CALLS = 2
CALL_SECONDS = 1.0
_DUE_SHARE = 20
_BATCH = 2_000


class _SlowModel:
    """Answers well after a second, as a real one might."""

    async def complete(self, question: Question) -> Completion:
        await asyncio.sleep(CALL_SECONDS)
        return Completion(text=answer(question, 1), call=a_call(purpose=question.purpose))

    async def aclose(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, in seconds."""

    users: int
    due: int
    tick: float
    reading_all: float
    processing: float
    ideal: float


async def measure(users: int, folder: Path) -> Row:
    """Fill a database, tick, and work on what is due."""
    settings = load().model_copy(
        update={
            "database_url": f"sqlite:///{folder / f'{users}.db'}",
            "channel": ChannelName.LOG,
            "concurrency": AT_ONCE,
            "screening": False,
        }
    )
    clock = FakeClock(NOW)
    async with open_service(
        settings, clock=clock, telemetry=RecordingTelemetry(), random_source=random.Random(1), model=_SlowModel()
    ) as service:
        due = await _fill(service, users)
        began = time.perf_counter()
        ticked = await service.tick()
        tick = time.perf_counter() - began
        assert ticked.jobs_created == due, ticked
        began = time.perf_counter()
        await _read_all(service)
        reading_all = time.perf_counter() - began
        return Row(
            users=users,
            due=due,
            tick=tick,
            reading_all=reading_all,
            processing=await _work_on_all(service),
            ideal=CALLS * CALL_SECONDS * -(-due // AT_ONCE),
        )


async def _fill(service: Service, users: int) -> int:
    for start in range(0, users, _BATCH):
        people = [_person(number) for number in range(start, min(start + _BATCH, users))]
        await service.store.upsert_users(people, now=NOW, change=lambda given, _: UserChange(user=given))
        await service.ingest.upsert_entries([an_entry(f"e-{p.id}", p.id, text=WRITTEN) for p in people])
    return -(-users // _DUE_SHARE)


def _person(number: int) -> User:
    due = NOW if number % _DUE_SHARE == 0 else NOW + timedelta(hours=3, seconds=number % 80_000)
    return a_user(f"u{number:06}", next_due_at=due)


async def _read_all(service: Service) -> None:
    """Do as the guide's legacy approach: fetch everybody, look at each."""
    last = ""
    while page := await service.store.users(after=last, limit=1_000):
        last = page[-1].id


async def _work_on_all(service: Service) -> float:
    assert service.local is not None
    began = time.perf_counter()
    await service.local.start()
    await service.tick()  # the sweep hands over what the first tick queued
    await service.local.drain()
    return time.perf_counter() - began


async def main(most: int) -> int:
    """Measure each size up to *most* users."""
    found: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as folder:
        for users in (size for size in SIZES if size <= most):
            row = await measure(users, Path(folder))
            name = f"{users:,} users"
            found |= {
                f"{name}: tick, s": Figure(round(row.tick, 3), "<= 2", met=row.tick <= 2, n=row.due),
                f"{name}: reading all users, s": Figure(round(row.reading_all, 3), "shown", met=True, n=users),
                f"{name}: all messages, s": Figure(
                    round(row.processing, 1), f"ideal {row.ideal:g}", met=True, n=row.due
                ),
            }
    return report("scaling", found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest number of users")
    sys.exit(asyncio.run(main(parser.parse_args().most)))
