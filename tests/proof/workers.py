"""Two worker processes on PostgreSQL and pgqueuer, 2,000 users due, one worker killed: the other finishes all.

    python -m tests.proof.workers

Audited from outside, as in the kills. Prints the figures and writes out/workers.json.
"""

import argparse
import asyncio
import sys
from contextlib import ExitStack

from tests.databases import postgres_database
from tests.proof.figures import Figure, report
from tests.proof.kills import Set, add_due, audit, ended, figures, start
from tests.proof.world import World

from reflecta.config import EngineName

SECONDS_AT_MOST = 300


async def prove(setup: Set, users: int) -> dict[str, Figure]:
    """Start two, kill one when a quarter is done, and wait for the other."""
    async with World(seed=2, latency=(0.3, 0.8)) as world:
        await add_due(setup, "u", users)
        killed, survivor = await start(setup, world), await start(setup, world)
        await _until(setup, users // 4)
        done_before = await ended(setup)
        killed.kill()
        await killed.wait()
        await _until(setup, users)
        await asyncio.sleep(6)  # the last pushes, and those the killed one was sending
        survivor.terminate()
        await asyncio.wait_for(survivor.wait(), 30)
        found = figures("", await audit(setup, world, kills=1, users=users, in_work=1))
    finished = users - done_before
    return {name.strip(): figure for name, figure in found.items()} | {
        "finished_by_the_other": Figure(finished, ">= 1", met=finished > 0, n=users)
    }


async def _until(setup: Set, count: int) -> None:
    for _ in range(SECONDS_AT_MOST):
        if await ended(setup) >= count:
            return
        await asyncio.sleep(1)
    raise TimeoutError(f"not {count} occasions ended within {SECONDS_AT_MOST} s")


def main(users: int) -> int:
    with ExitStack() as stack:
        setup = Set("postgresql/pgqueuer", EngineName.PGQUEUER, stack.enter_context(postgres_database()))
        return report("workers", asyncio.run(prove(setup, users)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=2_000)
    sys.exit(main(parser.parse_args().users))
