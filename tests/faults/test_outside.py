"""The audit of the wires finds each kind of breach, and nothing where all is well."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import migrated
from tests.faults.counterparts import Counterparts, Question
from tests.faults.outside import Outside, audit

from reflecta.adapters.stores.sql.schema import metadata

NOON = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
TOKEN = "ExponentPushToken[x-1]"
# Switched off a millisecond after the message.
OFF = {"x-1": int(NOON.timestamp() * 1000) + 1}

# One user who was served as they should be.
PROPER: Mapping[str, Mapping[str, object]] = {
    "users": {
        "id": "x-1",
        "onboarding": {},
        "enabled": True,
        "cadence": "daily",
        "time_window": "afternoon",
        "challenge": "gentle",
        "tone": "direct",
        "push_enabled": True,
        "push_tokens": [TOKEN],
        "timezone": "Etc/GMT",
    },
    "occasions": {
        "id": "o1",
        "user_id": "x-1",
        "due_at": NOON,
        "state": "sent",
        "forced": False,
        "created_at": NOON,
        "screening": {"signs": ["none"], "entries": ["Answer number a"]},
    },
    "attempts": {
        "occasion_id": "o1",
        "number": 1,
        "created_at": NOON,
        "text": "Answer number b: what would you like to come back to today?",
        "rationale": "Answer number c: hm.",
        "evidence": [],
        "ai_generated": True,
        "checks": [],
        "faults": [],
    },
    "messages": {
        "id": "m1",
        "occasion_id": "o1",
        "attempt": 1,
        "user_id": "x-1",
        "local_date": "2026-03-10",
        "forced": False,
        "journal_entry_id": "e1",
        "sent_at": NOON,
    },
    "journal_entries": {
        "id": "e1",
        "user_id": "x-1",
        "content": "",
        "text": "",
        "has_content": False,
        "written_at": NOON,
        "updated_at": NOON,
        "images": [],
        "message_id": "m1",
    },
    "deliveries": {
        "id": "d1",
        "message_id": "m1",
        "user_id": "x-1",
        "channel": "expo",
        "address": TOKEN,
        "title": "",
        "body": "",
        "data": {},
        "state": "accepted",
        "tries": 1,
        "updated_at": NOON,
    },
}

# What is done to those rows, and what it must be found to be.
BREACHES: Sequence[tuple[str, str]] = (
    ("lost", "DELETE FROM users"),
    ("lost", "DELETE FROM messages"),
    ("lost", "DELETE FROM journal_entries"),
    ("lost", "UPDATE occasions SET state = 'failed'"),
    ("lost", "UPDATE occasions SET state = 'in_work'"),
    ("push_fate_wrong", "UPDATE deliveries SET state = 'pending'"),
    ("push_fate_wrong", "UPDATE deliveries SET state = 'sending'"),
    ("push_fate_wrong", "UPDATE deliveries SET state = 'refused'"),
    ("push_fate_wrong", "DELETE FROM deliveries"),
    ("altered", "UPDATE attempts SET text = 'Answer number b: wh'"),
    ("altered", "UPDATE attempts SET text = replace(text, 'number b', 'number d')"),
    ("outside_window", "UPDATE messages SET sent_at = sent_at - 1800001"),
    ("after_switching_off", "UPDATE messages SET sent_at = sent_at + 1"),
    ("not_accepted", "UPDATE deliveries SET state = 'unknown'"),
)

# A second row like the first, but for these values.
DOUBLES: Sequence[tuple[str, str, Mapping[str, object]]] = (
    ("doubled", "messages", {"id": "m2", "occasion_id": "o2", "local_date": "2026-03-11"}),
    ("doubled", "journal_entries", {"id": "e2"}),
    (
        "more_than_one_outcome",
        "occasions",
        {"id": "o2", "due_at": NOON + timedelta(days=1), "state": "expired"},
    ),
)


OVERWRITTEN = """UPDATE attempts
SET text = replace(text, 'number b', 'number c'), rationale = replace(rationale, 'number c', 'number d')"""


def counterparts() -> Counterparts:
    """Give the record that goes with the proper rows: a draft, its assessment, a screening, one push."""
    there = Counterparts()
    there.answered |= {
        0: Question("x-1", "screening", 0),
        1: Question("x-1", "draft", 0),
        2: Question("x-1", "assessment", 1),
    }
    there.said[1] = str(PROPER["attempts"]["text"])
    there.taken["m1", TOKEN] = 1
    return there


async def audited(
    folder: Path,
    there: Counterparts,
    *statements: str,
    doubles: Mapping[str, Mapping[str, object]] | None = None,
    saved: AbstractSet[int] = frozenset(),
) -> dict[str, int]:
    """Audit one user's proper rows after some statements, and with second rows; *saved* was seen before."""
    url = f"sqlite:///{folder / 'audit.db'}"
    await migrated(url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for table, values in PROPER.items():
            connection.execute(metadata.tables[table].insert(), values)
        for table, values in (doubles or {}).items():
            connection.execute(metadata.tables[table].insert(), {**PROPER[table], **values})
        for statement in statements:
            connection.execute(sa.text(statement))
    async with Outside(url) as outside:
        return asdict(await audit(outside, there, "x-", 1, off=OFF, saved=saved))


async def test_the_audit_finds_nothing_where_all_is_well(tmp_path: Path) -> None:
    found = await audited(tmp_path, counterparts())

    assert found.pop("users") == 1
    assert set(found.values()) == {0}


@pytest.mark.parametrize(("name", "statement"), BREACHES)
async def test_the_audit_finds_a_breach_in_the_tables(name: str, statement: str, tmp_path: Path) -> None:
    assert (await audited(tmp_path, counterparts(), statement))[name] == 1


@pytest.mark.parametrize(("name", "table", "values"), DOUBLES)
async def test_the_audit_finds_what_is_there_twice(
    name: str, table: str, values: Mapping[str, object], tmp_path: Path
) -> None:
    assert (await audited(tmp_path, counterparts(), doubles={table: values}))[name] == 1


async def test_the_audit_finds_a_push_that_was_taken_twice(tmp_path: Path) -> None:
    there = counterparts()
    there.taken["m1", TOKEN] = 2
    assert (await audited(tmp_path, there))["pushed_twice"] == 1


async def test_the_audit_finds_a_push_that_the_table_says_was_taken_and_was_not(tmp_path: Path) -> None:
    there = counterparts()
    there.taken.clear()
    assert (await audited(tmp_path, there))["push_fate_wrong"] == 1


async def test_the_audit_finds_a_saved_answer_that_was_asked_for_again(tmp_path: Path) -> None:
    there = counterparts()
    there.answered[3] = Question("x-1", "assessment", 1)
    found = await audited(tmp_path, there)
    assert (found["saved_calls_repeated"], found["unsaved_calls"]) == (1, 1)


async def test_the_audit_finds_a_saved_answer_that_was_asked_for_again_and_overwritten(tmp_path: Path) -> None:
    there = counterparts()
    there.answered |= {2: Question("x-1", "draft", 0), 3: Question("x-1", "assessment", 2)}
    found = await audited(tmp_path, there, OVERWRITTEN, saved={1})
    assert (found["saved_calls_repeated"], found["unsaved_calls"]) == (1, 0)


async def test_the_audit_finds_a_saved_screening_that_was_asked_for_again(tmp_path: Path) -> None:
    there = counterparts()
    there.answered[3] = Question("x-1", "screening", 0)
    found = await audited(tmp_path, there)
    assert (found["saved_calls_repeated"], found["unsaved_calls"]) == (1, 1)


async def test_the_audit_counts_a_screening_that_was_not_saved_before_another_was(tmp_path: Path) -> None:
    there = counterparts()
    there.answered[3] = Question("x-1", "screening", 0)
    again = "UPDATE occasions SET screening = replace(screening, 'number a', 'number d')"
    found = await audited(tmp_path, there, again)
    assert (found["saved_calls_repeated"], found["unsaved_calls"]) == (0, 1)


async def test_the_audit_counts_an_answer_that_was_lost_before_the_saved_one(tmp_path: Path) -> None:
    there = counterparts()
    there.answered |= {2: Question("x-1", "draft", 0), 3: Question("x-1", "assessment", 2)}
    found = await audited(tmp_path, there, OVERWRITTEN)
    assert (found["saved_calls_repeated"], found["unsaved_calls"]) == (0, 1)


async def test_what_the_composer_wrote_no_model_need_have_answered(tmp_path: Path) -> None:
    found = await audited(tmp_path, counterparts(), "UPDATE attempts SET ai_generated = 0, text = 'You wrote a lot.'")
    assert (found["altered"], found["by_composer"]) == (0, 1)


async def test_who_switched_off_may_be_cancelled_and_others_may_not(tmp_path: Path) -> None:
    cancelled = ("UPDATE occasions SET state = 'cancelled'", "DELETE FROM messages", "DELETE FROM deliveries")
    there = counterparts()
    there.taken.clear()
    found = await audited(tmp_path, there, *cancelled)
    assert (found["lost"], found["switched_off"]) == (0, 1)

    another = ("UPDATE users SET id = 'x-2'", "UPDATE occasions SET user_id = 'x-2'")
    folder = tmp_path / "another"
    folder.mkdir()
    assert (await audited(folder, there, *cancelled, *another))["lost"] == 1
