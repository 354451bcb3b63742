"""What a writer may know of a user: facts chosen from their journal, trimmed to a budget, rendered as data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reflecta.domain.model import Entry, Insight, Insights, PastMessage, Preferences, User
from reflecta.domain.schedule import local_date, local_time
from reflecta.domain.text import cut

# One long evening of writing must not push all other days out of the context.
MAX_ENTRY_CHARS: Final = 4000
MAX_MESSAGE_CHARS: Final = 800
# The guide's longest insight fields are a few sentences; an app that sends more must not burst the budget.
MAX_INSIGHT_CHARS: Final = 1000
MAX_INSIGHT_QUOTES: Final = 5
# A newcomer has too few entries for patterns over weeks (the guide's data starts to repeat below ten).
NEWCOMER_ENTRIES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One journal entry as the writer sees it: dates are the user's own."""

    entry_id: str
    written_at: datetime
    days_ago: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
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

    @property
    def is_newcomer(self) -> bool:
        """Say whether there is too little history for patterns."""
        return self.entry_count < NEWCOMER_ENTRIES


def build_context(
    user: User,
    *,
    entries: Sequence[Entry],
    insights: Insights | None,
    messages: Sequence[PastMessage],
    now: datetime,
    zone: str,
    budget: int,
) -> Context:
    """Choose and trim what a writer gets to see; *budget* is in tokens, as `tokens` estimates them."""
    notes = [_note(entry, now, zone) for entry in sorted(entries, key=lambda e: e.written_at, reverse=True)]
    return Context(
        user_id=user.id,
        now=local_time(now, zone),
        zone=zone,
        preferences=user.preferences,
        first_name=user.first_name,
        language=user.language,
        age_band=user.age_band,
        occupations=user.onboarding.occupations,
        entry_count=user.entry_count,
        notes=tuple(_within(notes, budget)),
        insights=_named(insights),
        messages=tuple(messages),
    )


def _note(entry: Entry, now: datetime, zone: str) -> Note:
    return Note(
        entry_id=entry.id,
        written_at=local_time(entry.written_at, zone),
        days_ago=(local_date(now, zone) - local_date(entry.written_at, zone)).days,
        text=cut(entry.text, MAX_ENTRY_CHARS),
    )


def _within(notes: Sequence[Note], budget: int) -> Sequence[Note]:
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
    return len(text.encode("utf-8", "ignore")) // 4 + 1


def render(context: Context) -> str:
    """Give the context as JSON text. Journal text stays data: it cannot close a tag or a quotation."""
    return as_data(_document(context))


def as_data(document: Mapping[str, object]) -> str:
    """Give a document as JSON text in which no text can close a string or a tag."""
    return json.dumps(document, ensure_ascii=False, indent=1).replace("<", "\\u003c")


def _document(context: Context) -> Mapping[str, object]:
    return {
        "now": f"{context.now:%A %Y-%m-%d %H:%M}",
        "person": {
            "firstName": context.first_name,
            "occupations": list(context.occupations),
            "language": context.language,
            "ageBand": context.age_band or "unknown",
            "challengeDegree": context.preferences.challenge,
            "toneDegree": context.preferences.tone,
            "entriesWritten": context.entry_count,
        },
        "insights": {name: _insight(insight) for name, insight in context.insights.items()},
        "entries": [
            {"entryId": n.entry_id, "date": f"{n.written_at:%A %Y-%m-%d}", "daysAgo": n.days_ago, "text": n.text}
            for n in context.notes
        ],
        "pastMessages": [_past(message, context.zone) for message in context.messages],
    }


def _insight(insight: Insight) -> Mapping[str, object]:
    return {
        "headline": cut(insight.headline, MAX_INSIGHT_CHARS),
        "description": cut(insight.description, MAX_INSIGHT_CHARS),
        "quotes": [cut(source.quote, MAX_INSIGHT_CHARS) for source in insight.sources[:MAX_INSIGHT_QUOTES]],
    }


def _past(message: PastMessage, zone: str) -> Mapping[str, object]:
    return {
        "date": f"{local_time(message.sent_at, zone):%Y-%m-%d}",
        "type": message.type,
        "text": cut(message.text, MAX_MESSAGE_CHARS),
        "feedback": [{"kind": f.kind, "rating": f.rating} for f in message.feedback],
    }
