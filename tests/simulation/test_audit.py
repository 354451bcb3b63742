"""The auditor: each broken promise is found, by name, in a log written by hand."""

from collections.abc import Sequence

import pytest
from tests.simulation.world import START, at, ended, join, tick

from reflecta.simulation.audit import Findings, audit
from reflecta.simulation.effects import DAY, Effect

KEPT = [ended(at(day, 8.1)) for day in range(4)]


def judged(*effects: Effect, days: int = 4, made: int | None = None) -> Findings:
    """Audit a log, with a tick that made its occasions."""
    occasions = sum(effect.step.startswith("occasion.") for effect in effects)
    log = sorted([tick(occasions if made is None else made), *effects], key=lambda effect: effect.at)
    return audit(log, START, days * DAY)


def faults(found: Findings) -> dict[str, int]:
    """Give the faults that were found."""
    return {kind: count for kind, count in found.faults.items() if count}


def test_messages_at_the_target_hour_of_each_day_are_no_fault() -> None:
    found = judged(join(), *KEPT)
    assert found.is_clean, found.examples
    assert (found.promised, found.kept, found.on_the_hour, found.hours["morning"][8]) == (4, 4, 0, 4)


def test_a_due_time_on_the_target_hour_counts_as_served_on_the_hour() -> None:
    found = judged(join(), *(ended(at(day, 8.1), due=at(day, 8)) for day in range(4)))
    assert (found.regular, found.on_the_hour) == (4, 4)


@pytest.mark.parametrize(
    ("kind", "effects"),
    [
        ("outside", [join(), *KEPT[:3], ended(at(3, 12))]),
        ("outside", [join(zone="Asia/Kolkata"), *KEPT]),
        ("doubled", [join(), *KEPT, ended(at(3, 10))]),
        ("doubled", [join(cadence="multipleTimesPerWeek"), *KEPT[:2]]),
        ("starved", [join(), KEPT[0], KEPT[3]]),
        ("starved", [join(), KEPT[0]]),
        ("lost", [join(), *KEPT[:3], ended(at(3, 8.1), messages=0)]),
        ("lost", [join(), *KEPT[:3], ended(at(3, 8.1), entries=0)]),
        ("lost", [join(devices=1), *KEPT]),
        ("unbalanced", [join(), *KEPT[:3], ended(at(3, 8.1), "held_back", messages=1)]),
        ("unbalanced", [join(), *KEPT[:3], ended(at(3, 8.1), calls=2)]),
    ],
)
def test_each_broken_promise_is_named(kind: str, effects: Sequence[Effect]) -> None:
    assert kind in faults(judged(*effects))


def test_a_user_who_never_had_an_occasion_is_missed() -> None:
    assert faults(judged(join(), days=6)) == {"starved": 3}


def test_a_message_after_switching_off_is_a_fault() -> None:
    off = Effect(at(2, 9), "ana", "user.pause", join(enabled=False).values)
    found = judged(join(), *KEPT[:2], off, ended(at(2, 10)))
    assert faults(found) == {"after_off": 1}


def test_nobody_is_promised_anything_while_switched_off() -> None:
    off = Effect(at(2, 9), "ana", "user.pause", join(enabled=False).values)
    assert judged(join(), *KEPT[:3], off, days=30).is_clean


def test_who_is_held_for_a_sign_of_risk_is_late_for_a_reason_that_is_named() -> None:
    found = judged(join(), ended(at(0, 8.1), reason="safety_hold"), KEPT[3])
    assert found.is_clean, found.examples
    assert (found.promised, found.excuses) == (4, {"sent: safety_hold": 2})


def test_a_hold_of_which_an_erasure_took_the_reason_is_known_from_what_the_model_saw() -> None:
    saw = {"purpose": "screening", "end": "answered", "took": 1, "sign": "self_harm"}
    held = ended(at(0, 8.2), started=at(0, 8.0), calls=1, messages=0, entries=0)
    with_a_sign = (join(), Effect(at(0, 8.1), "ana", "model.called", {**saw}), held, erased(at(6, 0)))
    found = judged(*with_a_sign, days=6)
    assert (found.is_clean, found.excuses) == (True, {"sent: safety_hold": 4}), found.examples
    without = (join(), Effect(at(0, 8.1), "ana", "model.called", {**saw, "sign": ""}), held, erased(at(6, 0)))
    assert faults(judged(*without, days=6)) == {"starved": 4}


