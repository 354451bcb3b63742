"""Every benchmark works at a tiny size and leaves figures that make sense; how fast anything is, is not asked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from benchmarks.__main__ import BENCHMARKS, main

pytestmark = pytest.mark.usefixtures("postgres")


def _figures(folder: Path, *arguments: str) -> Mapping[str, Mapping[str, Any]]:
    assert main([*arguments, "--tiny", "--out", str(folder)]) == 0
    return json.loads((folder / "bench.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_works_and_writes_positive_figures(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = _figures(tmp_path, name)

    assert all(figure["value"] > 0 and figure["n"] > 0 for figure in figures.values()), figures
    assert all(figure.keys() == {"value", "target", "met", "n"} for figure in figures.values())
    assert all(key in capsys.readouterr().out for key in list(figures)[:1])


def test_ratios_are_told_first(tmp_path: Path) -> None:
    names = list(_figures(tmp_path, "finish"))

    assert names[:2] == ["ratio_finish_sqlite", "ratio_finish_postgresql"]
