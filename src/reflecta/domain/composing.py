"""Writing a message without a language model: rules choose its type, a template gives the frame, the person the words.

Claims nothing that a quotation does not carry; says nothing rather than something empty.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from math import lcm
from typing import Final, TypeVar

from reflecta.domain.checks import check_draft
from reflecta.domain.context import Context
from reflecta.domain.model import ChallengeDegree, Draft, Evidence, MessageType
from reflecta.domain.quoting import (
    Quote,
    Quotes,
    Sentence,
    find_pairs,
    is_at_ease,
    is_goal,
    is_struggle,
    is_win,
)
from reflecta.domain.text import comparable, each_sentence, runs, words
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
_DAYS: Final = frozenset({"days"})

_T = TypeVar("_T")
# What a template's {quote} and {quote2} are filled with: the newer quote, and the older one of a pair.
Facts = tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    context: Context
    language: Language
    quotes: Quotes
    days_written: int | None
    used: Collection[int]


@dataclass(frozen=True, slots=True)
class _Candidate:
    template: Template
    facts: Facts


def has_material(context: Context) -> bool:
    """Say whether any note has a sentence to write about, by whatever writer."""
    said = (words(sentence) for note in context.notes for sentence in each_sentence(note.text))
    return any(len(sentence) >= MATERIAL_WORDS for sentence in said)


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
    language = templates.named(context.language) or templates.spoken(_sample(context))
    return _Material(
        context=context,
        language=language,
        quotes=Quotes(context.notes, language.cues, context.told),
        days_written=_days_written(context),
        used=_used(context, language),
    )


def _sample(context: Context) -> Iterator[str]:
    """Give the words that tell the person's language."""
    return chain.from_iterable(note.words for note in context.notes[:_SAMPLE])


def _used(context: Context, language: Language) -> Collection[int]:
    """Give the numbers of the templates that past messages were made from."""
    told = (
        runs_between_slots(message.text) if "{" in message.text else runs(said)
        for message, said in zip(context.messages, context.told, strict=True)
    )
    return frozenset(chain.from_iterable(map(language.made_from, told)))


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
    tone, templates = material.context.preferences.tone, enumerate(material.language.templates)
    fresh = [t for n, t in templates if t.type is kind and n not in material.used and t.suits(tone)]
    # Of what a template needs, only the days make a difference to which quotes are found.
    offers = {needs: _best(_FACTS[kind](needs, material)) for needs in {t.needs & _DAYS for t in fresh}}
    usable = [(t, facts) for t in fresh if (facts := offers[t.needs & _DAYS])]
    if not usable:
        return []
    shift = (_seed(material.context.user_id) + material.context.now.toordinal()) % len(usable)
    usable = usable[shift:] + usable[:shift]
    rounds = lcm(len(usable), *(len(facts) for _, facts in usable))
    turns = ((i, *usable[i % len(usable)]) for i in range(rounds))
    return _even([_Candidate(template, facts[i % len(facts)]) for i, template, facts in turns])


def _best(offered: Iterable[Facts]) -> list[Facts]:
    """Give the first facts to choose from, each once."""
    best: dict[Facts, None] = {}
    for facts in offered:
        best[facts] = None
        if len(best) == _CHOICE:
            break
    return _even(list(best))


def _seed(user_id: str) -> int:
    return int.from_bytes(hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def _goals(material: _Material, ages: range | None = None) -> Iterator[Facts]:
    return ((q,) for q in material.quotes.best(is_goal, cue="goal") if ages is None or q.days_ago in ages)


def _check_in(_needs: Collection[str], material: _Material) -> Iterable[Facts]:
    return _goals(material, CHECK_IN_DAYS)


def _reminder(_needs: Collection[str], material: _Material) -> Iterable[Facts]:
    return ((q,) for q in material.quotes.best(is_goal, cue="goal") if q.days_ago >= CHECK_IN_DAYS.stop)


def _encouragement(needs: Collection[str], material: _Material) -> Iterable[Facts]:
    if "days" not in needs:
        return ((q,) for q in material.quotes.best(is_win, cue="win") if 0 <= q.days_ago <= WIN_DAYS)
    if material.days_written is None or material.days_written < RUN_DAYS:
        return ()
    return ((q,) for q in material.quotes.best(is_at_ease) if q.days_ago in range(WEEK_DAYS))


def _challenge(_needs: Collection[str], material: _Material) -> Iterable[Facts]:
    is_wanted = material.context.preferences.challenge in {
        ChallengeDegree.CHALLENGING,
        ChallengeDegree.INTENSE,
    }
    return _goals(material) if is_wanted else ()


def _alignment(needs: Collection[str], material: _Material) -> Iterable[Facts]:
    insights = material.context.insights
    if not {"mainFocus", "plan"} & insights.keys():
        return ()
    return chain(_sourced(material, "mainFocus", "plan"), _goals(material), _any(needs, material))


def _insight(_needs: Collection[str], material: _Material) -> Iterable[Facts]:
    return () if material.context.is_newcomer else find_pairs(material.quotes.best(), material.language.cues)


def _lesson(_needs: Collection[str], material: _Material) -> Iterable[Facts]:
    if "keyBlockers" not in material.context.insights:
        return ()
    return chain(_sourced(material, "keyBlockers"), ((q,) for q in material.quotes.best(is_struggle, cue="struggle")))


def _any(_needs: Collection[str], material: _Material) -> Iterable[Facts]:
    return ((q,) for q in material.quotes.best())


def _sourced(material: _Material, *names: str) -> Iterator[Facts]:
    """Give the quotes that the app's insights of those names rest on."""
    insights = material.context.insights
    quoted = [comparable(s.quote).rstrip(" .!") for name in names if name in insights for s in insights[name].sources]
    sources = {source for source in quoted if source}
    if not sources:
        return iter(())
    # A text that stands in another has its letters there too, one after the other.
    letters = {"".join(words(source)) for source in sources}

    def may_be_source(sentence: Sentence) -> bool:
        return _is_within_any("".join(sentence.said), letters)

    return ((q,) for q in material.quotes.best(may_be_source) if _is_within_any(comparable(q.text), sources))


def _is_within_any(one: str, others: Iterable[str]) -> bool:
    """Say whether one of the texts holds the one, or is held by it."""
    return any(one in other or other in one for other in others)


# The types in the order of what they say of the person, and where each finds its facts, best first.
_FACTS: Final[Mapping[MessageType, Callable[[Collection[str], _Material], Iterable[Facts]]]] = {
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
        values[f"date{number}"] = say_date(quote.note.written_at, days_ago=quote.days_ago, now=context.now, dates=dates)
    return values


def _name(given: str | None) -> str:
    """Give the first name where it is one; what else stands in that field is left out."""
    name = " ".join((given or "").split())
    is_name = all(char.isalpha() or unicodedata.category(char)[0] == "M" or char in " '’-" for char in name)
    return name if is_name and len(name) <= MAX_NAME_CHARS else ""
