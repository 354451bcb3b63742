"""What the host app does with its users and their texts: single acts on the real service, each noted in what is known.

Before anything changes what a user wants, the messages sent so far are judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from tests.databases import sql
from tests.machine import audit, holds, kept
from tests.machine.known import Known, Person, Wish
from tests.machine.stage import Stage

from reflecta.application.importing import Import, Line, Record
from reflecta.domain.errors import NotFound
from reflecta.domain.model import Entry, Feedback, Insight, Insights, User
from reflecta.domain.prompt import Question

# Nobody who is known has this id.
STRANGER: Final = "stranger"
_CLAIMED: Final = (
    "SELECT regular_due_at FROM occasions WHERE user_id = :user AND state IN ('queued', 'in_work') AND NOT forced"
)


@dataclass(slots=True)
class Host:
    """The app in front of the service, on one stage."""

    stage: Stage
    known: Known

    @property
    def now(self) -> datetime:
        return self.stage.clock.now()

    async def snapshot(self) -> audit.Snapshot:
        whole = bool(self.known.dead_canaries)
        return await sql(self.stage.service.store).database.read(lambda c: audit.read(c, whole=whole))

    async def scalars(self, statement: str, **values: object) -> list[Any]:
        store = sql(self.stage.service.store)
        return await store.database.read(lambda c: list(c.scalars(sa.text(statement), values)))

    async def note(self) -> None:
        seen = await self.snapshot()
        audit.note_messages(self.known, seen)
        holds.note_flagged(self.known, seen)
        kept.note_attempts(self.known, seen)

    async def due_of(self, person: Person) -> datetime | None:
        dues = await self.scalars("SELECT next_due_at FROM users WHERE id = :user", user=person.id)
        return audit.at(dues[0]) if dues and dues[0] is not None else None

    # Users

    async def add(self, wish: Wish) -> None:
        known = self.known
        user_id = next(name for name in "uvwxyz" if name not in known.people)
        known.lives[user_id] += 1
        person = Person(id=user_id, life=known.lives[user_id], wish=wish)
        await self.stage.service.ingest.upsert_users([person.as_user()])
        known.people[user_id] = person
        await self.write(person)

    async def edit(self, person: Person, wish: Wish) -> None:
        await self._wants(person, wish)
        await self.stage.service.ingest.upsert_users([person.as_user()])
        await self._edited(person)

    async def switch(self, person: Person) -> None:
        await self.edit(person, replace(person.wish, enabled=not person.wish.enabled))

    async def erase(self, person: Person) -> None:
        known = self.known
        await self.note()
        await self.stage.service.ingest.erase_user(person.id)
        del known.people[person.id]
        known.dead_canaries.add(person.canary)
        known.feedback = {key: rating for key, rating in known.feedback.items() if known.is_sent_to_living(key[0])}

    async def import_again(self, person: Person, wish: Wish, given: datetime | None, *, reschedule: bool) -> None:
        """Import a file that tells of one user once more, and of somebody whom nobody knows."""
        stored, was = await self.due_of(person), person.wish
        await self._wants(person, wish)
        user = replace(person.as_user(), next_due_at=given)
        entry, insights = self._entry(person), self._insights(person)
        await self._import([entry, user, Insights(user_id=STRANGER), insights], reschedule=reschedule)
        person.entries[entry.id] = True
        await self._edited(person)
        due = await self.due_of(person)
        if wish.is_on and not _is_right(due, stored, given, is_same=was.hours == wish.hours, reschedule=reschedule):
            self.known.complain(f"{person.id} was due at {stored}, was given {given} and is due at {due}")

    async def _import(self, records: Sequence[Record], *, reschedule: bool) -> None:
        """Import one line of each kind and a bad one."""

        def parse(raw: bytes) -> Line:
            record = records[int(raw)]
            return Line(is_user=isinstance(record, User), read=lambda: record)

        lines = [(number, str(number).encode()) for number in range(len(records))]
        use = Import(ingest=self.stage.service.ingest, telemetry=self.stage.telemetry, parse=parse)
        done = await use.run(lambda: iter(lines), reschedule=reschedule)
        if (done.users, done.entries, done.insights, done.bad_lines) != (1, 1, 1, 1):
            self.known.complain(f"of one line of each kind and a bad one were imported {done}")

    async def _wants(self, person: Person, wish: Wish) -> None:
        await self.note()
        person.wish, person.before, person.edited_in_step = wish, person.wish, self.known.step

    async def _edited(self, person: Person) -> None:
        person.awaits_tick = person.awaits_tick or not person.wish.is_on
        due = await self.due_of(person)
        claimed = [audit.at(regular) for regular in await self.scalars(_CLAIMED, user=person.id) if regular is not None]
        # Nobody can tell it from what the claim wrote where both are the same.
        person.edited_due = due if due not in claimed and not self.known.at_once else None

    # Their texts

    async def write(self, person: Person, *, blank: bool = False) -> None:
        entry = self._entry(person, blank=blank)
        if not await self.stage.service.ingest.upsert_entries([entry]):
            person.entries[entry.id] = not blank

    def _entry(self, person: Person, *, blank: bool = False) -> Entry:
        self.known.entries_written += 1
        return person.an_entry(self.known.entries_written, self.now, blank=blank)

    async def delete_entry(self, person: Person, which: int = 0) -> None:
        if not person.entries:
            return
        entry = list(person.entries)[which]
        await self.stage.service.ingest.delete_entry(entry)
        person.entries.pop(entry)
        person.deleted_in_step = self.known.step

    async def give_insights(self, person: Person) -> None:
        if refused := await self.stage.service.ingest.upsert_insights([self._insights(person)]):
            self.known.complain(f"insights were refused: {refused}")

    def _insights(self, person: Person) -> Insights:
        self.known.entries_written += 1
        person.insight = f"{person.canary} of late, {self.known.entries_written}"
        focus = Insight(headline=person.insight, updated_at=self.now)
        return Insights(user_id=person.id, main_focus=focus, updated_at=self.now)

    async def react(self, pick: int, kind: str, rating: int | None) -> None:
        """Say what was done with a message, be its user erased or not; or with one that nobody sent."""
        message = [*self.known.sent, f"message-to-{STRANGER}"][pick % (len(self.known.sent) + 1)]
        is_known = self.known.is_sent_to_living(message)
        feedback = Feedback(message_id=message, kind=kind, rating=rating)
        try:
            await self.stage.service.ingest.add_feedback(feedback)
        except NotFound:
            if is_known:
                self.known.complain(f"feedback on {message} was refused")
            return
        if not is_known:
            self.known.complain(f"feedback on {message} was taken, which was sent to nobody who is there")
        self.known.feedback[message, kind] = rating

    def see_what_is_read(self, question: Question) -> None:
        """Hold what a writer is told against what the app knows."""
        context, known = question.context, self.known
        person = known.people.get(context.user_id)
        if person is None or known.at_once:
            return
        if {note.entry_id for note in context.notes} != person.written - person.flagged:
            read = [note.entry_id for note in context.notes]
            known.complain(f"the writer reads {read} of {person.written} without {person.flagged}")
        focus = context.insights.get("mainFocus")
        if (focus.headline if focus else None) != person.insight:
            known.complain(f"the writer is told {focus}, the app said {person.insight}")
        told = {(m.id, said.kind): said.rating for m in context.messages for said in m.feedback}
        messages = {message.id for message in context.messages}
        if told != {key: rating for key, rating in known.feedback.items() if key[0] in messages}:
            known.complain(f"the writer is told {told} of the feedback {known.feedback}")


def _is_right(
    due: datetime | None, stored: datetime | None, given: datetime | None, *, is_same: bool, reschedule: bool
) -> bool:
    """Say whether an import left the due time that it should: the given, the stored, or one of its own."""
    if stored is None or (reschedule and given is not None):
        return due == given
    if is_same and not reschedule:
        return due == stored
    return due is not None
