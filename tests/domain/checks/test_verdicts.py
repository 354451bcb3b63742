"""The verdicts together: one of each kind, whatever the draft."""

from hypothesis import given
from tests.domain.checks.drafts import CONTEXT, a_sound_draft
from tests.domain.strategies import a_draft, any_text, markup, properties

from reflecta.domain.checks import check_draft
from reflecta.domain.model import CheckName, Evidence


def test_a_sound_draft_passes_every_check() -> None:
    checks = check_draft(a_sound_draft(), CONTEXT)
    assert [(check.name, check.fault) for check in checks] == [(name, "") for name in CheckName]


@given(any_text | markup, any_text | markup)
@properties
def test_no_draft_breaks_the_checks(text: str, push: str) -> None:
    draft = a_draft(text, push=push, evidence=(Evidence(entry_id=push, quote=text),))
    assert [check.name for check in check_draft(draft, CONTEXT)] == list(CheckName)
