"""A message as the check of its particulars reads it: word by word, without what it quotes."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.checks.length import MAX_CHARS
from reflecta.domain.checks.quotations import QUOTATION_SIGN
from reflecta.domain.checks.vocabulary import VOCABULARIES, Vocabulary, language_of

# Numbers with what joins their parts, words with what joins theirs, and the signs that end sentences or clauses.
_TOKEN: Final = re.compile(rf"\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*|[{QUOTATION_SIGN}.!?:,;\n。！？–—-]")
# After these a word has its capital for its place.
_OPENERS: Final = frozenset(f"{QUOTATION_SIGN}.!?:\n。！？–—-")
_ENDS: Final = frozenset(".!?\n。！？")
_NO_WORDS: Final = _OPENERS | frozenset(",;")


class Token(NamedTuple):
    """One word, number or sign, as it stands and folded."""

    text: str
    folded: str

    @property
    def is_word(self) -> bool:
        """Say whether it is a word."""
        return self.text[0].isalpha()


_NOTHING: Final = Token("\n", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The words, numbers and signs of a message, as they stand and folded; its language and what is known of that."""

    texts: Sequence[str]
    folded: Sequence[str]
    language: str | None
    vocabulary: Vocabulary | None

    def at(self, place: int) -> Token:
        """Give the token there; a line's end where there is none."""
        return Token(self.texts[place], self.folded[place]) if 0 <= place < len(self.texts) else _NOTHING

    def opens(self, place: int) -> bool:
        """Say whether a sentence begins there."""
        before = place - 1
        while before >= 0 and self.texts[before] in _NO_WORDS:
            if self.texts[before] in _OPENERS:
                return True
            before -= 1
        return before < 0

    def span(self, start: int, end: int) -> str:
        """Give the words there as they are named in a fault."""
        return " ".join(self.texts[start:end])

    def tells_of_the_past(self, place: int) -> bool:
        """Say whether the sentence around a place quotes, or says what was."""
        said = self._sentence(place)
        return QUOTATION_SIGN in said or (self.vocabulary is not None and not self.vocabulary.told.isdisjoint(said))

    def speaks_of_days(self, place: int) -> bool:
        """Say whether the sentence around a place names days."""
        units = self.vocabulary.units if self.vocabulary else dict[str, int]()
        return any(units.get(word) == 1 for word in self._sentence(place))

    def _sentence(self, place: int) -> Sequence[str]:
        start, end = place, place
        while start and self.texts[start - 1] not in _ENDS:
            start -= 1
        while end < len(self.texts) and self.texts[end] not in _ENDS:
            end += 1
        return self.folded[start:end]


def read(candidate: Candidate) -> Reading:
    """Read a message and its push text."""
    # What is longer is refused for its length: reading all of it would take quadratic time.
    text = f"{candidate.own_text[:MAX_CHARS]}\n{candidate.own_push[:MAX_CHARS]}".replace("’", "'")
    texts = _TOKEN.findall(text if text.isascii() else unicodedata.normalize("NFKC", text))
    folded = [token.casefold() for token in texts]
    language = language_of(set(candidate.words), candidate.context.language)
    return Reading(texts=texts, folded=folded, language=language, vocabulary=VOCABULARIES.get(language or ""))
