"""Stores: where everything is kept, chosen by the database's URL.

Firestore's client takes half a second to load, and is loaded where it is chosen.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports import Clock
from reflecta.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from reflecta.adapters.stores.firestore import FirestoreStore

_FIRESTORE: Final = "firestore:"

__all__ = ["firestore_at", "firestore_indexes", "is_firestore", "store_at"]


def is_firestore(url: str) -> bool:
    """Say whether a URL names a Firestore database."""
    return url.startswith(_FIRESTORE)


def store_at(
    url: str, *, clock: Clock, migrate: bool = True, pool_size: int = 10, credentials: str | None = None
) -> "SqlStore | FirestoreStore":
    """Make the store of a URL: sqlite, postgresql or firestore. ConfigurationError where it names none.

    *credentials* are for Firestore, the JSON of a service account's key; without them Google's own way to find some
    holds.
    """
    if is_firestore(url):
        return firestore_at(url, clock=clock, credentials=credentials)
    return SqlStore.at(url, migrate=migrate, pool_size=pool_size)


def firestore_at(url: str, *, clock: Clock, credentials: str | None = None) -> "FirestoreStore":
    """Make the Firestore store of a URL; ConfigurationError where the client is not installed."""
    _require_client()
    from reflecta.adapters.stores.firestore import FirestoreStore  # noqa: PLC0415 - see above

    return FirestoreStore.at(url, clock, credentials=credentials)


def firestore_indexes() -> Mapping[str, object]:
    """Give the content of firestore.indexes.json; ConfigurationError where the client is not installed."""
    _require_client()
    from reflecta.adapters.stores.firestore.queries import indexes  # noqa: PLC0415 - see above

    return indexes()


def _require_client() -> None:
    if find_spec("grpc") is None:
        raise ConfigurationError("Firestore needs its client; install reflecta[firestore]")
