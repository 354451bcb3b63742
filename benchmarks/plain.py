"""The floor over HTTP: bare aiohttp sends the same bodies for each message, as many at once, and reads JSON."""

import asyncio
import base64
import json
import time
from collections.abc import Sequence

import aiohttp

from benchmarks.job import Done, Job, megabytes, read_job, tell


async def call_all(job: Job) -> Done:
    """Make the calls of all messages."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=job.at_once)) as session:
        async with session.get(f"{job.model_url}/asked") as response:
            bodies = [base64.b64decode(body) for body in json.loads(await response.read())]
        gate = asyncio.Semaphore(job.at_once)
        cpu, started = time.process_time(), time.perf_counter()
        await asyncio.gather(*(_message(session, gate, job.model_url, bodies) for _ in range(job.messages)))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Done(seconds=seconds, cpu=cpu, megabytes=megabytes(), sent=job.messages)


async def _message(session: aiohttp.ClientSession, gate: asyncio.Semaphore, url: str, bodies: Sequence[bytes]) -> None:
    async with gate:
        for body in bodies:
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/v1/chat/completions", data=body, headers=headers) as response:
                json.loads(await response.read())


if __name__ == "__main__":
    tell(asyncio.run(call_all(read_job())))
