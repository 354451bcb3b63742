"""Data as another system left them: written through the service, and moved to SQL and back with nothing lost."""

from collections.abc import AsyncGenerator, Mapping

import pytest
from tests.builders import NOW
from tests.databases import opened
from tests.entrypoints.opening import a_settings
from tests.firestore import documents, dump_documents, new_project
from tests.legacy import DUE, ENTRIES, MESSAGES, STANDINGS, a_document, get, ms, put, put_legacy

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.copying import Copy
from reflecta.bootstrap import open_service
from reflecta.domain.model import OccasionState
from reflecta.testing import FakeClock, RecordingTelemetry


@pytest.fixture
async def sql() -> AsyncGenerator[SqlStore]:
    """Open a store of SQL."""
    async with opened("sqlite://") as store:
        yield store


@pytest.fixture
async def back(firestore: str) -> AsyncGenerator[FirestoreStore]:
    """Open an empty project."""
    store = FirestoreStore.at(new_project(firestore), FakeClock(NOW))
    yield store
    await store.aclose()


async def test_everything_is_moved_to_sql_and_back(store: FirestoreStore, sql: SqlStore, back: FirestoreStore) -> None:
    await put_legacy(store)
    before = await dump_documents(store)
    there = await Copy(source=store, target=sql, clock=FakeClock(NOW))()
    assert there.adds_up, (there.read, there.arrived, there.refused)
    assert there.read["users"] == len(STANDINGS) + 1
    assert (there.read["entries"], there.read["insights"]) == (len(ENTRIES), 1)
    assert (there.read["occasions"], there.read["messages"]) == (len(MESSAGES), len(MESSAGES) - 1)
    again = await Copy(source=sql, target=back, clock=FakeClock(NOW))()
    assert (again.adds_up, again.read) == (True, there.read)
    assert await dump_documents(store) == before
    for collection, what in (("journal_entries", _entry), ("userInsights", _insights), ("coachingMessages", _message)):
        was, is_now = await documents(store, collection), await documents(back, collection)
        # Insights are kept once a user; where the app gave them an id of its own, that is not known elsewhere.
        ours, theirs = sorted(map(what, was.values())), sorted(map(what, is_now.values()))
        assert ours == theirs, collection
    users, moved = await documents(store, "users"), await documents(back, "users")
    assert users.keys() == moved.keys()
    assert {uid: fields[DUE] for uid, fields in moved.items() if STANDINGS.get(uid, ("ready",))[0] == "ready"} == {
        uid: fields[DUE] for uid, fields in users.items() if STANDINGS.get(uid, ("ready",))[0] == "ready"
    }


async def test_moved_back_where_it_came_from_nothing_of_the_apps_is_lost(store: FirestoreStore, sql: SqlStore) -> None:
    """Fields that the guide does not know stay, and so does whatever this service never writes."""
    await put_legacy(store)
    before = {name: await documents(store, name) for name in ("users", "journal_entries", "coachingMessages")}
    await Copy(source=store, target=sql, clock=FakeClock(NOW))()
    await Copy(source=sql, target=store, clock=FakeClock(NOW))()
    worn = await get(store, "users", "worn")
    assert (worn["displayName"], worn["theme"]) == ("Wera", {"dark": True})
    assert await documents(store, "coachingMessages") == before["coachingMessages"]
    after = await documents(store, "journal_entries")
    assert {id_: fields["content"] or "" for id_, fields in after.items()} == {
        id_: fields["content"] or "" for id_, fields in before["journal_entries"].items()
    }


async def test_a_user_with_a_well_worn_journal_is_written_to(
    store: FirestoreStore, project: str, clock: FakeClock
) -> None:
    await put_legacy(store)
    config: Mapping[str, object] = {"enableCoachingMessages": True, "coachingMessageFrequency": None}
    await put(store, "users", {"worn": {**await get(store, "users", "worn"), DUE: ms(NOW), "coachingConfig": config}})
    settings = a_settings(project)
    async with open_service(settings, clock=clock, telemetry=RecordingTelemetry(), with_models=False) as service:
        await service.tick()
        (told,) = await store.occasions(user_id="worn")
        await service.process(told.id)
    (ended,) = await store.occasions(user_id="worn")
    assert ended.state is OccasionState.SENT
    written = await documents(store, "journal_entries")
    (entry,) = [fields for id_, fields in written.items() if id_ not in ENTRIES]
    assert entry["linkedCoachingMessageId"]
    after = await get(store, "users", "worn")
    assert (after["displayName"], after["theme"]) == ("Wera", {"dark": True})


@pytest.mark.parametrize("zone", ["", "PST", 5, None, "Mars/Phobos"])
async def test_who_has_no_known_zone_is_written_nothing(store: FirestoreStore, zone: object) -> None:
    await put(store, "users", {"u1": {**a_document("u1"), "userTimezone": zone}})
    assert await store.unscheduled(10) == []
    user = await store.user("u1")
    assert user is not None
    assert user.timezone is None


@pytest.mark.parametrize(
    "config",
    [
        {"enableCoachingMessages": True, "coachingMessageFrequency": "hourly"},
        {"enableCoachingMessages": True, "coachingMessageTimePreference": ["morning"]},
        {"enableCoachingMessages": True, "coachingMessageTimePreference": {"from": 8}},
        {"enableCoachingMessages": "yes"},
        "on",
        [],
    ],
)
async def test_whose_wishes_cannot_be_read_is_written_nothing(store: FirestoreStore, config: object) -> None:
    await put(store, "users", {"u1": {**a_document("u1"), "coachingConfig": config}})
    assert await store.unscheduled(10) == []
    user = await store.user("u1")
    assert user is not None
    assert not user.preferences.enabled or user.timezone is None


def _entry(fields: Mapping[str, object]) -> str:
    return f"{fields['uid']} {fields['content'] or ''}"


def _insights(fields: Mapping[str, object]) -> str:
    focus = fields["mainFocus"]
    assert isinstance(focus, dict)
    return f"{fields['userId']} {focus['headline']}"


def _message(fields: Mapping[str, object]) -> str:
    kept = ("uid", "messageContent", "pushNotificationText", "wasSent", "journalEntryId", "failureReason")
    return " ".join(str(fields.get(name) or "") for name in kept)
