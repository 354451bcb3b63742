"""Reads back what `context.render` wrote, so that a stored context can be written and judged from again.

Times of day are not rendered but for 'now': what is read back stands at noon of its date.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final, TypeVar, cast

from reflecta.domain.context import UNKNOWN, Context, day
from reflecta.domain.errors import InvalidInput
from reflecta.domain.memory import Contrast, Excerpt, Memory, Person, earlier_notes, rebind
from reflecta.domain.model import (
    ChallengeDegree,
    Feedback,
    Insight,
    MessageType,
    PastMessage,
    Preferences,
    Source,
    ToneDegree,
)
from reflecta.domain.note import Note
from reflecta.domain.schedule import instant
from reflecta.domain.zones import NAMES, zone

INSIGHTS: Final = frozenset({"mainFocus", "keyBlockers", "plan"})

_Json = Mapping[str, object]
_Enum = TypeVar("_Enum", bound=StrEnum)


def parse(text: str, *, user_id: str) -> Context:
    """Read a rendered context; InvalidInput names the first field that is none of its.

    What is not rendered is not read: the user's id is an argument, past messages are numbered, newest first.
    """
    document = _Fields(_loaded(text), "context")
    name = document.text("zone")
    if name not in NAMES:
        raise InvalidInput("context.zone", "no IANA time zone")
    try:
        return _context(document, name, user_id)
    except OverflowError:  # the first and the last day of the calendar, in some zones
        raise InvalidInput("context", "a date is out of range") from None


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # Not chained: the error quotes the text.
        raise InvalidInput("context", "not JSON") from None


def _context(document: "_Fields", zone_name: str, user_id: str) -> Context:
    person = document.inner("person")
    age_band = person.text("ageBand")
    notes = tuple(_note(entry, zone_name, entry.text("text")) for entry in document.objects("entries"))
    memory = _memory(document, zone_name) if document.has("commitments") else None
    earlier = earlier_notes(memory, {note.entry_id for note in notes}) if memory is not None else ()
    if memory is not None:
        memory = rebind(memory, {note.entry_id: note for note in (*notes, *earlier)})
    return Context(
        user_id=user_id,
        now=_now(document.text("now"), zone_name),
        zone=zone_name,
        preferences=Preferences(
            challenge=person.one_of("challengeDegree", ChallengeDegree), tone=person.one_of("toneDegree", ToneDegree)
        ),
        first_name=person.text_or_none("firstName"),
        language=person.text_or_none("language"),
        age_band=None if age_band == UNKNOWN else age_band,
        occupations=tuple(person.texts("occupations")),
        entry_count=person.number("entriesWritten"),
        notes=notes,
        insights=_insights(document.inner("insights")),
        messages=tuple(
            _message(number, message, zone_name) for number, message in enumerate(document.objects("pastMessages"), 1)
        ),
        earlier=earlier,
        memory=memory,
    )


def _now(written: str, zone_name: str) -> datetime:
    said, _, clock = written.rpartition(" ")
    try:
        at = time.fromisoformat(clock)
    except ValueError:
        raise InvalidInput("context.now", "no time of day") from None
    return datetime.combine(_date(said, "context.now"), at.replace(tzinfo=None), tzinfo=zone(zone_name))


def _date(written: str, path: str) -> date:
    """Read 'Tuesday 2026-05-05'."""
    try:
        read = date.fromisoformat(written.rpartition(" ")[2])
    except ValueError:
        raise InvalidInput(path, "no date with its weekday") from None
    if day(datetime.combine(read, time())) != written:
        raise InvalidInput(path, "no date with its weekday")
    return read


def _noon(on: date, zone_name: str) -> datetime:
    return instant(on, time(12), zone_name)


def _note(entry: "_Fields", zone_name: str, text: str) -> Note:
    on = _date(entry.text("date"), f"{entry.path}.date")
    return Note(
        entry_id=entry.text("entryId"),
        written_at=_noon(on, zone_name).astimezone(zone(zone_name)),
        days_ago=entry.number("daysAgo"),
        text=text,
    )


def _memory(document: "_Fields", zone_name: str) -> Memory:
    def excerpt(given: _Fields) -> Excerpt:
        quote = given.text("quote")
        return Excerpt(note=_note(given, zone_name, quote), quote=quote)

    return Memory(
        commitments=tuple(map(excerpt, document.objects("commitments"))),
        people=tuple(Person(name=p.text("name"), excerpt=excerpt(p)) for p in document.objects("people")),
        contrasts=tuple(
            Contrast(older=excerpt(c.inner("older")), newer=excerpt(c.inner("newer")))
            for c in document.objects("contrasts")
        ),
    )


def _insights(given: "_Fields") -> Mapping[str, Insight]:
    if unknown := given.names - INSIGHTS:
        raise InvalidInput(given.path, f"{len(unknown)} unknown insight(s)")
    return {name: _insight(given.inner(name)) for name in given.ordered}


def _insight(given: "_Fields") -> Insight:
    return Insight(
        headline=given.text("headline"),
        description=given.text("description"),
        sources=tuple(Source(quote=quote) for quote in given.texts("quotes")),
    )


def _message(number: int, given: "_Fields", zone_name: str) -> PastMessage:
    message_id = f"past-{number}"
    return PastMessage(
        id=message_id,
        type=given.one_of("type", MessageType),
        text=given.text("text"),
        sent_at=_noon(_date(given.text("date"), f"{given.path}.date"), zone_name).astimezone(UTC),
        feedback=tuple(Feedback(message_id=message_id, kind=kind) for kind in given.texts("feedback")),
    )


class _Fields:
    """The fields of one JSON object at a *path*; what is not of the kind asked for raises InvalidInput."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise InvalidInput(path, "not an object")
        self._given = cast("_Json", value)
        self.path = path

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._given)

    @property
    def ordered(self) -> Sequence[str]:
        return tuple(self._given)

    def has(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str) -> str:
        value = self._given.get(name)
        if not isinstance(value, str):
            raise InvalidInput(f"{self.path}.{name}", "no text")
        return value

    def text_or_none(self, name: str) -> str | None:
        return None if self._given.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        value = self._given.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidInput(f"{self.path}.{name}", "not a whole number")
        return value

    def one_of(self, name: str, kind: type[_Enum]) -> _Enum:
        try:
            return kind(self.text(name))
        except ValueError:
            raise InvalidInput(f"{self.path}.{name}", f"none of {', '.join(kind)}") from None

    def texts(self, name: str) -> Sequence[str]:
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise InvalidInput(f"{self.path}.{name}", "not all of it is text")
        return cast("Sequence[str]", values)

    def inner(self, name: str) -> "_Fields":
        return _Fields(self._given.get(name), f"{self.path}.{name}")

    def objects(self, name: str) -> Sequence["_Fields"]:
        return [_Fields(value, f"{self.path}.{name}[{number}]") for number, value in enumerate(self._list(name))]

    def _list(self, name: str) -> Sequence[object]:
        value = self._given.get(name)
        if not isinstance(value, list):
            raise InvalidInput(f"{self.path}.{name}", "not a list")
        return cast("list[object]", value)
