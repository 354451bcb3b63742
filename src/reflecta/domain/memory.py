"""What a journal says beyond its newest pages: open commitments, people, and what changed over weeks.

Every finding is an excerpt, word for word, with the entry it stands in. Found by cues, so it may be wrong: it is for
a writer who can read it. Deterministic.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from re import Pattern
from typing import Final

from reflecta.domain.note import Note
from reflecta.domain.people import introduction, kin
from reflecta.domain.sayings import Journal, Saying, Tells
from reflecta.domain.wording import Cues, Language, TemplateSet

# A commitment is asked after within a week; after that it is brought to mind.
RECENT_DAYS: Final = range(8)
# A success is good news for so long.
WIN_DAYS: Final = 14
MAX_RECENT: Final = 3
MAX_OLDER: Final = 5
MAX_PEOPLE: Final = 6
MAX_CONTRASTS: Final = 3
# More than the messages that may have quoted some of them.
MAX_TOLD: Final = 12
WEEKS_APART: Final = 14
# What an excerpt costs beside its words: its field names, the entry's id and its date.
EXCERPT_TOKENS: Final = 35
# How many words of the newest notes are enough to tell their language.
_SAMPLE: Final = 200
# So many subjects of a sentence are sought, and of each so many mentions.
_SUBJECTS: Final = 2
_MENTIONS: Final = 2
# Contrasts are sought from what the newest notes say.
_SEED_NOTES: Final = 4
_MAX_SEEDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some words of a note, as they stand there."""

    note: Note
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody by name, and the newest words that say who it is."""

    name: str
    excerpt: Excerpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two sayings on one subject, weeks apart: one hopes or intends, the other struggles or denies."""

    older: Excerpt
    newer: Excerpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is brought to mind, each list newest first; *commitments* are those not told to be done or given up.

    *wins* of the last two weeks and *struggles* say what a message may be about; a writer is not shown them apart.
    """

    commitments: tuple[Excerpt, ...] = ()
    people: tuple[Person, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    wins: tuple[Excerpt, ...] = ()
    struggles: tuple[Excerpt, ...] = ()

    def excerpts(self) -> Iterator[Excerpt]:
        """Give every excerpt that a writer is shown."""
        yield from self.commitments
        yield from (person.excerpt for person in self.people)
        for contrast in self.contrasts:
            yield contrast.newer
            yield contrast.older


def language_of(notes: Sequence[Note], tag: str | None, templates: TemplateSet) -> Language:
    """Give the language of a tag, or else that of the newest notes."""
    return templates.named(tag) or templates.spoken(islice((word for note in notes for word in note.words), _SAMPLE))


def recall(notes: Sequence[Note], cues: Cues, *, budget: int, tokens: Callable[[str], int]) -> Memory:
    """Find what of a journal, newest entry first, is to be kept in mind; *budget* is in *tokens*."""
    journal = Journal(notes, cues)
    memory = Memory(
        commitments=tuple(_commitments(journal)),
        people=tuple(islice(_people(journal), MAX_PEOPLE)),
        contrasts=tuple(islice(_contrasts(journal), MAX_CONTRASTS)),
    )
    return replace(_within(budget, memory, tokens), wins=_wins(journal), struggles=_struggles(journal))


def _wins(journal: Journal) -> tuple[Excerpt, ...]:
    telling, notes = journal.telling, journal.notes
    recent = next((place for place, note in enumerate(notes) if note.days_ago > WIN_DAYS), len(notes))
    found = _sayings(journal, telling.successes, recent, but_not=telling.negates)
    return tuple(_excerpt(journal, saying) for saying in islice(found, MAX_TOLD))


def _struggles(journal: Journal) -> tuple[Excerpt, ...]:
    telling = journal.telling
    found = _sayings(journal, telling.struggles, len(journal.notes))
    return tuple(_excerpt(journal, saying) for saying in islice(found, MAX_TOLD))


def _sayings(
    journal: Journal, cues: Iterable[Pattern[str]], notes: int, *, but_not: Tells | None = None
) -> Iterator[Saying]:
    """Give the sentences of the newest so many notes that have one of the cues, but not those that tell otherwise."""
    last = -1
    for place, at, end in journal.found(cues, notes):
        if at < last or journal.is_grave(place):
            continue
        saying = journal.saying_at(place, at)
        if saying is None or end > saying.end:
            continue
        last = saying.end
        if but_not is None or not but_not(journal.text, saying.start, saying.end):
            yield saying


def _within(budget: int, memory: Memory, tokens: Callable[[str], int]) -> Memory:
    """Keep what fits, by turns of each kind: the newest of one is worth more than the last of another."""
    kept = Memory()
    left = budget
    for place in range(max(map(len, (memory.commitments, memory.people, memory.contrasts)))):
        for more in _at(memory, place):
            left -= sum(tokens(excerpt.quote) + EXCERPT_TOKENS for excerpt in more.excerpts())
            if left < 0:
                return kept
            kept = replace(
                kept,
                commitments=kept.commitments + more.commitments,
                people=kept.people + more.people,
                contrasts=kept.contrasts + more.contrasts,
            )
    return kept


def _at(memory: Memory, place: int) -> Iterator[Memory]:
    """Give one of each kind."""
    part = slice(place, place + 1)
    yield Memory(commitments=memory.commitments[part])
    yield Memory(contrasts=memory.contrasts[part])
    yield Memory(people=memory.people[part])


def earlier_notes(memory: Memory, shown: Collection[str]) -> tuple[Note, ...]:
    """Give the notes that are not *shown*, newest first, as what is remembered of them."""
    quotes: dict[str, dict[str, None]] = {}
    notes: dict[str, Note] = {}
    for excerpt in memory.excerpts():
        if excerpt.note.entry_id not in shown:
            notes[excerpt.note.entry_id] = excerpt.note
            quotes.setdefault(excerpt.note.entry_id, {})[excerpt.quote] = None
    newest_first = sorted(notes.values(), key=lambda note: note.days_ago)
    return tuple(replace(note, text="\n".join(quotes[note.entry_id])) for note in newest_first)


def rebind(memory: Memory, sources: Mapping[str, Note]) -> Memory:
    """Give the same memory with excerpts that refer to these notes."""

    def bound(excerpt: Excerpt) -> Excerpt:
        return replace(excerpt, note=sources[excerpt.note.entry_id])

    return Memory(
        commitments=tuple(map(bound, memory.commitments)),
        people=tuple(replace(person, excerpt=bound(person.excerpt)) for person in memory.people),
        contrasts=tuple(Contrast(older=bound(c.older), newer=bound(c.newer)) for c in memory.contrasts),
        wins=memory.wins,
        struggles=memory.struggles,
    )


def _commitments(journal: Journal) -> Iterator[Excerpt]:
    """Give the newest intentions of the last week, then older ones, that no newer saying settles or repeats."""
    room = {True: MAX_RECENT, False: MAX_OLDER}
    told: list[Collection[str]] = []
    telling = journal.telling
    for saying in _sayings(journal, telling.goals, len(journal.notes), but_not=telling.only_seems_to_intend):
        is_recent = journal.notes[saying.place].days_ago in RECENT_DAYS
        subjects = journal.subjects(saying)
        if not room[is_recent] or _is_repeated(subjects, told):
            continue
        told.append(subjects)
        if not _is_settled(journal, saying, subjects):
            room[is_recent] -= 1
            yield _excerpt(journal, saying)
        if not room[False]:
            return


def _is_repeated(subjects: Collection[str], told: Sequence[Collection[str]]) -> bool:
    """Say whether most of the subjects are those of one that was told."""
    return any(2 * len(set(subjects) & set(others)) > len(subjects) for others in told)


def _is_settled(journal: Journal, saying: Saying, subjects: Sequence[str]) -> bool:
    """Say whether a newer sentence on the subject tells that it was done or given up."""
    newer = range(saying.place)
    return any(
        journal.about(subject, newer, journal.telling.settles, most=_MENTIONS) for subject in subjects[:_SUBJECTS]
    )


def _people(journal: Journal) -> Iterator[Person]:
    """Give who is introduced, each by the newest words that do so."""
    known: set[str] = set()
    for place, at, end in journal.found(kin(journal.own)):
        start = journal.start_of(place)
        who = introduction(journal.notes[place].text, at + 1 - start, end - start)
        if who is None or who.name in known:
            continue
        saying = journal.saying_at(place, at + 1)
        if saying is not None and who.name in saying.text:
            known.add(who.name)
            yield Person(name=who.name, excerpt=_excerpt(journal, saying))


def _contrasts(journal: Journal) -> Iterator[Contrast]:
    """Give what the newest notes say beside the contrary that was said weeks before, each older saying once."""
    told: set[str] = set()
    for newer in islice(_seeds(journal), _MAX_SEEDS):
        older = _contrary(journal, newer)
        if older is not None and older.text not in told:
            told.add(older.text)
            yield Contrast(older=_excerpt(journal, older), newer=_excerpt(journal, newer))


def _seeds(journal: Journal) -> Iterator[Saying]:
    """Give the newest sentences that hope or doubt."""
    telling, text = journal.telling, journal.text
    for place in range(min(_SEED_NOTES, len(journal.notes))):
        if not journal.is_grave(place):
            for saying in journal.sayings(place):
                if telling.hopes(text, saying.start, saying.end) or telling.doubts(text, saying.start, saying.end):
                    yield saying


def _contrary(journal: Journal, newer: Saying) -> Saying | None:
    """Give the newest saying, weeks older, that is on the subject of another and goes the other way."""
    telling, notes = journal.telling, journal.notes
    limit = notes[newer.place].days_ago + WEEKS_APART
    first = next((place for place in range(newer.place, len(notes)) if notes[place].days_ago >= limit), len(notes))
    other_way = telling.doubts if telling.hopes(journal.text, newer.start, newer.end) else telling.hopes
    for subject in journal.subjects(newer)[:_SUBJECTS]:
        if (found := journal.about(subject, range(first, len(notes)), other_way, most=_MENTIONS)) is not None:
            return found
    return None


def _excerpt(journal: Journal, saying: Saying) -> Excerpt:
    return Excerpt(note=journal.notes[saying.place], quote=saying.text)
