"""Whether the labelled messages are what their labels say, as far as that can be told without the project's checks.

Deliberately simple, and independent of `reflecta.domain.checks`: a slip in both would measure nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from evals.cases import ALTERED_VALUE, Candidate, Label, Persona
from reflecta.domain.model import Draft

LEAST: Final[Mapping[Label, int]] = dict.fromkeys(Label, 15) | dict.fromkeys(ALTERED_VALUE, 18) | {Label.GOOD: 100}
LEAST_TOTAL: Final = 330
GOOD_WORDS: Final = range(60, 141)
ENTRIES: Final = range(8, 26)
MOST_PAST: Final = 10
# Less than three words in quotation marks may be a title or a single word.
QUOTE_WORDS: Final = 3

_QUOTED: Final = re.compile(r"„([^“”]+)[“”]|“([^“”]+)”|«([^«»]+)»|\"([^\"]+)\"")
# A price, a time or a thousand is one number: 900 does not occur in 1,900.
_NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_OUTER: Final = " .,;:!?"
_EXPLAINED: Final = frozenset({Label.DERIVED, Label.SWAPPED})
_QUOTE_LABELS: Final = frozenset({Label.ALTERED_QUOTE, Label.OTHER_USERS_WORDS, Label.PARAPHRASE_AS_QUOTE})


def faults_in(personas: Sequence[Persona]) -> list[str]:
    """Name what is wrong with the suite itself; empty when it can be used."""
    candidates = [candidate for persona in personas for candidate in persona.candidates]
    return [
        *_too_few(candidates),
        *_doubles([candidate.id for candidate in candidates]),
        *(fault for persona in personas for fault in _faults_of(persona, personas)),
    ]


def has_quotation(draft: Draft) -> bool:
    """Say whether a message claims to give somebody's words."""
    return bool(draft.evidence) or any(_long_quotes(draft))


def has_false_quotation(draft: Draft, persona: Persona) -> bool:
    """Say whether a message gives words as quoted, in marks or as evidence, that do not stand in an entry."""
    texts = {entry.id: _folded(entry.text) for entry in persona.entries}
    if any(_folded(e.quote) not in texts.get(e.entry_id, "") for e in draft.evidence):
        return True
    return any(_is_missing(quote, texts) for quote in _long_quotes(draft))


def _too_few(candidates: Sequence[Candidate]) -> Iterator[str]:
    counts = Counter(candidate.label for candidate in candidates)
    for label, least in LEAST.items():
        if counts[label] < least:
            yield f"{label}: {counts[label]} messages, {least} are needed"
    if len(candidates) < LEAST_TOTAL:
        yield f"{len(candidates)} messages, {LEAST_TOTAL} are needed"


def _doubles(ids: Sequence[str]) -> Iterator[str]:
    yield from (f"{name}: stands twice" for name, times in Counter(ids).items() if times > 1)


def _faults_of(persona: Persona, personas: Sequence[Persona]) -> Iterator[str]:
    if len(persona.entries) not in ENTRIES:
        yield f"{persona.name}: {len(persona.entries)} entries"
    if len(persona.past) > MOST_PAST:
        yield f"{persona.name}: {len(persona.past)} past messages"
    yield from _doubles([f"{persona.name} {entry.id}" for entry in persona.entries])
    for candidate in persona.candidates:
        yield from (f"{candidate.id}: {fault}" for fault in _faults_of_one(candidate, persona, personas))


def _faults_of_one(candidate: Candidate, persona: Persona, personas: Sequence[Persona]) -> Iterator[str]:
    draft, label = candidate.draft, candidate.label
    entries = {entry.id: _folded(entry.text) for entry in persona.entries}
    unknown = [e.entry_id for e in draft.evidence if e.entry_id not in entries]
    yield from (f"no entry {entry_id}" for entry_id in unknown)
    if label is Label.GOOD:
        yield from _faults_of_good(draft, entries)
        yield from (f"{number} occurs nowhere in the context" for number in _unknown_numbers(draft, persona))
    elif label in ALTERED_VALUE:
        yield from _faults_of_value(candidate, persona)
    elif label in _EXPLAINED and not candidate.note:
        yield f"labelled {label}, and no note says why"
    elif label is Label.NEGATION and not any(_is_missing(quote, entries) for quote in _quotes(draft)):
        yield "labelled negation, and every quotation in it is true"
    elif label in _QUOTE_LABELS and not has_false_quotation(draft, persona):
        yield f"labelled {label}, and every quotation in it is true"
    if label is Label.OTHER_USERS_WORDS and not _is_of_another(draft, persona, personas):
        yield "no quotation in it stands in another persona's journal"


