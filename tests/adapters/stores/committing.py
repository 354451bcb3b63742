"""A process to kill: commits numbers as fast as it can and prints each when it is told that it stands."""

import asyncio
import itertools
import sys
from pathlib import Path

from tests.adapters.stores.writing import Writing


async def commit_until_killed(path: Path) -> None:
    """Twenty at once, so that most commits hold several."""
    numbers = itertools.count(1)
    async with Writing(path) as writing:

        async def commit() -> None:
            for number in numbers:
                await writing.add(number)
                print(number, flush=True)  # noqa: T201 - the parent reads it

        await asyncio.gather(*(commit() for _ in range(20)))


if __name__ == "__main__":
    asyncio.run(commit_until_killed(Path(sys.argv[1])))
