"""tick, test, force and dry-run."""

import asyncio
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import ANA, DUE, EARLY, Cli, write_lines
from tests.model_server import ModelServer, answer

GUIDES_KEYS = {"usersDue", "usersBootstrapped", "jobsCreated", "usersRescheduled", "errors"}


def test_tick_prints_the_guides_results_and_works_the_queue_empty(cli: Cli, ana: str) -> None:
    ran = cli("tick", "--json", "--at", DUE)
    assert ran.document["success"] is True
    assert set(ran.document["results"]) == GUIDES_KEYS
    assert ran.document["results"]["jobsCreated"] == 1
    occasion = cli("explain", ana, "--json").document["occasions"][0]
    assert occasion["outcome"] == "sent"
    assert [delivery["state"] for delivery in occasion["deliveries"]] == ["accepted"]


def test_tick_can_leave_the_work_to_others(cli: Cli, ana: str) -> None:
    cli("tick", "--enqueue-only", "--at", DUE)
    assert cli("explain", ana, "--json").document["occasions"][0]["state"] == "queued"


def test_the_next_tick_does_what_was_left(cli: Cli, ana: str) -> None:
    cli("tick", "--enqueue-only", "--at", DUE)
    results = cli("tick", "--json", "--at", DUE).document["results"]
    assert results["jobsCreated"] == 0
    assert cli("explain", ana, "--json").document["occasions"][0]["outcome"] == "sent"


def test_logs_keep_off_standard_output(cli: Cli, ana: str) -> None:
    ran = cli("tick", "--at", DUE)
    assert ran.out == "1 due: 1 queued, 0 rescheduled, 0 errors; 0 got their first due time\n"
    assert "tick.finished" in ran.err
    assert ana in ran.err


def test_test_says_who_is_not_due_and_when_they_are(cli: Cli, ana: str) -> None:
    ran = cli("test", ana, "--at", EARLY)
    assert ran.code == 0
    assert "Nothing was done. Next due 2026-03-10 08:00 (Europe/Berlin)" in ran.out


def test_test_writes_nothing_for_who_is_not_due(cli: Cli, ana: str) -> None:
    document = cli("test", ana, "--json", "--at", EARLY).document
    assert (document["messageGenerated"], document["reason"]) == (False, "not_due")
    assert cli("explain", ana, "--json").document["occasions"] == []


def test_test_claims_who_is_due(cli: Cli, ana: str) -> None:
    document = cli("test", ana, "--json", "--at", DUE).document
    assert (document["success"], document["messageGenerated"], document["outcome"]) == (True, True, "sent")


def test_test_continues_an_open_occasion(cli: Cli, ana: str) -> None:
    cli("tick", "--enqueue-only", "--at", DUE)
    cli("test", ana, "--at", DUE)
    occasions = cli("explain", ana, "--json").document["occasions"]
    assert [occasion["outcome"] for occasion in occasions] == ["sent"]


def test_force_writes_now_and_leaves_the_schedule(cli: Cli, ana: str) -> None:
    document = cli("force", ana, "--json", "--at", EARLY).document
    assert document["messageGenerated"] is True
    assert document["nextCoachingMessageDue"] == 1773126000000


def test_force_is_refused_while_another_occasion_is_open(cli: Cli, ana: str) -> None:
    cli("tick", "--enqueue-only", "--at", DUE)
    ran = cli("force", ana, "--at", DUE)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")


def test_dry_run_shows_a_message_and_stores_nothing(cli: Cli, ana: str) -> None:
    document = cli("dry-run", ana, "--json", "--at", DUE).document
    assert document["wouldSend"] is True
    assert document["attempts"][0]["messageContent"]
    assert document["attempts"][0]["wasSent"] is False
    assert cli("explain", ana, "--json").document["occasions"] == []


def test_dry_run_says_why_it_would_hold_back(cli: Cli, migrated: Path) -> None:
    cli("import", write_lines(migrated.parent / "x.jsonl", ANA))
    ran = cli("dry-run", "ana", "--at", DUE)
    assert ran.out == "It would be held back: nothing_to_say. Nothing was stored.\n"


async def test_a_model_that_is_not_there_ends_in_code_5(cli: Cli, ana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer() as server:
        server.script.append(answer({"error": {"message": "down", "code": 503}}, status=503))
        monkeypatch.setenv("REFLECTA_MODEL_BASE_URL", f"{server.base_url}/v1")
        monkeypatch.setenv("REFLECTA_MODEL_ATTEMPTS", "1")
        ran = await asyncio.to_thread(cli, "test", ana, "--json", "--at", DUE)
    assert (ran.code, ran.document["reason"]) == (5, "model_error")
    assert ran.document["success"] is False


def test_pgqueuer_on_sqlite_is_a_wrong_setting(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setenv("REFLECTA_ENGINE", "pgqueuer")
    ran = cli("tick")
    assert ran.code == 3
    assert "REFLECTA_DATABASE_URL=postgresql://" in ran.err


def test_a_database_that_cannot_be_opened_ends_in_code_5(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    ran = cli("tick", "--json")
    assert (ran.code, ran.out) == (5, "")
    assert "reflecta doctor" in ran.err
