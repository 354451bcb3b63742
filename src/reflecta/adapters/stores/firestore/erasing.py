"""Erases a user: first they are gone, in one commit, then everything that tells of them, again until nothing is left.

What a process that died left of it, the next tick goes on with.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.part import again
from reflecta.adapters.stores.firestore.people import state_of
from reflecta.adapters.stores.firestore.queries import FLAGS, OCCASIONS, STATES, USERS, Query
from reflecta.adapters.stores.firestore.records import ended
from reflecta.adapters.stores.firestore.wire import MOST_WRITTEN, Snapshot, Wire, Write
from reflecta.domain.model import OccasionState, Reason

# Documents that go with their user.
_THEIRS: Final[Sequence[Query]] = (
    queries.ENTRIES_OF,
    queries.INSIGHTS_OF,
    queries.MESSAGES_OF,
    queries.DELIVERIES_OF,
)


async def erase(wire: Wire, user_id: str, now: datetime) -> bool:
    """Erase a user; False when there is none."""

    async def begin() -> bool:
        user, kept = await wire.get((USERS, user_id), (STATES, user_id))
        if user is None:
            return False
        state = state_of(kept)
        gone = replace(state, is_erased=True, open_occasion=None)
        writes = [Write(collection=USERS, id=user_id, fields=None, expects=user.version), gone.write(user_id)]
        if state.open_occasion is not None:
            over = ended(OccasionState.CANCELLED, Reason.ERASED, now)
            writes.append(
                Write(collection=OCCASIONS, id=state.open_occasion, fields=over, mask=list(over), expects=True)
            )
        await wire.commit(writes)
        return True

    if not await again(begin):
        return False
    await finish_erasure(wire, user_id)
    return True


async def finish_erasures(wire: Wire) -> None:
    """Go on with every erasure that was begun."""
    for state in await wire.query(queries.STATES_ERASED, True):
        await finish_erasure(wire, state.id)


async def finish_erasure(wire: Wire, user_id: str) -> None:
    """Delete what tells of a user who is gone; what an occasion was and cost stays, and that there were flags."""
    for query in _THEIRS:
        async for page in wire.pages(query, user_id):
            await _write(wire, [Write(collection=query.collection, id=one.id, fields=None) for one in page])
    async for page in wire.pages(queries.OCCASIONS_OF, user_id):
        await _write(wire, [_without_risk(one) for one in page])
    async for page in wire.pages(queries.FLAGS_OF, user_id):
        await _write(wire, [write for one in page for write in _forgotten(one)])
    await wire.commit([Write(collection=STATES, id=user_id, fields=None)])


async def _write(wire: Wire, writes: Sequence[Write]) -> None:
    for start in range(0, len(writes), MOST_WRITTEN):
        await wire.commit(writes[start : start + MOST_WRITTEN])


def _without_risk(occasion: Snapshot) -> Write:
    """Leave why an occasion ended, but not that its user was at risk, nor what the classifier saw."""
    is_hold = occasion.fields["reason"] == Reason.SAFETY_HOLD.value
    fields = {"screening": None, "reason": None if is_hold else occasion.fields["reason"]}
    fields |= {"heldUntil": None, "flaggedEntries": [], "contextUsed": None}
    return Write(collection=OCCASIONS, id=occasion.id, fields=fields, mask=list(fields), expects=True)


def _forgotten(flag: Snapshot) -> Sequence[Write]:
    """Leave of a flag what is counted, under an id that says nothing of whose it was."""
    fields = {**flag.fields, "userId": None, "occasionId": None}
    return [
        Write(collection=FLAGS, id=secrets.token_hex(16), fields=fields, expects=False),
        Write(collection=FLAGS, id=flag.id, fields=None),
    ]
