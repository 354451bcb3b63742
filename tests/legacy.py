"""The documents of an app as it writes them itself, in the guide's shape and in what years have made of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.firestore.wire import Write

_AT_ONCE = 400


async def put(store: FirestoreStore, collection: str, documents: Mapping[str, Mapping[str, object]]) -> None:
    """Write documents as the app would, whole."""
    writes = [Write(collection=collection, id=id_, fields=fields) for id_, fields in documents.items()]
    for start in range(0, len(writes), _AT_ONCE):
        await store.wire.commit(writes[start : start + _AT_ONCE])


async def delete(store: FirestoreStore, collection: str, id_: str) -> None:
    """Delete a document as the app would, telling nobody."""
    await store.wire.commit([Write(collection=collection, id=id_, fields=None)])


async def get(store: FirestoreStore, collection: str, id_: str) -> Mapping[str, object]:
    """Read one document."""
    (found,) = await store.wire.get((collection, id_))
    assert found is not None, f"there is no {collection}/{id_}"
    return found.fields


def a_document(uid: str, fields: Mapping[str, object] | None = None, *, enabled: bool = True) -> dict[str, object]:
    """Give a user's document without a due time."""
    return {
        "uid": uid,
        "coachingConfig": {
            "enableCoachingMessages": enabled,
            "coachingMessageFrequency": "daily",
            "coachingMessageTimePreference": "morning",
        },
        "userTimezone": "Europe/Berlin",
        **(fields or {}),
    }


def entries(uid: str, texts: Sequence[str], *, at: datetime) -> dict[str, dict[str, object]]:
    """Give a user's entries, all of one instant."""
    return {
        f"{uid}-{number}": {"uid": uid, "content": f"<p>{text}</p>", "timestamp": at, "lastUpdated": at, "images": []}
        for number, text in enumerate(texts)
    }


def ms(at: datetime) -> int:
    """Give epoch milliseconds."""
    return int(at.timestamp() * 1000)


DUE: Final = "nextCoachingMessageDue"
MORNING: Final = datetime(2026, 3, 11, 7, 30, tzinfo=UTC)  # 08:30 in Berlin
EVENING: Final = datetime(2026, 3, 9, 19, tzinfo=UTC)
# Who stands where at 2026-03-10 08:00 UTC (09:00 in Berlin), by `reflecta migrate legacy check`.
STANDINGS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "ready": ("ready", {DUE: ms(MORNING)}),
    "just-due": ("ready", {DUE: ms(datetime(2026, 3, 10, 7, 30, tzinfo=UTC))}),
    "old-due": ("overdue", {DUE: ms(datetime(2026, 2, 1, 7, tzinfo=UTC))}),
    "night": ("outside-window", {DUE: ms(datetime(2026, 3, 11, 1, tzinfo=UTC))}),
    "missing": ("due-missing", {}),
    "null": ("due-null", {DUE: None}),
    "soon": ("due-unreadable", {DUE: "soon"}),
    "text": ("due-as-date", {DUE: "2026-03-11T07:30:00Z"}),
    "timestamp": ("due-as-date", {DUE: MORNING}),
    "no-zone": ("no-zone", {DUE: ms(MORNING), "userTimezone": None}),
    "pst": ("unknown-zone", {DUE: ms(MORNING), "userTimezone": "PST"}),
    "noon": (
        "unclear-wishes",
        {"coachingConfig": {"enableCoachingMessages": True, "coachingMessageTimePreference": "noon"}},
    ),
    "off": ("off", {"coachingConfig": {"enableCoachingMessages": False}}),
    "bare": ("off", {"coachingConfig": None}),
}
USERS: Final[Mapping[str, Mapping[str, object]]] = {
    uid: {**a_document(uid), **fields} for uid, (_, fields) in STANDINGS.items()
}
# Fields of other kinds than the guide's, and fields that only the app knows.
_WELL_WORN: Final[Mapping[str, object]] = {
    "displayName": "Wera",
    "createdAt": "2024-01-05T10:00:00Z",
    "updatedAt": None,
    "mobilePushNotifications": {"enabled": "yes", "expoPushTokens": [None, "ExponentPushToken[abcdefghijk]"]},
    "theme": {"dark": True},
    DUE: ms(MORNING),
}
_HTML: Final = (
    "<p>Ran 5&nbsp;km in rain &amp; wind.<br>I want to call my sister this week, and I keep putting it off.</p>"
)
ENTRIES: Final[Mapping[str, Mapping[str, object]]] = {
    "html": {"uid": "worn", "content": _HTML, "timestamp": EVENING},
    "string-date": {"uid": "worn", "content": "Called my sister", "timestamp": "2026-03-01T10:00:00+01:00"},
    "number-date": {"uid": "worn", "content": "<div>Tired</div>", "timestamp": 1_770_000_000_000, "images": None},
    "empty": {"uid": "worn", "content": "", "timestamp": EVENING, "lastUpdated": None},
    "null-content": {"uid": "worn", "content": None, "timestamp": EVENING},
    "pictures": {"uid": "worn", "content": "<p></p>", "timestamp": EVENING, "images": ["a.jpg"]},
}
INSIGHTS: Final[Mapping[str, Mapping[str, object]]] = {
    "random-id": {
        "userId": "worn",
        "updatedAt": "2026-03-02T10:00:00Z",
        "mainFocus": {"headline": "Rest", "explanation": None},
        "keyBlockers": None,
    }
}


def an_old_message(uid: str, created_at: object, **fields: object) -> dict[str, object]:
    """Give a message of another system: the guide's fields."""
    return {
        "uid": uid,
        "createdAt": created_at,
        "updatedAt": created_at,
        "messageContent": "How was your run?",
        "messageType": "check_in",
        "pushNotificationText": "A thought for you",
        "effectivenessRating": 8,
        "recommendedAction": "SEND_MESSAGE",
        "wasSent": True,
        "journalEntryId": f"old-{uid}",
        "contextUsed": "Ran 5 km.",
        "generationAttempt": 1,
        "failureReason": None,
        "userTimezone": "Europe/Berlin",
        "userTimePreference": "morning",
        "scheduledFor": None,
        **fields,
    }


MESSAGES: Final[Mapping[str, Mapping[str, object]]] = {
    "in-ms": an_old_message("worn", ms(datetime(2026, 3, 7, 7, tzinfo=UTC))),
    "in-seconds": an_old_message("worn", ms(datetime(2026, 3, 6, 7, tzinfo=UTC)) // 1000),
    "in-text": an_old_message("worn", "2026-03-05T07:00:00Z", messageType="pep_talk", effectivenessRating=None),
    "as-timestamp": an_old_message("worn", datetime(2026, 3, 4, 7, tzinfo=UTC), feedback={"reaction": "helpful"}),
    "not-sent": an_old_message(
        "worn", ms(datetime(2026, 3, 3, 7, tzinfo=UTC)), wasSent=False, journalEntryId=None, failureReason="low score"
    ),
    "bare": {"uid": "worn", "wasSent": True},
}


async def put_legacy(store: FirestoreStore) -> None:
    """Write what an app of some years has, users of every kind and one with a well-worn journal."""
    await put(store, "users", {**USERS, "worn": {**a_document("worn"), **_WELL_WORN}})
    await put(store, "journal_entries", ENTRIES)
    await put(store, "userInsights", INSIGHTS)
    await put(store, "coachingMessages", MESSAGES)
