import json
from itertools import repeat

from evals.cases import JUDGED, Label, load_personas
from evals.judging import ASKED, measure, versions_of

from reflecta.adapters.prompts import load_prompts
from reflecta.application.ports import Completion
from reflecta.domain.errors import ModelUnavailable
from reflecta.domain.model import Purpose
from reflecta.domain.prompt import Question
from reflecta.testing import ScriptedModel, assessment_reply

PERSONAS = load_personas()[:2]
PROMPTS = load_prompts()
VERSION = PROMPTS.assessment.version
ASKED_OF = [c for persona in PERSONAS for c in persona.candidates if c.label in ASKED]
GOOD = sum(candidate.label is Label.GOOD for candidate in ASKED_OF)


class _Reader:
    """A judge that rates the messages with a fault low and all others high."""

    def __init__(self) -> None:
        self.poor = [json.dumps(c.draft.text, ensure_ascii=False) for c in ASKED_OF if c.label in JUDGED]
        self.questions: list[Question] = []

    async def complete(self, question: Question) -> Completion:
        self.questions.append(question)
        rating = 3 if any(text in question.content for text in self.poor) else 8
        return await ScriptedModel([assessment_reply(rating)]).complete(question)

    async def aclose(self) -> None:
        """See the port."""


async def test_a_judge_that_sees_the_faults_meets_both_targets() -> None:
    judge = _Reader()

    findings = await measure(PERSONAS, PROMPTS, judge)

    assert findings.figures[f"predicted_poor_refused {VERSION}"].value == 1.0
    assert findings.figures[f"predicted_good_kept {VERSION}"].value == 1.0
    assert {question.purpose for question in judge.questions} == {Purpose.ASSESSMENT}
    assert len(judge.questions) == len(ASKED_OF)


async def test_a_judge_that_likes_everything_refuses_nothing() -> None:
    findings = await measure(PERSONAS, PROMPTS, ScriptedModel(repeat(assessment_reply(9), len(ASKED_OF))))

    refused = findings.figures[f"predicted_poor_refused {VERSION}"]
    assert (refused.value, refused.met, refused.n) == (0.0, False, len(ASKED_OF) - GOOD)


async def test_a_score_is_refused_below_the_threshold_in_force() -> None:
    answers = list(repeat(assessment_reply(7), len(ASKED_OF)))

    strict = await measure(PERSONAS, PROMPTS, ScriptedModel(answers), threshold=8.0)
    mild = await measure(PERSONAS, PROMPTS, ScriptedModel(answers), threshold=6.0)

    assert strict.figures[f"predicted_good_kept {VERSION}"].value == 0.0
    assert mild.figures[f"predicted_good_kept {VERSION}"].value == 1.0


async def test_what_brought_no_readable_answer_is_no_refusal_and_counted_apart() -> None:
    broken = [ModelUnavailable("down"), "no JSON", *repeat(assessment_reply(9), len(ASKED_OF) - 2)]

    findings = await measure(PERSONAS, PROMPTS, ScriptedModel(broken))

    figures = findings.figures
    assert figures[f"predicted_poor_refused {VERSION}"].n + figures[f"predicted_good_kept {VERSION}"].n == (
        len(ASKED_OF) - 2
    )
    assert figures[f"predicted_answered {VERSION}"].n == len(ASKED_OF)


async def test_without_a_judge_nothing_is_measured_and_it_says_so() -> None:
    findings = await measure(PERSONAS, PROMPTS, None)

    assert {figure.value for figure in findings.figures.values()} == {"not measured"}
    assert "not measured" in findings.tables[0]
    assert not any(figure.fails for figure in findings.figures.values())


async def test_the_heading_names_the_version_of_every_prompt() -> None:
    findings = await measure(PERSONAS, PROMPTS, None)

    assert versions_of(PROMPTS) in findings.tables[0]
    assert PROMPTS.draft.version in findings.tables[0]
    assert VERSION in findings.tables[0]
