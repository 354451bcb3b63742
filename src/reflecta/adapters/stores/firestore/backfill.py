"""Finds the users who have no due time: written as null, or never written at all.

No query finds a missing field. Users who lack it are found by walking over all who are switched on, once a day and a
stretch a tick, from where the last walk ended, also after a restart; between two walks by what changed since.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from reflecta.adapters.documents import read_instant
from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.part import FirestorePart, all_of
from reflecta.adapters.stores.firestore.people import change_user, due_of, is_on, slot_of, to_ms
from reflecta.adapters.stores.firestore.queries import PROGRESS, USERS
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Write
from reflecta.application.ports import Clock
from reflecta.application.ports.store import Slot

WALK_EVERY: Final = timedelta(days=1)
# Of a walk, so many pages a tick: 5,000 users with the tick's pages of 500.
PAGES_A_TICK: Final = 10
_NAME: Final = "backfill"


class BackfillFirestore(FirestorePart):
    """`TickStore.unscheduled` and `set_first_due` over Firestore."""

    clock: Clock

    def __init__(self) -> None:
        self._unscheduled_pages: AsyncIterator[Sequence[Slot]] | None = None
        self._found: dict[str, Snapshot] = {}

    async def unscheduled(self, limit: int, *, after: str = "") -> Sequence[Slot]:
        """See the port. The pages of one tick belong together: *after* only says whether one begins."""
        if not after or self._unscheduled_pages is None:
            self._unscheduled_pages = self._unscheduled(limit, after)
        async for page in self._unscheduled_pages:
            if page:
                return page
        self._unscheduled_pages = None
        return []

    async def _unscheduled(self, limit: int, after: str) -> AsyncIterator[Sequence[Slot]]:
        start: Sequence[object] = (after,) if after else ()
        while page := await self.wire.query(queries.USERS_OF_NULL_DUE, True, None, limit=limit, after=start):
            yield self._slots(page)
            if len(page) < limit:
                break
            start = (page[-1].id,)
        (found,) = await self.wire.get((PROGRESS, _NAME))
        progress = dict(found.fields) if found is not None else {}
        async for slots in self._changed(limit, progress):
            yield slots
        async for slots in self._walked(limit, progress):
            yield slots

    async def _changed(self, limit: int, progress: dict[str, object]) -> AsyncIterator[Sequence[Slot]]:
        """Go through what the app changed since the last time."""
        since, after = progress.get("changedSince"), ()
        if not isinstance(since, datetime):
            progress["changedSince"] = self.clock.now()
            return
        while page := await self.wire.query(queries.USERS_CHANGED, True, since, limit=limit, after=after):
            yield self._slots(await self._mended(page))
            newest = page[-1].fields["updatedAt"]
            if progress.get("changedSince") != newest:
                progress["changedSince"] = newest
                await self._remember(progress)
            if len(page) < limit:
                return
            after = (newest, page[-1].id)

    async def _walked(self, limit: int, progress: dict[str, object]) -> AsyncIterator[Sequence[Slot]]:
        """Go on with the walk, or begin the day's."""
        now, ended_at = self.clock.now(), progress.get("endedAt")
        if isinstance(ended_at, datetime) and now < ended_at + WALK_EVERY:
            return
        after = progress.get("after")
        for _ in range(PAGES_A_TICK):
            page = await self.wire.query(queries.USERS_ON, True, limit=limit, after=(after,) if after else ())
            yield self._slots(await self._mended(page))
            # Only now, that the page was worked through, the walk goes on after it.
            after = page[-1].id if len(page) == limit else None
            progress["after"] = after
            progress["endedAt"] = now if after is None else None
            await self._remember(progress)
            if after is None:
                return

    async def _remember(self, progress: Fields) -> None:
        await self.wire.commit([Write(collection=PROGRESS, id=_NAME, fields=progress)])

    async def _mended(self, page: Sequence[Snapshot]) -> Sequence[Snapshot]:
        """Give those without a due time; what the app wrote as a date or a text becomes the number that it means."""
        odd = [
            user
            for user in page
            if user.fields.get("nextCoachingMessageDue") is not None and due_of(user.fields) is None
        ]
        await all_of(self._mend(user) for user in odd)
        return [user for user in page if "nextCoachingMessageDue" not in user.fields]

    async def _mend(self, user: Snapshot) -> None:
        try:
            due = to_ms(read_instant(user.fields["nextCoachingMessageDue"]))
        except ValueError:
            due = None  # no instant at all: found as null in the next tick
        try:
            await self.wire.commit([change_user(user.id, user.version, due=due)])
        except Lost:
            return

    def _slots(self, page: Sequence[Snapshot]) -> Sequence[Slot]:
        slots = [slot for slot in map(slot_of, page) if slot.zone]
        known = {slot.user_id for slot in slots}
        self._found = {user.id: user for user in page if user.id in known}
        return slots

    async def set_first_due(self, dues: Mapping[str, datetime]) -> int:
        """See the port."""
        known = self._found
        unread = [(USERS, user) for user in dues if user not in known]
        found = {user.id: user for user in await self.wire.get(*unread) if user is not None}
        users = {**known, **found}
        were_set = await all_of(self._set_first(users[user], due) for user, due in dues.items() if user in users)
        return sum(were_set)

    async def _set_first(self, user: Snapshot, due: datetime) -> bool:
        for found in (user, None):
            snapshot = found or (await self.wire.get((USERS, user.id)))[0]
            if snapshot is None or not is_on(snapshot.fields) or due_of(snapshot.fields) is not None:
                return False
            try:
                await self.wire.commit([change_user(snapshot.id, snapshot.version, due=to_ms(due))])
            except Lost:
                continue
            return True
        return False
