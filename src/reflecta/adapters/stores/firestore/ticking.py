"""What a tick asks: who has no due time, who is due, claims by one commit for each user, the sweep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.erasing import finish_erasures
from reflecta.adapters.stores.firestore.part import FirestorePart, all_of
from reflecta.adapters.stores.firestore.people import (
    REMOVED,
    State,
    change_user,
    due_of,
    from_ms,
    is_on,
    slot_of,
    state_in,
    state_of,
    to_ms,
)
from reflecta.adapters.stores.firestore.queries import OCCASIONS, STATES, TICKS, USERS
from reflecta.adapters.stores.firestore.records import ended, occasion_fields, to_occasion
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Write
from reflecta.application.ports.store import Claimed, ClaimPlan, Slot, Swept, TickRecord
from reflecta.domain.model import Occasion, OccasionState, Reason, occasion_id

Plan = Callable[[Slot], ClaimPlan]

# Where others do the work, nobody takes these up.
_MOST_REMEMBERED: Final = 5_000
# What a claim became: the occasion it made, if any, and where it stands in the answer.
_QUEUED, _DEFERRED, _FAILED, _NOTHING = "queued", "deferred", "failed", "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A due user with what is kept of them and what is planned; *plan* None: the zone is unknown."""

    user: Snapshot
    state: State
    slot: Slot
    plan: ClaimPlan | None

    @property
    def occasion(self) -> str:
        """Give the id of the occasion."""
        assert self.slot.due_at is not None  # noqa: S101 - only who is due is a candidate
        return occasion_id(self.slot.user_id, self.slot.due_at)