def _faults_of_good(draft: Draft, entries: Mapping[str, str]) -> Iterator[str]:
    count = len(draft.text.split())
    if count not in GOOD_WORDS:
        yield f"{count} words"
    if draft.text.count("?") != 1:
        yield f"{draft.text.count('?')} questions"
    if not draft.evidence or not draft.push_text:
        yield "no evidence or no push text"
    yield from (
        f"not in {e.entry_id}: {e.quote}" for e in draft.evidence if _folded(e.quote) not in entries.get(e.entry_id, "")
    )
    yield from (f"in no entry: {quote}" for quote in _quotes(draft) if _is_missing(quote, entries))


def _faults_of_value(candidate: Candidate, persona: Persona) -> Iterator[str]:
    if not candidate.value:
        yield "names no altered value"
        return
    if not _occurs(candidate.value[0], _said(candidate.draft)):
        yield f"does not say {candidate.value[0]}"
    known = "\n".join([*_told(persona), *_days(persona)])
    yield from (f"{value} occurs in the context" for value in candidate.value if _occurs(value, known))


def _occurs(value: str, text: str) -> bool:
    """Say whether a value stands in a text as whole words and as a whole number: five does not in forty-five."""
    return re.search(rf"(?<![\w-])(?<!\d[.,:]){re.escape(value)}(?![\w-])(?![.,:]\d)", text, re.IGNORECASE) is not None


def _unknown_numbers(draft: Draft, persona: Persona) -> Iterator[str]:
    known = set(_NUMBER.findall("\n".join(_told(persona)))) | set(_ages(persona))
    return (number for number in _NUMBER.findall(_said(draft)) if number not in known)


def _said(draft: Draft) -> str:
    return "\n".join([draft.text, draft.push_text, *(e.quote for e in draft.evidence)])


def _told(persona: Persona) -> Iterator[str]:
    """Give all texts of a context: what the person wrote, received and is known by."""
    user = persona.user
    yield from (entry.text for entry in persona.entries)
    yield from (message.text for message in persona.past)
    yield from filter(None, (user.first_name, user.age_band, *user.onboarding.occupations))
    if persona.insights:
        found = (persona.insights.main_focus, persona.insights.key_blockers, persona.insights.plan)
        for insight in filter(None, found):
            yield from (insight.headline, insight.description, *(source.quote for source in insight.sources))


def _days(persona: Persona) -> Iterator[str]:
    """Give today and the dates of the entries, as 2026-05-14 and by the English weekday."""
    return (f"{day.isoformat()} {day:%A}" for day in (_today(persona), *_dates(persona)))


def _ages(persona: Persona) -> Iterator[str]:
    """Give the numbers that today and the dates and ages of the entries allow, in digits."""
    today = _today(persona)
    for day in (today, *_dates(persona)):
        age = (today - day).days
        yield from (str(number) for number in (day.day, day.month, day.year, age, age // 7, age // 30))


def _today(persona: Persona) -> date:
    return persona.now.astimezone(ZoneInfo(persona.zone)).date()


def _dates(persona: Persona) -> Iterator[date]:
    return (entry.written_at.astimezone(ZoneInfo(persona.zone)).date() for entry in persona.entries)


def _is_of_another(draft: Draft, persona: Persona, personas: Sequence[Persona]) -> bool:
    others = {f"{p.name} {e.id}": _folded(e.text) for p in personas if p is not persona for e in p.entries}
    return any(not _is_missing(quote, others) for quote in _long_quotes(draft))


def _is_missing(quote: str, entries: Mapping[str, str]) -> bool:
    return not any(_folded(quote) in text for text in entries.values())


def _long_quotes(draft: Draft) -> Iterator[str]:
    return (quote for quote in _quotes(draft) if len(quote.split()) >= QUOTE_WORDS)


def _quotes(draft: Draft) -> Iterator[str]:
    for found in _QUOTED.finditer(f"{draft.text}\n{draft.push_text}"):
        yield next(group for group in found.groups() if group)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold().strip(_OUTER)
