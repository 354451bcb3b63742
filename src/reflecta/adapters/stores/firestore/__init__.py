"""Firestore in place: the guide's collections as the app has them, and this service's own beside them."""

from reflecta.adapters.stores.firestore.queries import indexes
from reflecta.adapters.stores.firestore.store import FirestoreStore
from reflecta.adapters.stores.firestore.wire import Wire

__all__ = ["FirestoreStore", "Wire", "indexes"]
