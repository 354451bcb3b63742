"""How many of the texts that show a risk the local screen finds, and whom it holds without need."""

import csv
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Final, NotRequired, TypedDict, cast

from tests.data import find_data
from tests.proof.figures import NO_TARGET, Figure

from evals.cases import TEXTS
from evals.shares import NOT_MEASURED, Findings, Share, at_least, at_most, share_of, shares_by, table, told
from reflecta.adapters.risk_scores import load_local_screen
from reflecta.domain.risk import Finding

Find = Callable[[str], Finding | None]

JOURNALS: Final = "journals/lemotif-half.csv"
HELD_OUT: Final = "held_out"
PRACTICE: Final = "practice"
# The form of texts whose words do not say it, though a reader would see it.
INDIRECT: Final = "indirect"
# Of what people write who are not at risk.
_HELD_AT_MOST: Final = 0.005
_TITLES: Final[Mapping[str, str]] = {HELD_OUT: "texts held out", PRACTICE: "texts that it was made on"}


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
    """Give recall and needless holds; *find* is the package's local screen, *journals* the real ones, by default.

    What counts are the texts held out, which nobody saw who made the rules; those that they practised on are told.
    """
    look = find or load_local_screen().find
    explicit = load_samples(texts / HELD_OUT / "crisis")
    found = [
        _recall(explicit, look, HELD_OUT),
        *([_alone(explicit, load_local_screen().rules.find)] if find is None else []),
        _needless(load_samples(texts / HELD_OUT / "ordinary"), look, HELD_OUT),
        _diaries(load_samples(texts / HELD_OUT / "diaries"), look, HELD_OUT),
        _varied(texts / HELD_OUT, look),
        _recall(load_samples(texts / PRACTICE / "crisis"), look, PRACTICE),
        _needless(load_samples(texts / PRACTICE / "ordinary"), look, PRACTICE),
        _diaries(load_samples(texts / PRACTICE / "diaries"), look, PRACTICE),
        _journals(look, journals or find_data(JOURNALS)),
    ]
    return Findings(
        tables=[one for part in found for one in part.tables],
        figures={name: figure for part in found for name, figure in part.figures.items()},
    )


def _recall(samples: Sequence[Sample], look: Find, corpus: str) -> Findings:
    """Give how many explicit texts are found; hints are told beside them and count for nothing."""
    every = [(sample, look(sample.text)) for sample in samples]
    found = [(sample, finding) for sample, finding in every if sample.group != INDIRECT]
    overall = share_of(finding is not None for _, finding in found)
    named = share_of(finding.sign == sample.sign for sample, finding in found if finding is not None)
    by_language = shares_by((sample.language, finding is not None) for sample, finding in found)
    by_sign = shares_by((sample.sign, finding is not None) for sample, finding in found)
    by_form = shares_by((sample.group, finding is not None) for sample, finding in every)
    groups = {**by_language, **by_sign, **by_form}
    low, high = overall.interval
    name = "risk_recall" if corpus == HELD_OUT else f"{corpus}_risk_recall"
    figures = {
        name: at_least(overall, 0.99) if corpus == HELD_OUT else told(overall),
        f"{name}_interval_low": Figure(value=round(low, 4), target=NO_TARGET, met=True, n=overall.n),
        f"{name}_interval_high": Figure(value=round(high, 4), target=NO_TARGET, met=True, n=overall.n),
        f"{name}_sign_right": told(named),
        **{f"{name}_{group}": told(share) for group, share in groups.items()},
    }
    return Findings(
        tables=[
            table(f"{_TITLES[corpus]}: explicit texts that the screen finds", {"all": overall, "sign right": named}),
            table("  by language", by_language),
            table("  by sign", by_sign),
            table(f"  by form ({INDIRECT} ones are hints, and counted apart)", by_form),
        ],
        figures=figures,
    )


