"""Prints figures as a table and writes them to out/NAME.json, which is what a proof leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[2] / "out"
NO_TARGET = "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, what it should be, whether it is, and of how many cases.

    A *timed* one is told beside its target and decides nothing: how fast a machine is proves no bug.
    """

    value: float | str
    target: str
    met: bool
    n: int
    timed: bool = False

    @property
    def fails(self) -> bool:
        """Whether this makes a proof fail."""
        return not self.met and not self.timed


def written(name: str, *, folder: Path = OUT) -> dict[str, Figure]:
    """Read what `report` wrote."""
    read: dict[str, dict[str, Any]] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return {key: Figure(**values) for key, values in read.items()}


def report(name: str, figures: Mapping[str, Figure], *, folder: Path = OUT) -> int:
    """Print and write; return 1 when a figure fails, else 0."""
    folder.mkdir(exist_ok=True)
    wanted = {key: asdict(figure) for key, figure in figures.items()}
    for values in wanted.values():
        if not values["timed"]:
            del values["timed"]
    (folder / f"{name}.json").write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    width = max(len(key) for key in figures)
    for key, figure in figures.items():
        mark = "NOT MET" if not figure.met else "" if figure.target == NO_TARGET else "ok"
        print(f"{key:<{width}}  {figure.value!s:>10}  {figure.target:<12} n={figure.n:<8} {mark}", flush=True)
    return 1 if any(figure.fails for figure in figures.values()) else 0
