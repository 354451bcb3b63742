"""Whether a draft repeats its own instructions: a writer that obeys a diary may be told to print them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from reflecta.domain.model import Draft
from reflecta.domain.prompt.questions import Prompts
from reflecta.domain.text import comparable, each_sentence, words

# What is shorter anybody may say.
_LEAST_WORDS: Final = 5
_OUTER: Final = " .,;:!?*#-'\""


def repeats_instructions(draft: Draft, prompts: Prompts) -> bool:
    """Say whether a sentence of any prompt stands in the message or in its push text."""
    said = comparable(f"{draft.text}\n{draft.push_text}")
    by_word = _by_word(tuple(prompt.text for prompt in prompts.all))
    return any(sentence in said for word in by_word.keys() & words(said) for sentence in by_word[word])


@lru_cache(maxsize=8)
def _by_word(instructions: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Give the sentences of all instructions by the longest of their inner words: few messages have one of these."""
    sentences: defaultdict[str, list[str]] = defaultdict(list)
    for sentence in dict.fromkeys(chain.from_iterable(map(_sentences, instructions))):
        # The first and the last word may be a part of another one where the sentence stands.
        sentences[max(words(sentence)[1:-1], key=len)].append(sentence)
    return dict(sentences)


def _sentences(instructions: str) -> Iterator[str]:
    found = (comparable(sentence).strip(_OUTER) for sentence in each_sentence(instructions))
    return (sentence for sentence in found if len(words(sentence)) >= _LEAST_WORDS)
