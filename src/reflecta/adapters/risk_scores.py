"""Reads the weights of the local screen's score, which come with the package."""

import base64
import json
from array import array
from functools import cache
from importlib import resources
from typing import TypedDict, cast

from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.domain.risk import LocalScreen, Scores


class _Scores(TypedDict):
    ordinary: float
    unit: float
    bias: float
    buckets: str


@cache
def load_scores() -> Scores:
    """Read the weights, once."""
    text = resources.files("reflecta").joinpath("safety", "scores.json").read_text(encoding="utf-8")
    given = cast("_Scores", json.loads(text))
    buckets = array("b", base64.b64decode(given["buckets"]))
    return Scores(buckets=buckets, unit=given["unit"], bias=given["bias"], ordinary=given["ordinary"])


@cache
def load_local_screen() -> LocalScreen:
    """Give the local screen that comes with the package."""
    return LocalScreen(load_risk_rules(), load_scores())
