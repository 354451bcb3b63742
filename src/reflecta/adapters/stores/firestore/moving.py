"""What a copy from one store to another asks, of what this service wrote and of what another system did before it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.ledger import explain
from reflecta.adapters.stores.firestore.legacy import is_legacy, legacy_fields, legacy_id, to_legacy
from reflecta.adapters.stores.firestore.part import FirestorePart, again, all_of
from reflecta.adapters.stores.firestore.people import State, change_user, from_ms, state_of, to_ms
from reflecta.adapters.stores.firestore.queries import DELIVERIES, FLAGS, MESSAGES, OCCASIONS, STATES
from reflecta.adapters.stores.firestore.records import (
    FEEDBACK,
    attempt_fields,
    attempt_id,
    delivery_fields,
    feedback_fields,
    fingerprint,
    flag_fields,
    occasion_fields,
    screening_fields,
    spending,
    to_entry,
)
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Write
from reflecta.application.ports.legacy import LEGACY
from reflecta.application.ports.store import Explanation, KeptContext, StoredFlag
from reflecta.domain.model import Entry, Flag, FlagSource, ScreenedSign, User
from reflecta.domain.schedule import local_date
from reflecta.domain.zones import canonical_name

# A user's occasions and messages are read whole: some hundred a year.
_MOST: Final = 1_000
_UNKNOWN_ZONE: Final = "UTC"


class MoveFirestore(FirestorePart):
    """What `MoveStore` asks beyond `HostStore`, over Firestore."""

    async def entries_of(self, user_id: str, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        """See the port. What cannot be read as an entry at all is left out."""
        start: Sequence[object] = (after,) if after else ()
        found: list[Entry] = []
        while not found:
            page = await self.wire.query(queries.ENTRIES_OF_BY_ID, user_id, limit=limit, after=start)
            found = [entry for entry in map(to_entry, page) if entry is not None]
            if len(page) < limit:
                break
            start = (page[-1].id,)
        return found

    async def history(self, user_id: str, *, after: str = "", limit: int = 100) -> Sequence[Explanation]:
        """See the port."""
        ours = [one.id for one in await self._all(queries.OCCASIONS_OF, user_id) if not one.fields["isOpen"]]
        written = {legacy_id(one.id): one for one in await self._all(queries.MESSAGES_OF, user_id) if is_legacy(one)}
        ids = sorted(id_ for id_ in (*ours, *written) if id_ > after)[:limit]
        found = await all_of(self._explained(id_, written.get(id_)) for id_ in ids)
        return [one for one in found if one is not None]

    async def _explained(self, id_: str, legacy: Snapshot | None) -> Explanation | None:
        return to_legacy(legacy) if legacy is not None else await explain(self.wire, id_)

    async def _all(self, query: queries.Query, user_id: str) -> Sequence[Snapshot]:
        return [one async for page in self.wire.pages(query, user_id, size=_MOST) for one in page]

    async def flags_of(self, user_id: str | None) -> Sequence[StoredFlag]:
        """See the port."""
        return sorted(map(_to_flag, await self.wire.query(queries.FLAGS_OF, user_id)), key=lambda flag: flag.id)

    async def keep_state(self, user: User) -> None:
        """See the port."""

        async def keep() -> None:
            (kept,) = await self.wire.get((STATES, user.id))
            state = state_of(kept)
            new = State(
                failures=user.failures,
                held_until=user.held_until,
                flagged_entries=user.flagged_entries,
                open_occasion=state.open_occasion,
                dates=state.dates,
                version=state.version,
            )
            if new != state:
                await self.wire.commit([new.write(user.id), change_user(user.id, expects=True)])

        await again(keep)

    async def keep_history(self, explanations: Sequence[Explanation]) -> int:
        """See the port."""
        are_new = await all_of(self._keep(one) for one in explanations)
        dates = defaultdict[str, set[str]](set)
        for told in explanations:
            if told.sent_at is not None:
                zone = canonical_name(told.occasion.timezone) or _UNKNOWN_ZONE
                dates[told.occasion.user_id].add(local_date(told.sent_at, zone).isoformat())
        await all_of(self._keep_dates(user, days) for user, days in dates.items())
        return sum(are_new)

    async def _keep_dates(self, user_id: str, days: set[str]) -> None:
        """Keep that these dates bear a message, for the promise of one a date."""

        async def keep() -> None:
            (kept,) = await self.wire.get((STATES, user_id))
            state = state_of(kept)
            new = state.with_dates(days)
            if new != state:
                await self.wire.commit([new.write(user_id), change_user(user_id, expects=True)])

        await again(keep)

    async def _keep(self, kept: Explanation) -> bool:
        """Write one occasion with all that is kept of it; False where it is there. Of its context, a fingerprint."""
        id_ = kept.occasion.id
        if kept.context is not None:
            kept = replace(kept, context=fingerprint(KeptContext(text=kept.context)))
        if id_.startswith(LEGACY):
            return await self._keep_legacy(kept)
        fields = _ended_fields(kept)
        writes = [Write(collection=OCCASIONS, id=id_, fields=fields, expects=False)]
        for attempt in kept.attempts:
            is_sent = kept.message_id is not None and attempt is kept.attempts[-1]
            document = attempt_fields(kept, attempt)
            if is_sent:
                document[FEEDBACK] = feedback_fields(kept.feedback)
            place = cast("str", kept.message_id) if is_sent else attempt_id(id_, attempt.number)
            writes.append(Write(collection=MESSAGES, id=place, fields=document))
        sent_at = kept.sent_at or kept.occasion.due_at
        writes += [
            Write(
                collection=DELIVERIES,
                id=one.id,
                fields=delivery_fields(one, sent_at, forced=kept.occasion.forced),
            )
            for one in kept.deliveries
        ]
        try:
            await self.wire.commit(writes)
        except Lost:
            return False
        return True

    async def _keep_legacy(self, kept: Explanation) -> bool:
        """Write what another system wrote as that system did, where it is not there any more."""
        place = kept.occasion.id.removeprefix(LEGACY)
        try:
            await self.wire.commit([Write(collection=MESSAGES, id=place, fields=legacy_fields(kept), expects=False)])
        except Lost:
            return False
        return True

    async def keep_flags(self, flags: Sequence[StoredFlag]) -> int:
        """See the port."""
        return sum(await all_of(self._keep_flag(flag) for flag in flags))

    async def _keep_flag(self, stored: StoredFlag) -> bool:
        fields = {
            **flag_fields(stored.flag, user_id=stored.user_id, occasion_id=stored.occasion_id),
            "reviewedAt": to_ms(stored.reviewed_at),
        }
        try:
            await self.wire.commit([Write(collection=FLAGS, id=stored.id, fields=fields, expects=False)])
        except Lost:
            return False
        return True


def _ended_fields(kept: Explanation) -> Fields:
    occasion = kept.occasion
    fields: dict[str, object] = {
        **occasion_fields(occasion),
        "tries": occasion.tries,
        "startedAt": to_ms(occasion.started_at),
        "attempts": max((attempt.number for attempt in kept.attempts), default=0),
    }
    if kept.screening is not None and kept.screening_call is not None:
        fields |= {
            **screening_fields(kept.screening, kept.screening_call),
            **spending(fields, 0, [kept.screening_call]),
        }
    for attempt in kept.attempts:
        fields |= spending(fields, attempt.number, attempt.calls)
    return fields


def _to_flag(one: Snapshot) -> StoredFlag:
    row = one.fields
    at, until = from_ms(row["at"]), from_ms(row["heldUntil"])
    assert at is not None and until is not None  # noqa: S101, PT018 - every flag has them
    return StoredFlag(
        id=one.id,
        flag=Flag(
            sign=ScreenedSign(row["sign"]),
            source=FlagSource(row["source"]),
            rule=cast("str | None", row["rule"]),
            at=at,
            held_until=until,
        ),
        user_id=cast("str | None", row["userId"]),
        occasion_id=cast("str | None", row["occasionId"]),
        reviewed_at=from_ms(row["reviewedAt"]),
    )
