"""A second process: says it is ready, waits for a line, claims all users in batches, prints the occasions it queued.

Run with a database URL and the users' ids on the command line.
"""

import asyncio
import sys

from tests.contracts.steps import claim

from reflecta.adapters.stores.sql import SqlStore


async def main(url: str, user_ids: list[str]) -> None:
    store = SqlStore.at(url)
    await store.open()
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    queued: list[str] = []
    for start in range(0, len(user_ids), 20):
        queued += (await claim(store, *user_ids[start : start + 20])).queued
    await store.aclose()
    print(" ".join(queued))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
