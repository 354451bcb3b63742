"""The move from another system on the same Firestore, by its commands, on the emulator."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from tests.entrypoints.cli.conftest import Cli
from tests.firestore import documents, dump_documents, new_project
from tests.legacy import DUE, MORNING, STANDINGS, USERS, a_document, an_old_message, ms, put, put_legacy

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.testing import FakeClock

T = TypeVar("T")
Look = Callable[[Callable[[FirestoreStore], Awaitable[object]]], object]

AT = "2026-03-10T08:00:00Z"
NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
LACKING = {"missing", "null", "soon", "text", "timestamp"}


class App:
    """The app's Firestore, seen from outside the commands."""

    def __init__(self, url: str) -> None:
        self.url = url

    def do(self, work: Callable[[FirestoreStore], Awaitable[T]]) -> T:
        async def opened() -> T:
            store = FirestoreStore.at(self.url, FakeClock(NOW))
            try:
                return await work(store)
            finally:
                await store.aclose()

        return asyncio.run(opened())

    def put(self, collection: str, written: Mapping[str, Mapping[str, object]]) -> None:
        self.do(lambda store: put(store, collection, written))

    def dues(self) -> Mapping[str, object]:
        users = self.do(lambda store: documents(store, "users"))
        return {uid: fields.get(DUE, "missing") for uid, fields in users.items()}

    def everything(self) -> Mapping[str, object]:
        return self.do(dump_documents)


