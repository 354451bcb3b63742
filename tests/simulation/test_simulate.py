"""The whole simulation, small: the real service under a virtual clock."""

import json
from pathlib import Path

import pytest
from tests.simulation.world import QUIET, ROUGH, START, SURE, at, played, scenario, settings

from reflecta.domain.errors import InvalidInput
from reflecta.simulation import simulate
from reflecta.simulation.effects import HOUR, lines


def test_daily_users_get_a_message_at_their_target_hour_every_day() -> None:
    report = played(scenario(people=QUIET | {"cadences": {"daily": 1}, "windows": {"evening": 1}}))
    assert report.findings.is_clean, report.findings.examples
    assert (report.findings.messages, report.findings.hours["evening"][19]) == (12, 12)


def test_the_same_seed_gives_the_same_log_byte_for_byte() -> None:
    given = scenario(size=8, days=2, **ROUGH)
    one, other = ("".join(lines(played(given).effects)) for _ in range(2))
    assert one == other


def test_another_seed_gives_another_log() -> None:
    given = scenario(days=1, model={})
    assert played(given).digest != played(given.model_copy(update={"seed": 5})).digest


def test_in_a_rough_world_no_promise_is_broken() -> None:
    report = played(scenario(size=16, days=5, **ROUGH))
    assert report.findings.is_clean, (report.replay(), report.findings.examples)
    steps = {effect.step for effect in report.effects}
    assert {"user.move", "user.pause", "user.edit", "user.erase", "device.new", "tick.missed"} <= steps


def test_who_is_held_for_a_sign_of_risk_gets_one_care_text_and_then_nothing_until_the_hold_ends() -> None:
    people = QUIET | {"cadences": {"daily": 1}, "windows": {"morning": 1}}
    report = played(scenario(people=people, days=5, model=SURE | {"risk_rate": 1}))
    assert report.findings.is_clean, report.findings.examples
    assert (report.findings.messages, report.findings.excuses) == (12, {"sent: safety_hold": 18})
    assert {call.values["purpose"] for call in report.effects if call.step == "model.called"} == {"screening"}


def test_an_outage_of_the_database_is_made_good_without_help() -> None:
    people = QUIET | {"cadences": {"daily": 1}, "windows": {"morning": 1}}
    out = {"outages": [{"from_hour": 8.0015, "hours": 1.5}]}  # a second after the tick: in the middle of the work
    report = played(scenario(people=people, database=out, days=1, model={"failure_rate": 0, "skip_rate": 0}))
    assert report.findings.is_clean, report.findings.examples
    assert report.findings.outcomes == {"sent": 6}
    assert report.findings.unsaved == 6
    assert report.findings.hours["morning"][10] == 6
    assert [effect.values["why"] for effect in report.effects if effect.step == "tick.missed"] == [
        "the database was out"
    ]


def test_ticks_at_the_same_moment_do_each_user_once() -> None:
    one, three = (played(scenario(cron={"overlap": number})) for number in (1, 3))
    assert three.findings.is_clean, three.findings.examples
    assert three.outcomes_digest == one.outcomes_digest
    assert sum(e.step == "tick" for e in three.effects) == 3 * sum(e.step == "tick" for e in one.effects)


def test_nothing_comes_after_an_erasure() -> None:
    people = QUIET | {"cadences": {"daily": 1}, "erasures_per_year": 200}
    report = played(scenario(size=20, days=5, people=people))
    erased = {effect.user: effect.at for effect in report.effects if effect.step == "user.erase"}
    later = [e for e in report.effects if e.at > erased.get(e.user, e.at) and e.step != "occasion.ended"]
    assert (report.findings.is_clean, len(erased) > 5, later) == (True, True, [])


