"""Whether a draft is neither too short nor too long."""

from typing import Final

from reflecta.domain.checks.candidate import Candidate

MIN_CHARS: Final = 20
MAX_CHARS: Final = 1800
# The prompts ask for 60 to 140; what a person can read in a minute is not refused for a few words more or less.
MIN_WORDS: Final = 20
MAX_WORDS: Final = 200
# What a lock screen shows; Android cuts at about this length, iOS a little later.
MAX_PUSH_CHARS: Final = 178


def find_fault_of_length(candidate: Candidate) -> str:
    """Say what is too short or too long; empty when nothing is."""
    draft, said = candidate.draft, len(candidate.words)
    chars = len(draft.text)
    if not MIN_CHARS <= chars <= MAX_CHARS:
        return f"The message has {chars} characters; write {MIN_CHARS} to {MAX_CHARS}."
    if not _is_unspaced(draft.text, said) and not MIN_WORDS <= said <= MAX_WORDS:
        return f"The message has {said} words; write {MIN_WORDS} to {MAX_WORDS}."
    if len(draft.push_text) > MAX_PUSH_CHARS:
        return f"The push text has {len(draft.push_text)} characters; at most {MAX_PUSH_CHARS} are allowed."
    return ""


def _is_unspaced(text: str, said: int) -> bool:
    """Say whether a script without blanks between its words is used: there, *said* counts pairs of characters."""
    return said > 2 * len(text.split())