@pytest.fixture
def app(firestore: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """Give an app with users of every kind."""
    del folder
    app = App(new_project(firestore))
    monkeypatch.setenv("REFLECTA_DATABASE_URL", app.url)
    app.do(put_legacy)
    return app


def test_check_says_where_everybody_stands_and_changes_nothing(app: App, cli: Cli) -> None:
    before = app.everything()
    found = cli("migrate", "legacy", "check", "--at", AT, "--json").document
    counted = Counter(standing for standing, _ in STANDINGS.values())
    counted["ready"] += 1  # the one with the well-worn journal
    assert {name: number for name, number in found["standings"].items() if number} == counted
    assert (found["unknownZones"], found["withoutSchedule"]) == ({"PST": 1}, len(LACKING))
    assert found["examples"] == {"no-zone": ["no-zone"], "unknown-zone": ["pst"], "unclear-wishes": ["noon"]}
    told = cli("migrate", "legacy", "check", "--at", AT).out
    assert "unknown zone 'PST': 1 users" in told
    assert "unclear-wishes: noon" in told
    assert app.everything() == before


def test_bootstrap_gives_due_times_to_those_without_and_to_nobody_else(app: App, cli: Cli) -> None:
    before = app.dues()
    dry = cli("migrate", "legacy", "bootstrap", "--dry-run", "--at", AT, "--json").document
    assert (dry["found"], dry["changed"], app.dues()) == (len(LACKING), 0, before)
    done = cli("migrate", "legacy", "bootstrap", "--at", AT, "--json").document
    assert (done["found"], done["changed"]) == (len(LACKING), len(LACKING))
    after = app.dues()
    assert {uid for uid in after if after[uid] != before[uid]} == LACKING
    assert after["text"] == after["timestamp"] == ms(MORNING)
    first = [after[uid] for uid in ("missing", "null", "soon")]
    assert all(isinstance(due, int) and ms(NOW) < due <= ms(NOW + timedelta(days=1)) for due in first)
    again = cli("migrate", "legacy", "bootstrap", "--at", AT)
    assert (again.out, app.dues()) == ("0 of 15 users got a due time.\n", after)


def test_cut_over_refuses_as_long_as_somebody_lacks_a_due_time(app: App, cli: Cli) -> None:
    before = app.everything()
    ran = cli("migrate", "legacy", "cut-over", "--at", AT)
    assert (ran.code, app.everything()) == (1, before)
    assert "reflecta migrate legacy bootstrap" in ran.out


def test_cut_over_moves_what_would_surprise_and_nothing_else(app: App, cli: Cli) -> None:
    cli("migrate", "legacy", "bootstrap", "--at", AT)
    before = app.dues()
    assert cli("migrate", "legacy", "cut-over", "--dry-run", "--at", AT).out.startswith("2 due times would move")
    assert app.dues() == before
    ran = cli("migrate", "legacy", "cut-over", "--at", AT)
    assert (ran.code, ran.out.startswith("2 due times moved")) == (0, True)
    after = app.dues()
    assert {uid for uid in after if after[uid] != before[uid]} == {"old-due", "night"}
    target = ms(datetime(2026, 3, 11, 7, tzinfo=UTC))
    assert (after["old-due"], after["night"]) == (target, target)


def test_shadow_writes_beside_the_other_system_and_leaves_everything_as_it_was(
    app: App, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.put("users", {"just-due": {**USERS["just-due"], "mobilePushNotifications": _PUSHED}})
    app.put("journal_entries", {"j1": _entry("just-due")})
    before = app.everything()
    first = cli("migrate", "legacy", "shadow", "--at", AT, "--json").document
    assert (first["users"], first["due"], first["queued"]) == (15, 2, 2)
    assert sum(first["compared"].values()) == 0
    assert app.everything() == before
    assert (folder / "reflecta-shadow.db").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("REFLECTA_DATABASE_URL", "sqlite:///reflecta-shadow.db")
    (told,) = cli("explain", "just-due", "--json").document["occasions"]
    assert (told["outcome"], told["deliveries"]) == ("sent", [])


def test_shadow_says_later_who_wrote_to_whom(app: App, cli: Cli) -> None:
    app.put("users", {uid: {**a_document(uid), DUE: ms(NOW)} for uid in ("both", "other", "this")})
    days = [NOW + timedelta(days=number) for number in range(3)]
    for day in days:
        app.put("journal_entries", {f"j-{uid}-{day.day}": _entry(uid, day) for uid in ("both", "this")})
        cli("migrate", "legacy", "shadow", "--at", day.isoformat(), "--json")
        sent = {f"{uid}-{day.day}": an_old_message(uid, ms(day)) for uid in ("both", "other")}
        app.put("coachingMessages", sent)
    found = cli("migrate", "legacy", "shadow", "--at", (days[-1] + timedelta(hours=2)).isoformat(), "--json").document
    # The first date is left out, for the other may have written before the shadow began; the last is not over.
    told = {(one["uid"], one["date"]): one["agreement"] for one in found["differences"]}
    assert told["other", "2026-03-11"] == "only-the-other"
    assert told["this", "2026-03-11"] == "only-this-one"
    assert ("both", "2026-03-11") not in told
    assert {date for _, date in told} == {"2026-03-11"}
    assert found["compared"]["both"] == 1
    text = cli("migrate", "legacy", "shadow", "--at", (days[-1] + timedelta(hours=2)).isoformat()).out
    assert "only-this-one" in text
    assert "delete it when you have compared enough" in text


def test_shadow_forgets_who_was_erased(app: App, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("migrate", "legacy", "shadow", "--at", AT)
    app.do(lambda store: store.erase_user("ready", now=NOW))
    assert cli("migrate", "legacy", "shadow", "--at", AT, "--json").document["erased"] == 1
    monkeypatch.setenv("REFLECTA_DATABASE_URL", "sqlite:///reflecta-shadow.db")
    assert cli("status", "ready").code == 4


@pytest.mark.usefixtures("app")
def test_verify_finds_nothing_after_a_clean_take_over(cli: Cli) -> None:
    assert cli("migrate", "legacy", "verify", "--at", AT).code == 1  # not taken over
    for step in ("bootstrap", "cut-over"):
        assert cli("migrate", "legacy", step, "--at", AT).code == 0
    assert cli("tick", "--at", AT).code == 0
    ran = cli("migrate", "legacy", "verify", "--at", AT)
    assert (ran.code, "fail" in ran.out) == (0, False), ran.out
    assert "3 users are written nothing" in ran.out


def test_verify_tells_that_the_other_system_still_writes_and_who_got_two(app: App, cli: Cli) -> None:
    for step in ("bootstrap", "cut-over"):
        cli("migrate", "legacy", step, "--at", AT)
    app.put("users", {"just-due": {**USERS["just-due"]}})
    app.put("journal_entries", {"j1": _entry("just-due")})
    assert cli("tick", "--at", AT).code == 0
    later = NOW + timedelta(hours=1)
    app.put("coachingMessages", {"late": an_old_message("just-due", later)})
    found = cli("migrate", "legacy", "verify", "--at", (later + timedelta(hours=9)).isoformat(), "--json")
    faults = {one["name"]: one["text"] for one in found.document["findings"] if one["level"] == "fail"}
    assert found.code == 1
    assert faults["other system"] == "it sent 1 messages since the cut-over, to just-due"
    assert faults["one a date"] == "1 users got two messages on one local date: just-due"
    assert "schedules" not in faults


def test_nobody_gets_a_second_message_on_the_day_of_the_cut_over(app: App, cli: Cli) -> None:
    """The other system wrote at 07:40; what is due at 08:00 is put off to the next day."""
    config = {"enableCoachingMessages": True, "lastCoachingMessageSentAt": ms(NOW - timedelta(minutes=20))}
    app.put("users", {"written": {**a_document("written"), DUE: ms(NOW), "coachingConfig": config}})
    app.put("journal_entries", {"j1": _entry("written")})
    assert cli("tick", "--at", AT).code == 0
    (told,) = cli("explain", "written", "--json").document["occasions"]
    assert (told["outcome"], told["reason"]) == ("deferred", "already_today")
    assert app.dues()["written"] == ms(datetime(2026, 3, 11, 7, tzinfo=UTC))


def test_the_steps_need_firestore(cli: Cli) -> None:
    ran = cli("migrate", "legacy", "check")
    assert ran.code == 3
    assert "REFLECTA_DATABASE_URL=firestore://PROJECT" in ran.err


_PUSHED: Mapping[str, object] = {"enabled": True, "expoPushTokens": ["ExponentPushToken[abcdefghijk]"]}


_TEXTS: Mapping[int, str] = {
    10: "I want to call my sister this week. I keep putting it off, and I do not know why that is so.",
    11: "The garden is full of weeds again, but the roses are coming along and I sat there for an hour with tea.",
    12: "Work was hard today. My boss moved the deadline and I have to finish the report before Friday evening.",
}


def _entry(uid: str, day: datetime = NOW) -> dict[str, object]:
    return {"uid": uid, "content": f"<p>{_TEXTS[day.day]}</p>", "timestamp": day - timedelta(hours=12), "images": []}
