"""What the configured judge says of the messages whose faults no check can see. Its verdicts are *predicted*."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext
from tests.proof.figures import Figure

from evals.cases import JUDGED, Label, Persona
from evals.messages import Trial, trials
from evals.shares import NOT_MEASURED, Findings, at_least, share_of, shares_by, table, told
from reflecta.application.ports import Model
from reflecta.domain.errors import ModelError
from reflecta.domain.gate import DEFAULT_THRESHOLD, Send, decide_on_assessment
from reflecta.domain.prompt import Prompts, PromptText, ask_for_assessment, read_assessment

ASKED: Final = JUDGED | {Label.GOOD}
# Enough to keep an endpoint busy, too few to be throttled; the service's own limits hold as well.
AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Whether the gate would refuse a message after its judgement; None without a readable answer."""

    refused: bool | None


@dataclass
class Answered(Evaluator[Trial, Prediction, None]):
    """Say whether there was a readable answer."""

    def evaluate(self, ctx: EvaluatorContext[Trial, Prediction, None]) -> bool:
        """See Evaluator."""
        return ctx.output.refused is not None


def versions_of(prompts: Prompts) -> str:
    """Name the versions of all prompts."""
    found: list[PromptText] = [getattr(prompts, field.name) for field in fields(prompts)]
    return ", ".join(prompt.version for prompt in found)


async def measure(
    personas: Sequence[Persona], prompts: Prompts, judge: Model | None, *, threshold: float = DEFAULT_THRESHOLD
) -> Findings:
    """Give what the judge is predicted to refuse, by label; without a judge the figures say that nothing was asked."""
    heading = f"messages that the judge refuses (predicted), of n answered\n  with {versions_of(prompts)}"
    if judge is None:
        return Findings(tables=[f"{heading}\n  not measured: no model is configured\n"], figures=_unmeasured(prompts))
    given = [trial for trial in trials(personas) if trial.candidate.label in ASKED]
    seen = await _ask(given, prompts, judge, threshold)
    by_label = shares_by((trial.candidate.label, refused) for trial, refused in seen if refused is not None)
    rows = {label.value: by_label[label] for label in Label if label in by_label}
    answered = share_of(refused is not None for _, refused in seen)
    return Findings(
        tables=[table(heading, rows | {"answered": answered})],
        figures=_figures(seen, prompts)
        | {_name(f"refused_{label}", prompts): told(share) for label, share in rows.items()}
        | {_name("answered", prompts): told(answered)},
    )


def _figures(seen: Sequence[tuple[Trial, bool | None]], prompts: Prompts) -> dict[str, Figure]:
    answers = [(trial.candidate.label, refused) for trial, refused in seen if refused is not None]
    return {
        _name("poor_refused", prompts): at_least(
            share_of(refused for label, refused in answers if label in JUDGED), 0.95
        ),
        _name("good_kept", prompts): at_least(
            share_of(not refused for label, refused in answers if label is Label.GOOD), 0.9
        ),
    }


def _unmeasured(prompts: Prompts) -> dict[str, Figure]:
    return {_name(name, prompts): NOT_MEASURED for name in ("poor_refused", "good_kept")}


def _name(figure: str, prompts: Prompts) -> str:
    return f"predicted_{figure} {prompts.assessment.version}"


async def _ask(
    given: Sequence[Trial], prompts: Prompts, judge: Model, threshold: float
) -> list[tuple[Trial, bool | None]]:
    dataset = Dataset[Trial, Prediction, None](
        name="judged messages",
        cases=[Case(name=trial.candidate.id, inputs=trial) for trial in given],
        evaluators=[Answered()],
    )

    async def predict(trial: Trial) -> Prediction:
        return await _predict(trial, prompts, judge, threshold)

    report = await dataset.evaluate(predict, progress=False, max_concurrency=AT_ONCE)
    if report.failures:
        raise RuntimeError(f"the judge broke on {report.failures[0].name}: {report.failures[0].error_message}")
    return [(case.inputs, case.output.refused) for case in report.cases]


async def _predict(trial: Trial, prompts: Prompts, judge: Model, threshold: float) -> Prediction:
    question = ask_for_assessment(prompts, trial.persona.context(), trial.candidate.draft)
    try:
        assessment = read_assessment((await judge.complete(question)).text)
    except ModelError:  # no answer, or one that cannot be read
        return Prediction(refused=None)
    return Prediction(refused=not isinstance(decide_on_assessment(assessment, threshold=threshold), Send))
