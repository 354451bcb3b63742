"""Reads the weights of the local screen's score and its lexicon of meanings, which come with the package."""

import base64
import json
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypedDict, cast

from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.domain.risk import LocalScreen, Meanings, Scores


class _Lexicon(TypedDict):
    languages: Sequence[str]
    sets: Sequence[str]
    words: str
    stems: str


class _Scores(TypedDict):
    ordinary: float
    telling: float
    unit: float
    buckets: str
    meanings: _Lexicon
    signs: Mapping[str, Mapping[str, float]]


@cache
def load_scores() -> Scores:
    """Read the weights, once."""
    text = resources.files("reflecta").joinpath("safety", "scores.json").read_text(encoding="utf-8")
    given = cast("_Scores", json.loads(text))
    lexicon = given["meanings"]
    meanings = Meanings(
        languages=lexicon["languages"],
        sets=[tuple(map(sys.intern, names.split())) for names in lexicon["sets"]],
        words=unpacked("Q", lexicon["words"]),
        stems=unpacked("Q", lexicon["stems"]),
    )
    return Scores(
        buckets=unpacked("b", given["buckets"]),
        unit=given["unit"],
        ordinary=given["ordinary"],
        telling=given["telling"],
        meanings=meanings,
        signs=given["signs"],
    )


def packed(numbers: "array[int]") -> str:
    """Give numbers as text: their bytes, the lowest first, compressed."""
    ordered = numbers[:]
    if sys.byteorder == "big":
        ordered.byteswap()
    return base64.b64encode(zlib.compress(ordered.tobytes(), 9)).decode()


def unpacked(kind: str, text: str) -> "array[int]":
    """Give the numbers that `packed` made a text of; *kind* is that of the array."""
    numbers = array(kind, zlib.decompress(base64.b64decode(text)))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


@cache
def load_local_screen() -> LocalScreen:
    """Give the local screen that comes with the package, always the same."""
    return read_local_screen()


def read_local_screen(folder: Path | None = None) -> LocalScreen:
    """Give the local screen, with the rules in an operator's *folder*; ConfigurationError where they cannot be read."""
    scores = load_scores()  # first: the rules take the room that reading them leaves
    return LocalScreen(load_risk_rules(folder), scores)
