"""What the move from another system asks: the users as that system left them, and what it sent."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from reflecta.adapters.documents import read_instant
from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.legacy import is_legacy, written_at
from reflecta.adapters.stores.firestore.part import FirestorePart, all_of
from reflecta.adapters.stores.firestore.people import (
    change_user,
    due_of,
    from_ms,
    given_zone,
    has_clear_wishes,
    is_on,
    slot_of,
    to_ms,
)
from reflecta.adapters.stores.firestore.queries import DUE, PROGRESS, USERS
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Lost, Snapshot, Write
from reflecta.application.ports.legacy import DueForm, SentMessage, Surveyed
from reflecta.application.ports.store import Slot

_CUT_OVER: Final = "cutOver"
_PAGE: Final = 300
_TRIES: Final = 2
# Nothing is dated later than this after what is asked for; it keeps seconds and milliseconds apart.
_AHEAD: Final = timedelta(days=3660)


class SurveyFirestore(FirestorePart):
    """What `LegacyStore` asks beyond `Store`, over Firestore."""

    async def survey(self, *, after: str = "", limit: int = 500) -> Sequence[Surveyed]:
        """See the port."""
        page = await self.wire.query(queries.USERS_ALL, limit=limit, after=(after,) if after else ())
        return [_surveyed(user) for user in page]

    async def move_dues(self, moves: Sequence[tuple[Slot, datetime]]) -> int:
        """See the port."""
        return sum(await all_of(self._move_due(slot, due) for slot, due in moves))

    async def _move_due(self, slot: Slot, due: datetime) -> bool:
        for _ in range(_TRIES):
            (user,) = await self.wire.get((USERS, slot.user_id))
            if user is None or not is_on(user.fields) or _read_due(user.fields)[1] != slot.due_at:
                return False
            try:
                await self.wire.commit([change_user(user.id, user.version, due=to_ms(due))])
            except Lost:
                continue
            return True
        return False

    async def messages_since(self, since: datetime) -> Sequence[SentMessage]:
        """See the port. Another system may have written when as a timestamp, in milliseconds, in seconds or as text."""
        until, milliseconds = since + _AHEAD, cast("int", to_ms(since))
        seconds, later = milliseconds // 1000, cast("int", to_ms(until))
        spans = [(since, until), (milliseconds, later), (seconds, later // 1000), (_iso(since), _iso(until))]
        found = [one for start, end in spans async for one in self._sent_between(start, end)]
        return [
            SentMessage(
                id=one.id,
                user_id=str(one.fields.get("uid") or ""),
                sent_at=written_at(one.fields),
                occasion_id=None if is_legacy(one) else str(one.fields["occasionId"]),
            )
            for one in found
        ]

    async def _sent_between(self, start: object, end: object) -> AsyncIterator[Snapshot]:
        after: Sequence[object] = ()
        while page := await self.wire.query(queries.MESSAGES_SENT, True, start, end, limit=_PAGE, after=after):
            for one in page:
                yield one
            if len(page) < _PAGE:
                return
            after = (page[-1].fields["createdAt"], page[-1].id)

    async def cut_over_at(self) -> datetime | None:
        """See the port."""
        (found,) = await self.wire.get((PROGRESS, _CUT_OVER))
        return from_ms(found.fields["at"]) if found is not None else None

    async def note_cut_over(self, at: datetime) -> None:
        """See the port."""
        try:
            await self.wire.commit([Write(collection=PROGRESS, id=_CUT_OVER, fields={"at": to_ms(at)}, expects=False)])
        except Lost:
            return


def _surveyed(user: Snapshot) -> Surveyed:
    form, due = _read_due(user.fields)
    slot = slot_of(user)
    return Surveyed(
        slot=Slot(user_id=slot.user_id, zone=slot.zone, window=slot.window, cadence=slot.cadence, due_at=due),
        is_on=is_on(user.fields),
        given_zone=given_zone(user.fields),
        has_clear_wishes=has_clear_wishes(user.fields),
        due_form=form,
    )


def _read_due(fields: Fields) -> tuple[DueForm, datetime | None]:
    """Give how a due time is written, and which instant is meant."""
    if DUE not in fields:
        return DueForm.MISSING, None
    if fields[DUE] is None:
        return DueForm.NULL, None
    due = due_of(fields)
    if due is not None:
        return DueForm.NUMBER, due
    try:
        return DueForm.DATE, read_instant(fields[DUE])
    except ValueError:
        return DueForm.UNREADABLE, None


def _iso(at: datetime) -> str:
    """Give an instant as texts of instants are compared: by their letters."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
