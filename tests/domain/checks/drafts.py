"""Drafts to check against one small journal, and the names of the checks that they fail."""

from tests.domain.journal import a_context
from tests.domain.strategies import a_draft

from reflecta.domain.checks import Likeness, check_draft
from reflecta.domain.context import Context
from reflecta.domain.model import CheckName, Draft, Evidence

ENTRY = "I don’t know… maybe I was so tired on Monday. My mother said “come home soon” and I nearly wept."
CONTEXT = a_context(ENTRY, "今日は本当に疲れました。でも元気です。")
SOUND = (
    "You wrote “I was so tired”, and then a line about your mother, who asked you home. Tired people seldom notice how "
    "much they still carry. What would help?"
)
EVIDENCE = (Evidence(entry_id="e1", quote="I was so tired"),)


def a_sound_draft(text: str = SOUND, *, push: str = "A thought for you") -> Draft:
    """Give a draft that rests on an entry and has nothing wrong with it but what is asked for."""
    return a_draft(text, push=push, evidence=EVIDENCE)


def faults(draft: Draft, context: Context = CONTEXT, *, likeness: Likeness | None = None) -> list[CheckName]:
    """Give the names of the checks that a draft fails."""
    return [check.name for check in check_draft(draft, context, likeness=likeness) if not check.passed]


def fault(name: CheckName, draft: Draft, context: Context = CONTEXT) -> str:
    """Give what one check says of a draft."""
    return next(check.fault for check in check_draft(draft, context) if check.name is name)
