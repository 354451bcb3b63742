"""Writing a message without a language model: rules choose its type, a template gives the frame, the person the words.

Claims nothing that a quotation does not carry; says nothing rather than something empty.
"""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import lcm
from typing import Final, TypeVar

from reflecta.domain.checks import check_draft
from reflecta.domain.context import Context
from reflecta.domain.model import Draft, Evidence, MessageType
from reflecta.domain.rotation import Facts, Material, facts, material_of, ranked
from reflecta.domain.text import each_sentence, runs, words
from reflecta.domain.wording import Language, Template, TemplateSet, fill, runs_between_slots, say_date

# Below this a note is a word or two ('tired today'), which nothing can be said about.
MATERIAL_WORDS: Final = 4
MAX_NAME_CHARS: Final = 30
# How many of the best facts a variant chooses from (even, see `_even`), and how many candidates are tried.
_CHOICE: Final = 4
_MAX_TRIES: Final = 60

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a message may be made of; *used* are the numbers of the templates that past messages were made from."""

    material: Material
    used: Collection[int]


@dataclass(frozen=True, slots=True)
class _Candidate:
    template: Template
    facts: Facts
    """What the template's {quote} and {quote2} are filled with."""


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
    language = context.language_among(templates)
    work = _Work(material=material_of(context, language), used=_used(context, language))
    for candidate in islice(_candidates(work, variant), _MAX_TRIES):
        draft = _write(candidate, work.material)
        if all(check.passed for check in check_draft(draft, context)):
            return draft
    return None


def _used(context: Context, language: Language) -> Collection[int]:
    """Give the numbers of the templates that past messages were made from."""
    told = (
        runs_between_slots(message.text) if "{" in message.text else runs(said)
        for message, said in zip(context.messages, context.told, strict=True)
    )
    return frozenset(chain.from_iterable(map(language.made_from, told)))


def _candidates(work: _Work, variant: int) -> Iterator[_Candidate]:
    """Give candidates in the order to try: the first type's, begun at the variant, then those of the others.

    Where the first type has a single fact to tell, odd variants begin with another type's about something else.
    """
    offered = (_of_type(kind, work) for kind in ranked(work.material.context) if _has_templates_for(kind, work))
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


def _has_templates_for(kind: MessageType, work: _Work) -> bool:
    """Say whether a template may be used: what they say of a lesson they say of what the app found to be a blocker."""
    return kind is not MessageType.RELEVANT_LESSON or "keyBlockers" in work.material.context.insights


def _of_type(kind: MessageType, work: _Work) -> list[_Candidate]:
    """Pair the fresh templates of a type with the best facts for them; the first to try differs by user and day."""
    context, templates = work.material.context, enumerate(work.material.language.templates)
    tone = context.preferences.tone
    fresh = [t for n, t in templates if t.type is kind and n not in work.used and t.suits(tone)]
    # Of what a template needs, only the days make a difference to which quotes are found.
    needs = {"days" in t.needs for t in fresh}
    offers = {with_days: _best(facts(kind, work.material, with_days=with_days)) for with_days in needs}
    usable = [(t, found) for t in fresh if (found := offers["days" in t.needs])]
    if not usable:
        return []
    shift = (_seed(context.user_id) + context.now.toordinal()) % len(usable)
    usable = usable[shift:] + usable[:shift]
    rounds = lcm(len(usable), *(len(found) for _, found in usable))
    turns = ((i, *usable[i % len(usable)]) for i in range(rounds))
    return _even([_Candidate(template, found[i % len(found)]) for i, template, found in turns])


def _best(offered: Iterable[Facts]) -> list[Facts]:
    """Give the first facts to choose from, each once."""
    best: dict[Facts, None] = {}
    for found in offered:
        best[found] = None
        if len(best) == _CHOICE:
            break
    return _even(list(best))


def _seed(user_id: str) -> int:
    return int.from_bytes(hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def _write(candidate: _Candidate, material: Material) -> Draft:
    template, found = candidate.template, candidate.facts
    return Draft(
        type=template.type,
        text=fill(template.text, _values(found, material)),
        push_text=template.push_text,
        evidence=tuple(Evidence(entry_id=quote.entry_id, quote=quote.text) for quote in found),
        ai_generated=False,
    )


def _values(found: Facts, material: Material) -> dict[str, str]:
    context, dates = material.context, material.language.dates
    values = {"name": _name(context.first_name)}
    if material.days_written:
        values["days"] = dates.numbers[material.days_written - 1]
    for number, quote in zip(("", "2"), found, strict=False):
        values[f"quote{number}"] = quote.text
        values[f"date{number}"] = say_date(quote.note.written_at, days_ago=quote.days_ago, now=context.now, dates=dates)
    return values


def _name(given: str | None) -> str:
    """Give the first name where it is one; what else stands in that field is left out."""
    name = " ".join((given or "").split())
    is_name = all(char.isalpha() or unicodedata.category(char)[0] == "M" or char in " '’-" for char in name)
    return name if is_name and len(name) <= MAX_NAME_CHARS else ""
