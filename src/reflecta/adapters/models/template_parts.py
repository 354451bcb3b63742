"""Reads the parts of a template file, and refuses what could not be sent as it stands."""

import re
from collections import Counter
from dataclasses import fields
from typing import Final

from reflecta.adapters.tables import Fault, Table, one_of, refuse_unknown, text, texts
from reflecta.domain.model import COACHING_TYPES, MessageType, ToneDegree
from reflecta.domain.quoting import MAX_WORDS as MAX_QUOTE_WORDS
from reflecta.domain.text import comparable
from reflecta.domain.wording import SLOTS, Cues, DateWords, Labels, Template, fixed_words, slots_of

MAX_WORDS: Final = 110
MAX_PUSH_CHARS: Final = 100

# The most words a slot is filled with ('on Wednesday, 23 September'; a name has two words, seldom three).
_SLOT_WORDS: Final = {
    "date": 5,
    "date2": 5,
    "quote": MAX_QUOTE_WORDS,
    "quote2": MAX_QUOTE_WORDS,
    "days": 1,
    "name": 2,
}
# Slots that only one type is given the facts for.
_TYPE_OF_SLOT: Final = {
    "days": MessageType.ENCOURAGEMENT,
    "quote2": MessageType.PERSONAL_INSIGHT,
    "date2": MessageType.PERSONAL_INSIGHT,
}
_IN_QUOTES: Final = re.compile(r"“\{quote2?\}”|„\{quote2?\}“|«\s?\{quote2?\}\s?»")
_DATE_SLOTS: Final = {
    "weekday": {"weekday"},
    "date": {"weekday", "day", "month"},
    "date_with_year": {"day", "month", "year"},
    "day_and_month": {"day", "month"},
    "weeks": {"weeks"},
}
_DATE_LISTS: Final = {"weekdays": 7, "months": 12, "numbers": 12}
_LABEL_SLOTS: Final = {"from_entry": ["date"], "from_entries": ["dates"]}


def read_template(given: Table) -> Template:
    """Read one template; Fault says what cannot be sent."""
    refuse_unknown(given, {"type", "text", "push", "needs", "tone"})
    template = Template(
        type=MessageType(one_of(text(given, "type"), COACHING_TYPES, "type")),
        text=paragraphs(text(given, "text")),
        push_text=text(given, "push"),
        needs=frozenset(one_of(slot, SLOTS - {"name"}, "slot") for slot in texts(given, "needs")),
        tones=frozenset(ToneDegree(one_of(tone, ToneDegree, "tone")) for tone in texts(given, "tone", ())),
    )
    _check_slots(template)
    _check_length(template)
    return template


def paragraphs(given: str) -> str:
    """Join the lines of a paragraph; blank lines part paragraphs."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", given.strip()))


def _check_slots(template: Template) -> None:
    used = slots_of(template.text)
    for slot, times in Counter(used).items():
        one_of(slot, SLOTS, "slot")
        if times > 1:
            raise Fault(f"slot {slot!r} is used {times} times")
        if template.type is not _TYPE_OF_SLOT.get(slot, template.type):
            raise Fault(f"slot {slot!r} has facts in templates of type {_TYPE_OF_SLOT[slot].value!r} only")
    if undeclared := set(used) - {"name"} ^ template.needs:
        raise Fault(f"slots used in the text and listed in needs differ by {', '.join(sorted(undeclared))}")
    wanted = {"quote", "quote2"} if template.type is MessageType.PERSONAL_INSIGHT else {"quote"}
    if missing := wanted - set(used):
        raise Fault(f"slot {min(missing)!r} is missing; a message rests on the person's own words")
    if len(_IN_QUOTES.findall(template.text)) < len(wanted):
        raise Fault("a quotation does not stand in quotation marks (“{quote}”, „{quote}“ or «{quote}»)")
    if "name" in used and ", {name}" not in template.text:
        raise Fault("{name} does not follow a comma and a blank, with which it goes when there is no name")


def _check_length(template: Template) -> None:
    longest = len(fixed_words(template.text)) + sum(_SLOT_WORDS[slot] for slot in slots_of(template.text))
    if longest > MAX_WORDS:
        raise Fault(f"the text may reach {longest} words when filled; at most {MAX_WORDS} are allowed")
    check_push(template.push_text)


def check_push(push_text: str) -> None:
    """Refuse a push text that a lock screen would cut, or that could tell what a journal holds."""
    if len(push_text) > MAX_PUSH_CHARS:
        raise Fault(f"push has {len(push_text)} characters; at most {MAX_PUSH_CHARS} are allowed")
    if slots_of(push_text):
        raise Fault("push has a slot; it stands on a lock screen and gives nothing of the journal away")


def read_dates(table: Table) -> DateWords:
    """Read how the language says dates."""
    refuse_unknown(table, {field.name for field in fields(DateWords)})
    for name, slots in _DATE_SLOTS.items():
        if unknown := set(slots_of(text(table, name))) - slots:
            raise Fault(f"{name} has the unknown slot {min(unknown)!r}; known: {', '.join(sorted(slots))}")
    for name, length in _DATE_LISTS.items():
        if len(texts(table, name)) != length:
            raise Fault(f"{name} has {len(texts(table, name))} words; needed: {length}")
    return DateWords(
        today=text(table, "today"),
        yesterday=text(table, "yesterday"),
        weekday=text(table, "weekday"),
        date=text(table, "date"),
        date_with_year=text(table, "date_with_year"),
        day_and_month=text(table, "day_and_month"),
        weeks=text(table, "weeks"),
        weekdays=texts(table, "weekdays"),
        months=texts(table, "months"),
        numbers=texts(table, "numbers"),
        first_day=text(table, "first_day", "1"),
    )


def read_cues(table: Table) -> Cues:
    """Read the phrases, in the folded form in which sentences are searched for them."""
    refuse_unknown(table, {field.name for field in fields(Cues)})
    folded = {field.name: tuple(map(comparable, texts(table, field.name))) for field in fields(Cues)}
    return Cues(**folded)


def read_labels(table: Table) -> Labels:
    """Read what stands around a message."""
    names = {field.name: field.name.rstrip("_") for field in fields(Labels)}
    refuse_unknown(table, names.values())
    labels = {field: text(table, name) for field, name in names.items()}
    check_push(labels["push"])
    for field, label in labels.items():
        wanted = _LABEL_SLOTS.get(field, [])
        if slots_of(label) != wanted:
            raise Fault(f"{names[field]} has the slots {slots_of(label)}; needed: {wanted}")
    return Labels(**labels)
