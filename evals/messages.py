"""What the deterministic checks refuse of the labelled messages. Asks no model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext
from pydantic_evals.reporting import ReportCase
from tests.proof.figures import Figure

from evals.authoring import has_false_quotation, has_quotation
from evals.cases import CHECKED, JUDGED, Candidate, Label, Persona
from evals.shares import Findings, Share, at_least, at_most, share_of, shares_by, table, told
from reflecta.domain.checks import check_draft
from reflecta.domain.context import Context
from reflecta.domain.model import Check, CheckName, Draft

Checker = Callable[[Draft, Context], Sequence[Check]]

MOST_CPU_MS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A labelled message and whom it is written to."""

    persona: Persona
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which checks refused a message, and the processor time of all of them in seconds."""

    failed: frozenset[CheckName]
    cpu: float


Tried = ReportCase[Trial, Verdict, None]


@dataclass
class Refused(Evaluator[Trial, Verdict, None]):
    """Say whether any check refused the message."""

    def evaluate(self, ctx: EvaluatorContext[Trial, Verdict, None]) -> bool:
        """See Evaluator."""
        return bool(ctx.output.failed)


@dataclass
class RefusedAsUngrounded(Evaluator[Trial, Verdict, None]):
    """Say whether the check of quotations refused the message."""

    def evaluate(self, ctx: EvaluatorContext[Trial, Verdict, None]) -> bool:
        """See Evaluator."""
        return CheckName.GROUNDING in ctx.output.failed


def trials(personas: Sequence[Persona]) -> list[Trial]:
    """Give every message of every persona."""
    return [Trial(persona=persona, candidate=candidate) for persona in personas for candidate in persona.candidates]


async def measure(personas: Sequence[Persona], check: Checker = check_draft) -> Findings:
    """Give what the checks refuse, by label, and the figures with their targets."""
    tried = await _run(trials(personas), check)
    by_label = shares_by((case.inputs.candidate.label, _is(Refused, case)) for case in tried)
    rows = {label.value: by_label[label] for label in Label if label in by_label}
    figures = _figures(tried) | {f"refused_{label}": told(share) for label, share in rows.items()}
    return Findings(
        tables=[
            table("messages refused by the checks, of n", _only(rows, CHECKED | {Label.GOOD})),
            table("values that are computed; no target", _only(rows, frozenset({Label.DERIVED}))),
            table("faults that only a judge sees; no target", _only(rows, JUDGED)),
        ],
        figures=figures,
    )


def _only(rows: Mapping[str, Share], labels: frozenset[Label]) -> dict[str, Share]:
    return {name: share for name, share in rows.items() if name in labels}


async def _run(given: Sequence[Trial], check: Checker) -> Sequence[Tried]:
    dataset = Dataset[Trial, Verdict, None](
        name="messages",
        cases=[Case(name=trial.candidate.id, inputs=trial) for trial in given],
        evaluators=[Refused(), RefusedAsUngrounded()],
    )

    async def decide(trial: Trial) -> Verdict:
        return _decide(trial, check)

    report = await dataset.evaluate(decide, progress=False)
    if report.failures:
        raise RuntimeError(f"the checks broke on {report.failures[0].name}: {report.failures[0].error_message}")
    return report.cases


def _decide(trial: Trial, check: Checker) -> Verdict:
    # A context of its own for each message, as in the service: what is read off it once is part of the price.
    context = trial.persona.context()
    start = time.thread_time()
    checks = check(trial.candidate.draft, context)
    cpu = time.thread_time() - start
    return Verdict(failed=frozenset(verdict.name for verdict in checks if not verdict.passed), cpu=cpu)


def _figures(tried: Sequence[Tried]) -> dict[str, Figure]:
    good = [case for case in tried if case.inputs.candidate.label is Label.GOOD]
    return {
        "unverifiable_quotes_let_through": _let_through(tried),
        "true_quotes_refused": at_most(
            share_of(_is(RefusedAsUngrounded, case) for case in good if has_quotation(case.inputs.candidate.draft)),
            0.02,
        ),
        "poor_refused": at_least(
            share_of(_is(Refused, case) for case in tried if case.inputs.candidate.label in CHECKED), 0.95
        ),
        "good_kept": at_least(share_of(_is(Refused, case) for case in good).rest, 0.9),
        "checks_cpu_ms": _cpu(tried),
    }


def _let_through(tried: Sequence[Tried]) -> Figure:
    """Count the messages with words in quotation marks or evidence that nobody wrote, and that no check refused."""
    share = share_of(
        not _is(Refused, case)
        for case in tried
        if has_false_quotation(case.inputs.candidate.draft, case.inputs.persona)
    )
    return Figure(value=share.hits, target="== 0", met=share.n > 0 and share.hits == 0, n=share.n)


def _cpu(tried: Sequence[Tried]) -> Figure:
    mean = 1000 * sum(case.output.cpu for case in tried) / len(tried)
    return Figure(value=round(mean, 3), target=f"<= {MOST_CPU_MS:g}", met=mean <= MOST_CPU_MS, n=len(tried), timed=True)


def _is(evaluator: type[Evaluator[Trial, Verdict, None]], case: Tried) -> bool:
    return case.assertions[evaluator.__name__].value