def test_a_device_that_is_gone_is_pushed_to_no_more_until_there_is_another() -> None:
    people = QUIET | {"cadences": {"daily": 1}, "windows": {"morning": 1}, "device_share": 1, "new_device_days": 2.5}
    report = played(scenario(size=1, days=5, people=people, push={"gone_rate": 1, "retry_rate": 0, "silent_rate": 0}))
    pushed = [effect.at // at(1, 0) for effect in report.effects if effect.step == "push.asked"]
    assert report.findings.is_clean, report.findings.examples
    assert pushed == [0, 3]


def test_receipts_are_kept() -> None:
    report = played(scenario(days=1, push={"retry_rate": 0, "unknown_rate": 0, "gone_rate": 0, "silent_rate": 0}))
    assert {effect.values["state"] for effect in report.effects if effect.step == "push.settled"} == {"delivered"}


def test_who_gives_the_worst_rating_may_switch_off_and_come_back() -> None:
    people = QUIET | {"cadences": {"daily": 1}, "reaction_share": 1, "annoyed_share": 1, "pause_days": 1}
    report = played(scenario(size=20, days=4, people=people | {"device_share": 1}))
    steps = [effect.step for effect in report.effects]
    assert report.findings.is_clean, report.findings.examples
    assert steps.count("user.annoyed") > steps.count("user.return") > 0


def test_progress_is_told_from_tick_to_tick() -> None:
    told: list[float] = []
    simulate(scenario(size=1, days=2), settings(), START, tell=told.append)
    assert told == sorted(told)
    assert (len(told), told[0], told[-1]) == (49, 0, 2)


def test_calls_take_their_latency_in_virtual_time() -> None:
    slow = SURE | {"latency_median": 30, "latency_p95": 30}
    report = played(scenario(model=slow))
    took = {effect.values["took"] for effect in report.effects if effect.step == "model.called"}
    assert took == {30_000_000}
    assert report.load.longest_drain == pytest.approx(90)  # a screening, a draft, its assessment


def test_what_finds_no_place_waits() -> None:
    slow = SURE | {"latency_median": 30, "latency_p95": 30}
    people = QUIET | {"cadences": {"daily": 1}, "windows": {"evening": 1}}
    report = played(scenario(model=slow, people=people), concurrency=2)
    assert (report.load.peak_work, report.load.peak_calls, report.load.peak_waiting) == (2, 2, 4)
    assert report.load.longest_wait == pytest.approx(180)


def test_cost_is_tokens_times_price() -> None:
    free = SURE | {"input_price": 0, "output_price": 0, "judge_input_price": 1, "judge_output_price": 1}
    report = played(scenario(model=free))
    calls = [effect for effect in report.effects if effect.step == "model.called"]
    judges = {"assessment", "screening"}
    judged = sum(float(str(call.values["tokens"])) for call in calls if call.values["purpose"] in judges)
    assert sum(day.cost for day in report.load.days) == pytest.approx(judged / 1_000_000)


def test_a_sample_is_scaled_up_and_says_so() -> None:
    report = played(scenario(size=600).model_copy(update={"sample": 6}))
    assert "6 of 600 users" in report.whom()
    assert report.daily()["messages"] == 100 * sum(day.messages for day in report.load.days) / 2
    assert report.limits["concurrency"] == (100, 100)


def test_a_limit_that_the_sample_cannot_share_is_told() -> None:
    report = played(scenario(size=6000, days=1).model_copy(update={"sample": 6}))
    assert any("concurrency 100 cannot be divided by 1,000" in warning for warning in report.warnings())


def test_a_model_that_is_down_for_a_day_costs_nobody_their_cadence() -> None:
    report = played(scenario(model=SURE | {"outages": [{"from_hour": 0, "hours": 24}]}), on_model_failure="hold")
    assert report.findings.is_clean, report.findings.examples
    assert report.load.days[0].calls == report.load.days[0].failed_calls > 0
    assert report.load.days[1].messages > 0


def test_the_composer_writes_where_no_model_is_to() -> None:
    report = played(scenario(model={"writer": "composer"}))
    assert report.findings.is_clean, report.findings.examples
    assert sum(day.calls for day in report.load.days) == 0
    assert set(report.findings.outcomes) <= {"sent", "held_back"}


def line(**values: object) -> str:
    """Write a line of an import file."""
    return json.dumps(values) + "\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Give an export of five users, of whom one wants no messages, one entry each and a line that is no use."""
    file = tmp_path / "users.jsonl"
    on = {"enableCoachingMessages": True, "coachingMessageTimePreference": "morning"}
    devices = {"enabled": True, "expoPushTokens": ["ExponentPushToken[secret]"]}
    with file.open("w") as out:
        for number in range(5):
            config = on if number else {}
            user = {"coachingConfig": config, "mobilePushNotifications": devices, "userTimezone": "Etc/UTC"}
            out.write(line(type="user", uid=f"ana{number}", **user))
            entry = {"content": "<p>I want to call my sister.</p>", "timestamp": "2026-03-01T20:00:00Z"}
            out.write(line(type="entry", uid=f"ana{number}", id=f"e{number}", **entry))
        out.write("nonsense\n")
    return file


def test_an_operators_own_users_are_played_as_they_are(export: Path) -> None:
    report = played(scenario(days=3), users=export)
    written_to = {effect.user for effect in report.effects if effect.values.get("state") == "sent"}
    assert report.findings.is_clean, report.findings.examples
    assert written_to == {"ana1", "ana2", "ana3", "ana4"}


def test_a_sample_of_an_export_stands_for_all_of_it(export: Path) -> None:
    report = played(scenario(days=1).model_copy(update={"sample": 2}), users=export)
    assert (len(report.population.users), report.population.size, report.population.scale) == (2, 5, 2.5)


def test_no_address_of_a_real_person_enters_the_simulation(export: Path) -> None:
    report = played(scenario(days=1), users=export)
    tokens = {token for user in report.population.users for token in user.push.tokens}
    assert tokens == {f"device-ana{number}-0" for number in range(5)}


def test_a_file_without_users_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InvalidInput, match="holds no user"):
        played(scenario(), users=tmp_path / "empty.jsonl")


def test_edits_happen_at_their_own_instant() -> None:
    people = QUIET | {"moves_per_year": 365, "zones": {"Asia/Tokyo": 1, "Europe/Paris": 1}}
    report = played(scenario(days=1, people=people))
    moves = [effect.at for effect in report.effects if effect.step == "user.move"]
    assert moves
    assert all(0 < when < at(1, 0) and when % HOUR for when in moves)