class TickFirestore(FirestorePart):
    """`TickStore` over Firestore. The users without a due time are `BackfillFirestore`'s."""

    def __init__(self) -> None:
        # What the last page of due users was read as: a claim need not read them again.
        self._page: dict[str, Snapshot] = {}

    async def due(self, until: datetime, limit: int, *, after: Slot | None = None) -> Sequence[Slot]:
        """See the port."""
        start = (to_ms(after.due_at), after.user_id) if after is not None else ()
        page = await self.wire.query(queries.USERS_DUE, True, to_ms(until), limit=limit, after=start)
        self._page = {snapshot.id: snapshot for snapshot in page}
        return [slot_of(snapshot) for snapshot in page]

    async def claim(self, user_ids: Sequence[str], *, until: datetime, now: datetime, plan: Plan) -> Claimed:
        """See the port.

        One commit for each user: the due time and what is kept of them, if both are still as they were read, and the
        new occasion. Who lost a race is read again, once; an app that writes its users all day starves nobody.
        """
        if len(self.claimed) > _MOST_REMEMBERED:
            self.claimed.clear()
        ids = list(dict.fromkeys(user_ids))
        candidates = await self._candidates(ids, {user: self._page.pop(user, None) for user in ids}, until, plan)
        outcomes = await all_of(self._claim_one(candidate, until, now, plan) for candidate in candidates)
        found = dict(zip([candidate.user.id for candidate in candidates], outcomes, strict=True))

        def those(kind: str) -> list[str]:
            return [found[user][1] for user in ids if user in found and found[user][0] == kind]

        queued = those(_QUEUED)
        return Claimed(queued=queued, to_enqueue=queued, deferred=those(_DEFERRED), failed=those(_FAILED))

    async def _candidates(
        self, ids: Sequence[str], known: Mapping[str, Snapshot | None], until: datetime, plan: Plan
    ) -> Sequence[_Candidate]:
        """Read what is not known yet, and plan for those who are due. Nothing is written before all is planned."""
        places = [(STATES, user) for user in ids] + [(USERS, user) for user in ids if known[user] is None]
        read = await self.wire.get(*places)
        states = read[: len(ids)]
        users = {**known, **{snapshot.id: snapshot for snapshot in read[len(ids) :] if snapshot is not None}}
        found: list[_Candidate] = []
        for user_id, kept in zip(ids, states, strict=True):
            user = users[user_id]
            if user is not None and (candidate := _planned(user, state_of(kept), until, plan)) is not None:
                found.append(candidate)
        return found

    async def _claim_one(self, candidate: _Candidate, until: datetime, now: datetime, plan: Plan) -> tuple[str, str]:
        try:
            return await self._write_claim(candidate, now)
        except Lost:
            pass
        user_id = candidate.user.id
        # The occasion may be there already: then only the due time moves.
        found, kept, other = await self.wire.get((USERS, user_id), (STATES, user_id), (OCCASIONS, candidate.occasion))
        if found is None:
            return _NOTHING, user_id
        fresh = _planned(found, state_of(kept), until, plan)
        if fresh is None:
            return _NOTHING, user_id
        try:
            return await self._write_claim(fresh, now, is_there=other is not None)
        except Lost:
            return _NOTHING, user_id  # due as before: the next tick finds them

    async def _write_claim(self, candidate: _Candidate, now: datetime, *, is_there: bool = False) -> tuple[str, str]:
        user, state, plan = candidate.user, candidate.state, candidate.plan
        if plan is None:
            await self.wire.commit([change_user(user.id, user.version, due=REMOVED)])
            return _FAILED, user.id
        moved = change_user(user.id, user.version, due=to_ms(plan.next_due_at))
        is_blocked = plan.reason is None and state.open_occasion is not None
        if is_there or is_blocked:
            await self.wire.commit([moved])
            return _NOTHING, user.id
        occasion = _occasion(candidate, plan, now)
        new = Write(
            collection=OCCASIONS,
            id=occasion.id,
            fields={**occasion_fields(occasion), **state.copied()},
            expects=False,
        )
        if plan.reason is not None:
            await self.wire.commit([moved, new])
            return _DEFERRED, occasion.id
        opened = replace(state, open_occasion=occasion.id).write(user.id)
        _, version, _ = await self.wire.commit([moved, new, opened])
        self.claimed[occasion.id] = Snapshot(occasion.id, new.fields or {}, version)
        return _QUEUED, occasion.id

    async def sweep(self, now: datetime, *, limit: int, next_due: Callable[[Slot, datetime], datetime]) -> Swept:
        """See the port."""
        await finish_erasures(self.wire)
        at = to_ms(now)
        closed, lost = await all_of(
            [
                self.wire.query(queries.OCCASIONS_CLOSED, True, at, limit=limit),
                self.wire.query(queries.OCCASIONS_LOST, OccasionState.IN_WORK.value, at, limit=limit),
            ]
        )
        over = [found for found in closed if _is_free(found.fields, now)]
        are_expired = await all_of(self._expire(found, now, next_due) for found in over)
        await all_of(self._take_back(found) for found in lost if not _has_closed(found.fields, now))
        waiting = await self.wire.query(queries.OCCASIONS_WAITING, OccasionState.QUEUED.value, limit=limit)
        return Swept(
            waiting=[found.id for found in waiting if _may_start(found.fields, now)],
            expired=[found.id for found, is_expired in zip(over, are_expired, strict=True) if is_expired],
        )

    async def _take_back(self, found: Snapshot) -> None:
        back = {"state": OccasionState.QUEUED.value, "leaseToken": None, "leaseUntil": None}
        try:
            await self.wire.commit(
                [Write(collection=OCCASIONS, id=found.id, fields=back, mask=list(back), expects=found.version)]
            )
        except Lost:
            return  # being saved this moment: not lost

    async def _expire(self, found: Snapshot, now: datetime, next_due: Callable[[Slot, datetime], datetime]) -> bool:
        """End one occasion as expired; not one that somebody took into work meanwhile."""

        async def end() -> bool:
            occasion = to_occasion(found.id, found.fields)
            over = ended(OccasionState.EXPIRED, Reason.WINDOW_CLOSED, now)
            writes = [Write(collection=OCCASIONS, id=found.id, fields=over, mask=list(over), expects=found.version)]
            (user,) = await self.wire.get((USERS, occasion.user_id))
            writes.append(state_in(found.fields).closed(occasion.user_id))
            if user is not None and is_on(user.fields) and due_of(user.fields) == occasion.regular_due_at:
                due = _next_due_or_nothing(slot_of(user), occasion.due_at, next_due)
                writes.append(change_user(user.id, user.version, due=due))
            await self.wire.commit(writes)
            return True

        for _ in range(2):
            try:
                return await end()
            except Lost:
                (again_,) = await self.wire.get((OCCASIONS, found.id))
                if again_ is None or again_.version != found.version:
                    return False
        return False

    async def record_tick(self, record: TickRecord) -> None:
        """See the port."""
        fields: Fields = {
            "at": to_ms(record.at),
            "usersDue": record.users_due,
            "usersBootstrapped": record.users_bootstrapped,
            "jobsCreated": record.jobs_created,
            "usersRescheduled": record.users_rescheduled,
            "errors": record.errors,
            "seconds": record.seconds,
        }
        await self.wire.commit([Write(collection=TICKS, id=str(to_ms(record.at)), fields=fields)])

    async def last_tick(self) -> TickRecord | None:
        """See the port."""
        for found in await self.wire.query(queries.TICKS_NEWEST, limit=1):
            at = from_ms(found.fields["at"])
            assert at is not None  # noqa: S101 - every record has one
            numbers = {name: int(str(found.fields[name])) for name in _COUNTS}
            return TickRecord(
                at=at,
                users_due=numbers["usersDue"],
                users_bootstrapped=numbers["usersBootstrapped"],
                jobs_created=numbers["jobsCreated"],
                users_rescheduled=numbers["usersRescheduled"],
                errors=numbers["errors"],
                seconds=float(str(found.fields["seconds"])),
            )
        return None


