"""Deliveries on their way out: each is given to one caller, because it is marked before it is given."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.part import FirestorePart, again, all_of
from reflecta.adapters.stores.firestore.people import change_user, from_ms, to_ms, tokens_of, wants_pushes
from reflecta.adapters.stores.firestore.queries import DELIVERIES, USERS
from reflecta.adapters.stores.firestore.records import to_delivery
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Write
from reflecta.application.ports.store import Settled
from reflecta.domain.model import Delivery, DeliveryState

_PENDING: Final = DeliveryState.PENDING.value
_SENDING: Final = DeliveryState.SENDING.value
_ACCEPTED: Final = DeliveryState.ACCEPTED.value
_MOST_INTERRUPTED: Final = 300


class OutboxFirestore(FirestorePart):
    """`OutboxStore` over Firestore."""

    async def take_deliveries(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        at = to_ms(now)
        interrupted = await self.wire.query(
            queries.DELIVERIES_INTERRUPTED, channel, _SENDING, at, limit=_MOST_INTERRUPTED
        )
        # Whoever marked these is gone: the push may have left, so it is shown and never repeated.
        lost: Fields = {
            "state": DeliveryState.UNKNOWN.value,
            "detail": "interrupted while sending",
            "sendingUntil": None,
            "updatedAt": at,
        }
        await self._change_all([(one, lost) for one in interrupted])
        while True:
            ready = await self.wire.query(queries.DELIVERIES_READY, channel, _PENDING, at, limit=limit)
            late = [one for one in ready if _has_expired(one.fields, now)]
            closed: Fields = {
                "state": DeliveryState.EXPIRED.value,
                "detail": "the window closed before it could leave",
                "updatedAt": at,
            }
            await self._change_all([(one, closed) for one in late])
            if not late:
                break
        marks = [(one, _marked(one.fields, until, at)) for one in ready]
        changed = await self._change_all(marks)
        return [to_delivery(one.id, {**one.fields, **fields}) for one, fields in marks if one.id in changed]

    async def _change_all(self, changes: Sequence[tuple[Snapshot, Fields]]) -> set[str]:
        """Change deliveries that are still as they were read; give those that were."""
        if not changes:
            return set()
        try:
            await self.wire.commit([_change(one, fields) for one, fields in changes])
        except Lost:
            if len(changes) == 1:
                return set()
            found = await all_of(self._change_all([change]) for change in changes)
            return {id_ for ids in found for id_ in ids}
        return {one.id for one, _ in changes}

    async def settle(self, settled: Sequence[Settled]) -> None:
        """See the port. In one commit; where a result or a user was written to meanwhile, each for itself."""
        if not settled:
            return
        try:
            await self._settle(settled)
        except Lost:
            await all_of(again(lambda item=item: self._settle([item])) for item in settled)

    async def _settle(self, settled: Sequence[Settled]) -> None:
        found = await self.wire.get(*((DELIVERIES, item.delivery_id) for item in settled))
        pairs = [(item, one) for item, one in zip(settled, found, strict=True) if one is not None]
        owners = {str(one.fields["userId"]) for item, one in pairs if _concerns_user(item)}
        users = dict(zip(owners, await self.wire.get(*((USERS, owner) for owner in owners)), strict=True))
        writes: list[Write] = []
        dropped: dict[str, set[str]] = {}
        for item, one in pairs:
            user = users.get(str(one.fields["userId"]))
            if one.fields["state"] in {_SENDING, _ACCEPTED}:
                writes.append(_change(one, _result(item, one.fields, user)))
            if item.drop_address and user is not None:
                dropped.setdefault(user.id, set()).add(str(one.fields["address"]))
        for user in filter(None, users.values()):
            gone = dropped.get(user.id, set())
            left = [token for token in tokens_of(user.fields) if token not in gone]
            writes.append(change_user(user.id, user.version, **({"tokens": left} if gone else {})))
        await self.wire.commit(writes)

    async def take_tickets(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        found = await self.wire.query(queries.DELIVERIES_TICKETED, channel, _ACCEPTED, to_ms(now), limit=limit)
        changed = await self._change_all([(one, {"receiptDueAt": to_ms(until)}) for one in found])
        return [to_delivery(one.id, one.fields) for one in found if one.id in changed]

    async def next_delivery_at(self, channel: str) -> datetime | None:
        """See the port."""
        for found in await self.wire.query(queries.DELIVERIES_NEXT, channel, _PENDING, limit=1):
            return from_ms(found.fields["nextTryAt"])
        return None


def _change(found: Snapshot, fields: Fields) -> Write:
    return Write(collection=DELIVERIES, id=found.id, fields=fields, mask=list(fields), expects=found.version)


def _has_expired(fields: Fields, now: datetime) -> bool:
    until = from_ms(fields["expiresAt"])
    return until is not None and until <= now


def _marked(fields: Fields, until: datetime, at: int | None) -> Fields:
    tries = cast("int", fields["tries"]) + 1
    return {"state": _SENDING, "sendingUntil": to_ms(until), "tries": tries, "updatedAt": at}


def _concerns_user(item: Settled) -> bool:
    """Say whether a result changes a user, or depends on what they want."""
    return item.drop_address or item.state is DeliveryState.PENDING


def _result(item: Settled, fields: Fields, user: Snapshot | None) -> Fields:
    """Give what a result makes of a delivery: what is to be tried again stays away from who has switched off."""
    if item.state is not DeliveryState.PENDING or user is None:
        return _settled(item, fields)
    return _settled(item, fields) if wants_pushes(user.fields, forced=bool(fields["forced"])) else _unwanted(item)


def _settled(item: Settled, fields: Fields) -> Fields:
    accepted = item.now if item.state is DeliveryState.ACCEPTED else None
    return {
        "state": item.state.value,
        "ticket": item.ticket if item.ticket is not None else fields["ticket"],
        "detail": item.detail,
        "nextTryAt": to_ms(item.next_try_at),
        "receiptDueAt": to_ms(item.receipt_due_at),
        "sendingUntil": None,
        "acceptedAt": fields["acceptedAt"] if fields["acceptedAt"] is not None else to_ms(accepted),
        "updatedAt": to_ms(item.now),
    }


def _unwanted(item: Settled) -> Fields:
    return {
        "state": DeliveryState.CANCELLED.value,
        "detail": "switched off before it could leave",
        "sendingUntil": None,
        "updatedAt": to_ms(item.now),
    }
