"""Looks at a database from outside, for whoever asks whether all is well. Writes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.part import FirestorePart, all_of
from reflecta.adapters.stores.firestore.people import to_ms
from reflecta.adapters.stores.firestore.queries import ALL, Query
from reflecta.adapters.stores.firestore.survey import SurveyFirestore
from reflecta.adapters.stores.firestore.wire import IndexMissing
from reflecta.application.ports.condition import Condition
from reflecta.domain.model import DeliveryState
from reflecta.domain.zones import canonical_name

# Older ones are history: they stay unknown for ever.
_RECENT: Final = timedelta(hours=24)
_PAGE: Final = 500


class InspectFirestore(SurveyFirestore):
    """What `doctor` asks."""

    async def read_condition(self, now: datetime, *, late_after: timedelta, users: int) -> Condition:
        """Count what somebody should know of; of the users the first *users* are looked at."""
        counts = await all_of(
            [
                self.wire.count(queries.DELIVERIES_UNKNOWN_SINCE, DeliveryState.UNKNOWN.value, to_ms(now - _RECENT)),
                self.wire.count(queries.DELIVERIES_STUCK, DeliveryState.SENDING.value, to_ms(now)),
                self.wire.count(queries.DELIVERIES_LATE, DeliveryState.PENDING.value, to_ms(now - late_after)),
            ]
        )
        unknown, stuck, late = counts
        without_zone, seen, after = 0, 0, ""
        while seen < users and (page := await self.survey(after=after, limit=_PAGE)):
            without_zone += sum(one.is_on and canonical_name(one.given_zone) is None for one in page)
            seen, after = seen + len(page), page[-1].slot.user_id
        return Condition(without_zone=without_zone, unknown=unknown, stuck=stuck, late=late)

    async def read_clock(self) -> datetime:
        """Give the instant by Firestore's own clock."""
        return await self.wire.time()

    async def without_index(self) -> Sequence[Query]:
        """Give the queries that Firestore refuses for want of an index; on the emulator there are none."""
        are_served = await all_of(_is_served(self, query) for query in ALL)
        return [query for query, is_served in zip(ALL, are_served, strict=True) if not is_served]


async def _is_served(part: FirestorePart, query: Query) -> bool:
    """Ask a query for one document, with values that nothing has."""
    values = [{"==": "", "in": [""]}.get(comparison, 0) for _, comparison in query.where]
    try:
        if query.total:
            await part.wire.sum(query, *values)
        else:
            await part.wire.query(query, *values, limit=1)
    except IndexMissing:
        return False
    return True
