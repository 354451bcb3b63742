"""Every query this service puts to Firestore, and the indexes that they need.

A query without its index fails in production and not on the emulator: the indexes are made from here, and a test holds
the file that operators deploy to them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

# The collections that the app has, by the guide's names, and our own.
USERS: Final = "users"
ENTRIES: Final = "journal_entries"
INSIGHTS: Final = "userInsights"
MESSAGES: Final = "coachingMessages"
OCCASIONS: Final = "reflectaOccasions"
STATES: Final = "reflectaUsers"
DELIVERIES: Final = "reflectaDeliveries"
FLAGS: Final = "reflectaFlags"
TICKS: Final = "reflectaTicks"
PROMPTS: Final = "reflectaPrompts"
PROGRESS: Final = "reflectaProgress"

ID: Final = "__name__"
ENABLED: Final = "coachingConfig.enableCoachingMessages"
DUE: Final = "nextCoachingMessageDue"

Comparison = Literal["==", "<=", "<", ">=", ">", "in"]
_EQUAL: Final = frozenset({"==", "in"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query whose values are given when it is asked: *where* pairs fields with comparisons.

    *order* names fields, with a '-' where the largest comes first; *fields* are those asked for, all by default;
    *total* is the field that is summed up.
    """

    collection: str
    where: Sequence[tuple[str, Comparison]] = ()
    order: Sequence[str] = ()
    fields: Sequence[str] = ()
    total: str = ""

    def index(self) -> Mapping[str, object] | None:
        """Give the composite index it needs, None where the ones of single fields serve, which are always there."""
        equal = [field for field, comparison in self.where if comparison in _EQUAL]
        ranged = [field for field, comparison in self.where if comparison not in _EQUAL]
        order = [field for field in self.order if field.lstrip("-") != ID] or ranged[:1]
        order += [self.total] if self.total else []
        # Equalities alone are served by merging the indexes of their fields.
        if len({*equal, *(field.lstrip("-") for field in order)}) < 2 or not order:  # noqa: PLR2004
            return None
        fields = [{"fieldPath": field, "order": "ASCENDING"} for field in equal]
        fields += [
            {"fieldPath": field.lstrip("-"), "order": "DESCENDING" if field.startswith("-") else "ASCENDING"}
            for field in order
        ]
        return {"collectionGroup": self.collection, "queryScope": "COLLECTION", "fields": fields}


USERS_DUE: Final = Query(collection=USERS, where=[(ENABLED, "=="), (DUE, "<=")], order=[DUE, ID])
# Null and missing are two things here: this finds what was written as null.
USERS_OF_NULL_DUE: Final = Query(collection=USERS, where=[(ENABLED, "=="), (DUE, "==")], order=[ID])
USERS_ON: Final = Query(collection=USERS, where=[(ENABLED, "==")], order=[ID])
USERS_CHANGED: Final = Query(collection=USERS, where=[(ENABLED, "=="), ("updatedAt", ">=")], order=["updatedAt", ID])
USERS_ALL: Final = Query(collection=USERS, order=[ID])

ENTRIES_NEWEST: Final = Query(collection=ENTRIES, where=[("uid", "==")], order=["-timestamp", f"-{ID}"])
ENTRIES_OF: Final = Query(collection=ENTRIES, where=[("uid", "==")])
ENTRIES_OF_BY_ID: Final = Query(collection=ENTRIES, where=[("uid", "==")], order=[ID])
ENTRIES_EMPTY: Final = Query(collection=ENTRIES, where=[("uid", "=="), ("content", "==")])
ENTRIES_OURS: Final = Query(collection=ENTRIES, where=[("uid", "=="), ("linkedCoachingMessageId", ">")])
ENTRIES_ALL: Final = Query(collection=ENTRIES, order=[ID])
INSIGHTS_NEWEST: Final = Query(collection=INSIGHTS, where=[("userId", "==")], order=["-updatedAt"])
INSIGHTS_OF: Final = Query(collection=INSIGHTS, where=[("userId", "==")])
INSIGHTS_ALL: Final = Query(collection=INSIGHTS, order=[ID])
MESSAGES_NEWEST: Final = Query(collection=MESSAGES, where=[("uid", "=="), ("wasSent", "==")], order=["-createdAt"])
MESSAGES_SENT: Final = Query(
    collection=MESSAGES, where=[("wasSent", "=="), ("createdAt", ">="), ("createdAt", "<")], order=["createdAt", ID]
)
MESSAGES_OF: Final = Query(collection=MESSAGES, where=[("uid", "==")])
MESSAGES_ALL: Final = Query(collection=MESSAGES, order=[ID])
ATTEMPTS_OF: Final = Query(collection=MESSAGES, where=[("occasionId", "==")])
PAID_SINCE: Final = Query(collection=OCCASIONS, where=[("paidAt", ">=")], total="cost")
PAID_FOR_USER_SINCE: Final = Query(collection=OCCASIONS, where=[("userId", "=="), ("paidAt", ">=")], total="cost")

