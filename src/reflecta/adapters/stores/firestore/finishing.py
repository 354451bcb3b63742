"""What ends an occasion, decided on what was read and written in one commit. Reads nothing itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from reflecta.adapters.stores.firestore.people import State, change_user, due_of, given_zone, is_on, state_in, to_ms
from reflecta.adapters.stores.firestore.queries import DELIVERIES, ENTRIES, FLAGS, MESSAGES, STATES
from reflecta.adapters.stores.firestore.records import (
    attempt_id,
    attempt_write,
    delivery_fields,
    ended,
    entry_fields,
    fingerprint,
    flag_fields,
    spending,
    to_occasion,
)
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Snapshot, Write
from reflecta.application.ports.store import Ending, KeptContext, Sending
from reflecta.domain.model import Attempt, Occasion, OccasionState, Outcome, Reason
from reflecta.domain.zones import canonical_name


def with_attempt(occasion: Snapshot, attempt: Attempt | None, context: KeptContext | None) -> dict[str, object]:
    """Give what an attempt changes in its occasion's document."""
    fields: dict[str, object] = {}
    if attempt is not None:
        fields["attempts"] = max(attempt.number, cast("int", occasion.fields["attempts"]))
        fields |= spending(occasion.fields, attempt.number, attempt.calls)
    if context is not None:
        fields["contextUsed"] = fingerprint(context)
    return fields


# No slots: what is decided is decided once.
@dataclass(frozen=True, kw_only=True)
class End:
    """How an occasion ends whose document and whose user's were read so; *chosen* is the attempt to be sent."""

    occasion: Snapshot
    user: Snapshot | None
    ending: Ending
    chosen: Attempt | None

    @cached_property
    def noun(self) -> Occasion:
        """Give the occasion as it was read."""
        return to_occasion(self.occasion.id, self.occasion.fields)

    @cached_property
    def state(self) -> State:
        """Give what is kept of the user."""
        return state_in(self.occasion.fields)

    @cached_property
    def outcome(self) -> tuple[Outcome, Reason | None]:
        """Give the outcome that holds: what may have changed since the work began is asked once more."""
        ending, user = self.ending, self.user
        if user is None:
            return OccasionState.CANCELLED, Reason.ERASED
        if not is_on(user.fields) and not self.noun.forced:
            return OccasionState.CANCELLED, Reason.SWITCHED_OFF
        is_held = self.state.held_until is not None and self.state.held_until > ending.now
        if is_held and ending.sending is not None and ending.flag is None:
            return OccasionState.DEFERRED, Reason.SAFETY_HOLD
        is_new = ending.outcome is OccasionState.SENT and not self.noun.forced
        if is_new and self._day is not None and self.state.bears(self._day, user.fields):
            return OccasionState.DEFERRED, Reason.ALREADY_TODAY
        return ending.outcome, ending.reason

    @property
    def sending(self) -> Sending | None:
        """Give what goes out, if anything does."""
        return self.ending.sending if self.outcome[0] is OccasionState.SENT else None

    @cached_property
    def _day(self) -> str | None:
        """Give the local date of the message, by the zone as it is now."""
        if self.ending.sending is None or self.user is None:
            return None
        return self.ending.sending.local_date(canonical_name(given_zone(self.user.fields))).isoformat()

    @cached_property
    def fields(self) -> Fields:
        """Give what changes in the occasion's document."""
        outcome, reason = self.outcome
        kept = with_attempt(self.occasion, self.ending.attempt, self.ending.context) if self.user is not None else {}
        return {**ended(outcome, reason, self.ending.now, self.ending.detail), **kept}

    def writes(self) -> Sequence[Write]:
        """Give all else that is written."""
        user_id = self.noun.user_id
        if self.user is None:
            return [Write(collection=STATES, id=user_id, fields=None)]
        writes = [self._user(self.user), self._state().closed(user_id)]
        fields = {**self.occasion.fields, **self.fields}
        sending = self.sending
        attempt = self.ending.attempt
        if attempt is not None and (sending is None or attempt.number != sending.attempt):
            writes.append(attempt_write(self.occasion.id, fields, attempt))
        if sending is not None and self.chosen is not None:
            writes += self._sent(sending, self.chosen, fields)
        flag = self.ending.flag
        if flag is not None and sending is not None:
            occasion_id = self.occasion.id
            writes.append(
                Write(
                    collection=FLAGS,
                    id=occasion_id,
                    fields=flag_fields(flag, user_id=user_id, occasion_id=occasion_id),
                )
            )
        return writes

    def _sent(self, sending: Sending, chosen: Attempt, fields: Fields) -> Sequence[Write]:
        """Write message, entry and deliveries. The message takes the place of the attempt that it was."""
        now = self.ending.now
        writes = [attempt_write(self.occasion.id, fields, chosen, sending)]
        if cast("int", self.occasion.fields["attempts"]) >= chosen.number:
            writes.append(Write(collection=MESSAGES, id=attempt_id(self.occasion.id, chosen.number), fields=None))
        writes.append(Write(collection=ENTRIES, id=sending.entry.id, fields=entry_fields(sending.entry)))
        writes += [
            Write(
                collection=DELIVERIES,
                id=delivery.id,
                fields=delivery_fields(delivery, now, forced=self.noun.forced),
            )
            for delivery in sending.deliveries
        ]
        return writes

    def _state(self) -> State:
        """Give what is kept of the user from now on."""
        outcome, _ = self.outcome
        state = self.state
        if outcome is not OccasionState.CANCELLED:
            state = replace(state, failures=self.ending.failures)
        if self.sending is not None and self._day is not None:
            state = state.with_date(self._day)
        if self.ending.flag is not None and self.sending is not None:
            state = state.held_by(self.ending.flag)
        return state

    def _user(self, user: Snapshot) -> Write:
        """Write the due time, only where the claim's own still stands, and when a message went out."""
        ending, occasion = self.ending, self.noun
        outcome, _ = self.outcome
        changes: dict[str, object] = {}
        if self.sending is not None:
            changes["sent_at"] = to_ms(ending.now)
            if self.sending.deliveries:
                changes["notified_at"] = to_ms(ending.now)
        is_unchanged = due_of(user.fields) == occasion.regular_due_at and not occasion.forced
        if ending.next_due_at is not None and is_unchanged and outcome is not OccasionState.CANCELLED:
            changes["due"] = to_ms(ending.next_due_at)
        return change_user(user.id, user.version, **changes)
