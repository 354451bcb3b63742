"""The command: its answer, its files, its exit codes."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import Cli, cli, folder

from reflecta.simulation import run
from reflecta.simulation.audit import Findings, audit
from reflecta.simulation.effects import Effect

__all__ = ["cli", "folder"]
SMALL = ("simulate", "--size", "40", "--sample", "4", "--days", "1", "--at", "2026-03-06T00:00:00Z")


def test_json_has_the_same_hash_for_the_same_seed_and_names_its_replay(cli: Cli) -> None:
    ran = cli(*SMALL, "--json")
    document = ran.document
    again = cli(*document["replay"].split()[1:], "--json").document
    assert (ran.code, document["isClean"], document["users"]["scale"]) == (0, True, 10)
    assert again["logSha256"] == document["logSha256"]
    assert {name for name in document if document[name] != again[name]} <= {"tookSeconds", "cpuSeconds"}


def test_the_table_says_that_it_is_scaled_and_what_it_costs(cli: Cli) -> None:
    out = cli(*SMALL).out
    assert "4 of 40 users made up from the scenario were simulated" in out
    assert "cost in 30 days" in out


def test_page_and_log_are_written_where_asked(cli: Cli, folder: Path) -> None:
    cli(*SMALL, "--html", "r.html", "--log", "effects.jsonl")
    assert (folder / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    effects = [json.loads(line) for line in (folder / "effects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [effect["at"] for effect in effects] == sorted(effect["at"] for effect in effects)


def _strict(effects: Sequence[Effect], start: datetime, end: int) -> Findings:
    """Audit as if the run had been to last a month: everybody is passed over for weeks."""
    return audit(effects, start, 30 * end)


def test_a_broken_promise_ends_with_1_and_the_command_that_plays_it_again(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "audit", _strict)
    ran = cli(*SMALL)
    assert ran.code == 1
    assert "reflecta simulate --size 40 --seed 1 --sample 4 --days 1 --at 2026-03-06T00:00:00Z" in ran.err


def test_the_scenario_can_be_printed_and_given_back(cli: Cli, folder: Path) -> None:
    (folder / "s.toml").write_text(cli("simulate", "--print-scenario", "--days", "1").out, encoding="utf-8")
    assert cli("simulate", "--print-scenario", "--scenario", "s.toml").out.splitlines()[3] == "days = 1"


@pytest.mark.parametrize("option", ["--scenario", "--users"])
def test_a_file_that_is_not_there_is_refused_in_one_line(cli: Cli, option: str) -> None:
    ran = cli("simulate", option, "nowhere")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", ran.err.count("error") + ran.err.count("simulating"))


def test_a_place_that_cannot_be_written_is_refused(cli: Cli) -> None:
    ran = cli(*SMALL, "--html", "nowhere/r.html")
    assert (ran.code, "cannot be written" in ran.err) == (2, True)


def test_your_database_is_not_touched(cli: Cli, folder: Path) -> None:
    cli(*SMALL)
    assert list(folder.iterdir()) == []