_COUNTS: Final = ("usersDue", "usersBootstrapped", "jobsCreated", "usersRescheduled", "errors")


def _planned(user: Snapshot, state: State, until: datetime, plan: Plan) -> _Candidate | None:
    """Plan for a user; None where they are not due any more. Errors of the plan itself are the caller's."""
    due = due_of(user.fields)
    if not is_on(user.fields) or due is None or due > until:
        return None
    slot = slot_of(user, has_open_occasion=state.open_occasion is not None)
    try:
        return _Candidate(user=user, state=state, slot=slot, plan=plan(slot))
    except KeyError:
        return _Candidate(user=user, state=state, slot=slot, plan=None)


def _occasion(candidate: _Candidate, plan: ClaimPlan, now: datetime) -> Occasion:
    slot = candidate.slot
    assert slot.due_at is not None  # noqa: S101 - only who is due is a candidate
    return Occasion(
        id=candidate.occasion,
        user_id=slot.user_id,
        due_at=slot.due_at,
        state=OccasionState.DEFERRED if plan.reason else OccasionState.QUEUED,
        created_at=now,
        timezone=slot.zone,
        window=slot.window,
        window_ends_at=plan.window_ends_at,
        regular_due_at=plan.next_due_at,
        reason=plan.reason,
        ended_at=now if plan.reason else None,
    )


def _has_closed(fields: Fields, now: datetime) -> bool:
    closes = from_ms(fields.get("windowEndsAt"))
    return closes is not None and closes <= now


def _is_free(fields: Fields, now: datetime) -> bool:
    """Say whether nobody works on an open occasion."""
    until = from_ms(fields.get("leaseUntil"))
    return fields.get("state") == OccasionState.QUEUED.value or (until is not None and until <= now)


def _may_start(fields: Fields, now: datetime) -> bool:
    start = from_ms(fields.get("notBefore"))
    return start is None or start <= now


def _next_due_or_nothing(slot: Slot, due: datetime, next_due: Callable[[Slot, datetime], datetime]) -> object:
    """Give no due time where the zone is unknown, as a claim does: one user must not stop the sweep for all."""
    try:
        return to_ms(next_due(slot, due))
    except KeyError:
        return REMOVED
