"""The documents of an app as it writes them itself, in the guide's shape and in what years have made of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

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
