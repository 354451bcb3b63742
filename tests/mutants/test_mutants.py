"""The seeded bugs still fit the sources and name tests that exist; `python -m tests.mutants` runs them."""

import ast
import re

import pytest
from tests.mutants.bugs import ROOT, Bug, Edit, NoLongerApplies, mutated, read_bugs

BUGS = read_bugs()


def test_there_are_twenty_bugs_or_more_each_of_its_own_name() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_still_fits_its_source_and_leaves_it_python(bug: Bug) -> None:
    for edit in bug.edits:
        ast.parse(mutated((ROOT / edit.file).read_text(encoding="utf-8"), bug, edit))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_tests_that_a_bug_names_exist(bug: Bug) -> None:
    for test in bug.tests:
        file, name = test.split("::")
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"def {name.split('[')[0]}\(", source), test


def test_a_bug_whose_text_is_gone_is_named() -> None:
    edit = Edit(file="f.py", search="gone", replace="")
    bug = Bug(name="old", breaks="", tests=(), edits=(edit,))

    with pytest.raises(NoLongerApplies, match="'old' no longer applies"):
        mutated("here", bug, edit)
