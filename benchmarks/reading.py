"""Context reads of users with few and with many entries, beside a bare driver that says the same to the database."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from tests.proof.figures import Figure

from benchmarks.measure import at_most, ratio, spread, told
from benchmarks.people import add_journals, add_users
from benchmarks.places import kinds, place
from benchmarks.sizes import Sizes
from benchmarks.stopwatch import timed
from benchmarks.tape import Tape, taping
from reflecta.adapters.stores.sql import SqlStore

_READ: Final = 20  # entries of a context; who has fewer is read faster
_OTHERS: Final = 100


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Read on every store."""
    figures: dict[str, Figure] = {}
    for kind in kinds():
        figures |= await _on(kind, sizes)
    return figures


async def _on(kind: str, sizes: Sizes) -> dict[str, Figure]:
    async with AsyncExitStack() as stack:
        there = stack.enter_context(place(kind))
        store = await stack.enter_async_context(there.store())
        driver = await stack.enter_async_context(there.driver())
        readers = await _readers(store, sizes)
        await driver.run("ANALYZE")
        tapes: dict[str, Tape] = {}
        for user in readers:
            await _read(store, user)
            with taping() as tapes[user]:
                await _read(store, user)
        ours: dict[str, list[float]] = {user: [] for user in readers}
        floor: dict[str, list[float]] = {user: [] for user in readers}
        for _ in range(sizes.reads):
            for user in readers:
                ours[user].append(await timed(_read(store, user)))
                floor[user].append(await timed(driver.play(tapes[user].steps)))
        return _figures(kind, readers, ours, floor)


async def _readers(store: SqlStore, sizes: Sizes) -> Mapping[str, int]:
    """Give users with so many entries each, among entries of others."""
    await add_users(store, _OTHERS, due=0)
    await add_journals(store, entries=sizes.others // _OTHERS or 1)
    readers: dict[str, int] = {}
    for entries in sizes.entries:
        user = f"reader-{entries}"
        await store.database.write(lambda c, user=user: c.exec_driver_sql(_READER.format(user=user)).rowcount)
        await add_journals(store, entries=entries, user_id=user)
        readers[user] = entries
    return readers


_READER: Final = (
    "INSERT INTO users (id, onboarding, enabled, cadence, time_window, challenge, tone, push_enabled, push_tokens) "
    "SELECT '{user}', onboarding, enabled, cadence, time_window, challenge, tone, push_enabled, push_tokens "
    "FROM users LIMIT 1"
)


async def _read(store: SqlStore, user: str) -> None:
    await store.journal(user, entries=_READ, messages=10)


def _figures(
    kind: str, readers: Mapping[str, int], ours: Mapping[str, list[float]], floor: Mapping[str, list[float]]
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    most = max(readers, key=lambda user: readers[user])
    for user, entries in readers.items():
        n = len(ours[user])
        figures[f"ratio_context_{kind}_{entries}"] = told(ratio(ours[user], floor[user]), n)
        figures[f"ms_context_{kind}_{entries}_p50"] = told(spread(ours[user])[0], n)
        figures[f"ms_context_{kind}_{entries}_floor_p50"] = told(spread(floor[user])[0], n)
        if user == most:
            continue
        growth = 1 / ratio(ours[most], ours[user])
        # Who has fewer than a context holds is read faster for that alone.
        judged = at_most(growth, 1.5, n) if entries >= _READ else told(growth, n)
        figures[f"growth_context_{kind}_{entries}_to_{readers[most]}"] = judged
    return figures
