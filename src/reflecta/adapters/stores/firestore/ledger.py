"""What reports and explanations ask."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from reflecta.adapters.stores.firestore import queries
from reflecta.adapters.stores.firestore.part import FirestorePart
from reflecta.adapters.stores.firestore.people import from_ms, to_ms
from reflecta.adapters.stores.firestore.queries import OCCASIONS, PROMPTS, USERS, Query
from reflecta.adapters.stores.firestore.records import (
    feedback_of,
    to_attempt,
    to_delivery,
    to_occasion,
    to_screening,
    to_screening_call,
)
from reflecta.adapters.stores.firestore.wire import Lost, Wire, Write
from reflecta.application.ports.store import Explanation
from reflecta.domain.model import Occasion
from reflecta.domain.prompt import PromptText


class LedgerFirestore(FirestorePart):
    """`LedgerStore` over Firestore, without `held`."""

    async def occasions(
        self, *, user_id: str | None = None, limit: int = 50, before: datetime | None = None
    ) -> Sequence[Occasion]:
        """See the port."""
        if user_id is None:
            query = queries.OCCASIONS_NEWEST if before is None else queries.OCCASIONS_BEFORE
            given: tuple[object, ...] = () if before is None else (to_ms(before),)
        else:
            query = queries.OCCASIONS_NEWEST_OF if before is None else queries.OCCASIONS_BEFORE_OF
            given = (user_id,) if before is None else (user_id, to_ms(before))
        return [to_occasion(one.id, one.fields) for one in await self.wire.query(query, *given, limit=limit)]

    async def explanation(self, occasion_id: str) -> Explanation | None:
        """See the port. Of the context there is only a fingerprint, which explains nothing."""
        return await explain(self.wire, occasion_id)

    async def count_outcomes(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """See the port."""
        return await self._tally(queries.OUTCOMES_SINCE, since, "state", "reason")

    async def count_flags(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """See the port."""
        return await self._tally(queries.FLAGS_SINCE, since, "sign", "source")

    async def _tally(self, query: Query, since: datetime, first: str, second: str) -> Mapping[tuple[str, str], int]:
        counts: Counter[tuple[str, str]] = Counter()
        for one in await self.wire.query(query, to_ms(since)):
            counts[str(one.fields[first]), str(one.fields.get(second) or "")] += 1
        return dict(counts)

    async def spent(self, *, since: datetime, user_id: str | None = None) -> float:
        """See the port. An occasion counts from its last call on."""
        at = to_ms(since)
        if user_id is None:
            return await self.wire.sum(queries.PAID_SINCE, at)
        return await self.wire.sum(queries.PAID_FOR_USER_SINCE, user_id, at)

    async def replayable(self, *, limit: int, user_id: str | None = None) -> Sequence[str]:
        """See the port: none, for no context is kept here."""
        del limit, user_id
        return ()

    async def keep_prompts(self, texts: Sequence[PromptText], *, now: datetime) -> None:
        """See the port."""
        known = await self.wire.get(*((PROMPTS, text.version) for text in texts))
        new = [text for text, found in zip(texts, known, strict=True) if found is None]
        for text in new:
            fields = {"name": text.name, "text": text.text, "firstUsedAt": to_ms(now)}
            try:
                await self.wire.commit([Write(collection=PROMPTS, id=text.version, fields=fields, expects=False)])
            except Lost:
                continue

    async def prompt_text(self, version: str) -> PromptText | None:
        """See the port."""
        (found,) = await self.wire.get((PROMPTS, version))
        if found is None:
            return None
        return PromptText(name=str(found.fields["name"]), text=str(found.fields["text"]))

    async def held_ids(self, *, after: str, limit: int) -> Sequence[tuple[str, str]]:
        """Give where the users stand that are held, by id."""
        found = await self.wire.query(queries.STATES_HELD, True, limit=limit, after=(after,) if after else ())
        return [(USERS, one.id) for one in found]


async def explain(wire: Wire, occasion_id: str) -> Explanation | None:
    """Give all that is kept of one occasion."""
    (found,) = await wire.get((OCCASIONS, occasion_id))
    if found is None:
        return None
    written = await wire.query(queries.ATTEMPTS_OF, occasion_id)
    sent = next((one for one in written if one.fields["wasSent"]), None)
    pushed = await wire.query(queries.DELIVERIES_OF_MESSAGE, sent.id) if sent is not None else ()
    return Explanation(
        occasion=to_occasion(found.id, found.fields),
        attempts=sorted((to_attempt(one.fields) for one in written), key=lambda attempt: attempt.number),
        screening=to_screening(found.fields),
        screening_call=to_screening_call(found.fields),
        message_id=sent.id if sent is not None else None,
        journal_entry_id=str(sent.fields["journalEntryId"]) if sent is not None else None,
        sent_at=from_ms(sent.fields["sentAt"]) if sent is not None else None,
        deliveries=[to_delivery(one.id, one.fields) for one in sorted(pushed)],
        feedback=feedback_of(sent.id, sent.fields) if sent is not None else (),
    )
