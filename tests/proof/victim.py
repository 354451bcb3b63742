"""One process of the service, to be killed: ticks, works and delivers until it is told to stop.

Run as ``python -m tests.proof.victim MODEL_URL``; settings come from the environment as usual.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp

from reflecta.adapters.clock import SystemClock
from reflecta.application.ports import Completion
from reflecta.bootstrap import Service, open_service
from reflecta.config import load
from reflecta.domain.errors import ModelUnavailable, StoreUnavailable
from reflecta.domain.model import Call
from reflecta.domain.prompt import Question


@dataclass
class WireModel:
    """Asks the world outside."""

    url: str
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def complete(self, question: Question) -> Completion:
        session = self._session = self._session or aiohttp.ClientSession()
        at = SystemClock().now()
        asked = {"purpose": question.purpose.value, "user": question.context.user_id}
        try:
            async with session.post(f"{self.url}/complete", json=asked) as response:
                answer = await response.json()
        except aiohttp.ClientError as error:
            raise ModelUnavailable(type(error).__name__) from error
        call = Call(purpose=question.purpose, model="wire", prompt_version=question.prompt_version, at=at, latency=0.1)
        return Completion(text=answer["text"], call=call)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


async def main(model_url: str) -> None:
    settings = load()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_service(settings, model=WireModel(model_url)) as service, asyncio.TaskGroup() as tasks:
        tasks.create_task(service.deliver.run(stop))
        if service.queue is not None:
            tasks.create_task(_work_queue(service, stop))
        if service.local is not None:
            await service.local.start()
        print("ready", flush=True)
        while not stop.is_set():
            with suppress(StoreUnavailable):
                await service.tick()
            await asyncio.sleep(0.25)
        if service.local is not None:
            await service.local.stop(timedelta(seconds=5))


async def _work_queue(service: Service, stop: asyncio.Event) -> None:
    async def work(occasion_id: str) -> None:
        await service.process(occasion_id)

    assert service.queue is not None
    await service.queue.run(
        work, stop, heartbeat=timedelta(seconds=2), poll=timedelta(milliseconds=200), grace=timedelta(seconds=5)
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
