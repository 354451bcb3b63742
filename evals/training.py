"""Learns the weights of the screen's scores from the practice texts.

    python -m evals.training            # tells, for texts that were not learned from, what several limits would do
    python -m evals.training --write    # learns from all of them and writes the weights into the package

A linear support-vector machine (squared hinge loss) by dual coordinate descent: Hsieh, Chang, Lin, Keerthi and
Sundararajan, "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008. Own code: thirty lines of it
beside a library of 100 MB that nothing else here needs. The same texts give the same weights. Takes some minutes.
"""

import argparse
import base64
import hashlib
import json
import random
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from math import sqrt
from pathlib import Path
from typing import Final

from evals.cases import TEXTS
from evals.risk import INDIRECT, PRACTICE, Sample, load_samples
from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.domain.risk.scores import Features, Scores, passages

_BUCKETS: Final = 1 << 17
# Decided by the figures that this command prints: where one in a hundred of the signs found is given up.
_ORDINARY: Final = -0.8
_COST: Final = 3.0
_ROUNDS: Final = 25
_ENOUGH: Final = 0.05
_FOLDS: Final = 4
_LARGEST: Final = 127
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what is scored of it; its sign is empty where there is none."""

    sample: Sample
    passages: Sequence[Features]


@dataclass(slots=True)
class _Given:
    """A passage to learn from: its *buckets* have the value *value* each, *side* is 1 with a sign and -1 without."""

    buckets: Sequence[int]
    value: float
    side: float
    slack: float
    dual: float = 0.0

    def step(self, slope: float) -> float:
        """Give by how much the passage's share in the weights changes; its features and the bias have length 2."""
        dual = max(self.dual - slope / (2.0 + self.slack), 0.0)
        changed, self.dual = dual - self.dual, dual
        return changed * self.side


def learn(examples: Sequence[tuple[Features, bool]], size: int = _BUCKETS) -> Scores:
    """Give the weights that part passages with a sign from others; both count for as much in all."""
    share = {True: sum(is_sign for _, is_sign in examples) / len(examples)}
    share[False] = 1 - share[True]
    given = [_given(found, size, is_sign=is_sign, slack=share[is_sign] / _COST) for found, is_sign in examples]
    weights, bias = [0.0] * size, 0.0
    draw = random.Random(_SEED)  # noqa: S311 - the order of learning
    for _ in range(_ROUNDS):
        draw.shuffle(given)
        worst = 0.0
        for one in given:
            score = bias + one.value * sum([weights[bucket] for bucket in one.buckets])
            slope = one.side * score - 1 + one.slack * one.dual
            if one.dual == 0.0 and slope > 0.0:
                continue
            worst = max(worst, abs(slope))
            step = one.step(slope)
            bias += step
            for bucket in one.buckets:
                weights[bucket] += step * one.value
        if worst < _ENOUGH:
            break
    unit = max(map(abs, weights)) / _LARGEST or 1.0
    buckets = array("b", [round(weight / unit) for weight in weights])
    return Scores(buckets=buckets, unit=unit, bias=bias, ordinary=_ORDINARY)


def _given(found: Features, size: int, *, is_sign: bool, slack: float) -> _Given:
    buckets = sorted({feature % size for feature in found})
    return _Given(buckets, 1 / sqrt(max(1, len(found))), 1.0 if is_sign else -1.0, slack)


def learned(examples: Sequence[Example]) -> Scores:
    """Learn what shows a risk; of a longer text with a sign only the passage that shows it most counts as one."""
    calm = [(found, False) for one in examples if not one.sample.sign for found in one.passages]
    signs = [one.passages for one in examples if one.sample.sign]
    first = learn([*calm, *((found[0], True) for found in signs if len(found) == 1)])
    return learn([*calm, *((max(found, key=first.score), True) for found in signs)])


def practice(texts: Path = TEXTS) -> Sequence[Sample]:
    """Give the texts that are learned from."""
    kinds = ("crisis", "ordinary", "diaries")
    return [one for kind in kinds for one in load_samples(texts / PRACTICE / kind) if one.group != INDIRECT]


def digest(samples: Iterable[Sample]) -> str:
    """Give what changes with any change of the texts."""
    return hashlib.sha256("\0".join(f"{one.sign}\0{one.text}" for one in samples).encode()).hexdigest()


def place() -> Path:
    """Give where the weights are kept."""
    return Path(str(resources.files("reflecta").joinpath("safety", "scores.json")))


def _write(examples: Sequence[Example]) -> None:
    scores = learned(examples)
    told = {
        "made_by": "python -m evals.training --write",
        "practice": digest(one.sample for one in examples),
        "ordinary": scores.ordinary,
        "unit": scores.unit,
        "bias": scores.bias,
        "buckets": base64.b64encode(array("b", scores.buckets).tobytes()).decode(),
    }
    place().write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _tell(examples: Sequence[Example]) -> None:
    """Print what limits would do to texts that the score was not learned from, in folds; the rules know them all."""
    rules = load_risk_rules()
    scored = [pair for fold in range(_FOLDS) for pair in _scored(examples, fold)]
    held = [(one.sample, rules.find(one.sample.text), score) for one, score in scored]
    for ordinary in (-9.0, -1.0, -0.9, -0.8, -0.7, -0.6, -0.5, -0.4):
        found: defaultdict[str, list[bool]] = defaultdict(list)
        for sample, finding, score in held:
            is_believed = finding is not None and (finding.is_firm or score >= ordinary)
            found[_kind(sample)].append(is_believed)
        told = "  ".join(f"{kind} {100 * sum(them) / len(them):.1f} %" for kind, them in found.items())
        sys.stdout.write(f"ordinary below {ordinary:4.1f}: {told}\n")


def _kind(sample: Sample) -> str:
    if sample.sign:
        return "found"
    return "diaries" if sample.group == "everyday" else "look-alikes"


def _scored(examples: Sequence[Example], fold: int) -> Sequence[tuple[Example, float]]:
    scores = learned([one for number, one in enumerate(examples) if number % _FOLDS != fold])
    return [(one, max(map(scores.score, one.passages))) for one in examples[fold::_FOLDS]]


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    examples = [Example(one, passages(one.text)) for one in practice()]
    if parser.parse_args().write:
        _write(examples)
    else:
        _tell(examples)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