OCCASIONS_CLOSED: Final = Query(
    collection=OCCASIONS, where=[("isOpen", "=="), ("windowEndsAt", "<=")], order=["windowEndsAt"]
)
OCCASIONS_LOST: Final = Query(collection=OCCASIONS, where=[("state", "=="), ("leaseUntil", "<=")])
OCCASIONS_WAITING: Final = Query(collection=OCCASIONS, where=[("state", "==")], order=["windowEndsAt"])
OCCASIONS_OF: Final = Query(collection=OCCASIONS, where=[("userId", "==")])
OCCASIONS_OF_LEASES: Final = Query(collection=OCCASIONS, where=[("leaseToken", "in")])
OCCASIONS_NEWEST: Final = Query(collection=OCCASIONS, order=["-dueAt"])
OCCASIONS_BEFORE: Final = Query(collection=OCCASIONS, where=[("dueAt", "<")], order=["-dueAt"])
OCCASIONS_NEWEST_OF: Final = Query(collection=OCCASIONS, where=[("userId", "==")], order=["-dueAt"])
OCCASIONS_BEFORE_OF: Final = Query(collection=OCCASIONS, where=[("userId", "=="), ("dueAt", "<")], order=["-dueAt"])
OUTCOMES_SINCE: Final = Query(collection=OCCASIONS, where=[("dueAt", ">=")], fields=["state", "reason"])

DELIVERIES_INTERRUPTED: Final = Query(
    collection=DELIVERIES, where=[("channel", "=="), ("state", "=="), ("sendingUntil", "<=")]
)
DELIVERIES_READY: Final = Query(
    collection=DELIVERIES, where=[("channel", "=="), ("state", "=="), ("nextTryAt", "<=")], order=["nextTryAt", ID]
)
DELIVERIES_NEXT: Final = Query(
    collection=DELIVERIES, where=[("channel", "=="), ("state", "==")], order=["nextTryAt"], fields=["nextTryAt"]
)
DELIVERIES_TICKETED: Final = Query(
    collection=DELIVERIES, where=[("channel", "=="), ("state", "=="), ("receiptDueAt", "<=")], order=["receiptDueAt"]
)
DELIVERIES_OF: Final = Query(collection=DELIVERIES, where=[("userId", "==")])
DELIVERIES_OF_MESSAGE: Final = Query(collection=DELIVERIES, where=[("messageId", "==")])
DELIVERIES_UNKNOWN_SINCE: Final = Query(collection=DELIVERIES, where=[("state", "=="), ("updatedAt", ">=")])
DELIVERIES_STUCK: Final = Query(collection=DELIVERIES, where=[("state", "=="), ("sendingUntil", "<=")])
DELIVERIES_LATE: Final = Query(collection=DELIVERIES, where=[("state", "=="), ("nextTryAt", "<=")])

STATES_HELD: Final = Query(collection=STATES, where=[("isHeld", "==")], order=[ID])
STATES_ERASED: Final = Query(collection=STATES, where=[("isErased", "==")])
FLAGS_SINCE: Final = Query(collection=FLAGS, where=[("at", ">=")], fields=["sign", "source"])
FLAGS_OF: Final = Query(collection=FLAGS, where=[("userId", "==")])
TICKS_NEWEST: Final = Query(collection=TICKS, order=["-at"])

ALL: Final[Sequence[Query]] = [query for query in list(globals().values()) if isinstance(query, Query)]


def indexes(queries: Iterable[Query] = ALL) -> Mapping[str, object]:
    """Give the content of firestore.indexes.json."""
    needed = [index for query in queries if (index := query.index()) is not None]
    unique = {str(index): index for index in needed}
    ordered = sorted(unique.values(), key=str)
    return {"indexes": ordered, "fieldOverrides": []}
