"""Learns the weights of the screen's scores from the practice texts and the lexicon of meanings.

    python -m evals.training            # tells, for texts that were not learned from, what several limits would do
    python -m evals.training --write    # learns from all of them and writes the weights into the package

The limits are decided on the varied texts: the rules were not made with them, so what the rules do there is what they
do to texts that they have never seen.

A linear support-vector machine (squared hinge loss) by dual coordinate descent: Hsieh, Chang, Lin, Keerthi and
Sundararajan, "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008. Own code: thirty lines of it
beside a library of 100 MB that nothing else here needs. The same texts give the same weights. Takes two minutes.
"""

import argparse
import hashlib
import json
import random
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import chain
from math import log
from pathlib import Path
from typing import Final

from evals.cases import TEXTS
from evals.risk import INDIRECT, PRACTICE, Sample, load_samples
from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.adapters.risk_scores import packed
from reflecta.domain.risk.meanings import Lexicon, Meanings, compiled
from reflecta.domain.risk.scores import Passage, passages, placed_in, words_of

MEANINGS: Final = Path(__file__).parent / "meanings"
_BUCKETS: Final = 1 << 18
# Decided by the figures that this command prints; see docs/safety.md.
_ORDINARY: Final = -0.4
_TELLING: Final = 1.0
_COST: Final = 3.0
_ROUNDS: Final = 20
_ENOUGH: Final = 0.05
_FOLDS: Final = 3
_LARGEST: Final = 127
_SEED: Final = 1
# The practice texts that the rules were made with, and those that they must not be made with.
KNOWN: Final = ("crisis", "ordinary", "diaries")
VARIED: Final = ("varied_crisis", "varied_ordinary")


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what is scored of it; its sign is empty where there is none. The rules know none that *is_varied*."""

    sample: Sample
    passages: Sequence[Passage]
    is_varied: bool = False


@dataclass(slots=True)
class _Given:
    """A passage to learn from: groups of buckets with the value of each; *side* is 1 with a sign and -1 without."""

    groups: Sequence[tuple[Sequence[int], float]]
    side: float
    slack: float
    length: float
    dual: float = 0.0

    def score(self, weights: Sequence[float]) -> float:
        """Give the score."""
        return sum([value * sum([weights[bucket] for bucket in buckets]) for buckets, value in self.groups])

    def step(self, slope: float) -> float:
        """Give by how much the passage's share in the weights changes."""
        dual = max(self.dual - slope / (self.length + self.slack), 0.0)
        changed, self.dual = dual - self.dual, dual
        return changed * self.side

    def add_to(self, weights: list[float], step: float) -> None:
        """Add so many times the passage to the weights."""
        for buckets, value in self.groups:
            change = step * value
            for bucket in buckets:
                weights[bucket] += change


Weights = Sequence[float]


def score(weights: Weights, passage: Passage) -> float:
    """Give the score of a passage by a weight for each bucket."""
    return _given(passage, len(weights), is_sign=True, slack=0.0).score(weights)


def learn(examples: Sequence[tuple[Passage, bool]], size: int = _BUCKETS) -> Weights:
    """Give the weights that part passages with a sign from others; both count for as much in all."""
    share = {True: sum(is_sign for _, is_sign in examples) / len(examples)}
    share[False] = 1 - share[True]
    given = [_given(found, size, is_sign=is_sign, slack=share[is_sign] / _COST) for found, is_sign in examples]
    weights = [0.0] * size
    draw = random.Random(_SEED)  # noqa: S311 - the order of learning
    for _ in range(_ROUNDS):
        draw.shuffle(given)
        worst = 0.0
        for one in given:
            slope = one.side * one.score(weights) - 1 + one.slack * one.dual
            if one.dual == 0.0 and slope > 0.0:
                continue
            worst = max(worst, abs(slope))
            one.add_to(weights, one.step(slope))
        if worst < _ENOUGH:
            break
    return weights


def _given(found: Passage, size: int, *, is_sign: bool, slack: float) -> _Given:
    groups = [(sorted(placed), value) for placed, value in placed_in(size, found)]
    length = sum(len(placed) * value**2 for placed, value in groups)
    return _Given(groups, 1.0 if is_sign else -1.0, slack, length)


def learned(examples: Sequence[Example]) -> Weights:
    """Learn what shows a risk; of a longer text with a sign only the passage that shows it most counts as one."""
    calm = [(found, False) for one in examples if not one.sample.sign for found in one.passages]
    signs = [one.passages for one in examples if one.sample.sign]
    first = learn([*calm, *((found[0], True) for found in signs if len(found) == 1)])
    return learn([*calm, *((max(found, key=partial(score, first)), True) for found in signs)])


