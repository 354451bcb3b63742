"""The whole simulation, small: the real service under a virtual clock."""

import json
from pathlib import Path

import pytest
from tests.simulation.world import QUIET, SURE, at, played, scenario

from reflecta.domain.errors import InvalidInput
from reflecta.simulation.effects import HOUR, lines

ROUGH = {
    "people": {"zones": {"*": 1}, "launch": True, "moves_per_year": 20, "pauses_per_year": 20, "edits_per_year": 20},
    "model": {"failure_rate": 0.05, "garbled_rate": 0.05, "outages": [{"from_hour": 30, "hours": 5}]},
    "push": {"retry_rate": 0.2, "unknown_rate": 0.1},
    "cron": {"outages": [{"from_hour": 60, "hours": 24}]},
}


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
    assert {"user.move", "user.pause", "user.edit", "tick.missed"} <= steps


def test_calls_take_their_latency_in_virtual_time() -> None:
    slow = SURE | {"latency_median": 30, "latency_p95": 30}
    report = played(scenario(model=slow))
    took = {effect.values["took"] for effect in report.effects if effect.step == "model.called"}
    assert took == {30_000_000}
    assert report.load.longest_drain == pytest.approx(60)


def test_what_finds_no_place_waits() -> None:
    slow = SURE | {"latency_median": 30, "latency_p95": 30}
    people = QUIET | {"cadences": {"daily": 1}, "windows": {"evening": 1}}
    report = played(scenario(model=slow, people=people), concurrency=2)
    assert (report.load.peak_work, report.load.peak_calls, report.load.peak_waiting) == (2, 2, 4)
    assert report.load.longest_wait == pytest.approx(120)


def test_cost_is_tokens_times_price() -> None:
    free = SURE | {"input_price": 0, "output_price": 0, "judge_input_price": 1, "judge_output_price": 1}
    report = played(scenario(model=free))
    calls = [effect for effect in report.effects if effect.step == "model.called"]
    judged = sum(float(str(call.values["tokens"])) for call in calls if call.values["purpose"] == "assessment")
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
