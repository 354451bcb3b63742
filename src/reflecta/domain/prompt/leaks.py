"""Whether a draft repeats its own instructions: a writer that obeys a diary may be told to print them."""

from collections.abc import Sequence
from functools import lru_cache
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
    return any(sentence in said for prompt in prompts.all for sentence in _sentences(prompt.text))


@lru_cache(maxsize=32)
def _sentences(instructions: str) -> Sequence[str]:
    found = (comparable(sentence).strip(_OUTER) for sentence in each_sentence(instructions))
    return tuple(sentence for sentence in found if len(words(sentence)) >= _LEAST_WORDS)
