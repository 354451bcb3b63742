"""CPU, throughput and memory of a message from lease to outcome: with a model in the process, and over HTTP.

Two calls a message, a draft and its assessment; *screened* figures are of three calls, the safety classifier's first,
those with *likeness* are of the service with `reflecta[likeness]`.
"""

from dataclasses import replace

from tests.proof.figures import Figure

from benchmarks.job import Done, Job, model_service, run
from benchmarks.measure import at_most, told
from benchmarks.places import kinds, town
from benchmarks.sizes import Sizes


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Process on every store; over HTTP the server runs in a process of its own, as does each thing measured."""
    figures: dict[str, Figure] = {}
    job = Job(messages=sizes.messages)
    for kind in kinds():
        async with town(kind, sizes.messages) as there:
            done = run("benchmarks.worker", replace(job, database_url=there.url))
        figures |= _told(f"{kind}_in_process", done, job.messages, cpu=4)
        async with town(kind, sizes.messages) as there:
            done = run("benchmarks.worker", replace(job, database_url=there.url, screening=True))
        figures[f"cpu_ms_message_{kind}_in_process_screened"] = told(1000 * done.cpu / job.messages, job.messages)
    for kind in (kind for kind in kinds() if kind in sizes.over_http):
        with model_service() as model:
            async with town(kind, sizes.messages) as there:
                done = run("benchmarks.worker", replace(job, database_url=there.url, model_url=model))
            floor = run("benchmarks.plain", replace(job, model_url=model))
            async with town(kind, sizes.messages) as there:
                alike = run("benchmarks.worker", replace(job, database_url=there.url, model_url=model, likeness=True))
        figures |= _told(f"{kind}_http", done, job.messages, cpu=8)
        figures[f"cpu_ms_message_{kind}_http_likeness"] = told(1000 * alike.cpu / job.messages, job.messages)
        figures[f"rss_mb_{kind}_http_likeness"] = told(alike.megabytes, job.messages)
        figures[f"cpu_ms_message_{kind}_http_floor"] = told(1000 * floor.cpu / job.messages, job.messages)
        figures[f"ratio_cpu_{kind}_http"] = told(floor.cpu / done.cpu, job.messages)
    return figures


def _told(name: str, done: Done, messages: int, *, cpu: float) -> dict[str, Figure]:
    return {
        f"cpu_ms_message_{name}": at_most(1000 * done.cpu / messages, cpu, messages),
        f"messages_per_second_{name}": told(messages / done.seconds, messages),
        f"rss_mb_{name}": at_most(done.megabytes, 200, messages),
    }
