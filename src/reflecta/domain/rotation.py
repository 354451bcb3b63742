"""Which kind of message comes next: of the kinds that the facts allow, the one not used for the longest time.

Left to itself, a language model writes the same kind every day.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from reflecta.domain.context import Context
from reflecta.domain.feedback import is_unhelpful
from reflecta.domain.memory import RECENT_DAYS, WIN_DAYS, Excerpt, Memory
from reflecta.domain.model import ChallengeDegree, MessageType
from reflecta.domain.quoting import Quote, Quotes, Sentence, find_pairs, is_at_ease, is_goal, is_struggle, is_win
from reflecta.domain.text import comparable, words
from reflecta.domain.wording import Language, join

# On the day itself nobody need be asked how a plan goes.
CHECK_IN_DAYS: Final = RECENT_DAYS[1:]
WEEK_DAYS: Final = 7
# As many journaling days of the last seven make a run.
RUN_DAYS: Final = 3
# So many goals in different entries may pull a person different ways.
COMPETING_GOALS: Final = 3

# What a message of a kind rests on: the newer quote, and the older one of a pair.
Facts = tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a context has to tell. *days_written* of the last seven is None where the context may not show them all."""

    context: Context
    language: Language
    quotes: Quotes
    days_written: int | None


def material_of(context: Context, language: Language) -> Material:
    """Lay out what may be told of a context: its notes, and what older entries promised."""
    promised = {excerpt.note.entry_id for excerpt in context.memory.commitments} if context.memory else set[str]()
    earlier = [note for note in context.earlier if note.entry_id in promised]
    return Material(
        context=context,
        language=language,
        quotes=Quotes((*context.notes, *earlier), language.cues, context.told),
        days_written=_days_written(context),
    )


def _days_written(context: Context) -> int | None:
    """Count the local dates with an entry in the last seven."""
    ages = {note.days_ago for note in context.notes}
    is_complete = len(context.notes) >= context.entry_count or any(age >= WEEK_DAYS for age in ages)
    return len(ages & set(range(WEEK_DAYS))) if is_complete else None


def eligible(context: Context, language: Language) -> Sequence[MessageType]:
    """Give the kinds that the facts allow, in the order of `ranked`; a general reflection always."""
    return list(_eligible(context, language))


def choose(context: Context, language: Language) -> MessageType:
    """Choose the kind of the next message; the same context gives the same kind."""
    return next(_eligible(context, language))


def _eligible(context: Context, language: Language) -> Iterator[MessageType]:
    material = material_of(context, language)
    return (kind for kind in ranked(context) if _allows(kind, material))


def _allows(kind: MessageType, material: Material) -> bool:
    """Say whether there is anything for a kind; where memory was asked, its findings decide."""
    context = material.context
    if kind is MessageType.GENERAL_REFLECTION:
        return True
    if kind is MessageType.ENCOURAGEMENT and _is_on_a_run(material):
        return True
    if kind is MessageType.RELEVANT_LESSON and "keyBlockers" in context.insights:
        return True
    if context.memory is not None and kind in _BY_MEMORY:
        return _BY_MEMORY[kind](context, context.memory)
    return any(True for _ in facts(kind, material))


def ranked(context: Context) -> Sequence[MessageType]:
    """Order the kinds: the last message's comes last, before it those found unhelpful when last used; among the
    others the one used longest ago comes first, and of those never used the one that says most of the person.
    """
    newest: dict[MessageType, int] = {}
    for age, message in enumerate(context.messages):
        newest.setdefault(message.type, age)
    never = len(context.messages)

    def rank(kind: MessageType) -> tuple[bool, bool, int]:
        age = newest.get(kind, never)
        unhelpful = age < never and is_unhelpful(context.messages[age])
        return age == 0 < never, unhelpful, -age

    return sorted(_FACTS, key=rank)


def facts(kind: MessageType, material: Material, *, with_days: bool | None = None) -> Iterable[Facts]:
    """Give what a message of a kind may rest on, best first.

    *with_days*: only what goes with the number of days written (True), or without it (False).
    """
    if kind is MessageType.ENCOURAGEMENT:
        wins = () if with_days else _wins(material)
        return chain(wins, () if with_days is False else _run(material))
    return _FACTS[kind](material)


def _goals(material: Material, ages: range | None = None) -> Iterator[Facts]:
    """Give stated intentions; where memory was asked, the open ones."""
    memory = material.context.memory
    open_ones = {(c.note.entry_id, c.quote) for c in memory.commitments} if memory is not None else None
    for quote in material.quotes.best(is_goal, cue="goal"):
        is_open = open_ones is None or any(quote.entry_id == at and quote.text in text for at, text in open_ones)
        if is_open and (ages is None or quote.days_ago in ages):
            yield (quote,)


