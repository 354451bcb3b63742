"""Reads that several ports share: attempts, the newest of a journal, insights, past messages."""

import asyncio
from collections.abc import Sequence

from reflecta.adapters.documents import read_insights
from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.records import to_attempt, to_entry, to_past_message
from reflecta.adapters.stores.firestore.wire import Wire
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import Attempt, Entry, Insights, PastMessage


async def attempts_of(wire: Wire, occasion_id: str) -> Sequence[Attempt]:
    """Give an occasion's attempts in order."""
    found = await wire.query(queries.ATTEMPTS_OF, occasion_id)
    return sorted((to_attempt(one.fields) for one in found), key=lambda attempt: attempt.number)


async def newest_entries(wire: Wire, user_id: str, most: int) -> tuple[Sequence[Entry], bool]:
    """Read the newest entries that the user wrote something in; say whether these are all there are."""
    found: list[Entry] = []
    after: Sequence[object] = ()
    while len(found) < most:
        size = most - len(found)
        page = await wire.query(queries.ENTRIES_NEWEST, user_id, limit=size, after=after)
        found += [entry for entry in map(to_entry, page) if entry is not None and entry.has_content]
        if len(page) < size:
            return found, True
        after = (page[-1].fields["timestamp"], page[-1].id)
    return found, False


async def count_entries(wire: Wire, user_id: str) -> int:
    """Count the entries that are neither empty nor made of our messages; markup without words counts as words."""
    every, ours, empty = await asyncio.gather(
        wire.count(queries.ENTRIES_OF, user_id),
        wire.count(queries.ENTRIES_OURS, user_id, ""),
        wire.count(queries.ENTRIES_EMPTY, user_id, ""),
    )
    return max(0, every - ours - empty)


async def newest_insights(wire: Wire, user_id: str) -> Insights | None:
    """Read the newest insights of a user; None where there are none, or no sense in them."""
    for found in await wire.query(queries.INSIGHTS_NEWEST, user_id, limit=1):
        try:
            return read_insights(found.fields)
        except InvalidInput:
            return None
    return None


async def newest_messages(wire: Wire, user_id: str, most: int) -> Sequence[PastMessage]:
    """Read a user's newest messages with what the user made of them."""
    if not most:
        return ()
    found = await wire.query(queries.MESSAGES_NEWEST, user_id, True, limit=most)
    return [message for message in map(to_past_message, found) if message is not None]