def test_the_end_of_a_hold_may_come_sooner_than_the_cadence() -> None:
    held, after = ended(at(0, 8.1), reason="safety_hold"), ended(at(4, 8.1))
    weekly = join(cadence="onceAWeek")
    assert judged(weekly, held, after, days=8).is_clean
    assert faults(judged(weekly, ended(at(0, 8.1)), after, days=8)) == {"doubled": 1}


def test_an_occasion_open_after_its_window_is_a_fault() -> None:
    left = Effect(at(1, 8), "ana", "occasion.open", ended(at(1, 8), "queued").values)
    assert faults(judged(join(), *KEPT, left)) == {"unbalanced": 1}


def test_a_tick_whose_parts_do_not_make_its_sum_is_a_fault() -> None:
    found = audit([tick(4), tick(2, jobs=0), join(), *KEPT], START, 4 * DAY)
    assert faults(found) == {"unbalanced": 1}


def test_a_push_that_left_twice_is_a_fault_and_one_put_off_is_none() -> None:
    sent = ended(at(0, 8.1), id="a")
    kinds = ("retry", "unknown", "accepted")
    pushes = [
        Effect(at(0, 8.2), "ana", "push.asked", {"message": "message-a", "delivery": "d", "result": kind})
        for kind in kinds
    ]
    joined = join(devices=1)
    assert faults(judged(joined, sent, *pushes, days=1)) == {"doubled": 1}
    assert judged(joined, sent, *pushes[:2], days=1).is_clean


def test_what_an_outage_of_the_cron_cost_is_excused_and_counted() -> None:
    out = [Effect(at(1, hour), "", "tick.missed", {"why": "the cron was out"}) for hour in range(24)]
    found = judged(join(), KEPT[0], *KEPT[2:], *out)
    assert found.is_clean, found.examples
    assert (found.late, found.promised, found.excuses) == (1, 4, {"the cron was out": 1})


def test_a_failed_occasion_excuses_its_own_date_alone() -> None:
    failed = ended(at(1, 8.1), "failed", reason="model_error")
    assert judged(join(), KEPT[0], failed, *KEPT[2:]).excuses == {"failed: model_error": 1}


def erased(when: int) -> Effect:
    """Erase ana."""
    return Effect(when, "ana", "user.erase", join(enabled=False).values)


def test_messages_that_went_with_their_reader_are_not_lost() -> None:
    assert judged(join(), *(ended(at(day, 8.1), messages=0, entries=0) for day in range(2)), erased(at(2, 1))).is_clean


@pytest.mark.parametrize(
    "effect",
    [
        ended(at(2, 8.1)),
        Effect(at(2, 8), "ana", "occasion.open", ended(at(2, 8), "queued").values),
        Effect(at(2, 8), "ana", "push.asked", {"message": "m", "delivery": "d", "result": "retry", "device": "x"}),
        Effect(at(2, 8), "ana", "model.called", {"end": "down", "took": 0}),
        Effect(at(4, 0), "ana", "erased.left", {"table": "contexts"}),
    ],
    ids=lambda effect: effect.step,
)
def test_whatever_comes_or_stays_after_an_erasure_is_a_fault(effect: Effect) -> None:
    assert faults(judged(join(), *KEPT[:2], erased(at(2, 1)), effect))["erased"] == 1


def test_an_answer_that_found_the_database_out_may_be_asked_for_again() -> None:
    twice = [Effect(at(0, hour), "ana", "model.called", {"end": "answered", "took": 9}) for hour in (8.05, 9.05)]
    out = Effect(at(0, 8.04), "", "database.out", {"until": at(0, 8.5)})
    kept = ended(at(0, 9.1), calls=1)
    assert judged(join(), *twice, out, kept, days=1).unsaved == 1
    assert faults(judged(join(), *twice, kept, days=1)) == {"unbalanced": 1}


def test_a_push_to_a_device_that_was_gone_is_a_fault() -> None:
    sent = [ended(at(day, 8.1), id=f"o{day}") for day in range(4)]
    asked = [
        Effect(
            at(day, 8.2),
            "ana",
            "push.asked",
            {"message": f"message-o{day}", "delivery": f"d{day}", "result": "accepted", "device": "x"},
        )
        for day in range(3)
    ]
    gone = Effect(at(1, 9), "ana", "push.receipt", {"device": "x", "result": "gone"})
    assert judged(join(devices=1), *sent, *asked[:2], gone).is_clean
    assert faults(judged(join(devices=1), *sent, *asked, gone)) == {"after_off": 1}
