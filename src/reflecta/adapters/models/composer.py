"""Answers with messages made of templates and the person's own words. Asks no language model and judges nothing."""

from dataclasses import dataclass
from typing import Final

from reflecta.application.ports import Clock, Completion
from reflecta.domain.composing import compose
from reflecta.domain.errors import ModelRejected
from reflecta.domain.model import Call, Purpose
from reflecta.domain.prompt import Question, write_draft
from reflecta.domain.wording import TemplateSet

MODEL: Final = "composer/1"


@dataclass(frozen=True, slots=True)
class Composer:
    """A Model that writes drafts and revisions, free of cost; `domain.composing` decides what they say.

    Declines when nothing can be quoted that the last messages did not quote already
    (`domain.composing.has_material` tells beforehand of a journal without a sentence).
    Raises `ModelRejected` when asked for an assessment.
    """

    templates: TemplateSet
    clock: Clock

    async def complete(self, question: Question) -> Completion:
        """Write the draft for the question's context and variant; a revision differs from the draft before it."""
        if question.purpose is Purpose.ASSESSMENT:
            raise ModelRejected("The composer judges no drafts; set a judge model, or send what passes the checks.")
        started = self.clock.now()
        draft = compose(question.context, self.templates, _turn(question))
        call = Call(
            purpose=question.purpose,
            model=MODEL,
            prompt_version=self.templates.version,
            at=started,
            latency=(self.clock.now() - started).total_seconds(),
            cost_reported=0.0,
            cost_estimated=0.0,
        )
        if draft is None:
            return Completion(text="", call=call, ai_generated=False, declined=True)
        return Completion(text=write_draft(draft), call=call, ai_generated=False)

    async def aclose(self) -> None:
        """Nothing is held open."""


def _turn(question: Question) -> int:
    """Give even numbers to drafts and odd ones to revisions, so that a revision is never the draft again."""
    return 2 * question.variant + (question.purpose is Purpose.REVISION)
