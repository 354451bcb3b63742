"""Signs of risk: who is held until when, and what is counted of it. No word of a journal."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.part import again
from reflecta.adapters.stores.firestore.people import State, change_user, state_of, to_ms, user_of
from reflecta.adapters.stores.firestore.queries import FLAGS, OCCASIONS, STATES, USERS
from reflecta.adapters.stores.firestore.records import flag_fields
from reflecta.adapters.stores.firestore.wire import Wire, Write
from reflecta.domain.model import Flag, User


async def hold(wire: Wire, user_id: str, flag: Flag) -> bool:
    """Hold a user, at least until the flag says, because a person says so; False when there is no such user."""
    flag_id = f"{user_id}-{to_ms(flag.at)}"

    async def write() -> bool:
        user, kept, raised = await wire.get((USERS, user_id), (STATES, user_id), (FLAGS, flag_id))
        if user is None:
            return False
        state = state_of(kept)
        held = state.held_by(flag)
        writes = [change_user(user_id, expects=True), held.write(user_id), *await _in_occasion(wire, held)]
        if raised is None:
            fields = flag_fields(flag, user_id=user_id, occasion_id=None)
            writes.append(Write(collection=FLAGS, id=flag_id, fields=fields, expects=False))
        await wire.commit(writes)
        return True

    return await again(write)


async def _in_occasion(wire: Wire, state: State) -> Sequence[Write]:
    """Write what is kept of a user to their open occasion too: whoever ends it goes by that."""
    if state.open_occasion is None:
        return ()
    (found,) = await wire.get((OCCASIONS, state.open_occasion))
    if found is None:
        return ()
    copied = state.copied()
    return [Write(collection=OCCASIONS, id=found.id, fields=copied, mask=list(copied), expects=found.version)]


async def end_hold(wire: Wire, user_id: str, now: datetime, next_due: Callable[[User], datetime | None]) -> bool:
    """End a hold after a review; what was flagged stays out of all messages."""

    async def write() -> bool:
        user, kept = await wire.get((USERS, user_id), (STATES, user_id))
        state = state_of(kept)
        if user is None or state.held_until is None:
            return False
        free = replace(state, held_until=None)
        due = to_ms(next_due(user_of(user, state)))
        flags = [
            Write(collection=FLAGS, id=flag.id, fields={"reviewedAt": to_ms(now)}, mask=["reviewedAt"], expects=True)
            for flag in await wire.query(queries.FLAGS_OF, user_id)
            if flag.fields["reviewedAt"] is None
        ]
        await wire.commit(
            [
                change_user(user_id, user.version, due=due),
                free.write(user_id),
                *await _in_occasion(wire, free),
                *flags,
            ]
        )
        return True

    return await again(write)