def signs_by_meaning(examples: Iterable[Example], weights: Weights) -> Mapping[str, Mapping[str, float]]:
    """Give for each sign how much likelier each meaning is with it than with the other signs, as a logarithm."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in examples:
        if one.sample.sign:
            counts[one.sample.sign].update(max(one.passages, key=partial(score, weights)).meanings)
    names = sorted(set(chain.from_iterable(counts.values())))
    totals = {sign: found.total() + len(names) for sign, found in counts.items()}
    every, total = sum(counts.values(), Counter[str]()), sum(totals.values())
    return {
        sign: {
            name: round(log((found[name] + 1) / totals[sign]) - log((every[name] + len(counts)) / total), 2)
            for name in names
        }
        for sign, found in sorted(counts.items())
    }


def load_lexicon(folder: Path = MEANINGS) -> Lexicon:
    """Read the meanings of words: a file for each language, lines of 'meaning: word word'.

    What falls into several words in the plain form is left out.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.txt"))}


def _read(path: Path) -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition(":")
        for plain in map(words_of, words.split()):
            if len(plain) == 1:
                found[plain[0]].add(name)
    return {word: tuple(sorted(names)) for word, names in found.items()}


def practice(texts: Path = TEXTS, *, kinds: Sequence[str] = (*KNOWN, *VARIED)) -> Sequence[Sample]:
    """Give the texts that are learned from."""
    return [one for kind in kinds for one in load_samples(texts / PRACTICE / kind) if one.group != INDIRECT]


def digest(samples: Iterable[Sample], lexicon: Lexicon) -> str:
    """Give what changes with any change of the texts or of the lexicon."""
    texts = "\0".join(f"{one.sign}\0{one.text}" for one in samples)
    return hashlib.sha256(f"{texts}\0{json.dumps(lexicon, sort_keys=True)}".encode()).hexdigest()


def place() -> Path:
    """Give where the weights are kept."""
    return Path(str(resources.files("reflecta").joinpath("safety", "scores.json")))


def _write(examples: Sequence[Example], lexicon: Lexicon, meanings: Meanings) -> None:
    weights = learned(examples)
    unit = max(map(abs, weights)) / _LARGEST or 1.0
    told = {
        "made_by": "python -m evals.training --write",
        "practice": digest((one.sample for one in examples), lexicon),
        "ordinary": _ORDINARY,
        "telling": _TELLING,
        "unit": unit,
        "buckets": packed(array("b", [round(weight / unit) for weight in weights])),
        "meanings": {
            "languages": meanings.languages,
            "sets": [" ".join(names) for names in meanings.sets],
            "words": packed(array("Q", meanings.words)),
            "stems": packed(array("Q", meanings.stems)),
        },
        "signs": signs_by_meaning(examples, weights),
    }
    place().write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _tell(examples: Sequence[Example]) -> None:
    """Print what limits would do to texts that the score was not learned from, in folds."""
    rules = load_risk_rules()
    scored = [pair for fold in range(_FOLDS) for pair in _scored(examples, fold)]
    held = [(_kind(one), rules.find(one.sample.text), score) for one, score in scored]
    for ordinary in (-9.0, -0.8, -0.6, -0.4, -0.2):
        for telling in (9.0, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6):
            found: defaultdict[str, list[bool]] = defaultdict(list)
            for kind, finding, score in held:
                is_believed = finding is not None and (finding.is_firm or score >= ordinary)
                found[kind].append(is_believed or score >= telling)
            told = "  ".join(f"{kind} {100 * sum(them) / len(them):.1f} %" for kind, them in sorted(found.items()))
            sys.stdout.write(f"ordinary below {ordinary:4.1f}, telling from {telling:3.1f}: {told}\n")


def _kind(one: Example) -> str:
    """Name a kind of text; those that the rules know are told apart from the varied ones."""
    known = "varied" if one.is_varied else "known to rules"
    if one.sample.sign:
        return f"found ({known})"
    return f"{'everyday' if one.sample.group == 'everyday' else 'others'} ({known})"


def _scored(examples: Sequence[Example], fold: int) -> Sequence[tuple[Example, float]]:
    weights = learned([one for number, one in enumerate(examples) if number % _FOLDS != fold])
    return [(one, max(score(weights, passage) for passage in one.passages)) for one in examples[fold::_FOLDS]]


def _examples(meanings: Meanings) -> Sequence[Example]:
    return [
        Example(one, passages(one.text, meanings)[1], is_varied=kinds is VARIED)
        for kinds in (KNOWN, VARIED)
        for one in practice(kinds=kinds)
    ]


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    does_write: bool = parser.parse_args().write
    lexicon = load_lexicon()
    meanings = compiled(lexicon)
    examples = _examples(meanings)
    if does_write:
        _write(examples, lexicon, meanings)
    else:
        _tell(examples)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
