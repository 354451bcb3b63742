"""Finds the words from which a misspelt one is a slip or two of the pen away."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import Final

# In shorter words another letter makes another word too often; lost, added and swapped letters do not.
_MIN_OTHER_LETTER: Final = 5
_INDEX_BITS: Final = 20
_INDEX: Final = (1 << _INDEX_BITS) - 1
_DIGEST: Final = (1 << (64 - _INDEX_BITS)) - 1


class SlipIndex:
    """Words by what is left of them without some *letters*: two that share it are so many slips apart.

    Kept as sorted numbers, the digest of what is left before the place of the word: a dictionary of as many texts takes
    fifteen times the memory. That two digests of 44 bits are alike by chance happens once in some million words.
    """

    def __init__(self, words: Collection[str], *, letters: int = 1) -> None:
        self._words = sorted(words)
        self._letters = letters
        left = (
            (hash(cut) & _DIGEST) << _INDEX_BITS | place
            for place, word in enumerate(self._words)
            for cut in _shorter(word, letters)
        )
        self._left = array("Q", sorted(left))

    def find(self, word: str) -> set[str]:
        """Give the words that this one may be meant to be."""
        near = {meant for cut in _shorter(word, self._letters) for meant in self._with(cut)}
        return {meant for meant in near if _is_slip(word, meant)} if self._letters == 1 else near

    def _with(self, cut: str) -> Iterator[str]:
        lowest = (hash(cut) & _DIGEST) << _INDEX_BITS
        left = self._left
        place = bisect_left(left, lowest)
        while place < len(left) and left[place] & ~_INDEX == lowest:
            yield self._words[left[place] & _INDEX]
            place += 1


def _shorter(word: str, letters: int) -> Collection[str]:
    """Give a word, and what is left of it without up to so many letters."""
    if letters == 1:
        return [word, *_cuts(word)]
    found = {word}
    for _ in range(letters):
        found |= {cut for one in found for cut in _cuts(one)}
    return found


def _cuts(word: str) -> Iterator[str]:
    """Give a word without one of its letters."""
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _is_slip(word: str, meant: str) -> bool:
    """Say whether a word differs from another by a letter lost, added or swapped; in long ones by another letter."""
    return len(word) != len(meant) or len(meant) >= _MIN_OTHER_LETTER or sorted(word) == sorted(meant)
