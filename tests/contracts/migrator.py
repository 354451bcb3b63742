"""A second process: says it is ready, waits for a line, brings the schema of the database it is given up to date."""

import asyncio
import sys

from reflecta.adapters.stores.sql import SqlStore


async def main(url: str) -> None:
    store = SqlStore.at(url)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    await store.open()
    await store.ping()
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
