"""What one occasion in work asks: lease, journal, what a call brought, the one commit that ends it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.finishing import End, with_attempt
from reflecta.adapters.stores.firestore.part import FirestorePart, again, all_of
from reflecta.adapters.stores.firestore.people import (
    State,
    change_user,
    from_ms,
    state_in,
    state_of,
    to_ms,
    user_of,
)
from reflecta.adapters.stores.firestore.queries import MESSAGES, OCCASIONS, STATES, USERS
from reflecta.adapters.stores.firestore.reading import (
    attempts_of,
    count_entries,
    newest_entries,
    newest_insights,
    newest_messages,
)
from reflecta.adapters.stores.firestore.records import (
    attempt_id,
    attempt_write,
    occasion_fields,
    screening_fields,
    spending,
    to_attempt,
    to_occasion,
    to_screening,
)
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Snapshot, Write
from reflecta.application.ports.store import Ending, Journal, KeptContext, Work
from reflecta.domain.errors import Conflict, LeaseLost, NotFound
from reflecta.domain.model import Attempt, Call, Occasion, OccasionState, Outcome, Reason, Screening

# 'in' compares with so many values.
_MOST_COMPARED: Final = 30


@dataclass(slots=True, kw_only=True)
class _Held:
    """An occasion under lease in this process, as it was last written or read, with its user.

    What is written on it is written one after the other: a renewal would otherwise lose against a save.
    """

    occasion: Snapshot
    user: Snapshot | None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def noun(self) -> Occasion:
        """Give the occasion."""
        return to_occasion(self.occasion.id, self.occasion.fields)

    @property
    def state(self) -> State:
        """Give what is kept of the user; nobody else changes it while their occasion is open."""
        return state_in(self.occasion.fields)

    def change(self, fields: Fields) -> Write:
        """Write some of the occasion's fields, if it is still as it was read."""
        return Write(
            collection=OCCASIONS,
            id=self.occasion.id,
            fields=fields,
            mask=list(fields),
            expects=self.occasion.version,
        )

    def changed(self, fields: Fields, version: tuple[int, int]) -> None:
        """Take up what was written."""
        self.occasion = Snapshot(self.occasion.id, {**self.occasion.fields, **fields}, version)


# What is to be written on an occasion in work: its own fields, and the rest.
_Changes = tuple[Fields, Sequence[Write]]


