"""Many slow model calls at once: in the process beside the ideal, over HTTP beside bare aiohttp.

Two calls a message, a draft and its assessment: the safety classifier is left out.
"""

from dataclasses import replace
from typing import Final

from tests.proof.figures import Figure

from benchmarks.job import Job, model_service, run
from benchmarks.measure import at_most, told
from benchmarks.places import town
from benchmarks.sizes import Sizes

_CALLS: Final = 2  # a draft and its assessment


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Wait on SQLite: with the model in the process, then over HTTP."""
    figures: dict[str, Figure] = {}
    n = sizes.waits
    ideal = n / sizes.at_once * _CALLS * sizes.wait
    job = Job(messages=n, at_once=sizes.at_once, latency=sizes.wait)
    async with town("sqlite", n) as there:
        done = run("benchmarks.worker", replace(job, database_url=there.url))
    figures["over_ideal_sqlite_in_process"] = at_most(done.seconds / ideal, 1.25, n)
    figures["seconds_waiting_sqlite_in_process"] = told(done.seconds, n)
    figures["rss_mb_waiting_sqlite_in_process"] = at_most(done.megabytes, 200, n)
    with model_service(sizes.wait) as model:
        async with town("sqlite", n) as there:
            done = run("benchmarks.worker", replace(job, database_url=there.url, model_url=model))
        floor = run("benchmarks.plain", replace(job, model_url=model))
    figures["over_ideal_sqlite_http"] = told(done.seconds / ideal, n)
    figures["over_ideal_http_floor"] = told(floor.seconds / ideal, n)
    figures["ratio_waiting_sqlite_http"] = told(floor.seconds / done.seconds, n)
    figures["seconds_waiting_sqlite_http"] = told(done.seconds, n)
    figures["rss_mb_waiting_sqlite_http"] = at_most(done.megabytes, 200, n)
    return figures
