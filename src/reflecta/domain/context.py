"""What a writer may know of a user: facts chosen from their journal, trimmed to a budget, rendered as data."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from json.encoder import encode_basestring
from typing import Final, cast

from reflecta.domain.feedback import is_unhelpful, reception
from reflecta.domain.memory import Excerpt, Memory, earlier_notes, language_of, rebind, recall
from reflecta.domain.model import Entry, Insight, Insights, PastMessage, Preferences, User
from reflecta.domain.note import Note
from reflecta.domain.schedule import local_time
from reflecta.domain.text import cut, sentences, words
from reflecta.domain.wording import Language, TemplateSet

# One long evening of writing must not push all other days out of the context.
MAX_ENTRY_CHARS: Final = 4000
MAX_MESSAGE_CHARS: Final = 800
# The guide's longest insight fields are a few sentences; an app that sends more must not burst the budget.
MAX_INSIGHT_CHARS: Final = 1000
MAX_INSIGHT_QUOTES: Final = 5
# A newcomer has too few entries for patterns over weeks (the guide's data starts to repeat below ten).
NEWCOMER_ENTRIES: Final = 10
# What memory may take of a context's tokens.
_MEMORY_SHARE: Final = 4
# Of a message that did not help: so much of its beginning and of its question is named as not to be tried again.
MAX_TRIED_CHARS: Final = 160

# How an unknown age is written.
UNKNOWN: Final = "unknown"

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


# No slots: what is read off a context more than once stays with it, and goes with it.
@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a message may be about. *now* is the user's wall clock; notes and messages newest first."""

    user_id: str
    now: datetime
    zone: str
    preferences: Preferences
    first_name: str | None
    language: str | None
    age_band: str | None
    occupations: tuple[str, ...]
    entry_count: int
    notes: tuple[Note, ...]
    insights: Mapping[str, Insight]
    messages: tuple[PastMessage, ...]
    earlier: tuple[Note, ...] = ()
    """Excerpts of entries older than the notes, newest first; their ids are others than those of the notes."""
    memory: Memory | None = None
    """What is brought to mind, of the *sources*; None where nobody looked for it."""
    spoken: str | None = None
    """The code of the language that the notes, or the person's own tag, are in; None where nobody looked."""

    def language_among(self, templates: TemplateSet) -> Language:
        """Give the language to write in."""
        known = templates.languages.get(self.spoken or "")
        return known or language_of(self.notes, self.language, templates)

    @cached_property
    def sources(self) -> Mapping[str, Note]:
        """Give all that may be quoted, by the entry's id."""
        return {note.entry_id: note for note in (*self.notes, *self.earlier)}

    @property
    def is_newcomer(self) -> bool:
        """Say whether there is too little history for patterns."""
        return self.entry_count < NEWCOMER_ENTRIES

    @cached_property
    def told(self) -> Sequence[Sequence[str]]:
        """Give the words of each past message."""
        return [words(message.text) for message in self.messages]

    @cached_property
    def rendered(self) -> str:
        """Give what `render` gives."""
        return as_data(_document(self))


def build_context(
    user: User,
    *,
    entries: Sequence[Entry],
    insights: Insights | None,
    messages: Sequence[PastMessage],
    now: datetime,
    zone: str,
    budget: int,
    templates: TemplateSet | None = None,
) -> Context:
    """Choose and trim what a writer gets to see; *budget* is in tokens, as `tokens` estimates them.

    With *templates*, whose languages have the cues, a quarter of the budget goes to what older entries bring to mind.
    """
    here = local_time(now, zone)
    newest_first = sorted(entries, key=lambda e: e.written_at, reverse=True)
    for_memory = budget // _MEMORY_SHARE if templates is not None else 0
    read = [_note(entry, here.date(), zone) for entry in newest_first]
    notes = tuple(_within(budget - for_memory, read))
    memory, earlier, spoken = None, (), None
    if templates is not None:
        language = language_of(notes, user.language, templates)
        spoken = language.code
        memory = recall(read, language.cues, budget=for_memory, tokens=tokens)
        earlier = earlier_notes(memory, {note.entry_id for note in notes})
        memory = rebind(memory, {note.entry_id: note for note in (*notes, *earlier)})
    return Context(
        user_id=user.id,
        now=here,
        zone=zone,
        preferences=user.preferences,
        first_name=user.first_name,
        language=user.language,
        age_band=user.age_band,
        occupations=user.onboarding.occupations,
        entry_count=user.entry_count,
        notes=notes,
        insights=_named(insights),
        messages=tuple(messages),
        earlier=earlier,
        memory=memory,
        spoken=spoken,
    )


def _note(entry: Entry, today: date, zone: str) -> Note:
    written_at = local_time(entry.written_at, zone)
    return Note(
        entry_id=entry.id,
        written_at=written_at,
        days_ago=(today - written_at.date()).days,
        text=cut(entry.text, MAX_ENTRY_CHARS),
    )


def _within(budget: int, notes: Iterable[Note]) -> Sequence[Note]:
    """Keep the newest notes that fit; the newest one always."""
    kept: list[Note] = []
    left = budget
    for note in notes:
        left -= tokens(note.text)
        if left < 0 and kept:
            break
        kept.append(note)
    return kept