def _check_in(material: Material) -> Iterable[Facts]:
    return _goals(material, CHECK_IN_DAYS)


def _reminder(material: Material) -> Iterable[Facts]:
    return (found for found in _goals(material) if found[0].days_ago >= CHECK_IN_DAYS.stop)


def _wins(material: Material) -> Iterable[Facts]:
    return ((q,) for q in material.quotes.best(is_win, cue="win") if 0 <= q.days_ago <= WIN_DAYS)


def _is_on_a_run(material: Material) -> bool:
    return material.days_written is not None and material.days_written >= RUN_DAYS


def _run(material: Material) -> Iterable[Facts]:
    if not _is_on_a_run(material):
        return ()
    return ((q,) for q in material.quotes.best(is_at_ease) if q.days_ago in range(WEEK_DAYS))


def _challenge(material: Material) -> Iterable[Facts]:
    return _goals(material) if _wants_challenge(material.context) else ()


def _wants_challenge(context: Context) -> bool:
    return context.preferences.challenge in {ChallengeDegree.CHALLENGING, ChallengeDegree.INTENSE}


def _has_focus(context: Context) -> bool:
    return bool({"mainFocus", "plan"} & context.insights.keys())


def _alignment(material: Material) -> Iterable[Facts]:
    if _has_focus(material.context):
        return chain(_sourced(material, "mainFocus", "plan"), _goals(material), _any(material))
    competing = {quote.entry_id for (quote,) in _goals(material)}
    return _goals(material) if len(competing) >= COMPETING_GOALS else ()


def _insight(material: Material) -> Iterable[Facts]:
    return () if material.context.is_newcomer else find_pairs(material.quotes.best(), material.language.cues)


def _lesson(material: Material) -> Iterable[Facts]:
    sourced = _sourced(material, "keyBlockers")
    return chain(sourced, ((q,) for q in material.quotes.best(is_struggle, cue="struggle")))


def _any(material: Material) -> Iterable[Facts]:
    return ((q,) for q in material.quotes.best())


def _sourced(material: Material, *names: str) -> Iterator[Facts]:
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


def _is_within_any(one: str, others: Collection[str]) -> bool:
    """Say whether one of the texts holds the one, or is held by it."""
    return any(one in other or other in one for other in others)


def _has_new(context: Context, excerpts: Iterable[Excerpt]) -> bool:
    """Say whether one of the excerpts was quoted by no past message."""
    told = "".join(map(join, context.told))
    return any(join(words(excerpt.quote)) not in told for excerpt in excerpts)


def _has_open(context: Context, memory: Memory, is_of_age: Callable[[int], bool]) -> bool:
    """Say whether a commitment of that age is open that no past message has quoted."""
    return _has_new(context, (open_one for open_one in memory.commitments if is_of_age(open_one.note.days_ago)))


# What the findings of memory allow, without reading the notes again.
_BY_MEMORY: Final[Mapping[MessageType, Callable[[Context, Memory], bool]]] = {
    MessageType.CHECK_IN: lambda context, memory: _has_open(context, memory, CHECK_IN_DAYS.__contains__),
    MessageType.ENCOURAGEMENT: lambda context, memory: _has_new(context, memory.wins),
    MessageType.REMINDER: lambda context, memory: _has_open(context, memory, CHECK_IN_DAYS.stop.__le__),
    MessageType.CHALLENGE: lambda context, memory: _wants_challenge(context) and bool(memory.commitments),
    MessageType.ALIGNMENT_REFLECTION: lambda context, memory: (
        _has_focus(context) or len({c.note.entry_id for c in memory.commitments}) >= COMPETING_GOALS
    ),
    MessageType.PERSONAL_INSIGHT: lambda context, memory: not context.is_newcomer and bool(memory.contrasts),
    MessageType.RELEVANT_LESSON: lambda context, memory: _has_new(context, memory.struggles),
}

# The kinds in the order of what they say of the person, and where each finds its facts, best first.
_FACTS: Final[Mapping[MessageType, Callable[[Material], Iterable[Facts]]]] = {
    MessageType.CHECK_IN: _check_in,
    MessageType.ENCOURAGEMENT: _wins,
    MessageType.REMINDER: _reminder,
    MessageType.CHALLENGE: _challenge,
    MessageType.ALIGNMENT_REFLECTION: _alignment,
    MessageType.PERSONAL_INSIGHT: _insight,
    MessageType.RELEVANT_LESSON: _lesson,
    MessageType.GENERAL_REFLECTION: _any,
}
