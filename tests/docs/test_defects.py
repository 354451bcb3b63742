"""docs/defects.md is complete, and every test it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| .+ \| (?:`(test_\w+)`|cannot apply: .+) \|$", re.MULTILINE)


def test_every_defect_from_1_to_31_has_a_line() -> None:
    rows = ROW.findall((ROOT / "docs/defects.md").read_text(encoding="utf-8"))

    assert [int(number) for number, _ in rows] == list(range(1, 32))


def test_every_test_that_the_defects_name_exists() -> None:
    named = {test for _, test in ROW.findall((ROOT / "docs/defects.md").read_text(encoding="utf-8")) if test}
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    defined = {name for source in sources for name in re.findall(r"def (test_\w+)", source)}

    assert named <= defined, sorted(named - defined)
