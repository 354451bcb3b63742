"""Writing a message without a language model: rules choose its type, a template gives the frame, the person the words.

Claims nothing that a quotation does not carry; says nothing rather than something empty.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from math import lcm
from typing import Final, TypeVar

from reflecta.domain.checks import check_draft
from reflecta.domain.context import Context
from reflecta.domain.model import ChallengeDegree, Draft, Evidence, MessageType
from reflecta.domain.quoting import Quote, find_pairs, find_quotes
from reflecta.domain.text import comparable, sentences, words
from reflecta.domain.wording import Language, Template, TemplateSet, fill, runs_between_slots, say_date

# Below this a note is a word or two ('tired today'), which nothing can be said about.
MATERIAL_WORDS: Final = 4
# A goal is asked after within a week; after that it is brought to mind.
CHECK_IN_DAYS: Final = range(1, 8)
WIN_DAYS: Final = 14
WEEK_DAYS: Final = 7
# As many journaling days of the last seven make a run.
RUN_DAYS: Final = 3
MAX_NAME_CHARS: Final = 30
# How many of the best facts a variant chooses from (even, see `_even`), and how many candidates are tried.
_CHOICE: Final = 4
_MAX_TRIES: Final = 60
# How many notes are enough to tell their language.
_SAMPLE: Final = 5

_T = TypeVar("_T")
# What a template's {quote} and {quote2} are filled with: the newer quote, and the older one of a pair.
Facts = tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    context: Context
    language: Language
    quotes: Sequence[Quote]
    days_written: int | None
    told: Sequence[frozenset[tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    template: Template
    facts: Facts


def has_material(context: Context) -> bool:
    """Say whether any note has a sentence to write about, by whatever writer."""
    return any(len(words(sentence)) >= MATERIAL_WORDS for note in context.notes for sentence in sentences(note.text))


def compose(context: Context, templates: TemplateSet, variant: int = 0) -> Draft | None:
    """Write a draft that passes every check, or None when nothing new can be quoted.

    The same context and variant give the same draft; an odd and an even variant differ in the template and the
    quote where the journal has two. Of the types that the context allows, the one not used for the longest time
    is taken.
    """
    material = _material(context, templates)
    for candidate in islice(_candidates(material, variant), _MAX_TRIES):
        draft = _write(candidate, material)
        if all(check.passed for check in check_draft(draft, context)):
            return draft
    return None


def _material(context: Context, templates: TemplateSet) -> _Material:
    language = templates.language(context.language, [note.text for note in context.notes[:_SAMPLE]])
    return _Material(
        context=context,
        language=language,
        quotes=find_quotes(context.notes, language.cues, context.messages),
        days_written=_days_written(context),
        told=[runs_between_slots(message.text) for message in context.messages],
    )


def _days_written(context: Context) -> int | None:
    """Count the local dates with an entry in the last seven; None when the context may not show them all."""
    ages = {note.days_ago for note in context.notes}
    is_complete = len(context.notes) >= context.entry_count or any(age >= WEEK_DAYS for age in ages)
    return len(ages & set(range(WEEK_DAYS))) if is_complete else None


def _candidates(material: _Material, variant: int) -> Iterator[_Candidate]:
    """Give candidates in the order to try: the first type's, begun at the variant, then those of the others.

    Where the first type has a single fact to tell, odd variants begin with another type's about something else.
    """
    offered = (_of_type(kind, material) for kind in _by_recency(material.context))
    first = _first(offered)
    if not variant % 2 or len({candidate.facts for candidate in first}) > 1:
        return chain(_begun_at(variant, first), chain.from_iterable(offered))
    told = {fact for candidate in first for fact in candidate.facts}
    others = ([c for c in candidates if told.isdisjoint(c.facts)] for candidates in offered)
    second = _first(others)
    return chain(_begun_at(variant // 2, second), _begun_at(variant, first), chain.from_iterable(others))


def _first(offered: Iterator[list[_Candidate]]) -> list[_Candidate]:
    """Take lists up to the first that is not empty, and give that one."""
    for candidates in offered:
        if candidates:
            return candidates
    return []


def _begun_at(start: int, candidates: list[_Candidate]) -> list[_Candidate]:
    """Go round the candidates from one of them on."""
    at = start % len(candidates) if candidates else 0
    return candidates[at:] + candidates[:at]


def _even(items: list[_T]) -> list[_T]:
    """Give an even number of items where there are two: going round them keeps odd and even variants apart."""
    return items[: len(items) // 2 * 2] or items


def _by_recency(context: Context) -> list[MessageType]:
    """Order the types by how long ago they were used, never used first; then by how much they say."""
    newest_use: dict[MessageType, int] = {}
    for age, message in enumerate(context.messages):
        newest_use.setdefault(message.type, age)
    never = len(context.messages)
    return sorted(_FACTS, key=lambda kind: -newest_use.get(kind, never))


def _of_type(kind: MessageType, material: _Material) -> list[_Candidate]:
    """Pair the fresh templates of a type with the best facts for them; the first to try differs by user and day."""
    facts_of = _FACTS[kind]
    fresh = [t for t in material.language.templates if t.type is kind and _is_fresh(t, material)]
    offers = [(t, _even(list(dict.fromkeys(facts_of(t, material))))[:_CHOICE]) for t in fresh]
    usable = [(t, facts) for t, facts in offers if facts]
    if not usable:
        return []
    shift = (_seed(material.context.user_id) + material.context.now.toordinal()) % len(usable)
    usable = usable[shift:] + usable[:shift]
    rounds = lcm(len(usable), *(len(facts) for _, facts in usable))
    turns = ((i, *usable[i % len(usable)]) for i in range(rounds))
    return _even([_Candidate(template=template, facts=facts[i % len(facts)]) for i, template, facts in turns])


def _seed(user_id: str) -> int:
    return int.from_bytes(hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def _is_fresh(template: Template, material: _Material) -> bool:
    """Say whether a template suits the person's tone and none of the past messages was made from it."""
    if not template.suits(material.context.preferences.tone):
        return False
    own = _runs_of(template)
    return not any(2 * len(own & told) > len(own) for told in material.told)


