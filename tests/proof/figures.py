"""Prints figures as a table and writes them to out/NAME.json, which is what a proof leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

OUT = Path(__file__).parents[2] / "out"
NO_TARGET = "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, what it should be, whether it is, and of how many cases."""

    value: float | str
    target: str
    met: bool
    n: int


def report(name: str, figures: Mapping[str, Figure], *, folder: Path = OUT) -> int:
    """Print and write; return 0 when every figure is met, else 1."""
    folder.mkdir(exist_ok=True)
    wanted = {key: asdict(figure) for key, figure in figures.items()}
    (folder / f"{name}.json").write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    width = max(len(key) for key in figures)
    for key, figure in figures.items():
        mark = "NOT MET" if not figure.met else "" if figure.target == NO_TARGET else "ok"
        print(f"{key:<{width}}  {figure.value!s:>10}  {figure.target:<12} n={figure.n:<8} {mark}", flush=True)
    return 0 if all(figure.met for figure in figures.values()) else 1