class ProcessFirestore(FirestorePart):
    """`ProcessStore` over Firestore."""

    def __init__(self) -> None:
        self._leases: dict[str, _Held] = {}

    async def lease(
        self, occasion_id: str, *, token: str, now: datetime, until: datetime, local_date: Callable[[str], date]
    ) -> Work | None:
        """See the port."""

        async def take() -> _Held | None:
            found = self.claimed.pop(occasion_id, None)
            if found is None:
                (found,) = await self.wire.get((OCCASIONS, occasion_id))
            if found is None or not _is_to_be_had(found.fields, now):
                return None
            (user,) = await self.wire.get((USERS, str(found.fields["userId"])))
            held = _Held(occasion=found, user=user)
            fields = {
                "state": OccasionState.IN_WORK.value,
                "leaseToken": token,
                "leaseUntil": to_ms(until),
                "startedAt": found.fields["startedAt"] or to_ms(now),
            }
            (version,) = await self.wire.commit([held.change(fields)])
            held.changed(fields, version)
            return held

        held = await again(take)
        if held is None:
            return None
        self._leases[token] = held
        state = held.state
        user = user_of(held.user, state) if held.user is not None else None
        has_attempts = bool(held.occasion.fields["attempts"])
        return Work(
            occasion=held.noun,
            user=user,
            attempts=await attempts_of(self.wire, occasion_id) if has_attempts else (),
            screening=to_screening(held.occasion.fields),
            sent_today=held.user is not None
            and user is not None
            and user.timezone is not None
            and state.bears(local_date(user.timezone).isoformat(), held.user.fields),
        )

    async def renew(self, tokens: Sequence[str], *, until: datetime) -> None:
        """See the port."""
        unknown = [token for token in tokens if token not in self._leases]
        for start in range(0, len(unknown), _MOST_COMPARED):
            part = unknown[start : start + _MOST_COMPARED]
            for found in await self.wire.query(queries.OCCASIONS_OF_LEASES, part):
                self._leases[str(found.fields["leaseToken"])] = _Held(occasion=found, user=None)
        await all_of(self._renew(token, until) for token in tokens)

    async def _renew(self, token: str, until: datetime) -> None:
        held = self._leases.get(token)
        if held is None:  # it is nobody's any more, or its work has just ended
            return
        with suppress(LeaseLost):
            await self._write(held.occasion.id, token, lambda _: ({"leaseUntil": to_ms(until)}, ()))

    async def stands(self, occasion_id: str, *, token: str) -> bool:
        """See the port."""
        (found,) = await self.wire.get((OCCASIONS, occasion_id))
        return found is not None and _is_held(found, token)

    async def journal(self, user_id: str, *, entries: int, messages: int) -> Journal:
        """See the port."""
        (written, are_all), insights, past = await asyncio.gather(
            newest_entries(self.wire, user_id, entries),
            newest_insights(self.wire, user_id),
            newest_messages(self.wire, user_id, messages),
        )
        return Journal(
            entries=[replace(entry, content="", images=()) for entry in written],
            insights=insights,
            messages=past,
            entry_count=len(written) if are_all else await count_entries(self.wire, user_id),
        )

    async def save_attempt(
        self, occasion_id: str, attempt: Attempt, *, token: str, context: KeptContext | None = None
    ) -> None:
        """See the port. Of the context its fingerprint is kept."""

        def save(held: _Held) -> _Changes:
            fields = with_attempt(held.occasion, attempt, context)
            return fields, [attempt_write(occasion_id, {**held.occasion.fields, **fields}, attempt)]

        await self._write(occasion_id, token, save)

    async def save_screening(self, occasion_id: str, screening: Screening, call: Call, *, token: str) -> None:
        """See the port."""

        def save(held: _Held) -> _Changes:
            return {**screening_fields(screening, call), **spending(held.occasion.fields, 0, [call])}, ()

        await self._write(occasion_id, token, save)

    async def retry_later(self, occasion_id: str, *, token: str, at: datetime, detail: str) -> None:
        """See the port."""

        def put_back(held: _Held) -> _Changes:
            tries = held.noun.tries + 1
            return {**_QUEUED, "tries": tries, "notBefore": to_ms(at), "detail": detail}, ()

        await self._write(occasion_id, token, put_back)
        self._leases.pop(token, None)

    async def release(self, occasion_id: str, *, token: str) -> None:
        """See the port."""
        await self._write(occasion_id, token, lambda _: (_QUEUED, ()))
        self._leases.pop(token, None)

    async def finish(self, occasion_id: str, ending: Ending, *, token: str) -> tuple[Outcome, Reason | None]:
        """See the port. One commit, which holds only if occasion and user are as they were when this was decided."""
        told: list[tuple[Outcome, Reason | None]] = []
        chosen = await self._chosen(occasion_id, ending)

        def finish(held: _Held) -> _Changes:
            end = End(occasion=held.occasion, user=held.user, ending=ending, chosen=chosen)
            told.append(end.outcome)
            return end.fields, end.writes()

        await self._write(occasion_id, token, finish)
        self._leases.pop(token, None)
        return told[-1]

    async def _chosen(self, occasion_id: str, ending: Ending) -> Attempt | None:
        """Give the attempt that is to be sent: the last one, or one that was saved before."""
        if ending.sending is None:
            return None
        number = ending.sending.attempt
        if ending.attempt is not None and ending.attempt.number == number:
            return ending.attempt
        (found,) = await self.wire.get((MESSAGES, attempt_id(occasion_id, number)))
        return to_attempt(found.fields) if found is not None else Attempt(number=number, created_at=ending.now)

    async def _write(self, occasion_id: str, token: str, change: Callable[[_Held], _Changes]) -> None:
        """Write on an occasion in work and whatever goes with it, in one commit; LeaseLost without the lease."""
        held = self._leases.get(token)
        if held is not None and held.occasion.id != occasion_id:
            raise _lost(occasion_id)
        is_fresh = held is None
        if held is None:
            held = self._leases[token] = await self._read_occasion(occasion_id)
        async with held.lock:

            async def write() -> None:
                nonlocal is_fresh
                if not is_fresh:
                    is_fresh = True  # only the first try goes by what is remembered
                else:
                    await self._refresh(held)
                _require(held, token)
                fields, writes = change(held)
                version, *_ = await self.wire.commit([held.change(fields), *writes])
                held.changed(fields, version)

            try:
                await again(write)
            except LeaseLost:
                self._leases.pop(token, None)
                raise

    async def _read_occasion(self, occasion_id: str) -> _Held:
        (found,) = await self.wire.get((OCCASIONS, occasion_id))
        if found is None:
            raise _lost(occasion_id)
        return _Held(occasion=found, user=None)

    async def _refresh(self, held: _Held) -> None:
        user_id = str(held.occasion.fields["userId"])
        occasion, user = await self.wire.get((OCCASIONS, held.occasion.id), (USERS, user_id))
        if occasion is None:
            raise _lost(held.occasion.id)
        held.occasion, held.user = occasion, user

    async def force(self, occasion: Occasion) -> None:
        """See the port."""

        async def queue() -> None:
            user_id = occasion.user_id
            user, kept, other = await self.wire.get((USERS, user_id), (STATES, user_id), (OCCASIONS, occasion.id))
            if user is None:
                raise NotFound(f"user {user_id!r} is not known")
            state = state_of(kept)
            if state.open_occasion is not None or other is not None:
                raise Conflict(f"user {user_id!r} has an open occasion; wait until it has ended")
            copied = state.copied()
            new = Write(
                collection=OCCASIONS, id=occasion.id, fields={**occasion_fields(occasion), **copied}, expects=False
            )
            await self.wire.commit(
                [
                    new,
                    replace(state, open_occasion=occasion.id).write(user_id),
                    change_user(user_id, expects=True),
                ]
            )

        await again(queue)

    async def open_occasion(self, user_id: str) -> Occasion | None:
        """See the port."""
        (kept,) = await self.wire.get((STATES, user_id))
        open_id = state_of(kept).open_occasion
        if open_id is None:
            return None
        (found,) = await self.wire.get((OCCASIONS, open_id))
        occasion = to_occasion(found.id, found.fields) if found is not None else None
        return occasion if occasion is not None and occasion.state.is_open else None


_QUEUED: Final[Fields] = {"state": OccasionState.QUEUED.value, "leaseToken": None, "leaseUntil": None}


def _lost(occasion_id: str) -> LeaseLost:
    return LeaseLost(f"occasion {occasion_id} is no longer leased to this worker")


def _require(held: _Held, token: str) -> None:
    if not _is_held(held.occasion, token):
        raise _lost(held.occasion.id)


def _is_held(occasion: Snapshot, token: str) -> bool:
    fields = occasion.fields
    return fields.get("state") == OccasionState.IN_WORK.value and fields.get("leaseToken") == token


def _is_to_be_had(fields: Fields, now: datetime) -> bool:
    """Say whether an occasion may be taken into work."""
    match fields["state"]:
        case OccasionState.QUEUED.value:
            start = from_ms(fields.get("notBefore"))
            return start is None or start <= now
        case OccasionState.IN_WORK.value:
            until = from_ms(fields.get("leaseUntil"))
            return until is not None and until <= now
        case _:
            return False