@lru_cache(maxsize=1024)
def _runs_of(template: Template) -> frozenset[tuple[str, ...]]:
    return runs_between_slots(template.text)


def _goals(material: _Material, ages: range | None = None) -> list[Facts]:
    return [(q,) for q in material.quotes if q.is_goal and (ages is None or q.days_ago in ages)]


def _check_in(_template: Template, material: _Material) -> list[Facts]:
    return _goals(material, CHECK_IN_DAYS)


def _reminder(_template: Template, material: _Material) -> list[Facts]:
    return [(q,) for q in material.quotes if q.is_goal and q.days_ago >= CHECK_IN_DAYS.stop]


def _encouragement(template: Template, material: _Material) -> list[Facts]:
    if "days" not in template.needs:
        return [(q,) for q in material.quotes if q.is_win and 0 <= q.days_ago <= WIN_DAYS]
    if material.days_written is None or material.days_written < RUN_DAYS:
        return []
    return [(q,) for q in material.quotes if q.days_ago in range(WEEK_DAYS) and not (q.is_struggle or q.is_negated)]


def _challenge(_template: Template, material: _Material) -> list[Facts]:
    is_wanted = material.context.preferences.challenge in {
        ChallengeDegree.CHALLENGING,
        ChallengeDegree.INTENSE,
    }
    return _goals(material) if is_wanted else []


def _alignment(template: Template, material: _Material) -> list[Facts]:
    insights = material.context.insights
    if not {"mainFocus", "plan"} & insights.keys():
        return []
    return _sourced(material, "mainFocus", "plan") + _goals(material) + _any(template, material)


def _insight(_template: Template, material: _Material) -> list[Facts]:
    return [] if material.context.is_newcomer else list(find_pairs(material.quotes))


def _lesson(_template: Template, material: _Material) -> list[Facts]:
    if "keyBlockers" not in material.context.insights:
        return []
    return _sourced(material, "keyBlockers") + [(q,) for q in material.quotes if q.is_struggle]


def _any(_template: Template, material: _Material) -> list[Facts]:
    return [(q,) for q in material.quotes]


def _sourced(material: _Material, *names: str) -> list[Facts]:
    """Give the quotes that the app's insights of those names rest on."""
    insights = material.context.insights
    quoted = [comparable(s.quote).rstrip(" .!") for name in names if name in insights for s in insights[name].sources]
    sources = [source for source in quoted if source]
    return [(q,) for q in material.quotes if any(_is_within(comparable(q.text), source) for source in sources)]


def _is_within(one: str, other: str) -> bool:
    """Say whether one text holds the other."""
    return one in other or other in one


# The types in the order of what they say of the person, and where each finds its facts, best first.
_FACTS: Final[Mapping[MessageType, Callable[[Template, _Material], list[Facts]]]] = {
    MessageType.CHECK_IN: _check_in,
    MessageType.ENCOURAGEMENT: _encouragement,
    MessageType.REMINDER: _reminder,
    MessageType.CHALLENGE: _challenge,
    MessageType.ALIGNMENT_REFLECTION: _alignment,
    MessageType.PERSONAL_INSIGHT: _insight,
    MessageType.RELEVANT_LESSON: _lesson,
    MessageType.GENERAL_REFLECTION: _any,
}


def _write(candidate: _Candidate, material: _Material) -> Draft:
    template, facts = candidate.template, candidate.facts
    return Draft(
        type=template.type,
        text=fill(template.text, _values(facts, material)),
        push_text=template.push_text,
        evidence=tuple(Evidence(entry_id=quote.entry_id, quote=quote.text) for quote in facts),
        ai_generated=False,
    )


def _values(facts: Facts, material: _Material) -> dict[str, str]:
    context, dates = material.context, material.language.dates
    values = {"name": _name(context.first_name)}
    if material.days_written:
        values["days"] = dates.numbers[material.days_written - 1]
    for number, quote in zip(("", "2"), facts, strict=False):
        values[f"quote{number}"] = quote.text
        values[f"date{number}"] = say_date(quote.written_at, days_ago=quote.days_ago, now=context.now, dates=dates)
    return values


def _name(given: str | None) -> str:
    """Give the first name where it is one; what else stands in that field is left out."""
    name = " ".join((given or "").split())
    is_name = all(char.isalpha() or unicodedata.category(char)[0] == "M" or char in " '’-" for char in name)
    return name if is_name and len(name) <= MAX_NAME_CHARS else ""
