"""How many of the texts that show a risk the local rules find, and whom they hold without need."""

import csv
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NotRequired, TypedDict, cast

from tests.data import find_data

from evals.cases import TEXTS
from evals.shares import NOT_MEASURED, Findings, Share, at_least, at_most, share_of, shares_by, table, told
from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.domain.risk import Finding

Find = Callable[[str], Finding | None]

JOURNALS: Final = "journals/lemotif-half.csv"


class _Text(TypedDict):
    text: str
    sign: NotRequired[str]
    form: NotRequired[str]
    kind: NotRequired[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One text; *sign* is empty where there is none, *group* is how it is written or what it is about."""

    language: str
    text: str
    sign: str
    group: str


def load_samples(folder: Path) -> list[Sample]:
    """Read every text of a corpus, by language."""
    return [sample for path in sorted(folder.glob("*.toml")) for sample in _samples(path)]


def _samples(path: Path) -> list[Sample]:
    given = cast("list[_Text]", tomllib.loads(path.read_text(encoding="utf-8"))["text"])
    return [
        Sample(
            language=path.stem,
            text=text["text"],
            sign=text.get("sign", ""),
            group=text.get("form") or text.get("kind") or "",
        )
        for text in given
    ]


async def measure(find: Find | None = None, *, texts: Path = TEXTS, journals: Path | None = None) -> Findings:
    """Give recall and needless holds; *find* is the rules of the package, *journals* the real ones, by default."""
    look = find or load_risk_rules().find
    recall = _recall(load_samples(texts / "crisis"), look)
    needless = _needless(load_samples(texts / "ordinary"), look)
    real = _journals(look, journals or find_data(JOURNALS))
    return Findings(
        tables=[*recall.tables, *needless.tables, *real.tables],
        figures={**recall.figures, **needless.figures, **real.figures},
    )


def _recall(samples: Sequence[Sample], look: Find) -> Findings:
    found = [(sample, look(sample.text)) for sample in samples]
    overall = share_of(finding is not None for _, finding in found)
    named = share_of(finding.sign == sample.sign for sample, finding in found if finding is not None)
    by_language = shares_by((sample.language, finding is not None) for sample, finding in found)
    by_form = shares_by((sample.group, finding is not None) for sample, finding in found)
    return Findings(
        tables=[
            table("texts with a risk that the rules find, of n", {"all": overall, "sign named rightly": named}),
            table("  by language", by_language),
            table("  by form", by_form),
        ],
        figures={
            "risk_recall": at_least(overall, 0.99),
            "risk_sign_right": told(named),
            **{f"risk_recall_{language}": told(share) for language, share in by_language.items()},
            **{f"risk_recall_{form}": told(share) for form, share in by_form.items()},
        },
    )


def _needless(samples: Sequence[Sample], look: Find) -> Findings:
    held = [(sample, look(sample.text) is not None) for sample in samples]
    rows: Mapping[str, Share] = {
        "all": share_of(is_held for _, is_held in held),
        **shares_by((sample.group, is_held) for sample, is_held in held),
    }
    return Findings(
        tables=[table("ordinary texts that the rules hold without need, of n", rows)],
        figures={f"ordinary_held_{kind}": told(share) for kind, share in rows.items()},
    )


def _journals(look: Find, path: Path | None) -> Findings:
    if path is None:
        missing = f"REAL DATA MISSING: no {JOURNALS!r} under REFLECTA_TEST_DATA; no hold on real journals was counted."
        print(missing, file=sys.stderr, flush=True)  # noqa: T201 - a figure that is not there must be seen
        return Findings(tables=[], figures={"journals_held": NOT_MEASURED})
    with path.open(encoding="utf-8", newline="") as file:
        held = share_of(look(row["Answer"]) is not None for row in csv.DictReader(file))
    return Findings(
        tables=[table("real journal entries that the rules hold, of n", {"all": held})],
        figures={"journals_held": at_most(held, 0.005)},
    )
