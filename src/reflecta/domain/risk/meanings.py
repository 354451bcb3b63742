"""What the words of a text mean, in a few hundred meanings that all languages share: 'Brücke', 'ponte': bridge.

What one language taught holds for all of them, and for words that no text had. Kept as sorted numbers, which take a
tenth of the memory of a dictionary: the digest of a word, its language, and which of the known sets of meanings it has.
"""

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

_LANGUAGE_BITS: Final = 8
_SET_BITS: Final = 16
_LANGUAGE: Final = (1 << _LANGUAGE_BITS) - 1
_SET: Final = (1 << _SET_BITS) - 1
_DIGEST_SHIFT: Final = _LANGUAGE_BITS + _SET_BITS
# A stem is a word without its last letters, of so many letters at least.
_MIN_STEM: Final = 4
_ENDING: Final = 2
# A word that is not listed may be so much longer than a stem.
_MOST_LONGER: Final = 3

# The meanings of one word, which may have several.
Meant = tuple[str, ...]
# The words of each language in their plain form, with their meanings.
Lexicon = Mapping[str, Mapping[str, Meant]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """A lexicon of several languages, in numbers that `compiled` makes."""

    languages: Sequence[str]
    sets: Sequence[Meant]
    words: Sequence[int]
    stems: Sequence[int]

    def language_of(self, said: Iterable[str]) -> int:
        """Give the number of the language of which the most of these words are listed; the first where none is."""
        counts = Counter[int]()
        for word, times in Counter(said).items():
            for language, _ in _listed(self.words, word):
                counts[language] += times
        return min(counts, key=lambda language: (-counts[language], language), default=0)

    def of(self, said: Sequence[str], language: int) -> Sequence[Meant]:
        """Give what the words mean, in order, without those that mean nothing known."""
        known = {word: self._meant(word, language) for word in set(said)}
        return [meant for word in said if (meant := known[word])]

    def _meant(self, word: str, language: int) -> Meant:
        """Give the meanings of a word, or else of the only words that begin like it."""
        number = next((found for spoken, found in _listed(self.words, word) if spoken == language), None)
        for cut in range(_MOST_LONGER + 1):
            if number is not None:
                return self.sets[number]
            if len(word) - cut < _MIN_STEM:
                break
            stem = word[: len(word) - cut]
            number = next((found for spoken, found in _listed(self.stems, stem) if spoken == language), None)
        return self.sets[number] if number is not None else ()


def compiled(lexicon: Lexicon) -> Meanings:
    """Give a lexicon in numbers; a stem counts where all words that have it mean the same."""
    languages = sorted(lexicon)
    sets = sorted({meant for words in lexicon.values() for meant in words.values()})
    numbers = {meant: number for number, meant in enumerate(sets)}
    words, stems = list[int](), list[int]()
    for place, language in enumerate(languages):
        alike = defaultdict[str, set[Meant]](set)
        for word, meant in lexicon[language].items():
            words.append(_entry(word, place, numbers[meant]))
            if len(word) >= _MIN_STEM:
                alike[word[: max(_MIN_STEM, len(word) - _ENDING)]].add(meant)
        stems += [_entry(stem, place, numbers[next(iter(them))]) for stem, them in alike.items() if len(them) == 1]
    return Meanings(languages=languages, sets=sets, words=array("Q", sorted(words)), stems=array("Q", sorted(stems)))


def _entry(word: str, language: int, number: int) -> int:
    return crc32(word.encode()) << _DIGEST_SHIFT | language << _SET_BITS | number


def _listed(entries: Sequence[int], word: str) -> Iterator[tuple[int, int]]:
    """Give the languages that have a word, each with the number of its set."""
    digest = crc32(word.encode())
    place = bisect_left(entries, digest << _DIGEST_SHIFT)
    while place < len(entries) and entries[place] >> _DIGEST_SHIFT == digest:
        yield entries[place] >> _SET_BITS & _LANGUAGE, entries[place] & _SET
        place += 1
