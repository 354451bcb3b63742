"""What a contract test does behind a store's back, whichever it is: look at everything kept, lose the users."""

from collections.abc import Mapping

from tests import databases
from tests.firestore import delete_all, documents, dump_documents

from reflecta.adapters.stores.firestore import FirestoreStore
from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import Store

# Where a text about a user can stand, by the kind of store.
TELLING = {
    SqlStore: {"attempts", "contexts", "deliveries", "feedback", "journal_entries", "user_insights", "users"},
    FirestoreStore: {"coachingMessages", "journal_entries", "reflectaDeliveries", "userInsights", "users"},
}
# Whether the texts of contexts are kept: an app on Firestore deletes entries without telling anybody.
KEEPS_CONTEXTS = {SqlStore: True, FirestoreStore: False}


def kind_of(store: Store) -> type[SqlStore | FirestoreStore]:
    """Give which of the stores it is."""
    assert isinstance(store, SqlStore | FirestoreStore)
    return type(store)


def keeps_contexts(store: Store) -> bool:
    """Say whether a store keeps the texts of contexts."""
    return KEEPS_CONTEXTS[kind_of(store)]


async def dump(store: Store) -> Mapping[str, list[str]]:
    """Give all that is kept, as text, by table or collection."""
    if isinstance(store, FirestoreStore):
        return await dump_documents(store)
    return await databases.dump(store)


async def lose_users(store: Store) -> None:
    """Delete every user, as an app may that knows nothing of this service."""
    if isinstance(store, FirestoreStore):
        await delete_all(store, ["users"])
        return
    await databases.write(store, "DELETE FROM users")


async def count_users(store: Store) -> int:
    """Count the users that are kept."""
    return len(await store.users(limit=1000))


async def local_dates(store: Store) -> set[str]:
    """Give the local dates that bear a message."""
    if isinstance(store, FirestoreStore):
        kept = await documents(store, "reflectaUsers")
        return {str(day) for fields in kept.values() for day in fields["dates"]}  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportUnknownArgumentType]
    return {row.local_date for row in await databases.rows(store, "SELECT local_date FROM messages")}
