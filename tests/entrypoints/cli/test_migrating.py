"""migrate: schemas, the indexes of Firestore, copies."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.data import ROOT
from tests.entrypoints.cli.conftest import DUE, Cli
from tests.firestore import new_project

from reflecta.adapters.stores.sql.moving import MoveSql

SQLITE = "sqlite:///reflecta.db"
OTHER = "sqlite:///other.db"
COUNTS: Mapping[str, Any] = {
    **dict.fromkeys(("users", "occasions", "attempts", "messages"), 1),
    "entries": 2,
    "insights": 0,
    "deliveries": 1,
    "feedback": 0,
    "flags": 0,
    "prompts": 0,
}


def test_migrate_makes_the_schema_and_tells_both_revisions(cli: Cli, folder: Path) -> None:
    ran = cli("migrate", "--json")
    assert ran.code == 0
    assert (ran.document["before"], ran.document["after"], ran.document["isCurrent"]) == (None, "0002", True)
    assert (folder / "reflecta.db").exists()


@pytest.mark.usefixtures("migrated")
def test_migrating_again_changes_nothing(cli: Cli) -> None:
    assert cli("migrate").out == "The schema is up to date, at revision 0002.\n"


def test_migrate_check_says_by_its_code_that_the_schema_is_behind_and_makes_nothing(cli: Cli, folder: Path) -> None:
    ran = cli("migrate", "--check")
    assert ran.code == 3
    assert "run reflecta migrate" in ran.out
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("migrated")
def test_migrate_check_is_content_with_the_newest_schema(cli: Cli) -> None:
    assert cli("migrate", "--check").code == 0


def test_migrate_makes_the_queues_tables_too(cli: Cli, blank_postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_DATABASE_URL", blank_postgres)
    monkeypatch.setenv("REFLECTA_ENGINE", "pgqueuer")
    cli("migrate")
    queue = [f for f in cli("doctor", "--json").document["findings"] if f["name"] == "queue"]
    assert [finding["level"] for finding in queue] == ["ok"]


def test_firestore_has_no_schema(cli: Cli, firestore: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLECTA_DATABASE_URL", new_project(firestore))
    assert "Firestore has no schema" in cli("migrate").out
    assert cli("migrate", "--check", "--json").document["isCurrent"] is True


def test_the_indexes_are_printed_as_operators_deploy_them(cli: Cli) -> None:
    shipped = Path(ROOT, "deploy", "firestore", "firestore.indexes.json").read_text(encoding="utf-8")
    assert cli("migrate", "indexes").out == shipped


@pytest.mark.parametrize("kind", ["sqlite", "firestore"])
def test_a_copy_there_and_back_adds_up(ana: str, cli: Cli, firestore: str, folder: Path, kind: str) -> None:
    cli("tick", "--at", DUE)
    there = OTHER if kind == "sqlite" else new_project(firestore)
    first = cli("migrate", "copy", SQLITE, there, "--json")
    assert (first.code, first.document["addsUp"]) == (0, True), first.err
    assert first.document["read"] == first.document["arrived"] == COUNTS
    back = cli("migrate", "copy", there, "sqlite:///back.db")
    assert (back.code, back.out.splitlines()[-1]) == (0, "Everything arrived.")
    was, is_now = (_explained(cli, folder / file, ana) for file in ("reflecta.db", "back.db"))
    assert was == is_now
    assert not Path("reflecta-copy.json").exists()


def _explained(cli: Cli, file: Path, user: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFLECTA_DATABASE_URL", f"sqlite:///{file}")
        return cli("explain", user, "--json").document["occasions"]


def test_a_copy_that_was_broken_off_goes_on_and_its_counts_are_of_the_whole(
    cli: Cli, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.dumps({"type": "user", "uid": f"u{number:03}"}) for number in range(250)]
    (migrated.parent / "users.jsonl").write_text("\n".join(lines), encoding="utf-8")
    cli("import", "users.jsonl")
    keep_state = MoveSql.keep_state
    calls = 0

    async def breaks_once(store: MoveSql, user: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 150:
            raise KeyboardInterrupt
        await keep_state(store, user)

    monkeypatch.setattr(MoveSql, "keep_state", breaks_once)
    assert cli("migrate", "copy", SQLITE, OTHER).code == 130
    assert json.loads(Path("reflecta-copy.json").read_text(encoding="utf-8"))["last"] == "u099"
    assert cli("migrate", "copy", SQLITE, "sqlite:///third.db").code == 2
    again = cli("migrate", "copy", SQLITE, OTHER, "--json")
    assert "after user 'u099'" in again.err
    assert (again.code, again.document["read"]["users"], again.document["arrived"]["users"]) == (0, 250, 250)
    assert calls == 150 + 150


def test_a_copy_says_what_did_not_arrive(ana: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("tick", "--at", DUE)

    async def forgets(store: MoveSql, told: Any) -> int:
        del store
        return len(told)

    monkeypatch.setattr(MoveSql, "keep_history", forgets)
    ran = cli("migrate", "copy", SQLITE, OTHER)
    assert ran.code == 1
    assert ran.out.splitlines()[-1].startswith("Not everything arrived")
    assert ["messages", "1", "0"] in [line.split() for line in ran.out.splitlines()]
    assert ana


def test_what_is_under_way_stays_behind_and_is_told(ana: str, cli: Cli) -> None:
    cli("tick", "--enqueue-only", "--at", DUE)
    ran = cli("migrate", "copy", SQLITE, OTHER)
    assert (ran.code, "1 occasions were under way" in ran.out) == (0, True)
    assert ana


def test_a_database_is_not_copied_to_itself(cli: Cli) -> None:
    ran = cli("migrate", "copy", SQLITE, SQLITE)
    assert (ran.code, "name another database" in ran.err) == (2, True)


def test_a_file_that_is_no_progress_is_left_alone(cli: Cli, folder: Path) -> None:
    (folder / "diary.txt").write_text("mine", encoding="utf-8")
    ran = cli("migrate", "copy", SQLITE, OTHER, "--progress", "diary.txt")
    assert (ran.code, (folder / "diary.txt").read_text(encoding="utf-8")) == (2, "mine")
