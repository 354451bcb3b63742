"""What the host app's data comes in and goes out by, beside the app's own reading and writing of its collections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.erasing import erase, finish_erasure
from reflecta.adapters.stores.firestore.flagging import end_hold, hold
from reflecta.adapters.stores.firestore.part import FirestorePart, again, all_of
from reflecta.adapters.stores.firestore.people import (
    State,
    change_user,
    state_of,
    to_ms,
    user_of,
    user_write,
    wants_pushes,
)
from reflecta.adapters.stores.firestore.queries import DELIVERIES, ENTRIES, INSIGHTS, MESSAGES, OCCASIONS, STATES, USERS
from reflecta.adapters.stores.firestore.reading import count_entries, newest_insights
from reflecta.adapters.stores.firestore.records import (
    FEEDBACK,
    ended,
    entry_fields,
    feedback_fields,
    feedback_place,
    insights_fields,
    to_entry,
)
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Write
from reflecta.application.ports.store import UserChange
from reflecta.domain.model import (
    DeliveryState,
    Entry,
    Feedback,
    Flag,
    Insights,
    OccasionState,
    User,
)

Change = Callable[[User, User | None], UserChange]

_UNKNOWN_USER: Final = "user {!r} is not known; send the user first"
_SWITCHED_OFF: Final = "switched off before it could leave"


class HostFirestore(FirestorePart):
    """`HostStore` over Firestore."""

    async def upsert_users(self, users: Sequence[User], *, now: datetime, change: Change) -> None:
        """See the port. Each user is a commit of their own; nothing is written before every change is decided."""
        newest = {user.id: user for user in users}
        read = await self._both(list(newest))
        decided = [change(user, stored_as(*read[user.id])) for user in newest.values()]
        await all_of(self._upsert(changed, read[changed.user.id], now, change, newest) for changed in decided)

    async def _upsert(
        self,
        changed: UserChange,
        read: tuple[Snapshot | None, Snapshot | None],
        now: datetime,
        change: Change,
        given: Mapping[str, User],
    ) -> None:
        """Write one user; who was written to meanwhile is decided on anew."""
        user_id = changed.user.id
        first: tuple[UserChange, tuple[Snapshot | None, Snapshot | None]] | None = (changed, read)

        async def write() -> None:
            nonlocal first
            if first is not None:
                (decided, (user, kept)), first = first, None
            else:
                user, kept = (await self._both([user_id]))[user_id]
                decided = change(given[user_id], stored_as(user, kept))
            if state_of(kept).is_erased:
                await finish_erasure(self.wire, user_id)
                raise Lost("an erasure was under way")
            writes = [user_write(_kept(decided.user, user), user), *await self._cancelling(decided, kept, now)]
            if kept is None and decided.user.failures:  # brought in from another store
                writes.append(State(failures=decided.user.failures).write(user_id))
            await self.wire.commit(writes)
            if user is not None and wants_pushes(user.fields) and not _wants(decided.user):
                await self._cancel_pushes(user_id, now)

        await again(write)

    async def _both(self, user_ids: Sequence[str]) -> dict[str, tuple[Snapshot | None, Snapshot | None]]:
        """Read users with what is kept of them."""
        read = await self.wire.get(*((USERS, user) for user in user_ids), *((STATES, user) for user in user_ids))
        pairs = zip(read[: len(user_ids)], read[len(user_ids) :], strict=True)
        return dict(zip(user_ids, pairs, strict=True))

    async def _cancelling(self, decided: UserChange, kept: Snapshot | None, now: datetime) -> Sequence[Write]:
        """Write that an occasion nobody has begun is cancelled, where the change asks for it."""
        state = state_of(kept)
        if decided.cancel is None or state.open_occasion is None:
            return ()
        (found,) = await self.wire.get((OCCASIONS, state.open_occasion))
        if found is None or found.fields["state"] != OccasionState.QUEUED.value or found.fields["forced"]:
            return ()
        over = ended(OccasionState.CANCELLED, decided.cancel, now)
        end = Write(collection=OCCASIONS, id=found.id, fields=over, mask=list(over), expects=found.version)
        return [end, state.closed(decided.user.id)]

    async def _cancel_pushes(self, user_id: str, now: datetime) -> None:
        """Keep back what has not left yet; the message itself stays in the journal."""
        fields = {"state": DeliveryState.CANCELLED.value, "detail": _SWITCHED_OFF, "updatedAt": to_ms(now)}
        pending = [
            one
            for one in await self.wire.query(queries.DELIVERIES_OF, user_id)
            if one.fields["state"] == DeliveryState.PENDING.value
        ]
        await all_of(self._cancel_push(one, fields) for one in pending)

    async def _cancel_push(self, found: Snapshot, fields: Fields) -> None:
        try:
            await self.wire.commit(
                [Write(collection=DELIVERIES, id=found.id, fields=fields, mask=list(fields), expects=found.version)]
            )
        except Lost:
            return  # it leaves this moment

    async def upsert_entries(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        """See the port."""
        newest = {entry.id: entry for entry in entries}

        async def write() -> Mapping[str, str]:
            owners = list({entry.user_id for entry in newest.values()})
            read = await self.wire.get(*((USERS, user) for user in owners), *((ENTRIES, id_) for id_ in newest))
            known = {user.id for user in read[: len(owners)] if user is not None}
            stored = dict(zip(newest, read[len(owners) :], strict=True))
            refused = {
                entry.id: reason for entry in newest.values() if (reason := _refusal(entry, known, stored[entry.id]))
            }
            taken = [entry for entry in newest.values() if entry.id not in refused]
            await all_of(self._write_entry(entry, stored[entry.id]) for entry in taken)
            return refused

        return await again(write)

    async def _write_entry(self, entry: Entry, stored: Snapshot | None) -> None:
        document = entry_fields(entry)
        if stored is not None and stored.fields.get("linkedCoachingMessageId"):
            document["linkedCoachingMessageId"] = stored.fields["linkedCoachingMessageId"]
        # Only while the user is there: an erasure is not to be overtaken.
        await self.wire.commit(
            [
                Write(
                    collection=ENTRIES,
                    id=entry.id,
                    fields=document,
                    mask=list(document) if stored is not None else None,
                    expects=stored.version if stored is not None else False,
                ),
                change_user(entry.user_id, expects=True),
            ]
        )

    async def upsert_insights(self, insights: Sequence[Insights]) -> Mapping[str, str]:
        """See the port."""
        newest = {item.user_id: item for item in insights}

        async def write() -> Mapping[str, str]:
            users = await self.wire.get(*((USERS, user) for user in newest))
            known = {user.id for user in users if user is not None}
            await all_of(self._write_insights(item) for user, item in newest.items() if user in known)
            return {user: _UNKNOWN_USER.format(user) for user in newest if user not in known}

        return await again(write)

    async def _write_insights(self, insights: Insights) -> None:
        """Write insights where the user's are: an app may keep them under an id of its own."""
        found = await self.wire.query(queries.INSIGHTS_NEWEST, insights.user_id, limit=1)
        place = found[0].id if found else insights.user_id
        document = insights_fields(insights)
        await self.wire.commit(
            [
                Write(collection=INSIGHTS, id=place, fields=document),
                change_user(insights.user_id, expects=True),
            ]
        )

    async def delete_entry(self, entry_id: str) -> bool:
        """See the port. Of contexts only fingerprints are kept here."""
        try:
            await self.wire.commit([Write(collection=ENTRIES, id=entry_id, fields=None, expects=True)])
        except Lost:
            return False
        return True

    async def erase_user(self, user_id: str, *, now: datetime) -> bool:
        """See the port."""
        return await erase(self.wire, user_id, now)

    async def user(self, user_id: str) -> User | None:
        """See the port."""
        user, kept = await self.wire.get((USERS, user_id), (STATES, user_id))
        if user is None:
            return None
        return replace(user_of(user, state_of(kept)), entry_count=await count_entries(self.wire, user.id))

    async def users(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """See the port. A list does not count entries: that is three requests a user."""
        return await self.with_states(
            await self.wire.query(queries.USERS_ALL, limit=limit, after=(after,) if after else ())
        )

    async def with_states(self, page: Sequence[Snapshot]) -> Sequence[User]:
        """Give users with what is kept of them."""
        kept = await self.wire.get(*((STATES, user.id) for user in page))
        return [user_of(user, state_of(state)) for user, state in zip(page, kept, strict=True)]

    async def entry(self, entry_id: str) -> Entry | None:
        """See the port."""
        (found,) = await self.wire.get((ENTRIES, entry_id))
        return to_entry(found) if found is not None else None

    async def insights(self, user_id: str) -> Insights | None:
        """See the port."""
        return await newest_insights(self.wire, user_id)

    async def hold(self, user_id: str, flag: Flag) -> bool:
        """See the port."""
        return await hold(self.wire, user_id, flag)

    async def release_hold(self, user_id: str, *, now: datetime, next_due: Callable[[User], datetime | None]) -> bool:
        """See the port."""
        return await end_hold(self.wire, user_id, now, next_due)

    async def add_feedback(self, feedback: Feedback) -> bool:
        """See the port."""
        try:
            await self.wire.commit(
                [
                    Write(
                        collection=MESSAGES,
                        id=feedback.message_id,
                        fields={FEEDBACK: feedback_fields([feedback])},
                        mask=[f"{FEEDBACK}.{feedback_place(feedback.kind)}"],
                        expects=True,
                    )
                ]
            )
        except Lost:
            return False
        return True


def stored_as(user: Snapshot | None, kept: Snapshot | None) -> User | None:
    """Give a user as stored, without a count of entries."""
    return user_of(user, state_of(kept)) if user is not None else None


def _kept(given: User, stored: Snapshot | None) -> User:
    """Keep when messages went out, unless the change says so."""
    if stored is None:
        return given
    known = user_of(stored, state_of(None))
    push = given.push if given.push.last_sent_at else replace(given.push, last_sent_at=known.push.last_sent_at)
    return replace(given, last_sent_at=given.last_sent_at or known.last_sent_at, push=push)


def _wants(user: User) -> bool:
    return user.preferences.enabled and user.push.enabled


def _refusal(entry: Entry, known: set[str], stored: Snapshot | None) -> str:
    if entry.user_id not in known:
        return _UNKNOWN_USER.format(entry.user_id)
    if stored is not None and stored.fields.get("uid") != entry.user_id:
        return f"entry {entry.id!r} belongs to another user; entry ids are unique across users"
    return ""