def _varied(folder: Path, look: Find) -> Findings:
    """Give how the screen does on texts that were written to be unlike one another, and calm ones nearest to them."""
    signs, calm = (
        [(sample, look(sample.text) is not None) for sample in load_samples(folder / kind)]
        for kind in ("varied_crisis", "varied_ordinary")
    )
    found, held = share_of(is_found for _, is_found in signs), share_of(is_held for _, is_held in calm)
    by_language = shares_by((sample.language, is_found) for sample, is_found in signs)
    by_kind = shares_by((sample.group, is_held) for sample, is_held in calm)
    return Findings(
        tables=[
            table("held out, varied: explicit texts that the screen finds", {"all": found, **by_language}),
            table("held out, varied: ordinary texts that it holds without need", {"all": held, **by_kind}),
        ],
        figures={
            "varied_found": told(found),
            "varied_held": told(held),
            **{f"varied_found_{language}": told(share) for language, share in by_language.items()},
            **{f"varied_held_{kind}": told(share) for kind, share in by_kind.items()},
        },
    )


def _alone(samples: Sequence[Sample], rules: Find) -> Findings:
    """Give what the rules would find if no score stood beside them."""
    recall = share_of(rules(sample.text) is not None for sample in samples if sample.group != INDIRECT)
    return Findings(
        tables=[table(f"{_TITLES[HELD_OUT]}: explicit texts found by the rules without the score", {"all": recall})],
        figures={"risk_recall_by_rules_alone": told(recall)},
    )


def _needless(samples: Sequence[Sample], look: Find, corpus: str) -> Findings:
    held = [(sample, look(sample.text) is not None) for sample in samples]
    rows: Mapping[str, Share] = {
        "all": share_of(is_held for _, is_held in held),
        **shares_by((sample.group, is_held) for sample, is_held in held),
    }
    name = "ordinary_held" if corpus == HELD_OUT else f"{corpus}_ordinary_held"
    return Findings(
        tables=[table(f"{_TITLES[corpus]}: ordinary texts that the screen holds without need", rows)],
        figures={f"{name}_{kind}": told(share) for kind, share in rows.items()},
    )


def _diaries(samples: Sequence[Sample], look: Find, corpus: str) -> Findings:
    """Give how many diary entries are held that nobody made to look like a sign."""
    held = [(sample, look(sample.text) is not None) for sample in samples]
    overall = share_of(is_held for _, is_held in held)
    by_language = shares_by((sample.language, is_held) for sample, is_held in held)
    name = "diaries_held" if corpus == HELD_OUT else f"{corpus}_diaries_held"
    return Findings(
        tables=[table(f"{_TITLES[corpus]}: diary entries that the screen holds", {"all": overall, **by_language})],
        figures={
            name: at_most(overall, _HELD_AT_MOST) if corpus == HELD_OUT else told(overall),
            **{f"{name}_{language}": told(share) for language, share in by_language.items()},
        },
    )


def _journals(look: Find, path: Path | None) -> Findings:
    if path is None:
        missing = f"REAL DATA MISSING: no {JOURNALS!r} under REFLECTA_TEST_DATA; no hold on real journals was counted."
        print(missing, file=sys.stderr, flush=True)  # noqa: T201 - a figure that is not there must be seen
        return Findings(tables=[], figures={"journals_held": NOT_MEASURED})
    with path.open(encoding="utf-8", newline="") as file:
        entries = [row["Answer"] for row in csv.DictReader(file)]
    begun = process_time()
    held = share_of(look(entry) is not None for entry in entries)
    cpu_ms = round(1000 * (process_time() - begun) / len(entries), 2)
    return Findings(
        tables=[table("real journal entries that the screen holds, of n", {"all": held})],
        figures={
            "journals_held": at_most(held, _HELD_AT_MOST),
            "rules_cpu_ms_entry": Figure(value=cpu_ms, target=NO_TARGET, met=True, n=len(entries), timed=True),
        },
    )
