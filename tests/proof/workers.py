"""Worker processes on PostgreSQL and pgqueuer, 2,000 users due, all but one killed: the last one finishes all.

    python -m tests.proof.workers

Every process ticks as well. Audited from outside, as in the kills. Prints the figures and writes out/workers.json.
"""

import argparse
import asyncio
import sys
from contextlib import ExitStack

from tests.databases import postgres_database
from tests.proof.audit import Readings, Set, figures, readings, take_stock
from tests.proof.figures import Figure, report
from tests.proof.kills import add_due, leave_alone, start
from tests.proof.world import World

from reflecta.config import EngineName

SECONDS_AT_MOST = 300
_LOOKS_EVERY = 0.2  # seconds


async def prove(setup: Set, *, users: int, workers: int) -> dict[str, Figure]:
    """Start them, kill one after another until half is done, and wait for the one that is left."""
    await add_due(setup, "u", users)
    async with World(seed=2, latency=(0.3, 0.8)) as world, readings(setup) as ledger:
        *killed, survivor = [await start(setup, world) for _ in range(workers)]
        for number, life in enumerate(killed, start=1):
            await _until(ledger, users * number // (2 * len(killed)))
            life.kill()
            await life.wait()
        done_before = await ledger.count("ended")
        await leave_alone(survivor, ledger, expected=users)
        audited = await take_stock(ledger, world, kills=len(killed), users=users, in_work=len(killed))
    found = {name.strip(): figure for name, figure in figures("", audited).items()}
    left = users - done_before
    return found | {"finished_by_the_last": Figure(left, ">= 1", met=left > 0, n=users)}


async def _until(ledger: Readings, number: int) -> None:
    async with asyncio.timeout(SECONDS_AT_MOST):
        while await ledger.count("ended") < number:  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(_LOOKS_EVERY)


def main(users: int, workers: int) -> int:
    """Prove it on a database of its own."""
    with ExitStack() as stack:
        setup = Set("postgresql/pgqueuer", EngineName.PGQUEUER, stack.enter_context(postgres_database()))
        return report("workers", asyncio.run(prove(setup, users=users, workers=workers)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=3)
    options = parser.parse_args()
    sys.exit(main(options.users, options.workers))
