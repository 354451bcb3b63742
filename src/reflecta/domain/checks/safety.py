"""Whether a draft says what no message may say. A veto: no score and no wish of the person overrides it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Final, TypeAlias

from reflecta.domain.checks.candidate import Candidate
from reflecta.domain.checks.quotations import QUOTATION_SIGN
from reflecta.domain.checks.unsafe import UNSAFE
from reflecta.domain.checks.unsafe.phrases import lines
from reflecta.domain.text import comparable, words

# One branch for every word that may come next; what stands under the empty word ends a phrase and says its kind.
_Branch: TypeAlias = "dict[str, _Branch | str]"

_ANY: Final = "~"
_END: Final = ""
_MAX_COLOURING: Final = 3
_DOSE: Final = re.compile(
    r"\d ?(?:mg|mcg|µg|μg|milligrams?|milligramm|milligrammes?|miligramos?|miligramas?|milligrammi|micrograms?"
    r"|i\.?u\.?|tablets?|pills?|capsules?|tabletten?|kapseln?|pillen?|pastillas?|c[aá]psulas?|comprim[eé]s?|comprimidos?"
    r"|g[eé]lules?|compress[ae]|pillol[ae]|pastiglie)(?!\w)",
    re.IGNORECASE,
)
_SAID_KINDS: Final = {
    "worth": "insults or scolds",
    "diagnosis": "names a diagnosis",
    "medicine": "gives orders on medicines",
    "money_and_law": "gives directions in law or money",
    "harm": "speaks of harm",
    "guilt": "lays guilt or feigns closeness",
}
_QUOTED_KINDS: Final = {"worth": "an insult", "harm": "harm", "of_oneself": "contempt of oneself"}
# Where a clause begins, as a word that nobody writes; '^' in phrases.
_BREAK: Final = " clausebreak "
_BREAKS: Final = re.compile(r"[.!?:;,]+| - |^")
_COLOURING: Final = frozenset(word for phrases in UNSAFE.values() for word in phrases.colouring.split())


def find_unsafe(candidate: Candidate) -> str:
    """Say what must not be said; empty when nothing is."""
    for own in (candidate.own_text, candidate.own_push):
        if found := _find(_SAID, own):
            kind, phrase = found
            return f"The message {kind} ({phrase!r}), which no message may do; leave it out."
        if dose := _DOSE.search(comparable(own)):
            return f"The message names a dose ({dose.group()!r}); leave medicines to those who prescribe them."
    for span in candidate.spans:
        if found := _find(_QUOTED, span):
            kind, phrase = found
            return f"The message quotes {kind} back to the person ({phrase!r}); quote something else."
    return ""


def _find(phrases: _Branch, text: str) -> tuple[str, str] | None:
    """Give the kind of the first phrase in a text, and its words."""
    said = words(_BREAKS.sub(_BREAK, _without_accents(comparable(text.replace(QUOTATION_SIGN, ", ")))))
    for at, word in enumerate(said):
        branch = phrases.get(word)
        if isinstance(branch, dict):
            kind, end = _follow(branch, said, at + 1)
            if kind:
                return kind, " ".join(word for word in said[at:end] if word != _BREAK.strip())
    return None


def _follow(branch: _Branch, said: Sequence[str], at: int) -> tuple[str, int]:
    """Give the kind of the phrase that goes on there and where it ends; no kind when there is none."""
    ended = branch.get(_END)
    if isinstance(ended, str):
        return ended, at
    following = branch.get(said[at]) if at < len(said) else None
    if isinstance(following, dict):
        kind, end = _follow(following, said, at + 1)
        if kind:
            return kind, end
    coloured = branch.get(_ANY)
    return _follow_coloured(coloured, said, at) if isinstance(coloured, dict) else ("", at)


def _follow_coloured(branch: _Branch, said: Sequence[str], at: int) -> tuple[str, int]:
    for after in range(at, min(at + _MAX_COLOURING, len(said) - 1) + 1):
        kind, end = _follow(branch, said, after)
        if kind:
            return kind, end
        if after < len(said) and said[after] not in _COLOURING:
            break
    return "", at


def _without_accents(text: str) -> str:
    """Give a text in ASCII: what has no letters there has no phrases here."""
    return text if text.isascii() else unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()


def _branches(kinds: Mapping[str, str]) -> _Branch:
    root: _Branch = {}
    for phrases, (field, kind) in product(UNSAFE.values(), kinds.items()):
        for phrase in lines(getattr(phrases, field)):
            for said in _spelt_out(phrase):
                _add(root, said, kind)
    return root


def _add(root: _Branch, said: Iterable[str], kind: str) -> None:
    branch = root
    for word in said:
        following = branch.setdefault(word, {})
        assert isinstance(following, dict)  # noqa: S101 - only the empty word has a kind under it
        branch = following
    branch[_END] = kind


def _spelt_out(phrase: str) -> Iterator[list[str]]:
    """Give every sequence of words that a phrase stands for."""
    parts = [part.split("|") for part in phrase.replace("^", _BREAK).split()]
    said = [[[_ANY] if one == _ANY else words(one.replace("_", " ")) for one in part] for part in parts]
    return (list(chain.from_iterable(chosen)) for chosen in product(*said))


_SAID: Final = _branches(_SAID_KINDS)
_QUOTED: Final = _branches(_QUOTED_KINDS)
