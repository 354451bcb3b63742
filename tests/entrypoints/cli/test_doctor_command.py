"""doctor."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.databases import apart
from tests.databases import migrated as migrate_database
from tests.entrypoints.cli.conftest import ANA, DUE, Cli, Ran, write_lines
from tests.model_server import ModelServer, answer, completion


def levels(ran: Ran) -> dict[str, str]:
    return {finding["name"]: finding["level"] for finding in ran.document["findings"]}


def finding(ran: Ran, name: str) -> dict[str, str]:
    return next(each for each in ran.document["findings"] if each["name"] == name)


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_after_a_tick_all_is_well(cli: Cli, ana: str) -> None:
    del ana
    cli("tick")
    ran = cli("doctor")
    assert ran.code == 0
    assert ran.out.endswith("All is well.\n")


def test_a_missing_database_is_told_and_not_made(cli: Cli, folder: Path) -> None:
    ran = cli("doctor", "--json")
    assert ran.code == 3
    assert (ran.document["ok"], finding(ran, "database")["fix"]) == (False, "reflecta migrate")
    assert not list(folder.iterdir())


def test_a_schema_that_is_behind_is_told_with_its_remedy(cli: Cli, migrated: Path) -> None:
    change(migrated, "UPDATE alembic_version SET version_num = '0000'")
    ran = cli("doctor", "--json")
    assert ran.code == 3
    assert (finding(ran, "schema")["level"], finding(ran, "schema")["fix"]) == ("fail", "reflecta migrate")


def test_a_schema_from_the_future_wants_a_newer_reflecta(cli: Cli, migrated: Path) -> None:
    change(migrated, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer" in finding(cli("doctor", "--json"), "schema")["fix"]


@pytest.mark.parametrize(
    ("index", "query"),
    [("users_due", "plan: due query"), ("journal_entries_with_content", "plan: context read")],
)
def test_a_lost_index_is_found_by_the_plan_of_its_query(cli: Cli, migrated: Path, index: str, query: str) -> None:
    change(migrated, f"DROP INDEX {index}")
    ran = cli("doctor", "--json")
    assert ran.code == 3
    assert [name for name, level in levels(ran).items() if level == "fail"] == [query]
    assert index in finding(ran, query)["fix"]


def test_a_lost_table_is_a_finding_and_no_crash(cli: Cli, migrated: Path) -> None:
    change(migrated, "DROP TABLE ticks")
    ran = cli("doctor", "--json")
    assert ran.code == 3
    assert "ticks" in finding(ran, "tables")["text"]


def test_users_without_a_zone_and_pushes_without_an_end_are_counted(cli: Cli, migrated: Path) -> None:
    cli("import", write_lines(migrated.parent / "x.jsonl", {**ANA, "userTimezone": "PST"}))
    columns = "id, message_id, user_id, channel, address, title, body, data, state, tries, next_try_at, updated_at"
    values = "'ana', 'log', 'a', '', '', '{}', 'pending', 1, 1000, 1000"
    change(migrated, f"INSERT INTO deliveries ({columns}) VALUES ('d1', 'm1', {values})")  # noqa: S608
    ran = cli("doctor", "--json")
    assert (ran.code, levels(ran)["users"], levels(ran)["pushes"]) == (0, "warn", "warn")
    assert finding(ran, "pushes")["text"].startswith("1 have waited")


def test_an_instant_can_be_asked_about(cli: Cli, ana: str) -> None:
    del ana
    cli("tick", "--at", DUE)
    ran = cli("doctor", "--json", "--at", "2026-03-10T11:00:00Z")
    assert finding(ran, "ticks")["text"] == "the last one was 3 h 30 min ago and found 1 due"
    assert levels(ran)["ticks"] == "warn"


def test_production_needs_a_secret_of_some_length(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_ENV", "production")
    found = [levels(cli("doctor", "--json"))["secret"]]
    for secret in ("x" * 31, "x" * 32):
        monkeypatch.setenv("CRON_SECRET", secret)
        found.append(levels(cli("doctor", "--json"))["secret"])
    assert found == ["fail", "fail", "ok"]


@pytest.mark.parametrize("engine", ["pgqueuer", "http"])
def test_an_engine_that_does_not_fit_is_a_fault(cli: Cli, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_ENGINE", engine)
    assert levels(cli("doctor", "--json"))["engine"] == "fail"


def test_settings_that_do_not_load_are_the_only_finding(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_GATE", "eleven")
    ran = cli("doctor", "--json")
    assert (ran.code, levels(ran)) == (3, {"settings": "fail"})


def test_the_model_is_named_and_not_asked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "k")
    found = finding(cli("doctor", "--json"), "model")
    assert found["text"] == "anthropic/claude-sonnet-4.5 writes, openai/gpt-5-mini judges, by OpenRouter"


async def test_the_model_is_asked_one_question_where_that_is_wanted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer() as server:
        server.script.append(answer(completion('{"ok": true}')))
        monkeypatch.setenv("REFLECTA_MODEL_BASE_URL", f"{server.base_url}/v1")
        ran = await asyncio.to_thread(cli, "doctor", "--json", "--ask-model")
    assert len(server.received) == 1
    assert finding(ran, "model answer")["text"].startswith("acme/served-model answered in ")


async def test_a_model_that_refuses_the_key_is_a_finding(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer() as server:
        server.script.append(answer({"error": {"message": "no such key", "code": 401}}, status=401))
        monkeypatch.setenv("REFLECTA_MODEL_BASE_URL", f"{server.base_url}/v1")
        ran = await asyncio.to_thread(cli, "doctor", "--json", "--ask-model")
    assert (ran.code, levels(ran)["model answer"]) == (3, "fail")


def test_postgresql_that_does_not_answer_is_a_finding_without_its_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFLECTA_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/none")
    ran = cli("doctor", "--json")
    assert (ran.code, levels(ran)["database"]) == (3, "fail")
    assert "hunter2" not in ran.out


def test_on_postgresql_the_plans_the_clocks_and_the_queue_are_looked_at(
    cli: Cli, blank_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart(lambda: migrate_database(blank_postgres))
    monkeypatch.setenv("REFLECTA_DATABASE_URL", blank_postgres)
    monkeypatch.setenv("REFLECTA_ENGINE", "pgqueuer")
    found = levels(cli("doctor", "--json"))
    assert {level for name, level in found.items() if name.startswith("plan")} == {"ok"}
    assert (found["clocks"], found["queue"], found["engine"]) == ("ok", "fail", "ok")