def _named(insights: Insights | None) -> Mapping[str, Insight]:
    if insights is None:
        return {}
    given = {"mainFocus": insights.main_focus, "keyBlockers": insights.key_blockers, "plan": insights.plan}
    return {name: insight for name, insight in given.items() if insight is not None}


def tokens(text: str) -> int:
    """Estimate the tokens of a text: a quarter of its UTF-8 bytes, which errs high outside Latin scripts."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "ignore"))
    return size // 4 + 1


def render(context: Context) -> str:
    """Give the context as JSON text. Journal text stays data: it cannot close a tag or a quotation."""
    return context.rendered


def as_data(document: Mapping[str, object]) -> str:
    """Give a document as JSON text in which no text can close a string or a tag."""
    return _json(document, "\n").replace("<", "\\u003c")


def _json(value: object, margin: str) -> str:
    """Give what `json.dumps` gives with an indent of 1, in a third of its time; *margin* begins the lines of it."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return _object(cast("dict[str, object]", value), margin)
    if isinstance(value, list):
        return _array(cast("list[object]", value), margin)
    return str(value) if type(value) is int else json.dumps(value)


def _object(fields: Mapping[str, object], margin: str) -> str:
    inner = f"{margin} "
    written = [encode_basestring(v) if isinstance(v, str) else _json(v, inner) for v in fields.values()]
    return _frame(tuple(fields), margin) % tuple(written) if fields else "{}"


def _array(items: Sequence[object], margin: str) -> str:
    inner = f"{margin} "
    return "[" + inner + f",{inner}".join([_json(item, inner) for item in items]) + margin + "]" if items else "[]"


@lru_cache(maxsize=64)
def _frame(keys: tuple[str, ...], margin: str) -> str:
    """Give an object with a '%s' for each value: the same few field names come again and again."""
    fields = [encode_basestring(key).replace("%", "%%") + ": %s" for key in keys]
    return "{" + f"{margin} " + f",{margin} ".join(fields) + margin + "}"


def _document(context: Context) -> Mapping[str, object]:
    memory = context.memory
    return {
        "now": f"{day(context.now)} {context.now:%H:%M}",
        "zone": context.zone,
        "person": {
            "firstName": context.first_name,
            "occupations": list(context.occupations),
            "language": context.language,
            "ageBand": context.age_band or UNKNOWN,
            "challengeDegree": context.preferences.challenge,
            "toneDegree": context.preferences.tone,
            "entriesWritten": context.entry_count,
        },
        "insights": {name: _insight(insight) for name, insight in context.insights.items()},
        "entries": [
            {"entryId": n.entry_id, "date": day(n.written_at), "daysAgo": n.days_ago, "text": n.text}
            for n in context.notes
        ],
        **(_remembered(memory) if memory is not None else {}),
        "pastMessages": [_past(message, context) for message in context.messages],
        "notToTry": [_tried(message) for message in context.messages if is_unhelpful(message)],
    }


def _remembered(memory: Memory) -> Mapping[str, object]:
    return {
        "commitments": [_excerpt(excerpt) for excerpt in memory.commitments],
        "people": [{"name": person.name, **_excerpt(person.excerpt)} for person in memory.people],
        "contrasts": [{"older": _excerpt(c.older), "newer": _excerpt(c.newer)} for c in memory.contrasts],
    }


def _excerpt(excerpt: Excerpt) -> Mapping[str, object]:
    note = excerpt.note
    return {"entryId": note.entry_id, "date": day(note.written_at), "daysAgo": note.days_ago, "quote": excerpt.quote}


def day(at: datetime) -> str:
    """Give the weekday and the date of a wall clock, as the context's dates are written."""
    # Not strftime, which takes ten times as long.
    return f"{_WEEKDAYS[at.weekday()]} {at.date()}"


def _insight(insight: Insight) -> Mapping[str, object]:
    return {
        "headline": cut(insight.headline, MAX_INSIGHT_CHARS),
        "description": cut(insight.description, MAX_INSIGHT_CHARS),
        "quotes": [cut(source.quote, MAX_INSIGHT_CHARS) for source in insight.sources[:MAX_INSIGHT_QUOTES]],
    }


def _past(message: PastMessage, context: Context) -> Mapping[str, object]:
    sent_at = local_time(message.sent_at, context.zone)
    return {
        "date": day(sent_at),
        "daysAgo": (context.now.date() - sent_at.date()).days,
        "type": message.type,
        "text": cut(message.text, MAX_MESSAGE_CHARS),
        "feedback": reception(message, context.messages),
    }


def _tried(message: PastMessage) -> Mapping[str, object]:
    """Give what marks a message: its kind, how it opened, what it asked."""
    said = sentences(cut(message.text, MAX_MESSAGE_CHARS))
    asked = [sentence for sentence in said if "?" in sentence or "？" in sentence]
    return {
        "type": message.type,
        "opening": cut(said[0], MAX_TRIED_CHARS) if said else "",
        "question": cut(asked[-1], MAX_TRIED_CHARS) if asked else "",
    }
