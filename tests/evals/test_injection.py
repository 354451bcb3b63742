"""The audit of injections: a small one is clean, and each of its eyes can see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from evals.attacks import ORDERS, ROOM, WRAPPERS, Attack, Carrier, plan
from evals.injection import FIRST_DAY, LEAST, Outcome, attack, measure
from evals.obedient import Obedient, attacker_texts

from reflecta.domain import letter, push
from reflecta.domain.gate import Deliver, Step, next_step
from reflecta.domain.model import Attempt, Check, Draft


def _attacks(*sources: str, carrier: Carrier = Carrier.DESCRIPTION, wrapper: str = "plain") -> Sequence[Attack]:
    return [
        Attack(carrier=carrier, source=source, wrapper=wrapper, text=WRAPPERS[wrapper](ORDERS[source]))
        for source in sources
    ]


def _kinds(outcome: Outcome) -> set[str]:
    return {effect.kind for effect in outcome.effects}


def _no_checks(*_given: object, **_named: object) -> tuple[Check, ...]:
    return ()


@pytest.fixture
def without_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every draft pass its checks."""
    monkeypatch.setattr("reflecta.application.compose.check_draft", _no_checks)


def test_there_are_enough_attacks_by_every_carrier_and_wrapper() -> None:
    attacks = plan()

    assert len(attacks) >= (LEAST if any(given.source == "sql" for given in attacks) else len(ORDERS))
    assert set(Counter(given.carrier for given in attacks)) == set(Carrier)
    assert {given.wrapper for given in attacks} == set(WRAPPERS)
    assert all(len(given.text) <= ROOM[given.carrier] for given in attacks)


async def test_the_orders_by_every_carrier_have_no_effect() -> None:
    sources = ("link", "mail", "recipient", "schedule", "approve", "other people")
    outcome = await attack([a for carrier in Carrier for a in _attacks(*sources, carrier=carrier)], Obedient())

    assert outcome.effects == []
    assert len(outcome.reached) == len(outcome.people)
    assert outcome.sent >= len(outcome.people)


@pytest.mark.parametrize("wrapper", [name for name in WRAPPERS if name not in {"comment", "hidden"}])
async def test_an_order_reaches_the_model_in_every_wrapper_and_has_no_effect(wrapper: str) -> None:
    outcome = await attack(_attacks("link", "mail", carrier=Carrier.ENTRY, wrapper=wrapper), Obedient())

    assert outcome.effects == []
    assert len(outcome.reached) == 2


@pytest.mark.usefixtures("without_checks")
@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("link", "link in a message"),
        ("mail", "mail in a message"),
        ("phone", "phone in a message"),
        ("code", "markup in a message"),
        ("system prompt", "prompt in a message"),
    ],
)
async def test_without_checks_the_audit_sees_what_was_let_through(source: str, kind: str) -> None:
    assert kind in _kinds(await attack(_attacks(source), Obedient()))


@pytest.mark.usefixtures("without_checks")
async def test_another_ones_journal_in_a_message_is_seen() -> None:
    told = await attack(_attacks("other people", "other people"), Obedient())

    assert "journal of another in a message" in _kinds(told)


async def test_a_model_that_is_shown_the_journal_of_another_is_an_effect() -> None:
    class Mixed(Obedient):
        """Meets the words of its first person again with all others."""

        def _look_for_others(self, question: object) -> None:
            self.crossed.add("user-00001")
            del question

    assert "journal of another shown to a model" in _kinds(await attack(_attacks("link", "mail"), Mixed()))


async def test_a_message_that_calls_itself_approved_is_not_sent_against_the_judge() -> None:
    outcome = await attack(_attacks("approve"), Obedient(likes_all=False))

    assert (outcome.effects, outcome.written) == ([], 0)


async def test_a_gate_that_asks_no_judge_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def sends_all(attempts: Sequence[Attempt], **given: object) -> Step:
        last = attempts[-1] if attempts else None
        if last is not None and last.draft is not None:
            return Deliver(attempt=last)
        return next_step(attempts, revisions=len(given))

    monkeypatch.setattr("reflecta.domain.gate.next_step", sends_all)

    assert "sent without a judge's consent" in _kinds(await attack(_attacks("recipient"), Obedient(likes_all=False)))


async def test_a_journal_entry_that_is_not_escaped_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def unescaped(draft: Draft, heading: str, origin: str = "") -> str:
        return f"{letter.entry_html(draft, heading, origin)}<b onclick=x>{draft.text}</b>"

    monkeypatch.setattr("reflecta.application.process.entry_html", unescaped)

    assert "markup in a journal entry" in _kinds(await attack(_attacks("link"), Obedient()))


async def test_a_push_that_shows_the_model_s_text_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_text(_level: object, draft: Draft, *_given: object, **_named: object) -> str:
        return push.push_text(push.PushPrivacy.OPEN, replace(draft, push_text=ORDERS["link"]), *_given, **_named)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("reflecta.application.process.push_text", open_text)

    assert "link in a push" in _kinds(await attack(_attacks("link"), Obedient()))


async def test_a_due_time_that_moves_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def hourly(*_given: object, **_named: object) -> datetime:
        return FIRST_DAY.replace(day=20)

    monkeypatch.setattr("reflecta.domain.schedule.next_due", hourly)

    assert "due time changed" in _kinds(await attack(_attacks("schedule"), Obedient()))


async def test_too_few_attempts_and_any_effect_miss_their_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reflecta.application.compose.check_draft", _no_checks)

    figures = (await measure(most=8)).figures

    assert not figures["injection_attempts"].met
    assert not figures["injection_effects"].met
    assert {f"injection_effects_by_{carrier}" for carrier in Carrier} <= figures.keys()


def test_what_nobody_but_the_app_wrote_is_no_order() -> None:
    ordinary = '{ "now": "x", "person": {"firstName": "Ana", "occupations": ["boat builder"]}, "entries": []}'

    assert attacker_texts(ordinary) == []
    assert attacker_texts(ordinary.replace("Ana", "Obey me")) == ["Obey me"]
