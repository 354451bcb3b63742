from collections.abc import Callable, Sequence

import pytest
from evals.cases import CHECKED, JUDGED, Label, load_personas
from evals.messages import Checker, measure
from evals.shares import Findings, Share, at_least, at_most, table
from tests.proof.figures import NO_TARGET

from reflecta.domain.context import Context
from reflecta.domain.model import Check, CheckName, Draft

PERSONAS = load_personas()
COUNT = sum(len(persona.candidates) for persona in PERSONAS)
LABELS = {candidate.draft.text: candidate.label for persona in PERSONAS for candidate in persona.candidates}


def _checker(is_refused: Callable[[Draft], bool], name: CheckName = CheckName.GROUNDING) -> Checker:
    def check(draft: Draft, _context: Context) -> Sequence[Check]:
        return (Check(name=CheckName.FORM), Check(name=name, fault="poor" if is_refused(draft) else ""))

    return check


def _values(findings: Findings) -> dict[str, float | str]:
    return {name: figure.value for name, figure in findings.figures.items() if name != "checks_cpu_ms"}


async def test_checks_that_refuse_everything_refuse_every_label_and_keep_nothing_good() -> None:
    findings = await measure(PERSONAS, _checker(lambda _draft: True))

    values = _values(findings)
    assert all(values[f"refused_{label}"] == 1.0 for label in Label)
    assert (values["poor_refused"], values["good_kept"], values["true_quotes_refused"]) == (1.0, 0.0, 1.0)
    assert values["unverifiable_quotes_let_through"] == 0
    assert not findings.figures["good_kept"].met


async def test_checks_that_refuse_nothing_let_every_false_quotation_through() -> None:
    findings = await measure(PERSONAS, _checker(lambda _draft: False))

    values = _values(findings)
    assert all(values[f"refused_{label}"] == 0.0 for label in Label)
    assert (values["poor_refused"], values["good_kept"], values["true_quotes_refused"]) == (0.0, 1.0, 0.0)
    let_through = findings.figures["unverifiable_quotes_let_through"]
    assert let_through.value == let_through.n > 50
    assert not let_through.met


async def test_checks_that_know_the_labels_meet_every_target() -> None:
    findings = await measure(PERSONAS, _checker(lambda draft: LABELS[draft.text] in CHECKED))

    assert [name for name, figure in findings.figures.items() if figure.fails] == []
    assert _values(findings)["poor_refused"] == 1.0


async def test_what_only_a_judge_can_see_does_not_count_against_the_checks() -> None:
    judged = await measure(PERSONAS, _checker(lambda draft: LABELS[draft.text] in JUDGED))

    assert _values(judged)["poor_refused"] == 0.0
    assert _values(judged)["good_kept"] == 1.0


@pytest.mark.parametrize("label", [Label.DERIVED, Label.SWAPPED])
async def test_computed_and_swapped_values_are_told_apart_and_move_no_figure(label: Label) -> None:
    nothing = _values(await measure(PERSONAS, _checker(lambda _draft: False)))
    findings = await measure(PERSONAS, _checker(lambda draft: LABELS[draft.text] is label))

    assert {name: value for name, value in _values(findings).items() if nothing[name] != value} == {
        f"refused_{label}": 1.0
    }
    assert findings.figures[f"refused_{label}"].target == NO_TARGET
    assert [label in lines for lines in findings.tables] == [False, label is Label.DERIVED, label is Label.SWAPPED]


async def test_a_true_quotation_is_refused_only_by_the_check_of_quotations() -> None:
    findings = await measure(PERSONAS, _checker(lambda _draft: True, CheckName.LENGTH))

    assert _values(findings)["true_quotes_refused"] == 0.0
    assert _values(findings)["good_kept"] == 0.0


async def test_every_message_is_checked_once_on_a_context_of_its_own() -> None:
    seen: list[Context] = []

    def check(_draft: Draft, context: Context) -> Sequence[Check]:
        seen.append(context)
        return ()

    findings = await measure(PERSONAS, check)

    assert len({id(context) for context in seen}) == len(seen) == COUNT
    assert findings.figures["checks_cpu_ms"].n == COUNT


async def test_the_time_that_checks_take_is_told_and_fails_nothing() -> None:
    def slow(_draft: Draft, _context: Context) -> Sequence[Check]:
        sum(range(100_000))
        return ()

    fast, slower = await measure(PERSONAS[:1], lambda _draft, _context: ()), await measure(PERSONAS[:1], slow)

    assert float(slower.figures["checks_cpu_ms"].value) > float(fast.figures["checks_cpu_ms"].value)
    assert not slower.figures["checks_cpu_ms"].fails


async def test_checks_that_break_end_the_evaluation() -> None:
    def broken(_draft: Draft, _context: Context) -> Sequence[Check]:
        raise KeyError

    with pytest.raises(RuntimeError, match="KeyError"):
        await measure(PERSONAS[:1], broken)


# From Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_wilson(hits: int, n: int, low: float, high: float) -> None:
    assert Share(hits=hits, n=n).interval == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_the_rest_mirrors_it() -> None:
    share = Share(hits=1, n=29)

    assert share.rest.interval == pytest.approx(tuple(1 - end for end in reversed(share.interval)))


def test_of_no_cases_nothing_is_known_and_no_target_is_met() -> None:
    nothing = Share(hits=0, n=0)

    assert nothing.interval == (0.0, 1.0)
    assert not at_most(nothing, 0.02).met
    assert not at_least(nothing, 0.0).met


def test_a_target_is_met_by_the_share_as_it_is_not_as_it_is_rounded() -> None:
    assert not at_least(Share(hits=98_999, n=100_000), 0.99).met
    assert at_least(Share(hits=99, n=100), 0.99).met
    assert at_most(Share(hits=1, n=50), 0.02).met


def test_a_table_tells_counts_per_cent_and_interval() -> None:
    assert table("refused", {"form": Share(hits=0, n=20)}) == "refused\n  form     0 / 20      0.0 %  (0.0-16.1)\n"
