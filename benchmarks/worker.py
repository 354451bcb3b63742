"""The measured process: the real service works on what is due, its log going to nowhere in the format of production."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from benchmarks.answers import answer
from benchmarks.job import WARM_UP, Done, Job, megabytes, read_job, tell
from benchmarks.people import NOW
from benchmarks.stopwatch import nowhere
from reflecta.adapters.telemetry import LogTelemetry
from reflecta.application.ports import Completion
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, Settings
from reflecta.domain.model import Call, OccasionState, Purpose
from reflecta.domain.prompt import Question
from reflecta.entrypoints.working import ready
from reflecta.testing import FakeClock, facts_of


@dataclass(frozen=True, slots=True)
class InProcess:
    """A model that takes no CPU, only time."""

    latency: float

    async def complete(self, question: Question) -> Completion:
        """Answer after the latency."""
        if self.latency:
            await asyncio.sleep(self.latency)
        call = Call(
            purpose=question.purpose,
            model="in-process",
            prompt_version=question.prompt_version,
            at=NOW,
            latency=self.latency,
            cost_reported=0.004,
        )
        kind = facts_of(question).kind if question.purpose is Purpose.DRAFT else ""
        return Completion(text=answer(question.purpose, kind, question.context.notes[0].entry_id), call=call)

    async def aclose(self) -> None:
        """Close nothing."""


async def work(job: Job, log: TextIO) -> Done:
    """Claim everything, warm up, then work on the rest and take the measures."""
    clock = FakeClock(NOW)
    opened = open_service(
        _settings(job),
        clock=clock,
        telemetry=LogTelemetry(clock=clock, format="json", stream=log),
        model=None if job.model_url else InProcess(job.latency),
    )
    async with opened as service:
        with ready(service):
            await service.tick()
            ids = [o.id for o in await service.store.occasions(limit=job.messages + WARM_UP)]
            await asyncio.gather(*(service.process(occasion) for occasion in ids[:WARM_UP]))
            return await _measured(service, ids[WARM_UP:])


async def _measured(service: Service, ids: Sequence[str]) -> Done:
    assert service.local is not None  # noqa: S101 - the settings below say so
    peak = asyncio.create_task(_peak())
    await service.local.start()
    cpu, started = time.process_time(), time.perf_counter()
    await service.local.enqueue(ids)
    await service.local.drain()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak.cancel()
    counts = await service.store.count_outcomes(since=NOW.replace(month=1))
    sent = sum(count for (outcome, _), count in counts.items() if outcome == OccasionState.SENT) - WARM_UP
    return Done(seconds=seconds, cpu=cpu, megabytes=max(await asyncio.gather(peak)), sent=sent)


async def _peak() -> float:
    """Give the most memory seen until cancelled."""
    most = megabytes()
    try:
        while True:
            await asyncio.sleep(0.1)
            most = max(most, megabytes())
    except asyncio.CancelledError:
        return max(most, megabytes())


def _settings(job: Job) -> Settings:
    return Settings(  # pyright: ignore[reportCallIssue] - what has an alias keeps its default
        _env_file=None,  # pyright: ignore[reportCallIssue]
        database_url=job.database_url,
        concurrency=job.at_once,
        model_base_url=f"{job.model_url}/v1" if job.model_url else None,
        model_concurrency=job.at_once,
        channel=ChannelName.LOG,
        screening=job.screening,
        likeness=job.likeness,
    )


if __name__ == "__main__":
    with nowhere() as log:
        tell(asyncio.run(work(read_job(), log)))
