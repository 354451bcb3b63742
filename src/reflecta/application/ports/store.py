"""What the use cases ask of a database, grouped by who asks. One contract suite holds every store to it.

Each method is one transaction. Policies are passed in as pure functions and called inside it. Uniqueness
(user x due time, one open occasion a user, one unforced message a local date) is the database's work.
All methods raise `StoreUnavailable` when the database does not answer or cannot write.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from reflecta.domain.model import (
    Attempt,
    Cadence,
    Call,
    Delivery,
    DeliveryState,
    Entry,
    Feedback,
    Flag,
    Insights,
    Occasion,
    Outcome,
    PastMessage,
    Preferences,
    Reason,
    Screening,
    User,
    Window,
)
from reflecta.domain.prompt import PromptText


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The part of a user that due times depend on, and the due time itself."""

    user_id: str
    zone: str
    window: Window
    cadence: Cadence
    due_at: datetime | None = None
    has_open_occasion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPlan:
    """What a claim does with one due user.

    With *window_ends_at* the occasion is queued, with *reason* it is deferred at once, for that reason;
    *next_due_at* is written in both cases.
    """

    next_due_at: datetime
    window_ends_at: datetime | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What one claim did: ids to work on in the order given, users deferred, users it could not plan for.

    *to_enqueue* lacks the ids that the store has enqueued itself within its transaction.
    """

    queued: Sequence[str] = ()
    to_enqueue: Sequence[str] = ()
    deferred: Sequence[str] = ()
    failed: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found: occasions that wait for a worker, and how many it ended as expired."""

    waiting: Sequence[str] = ()
    expired: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRecord:
    """One tick, as the guide counts it; *seconds* is how long it took."""

    at: datetime
    users_due: int
    users_bootstrapped: int
    jobs_created: int
    users_rescheduled: int
    errors: int
    seconds: float


class TickStore(Protocol):
    """What `Tick` asks."""

    async def unscheduled(self, limit: int, *, after: str = "") -> Sequence[Slot]:
        """List enabled users of known zone who have no due time, by id, from the one after *after*."""
        ...

    async def set_first_due(self, dues: Mapping[str, datetime]) -> int:
        """Set due times where there is still none; return how many were set."""
        ...

    async def due(self, until: datetime, limit: int, *, after: Slot | None = None) -> Sequence[Slot]:
        """List enabled users with a due time <= *until*, by due time and id, from the one after *after*.

        Locks nothing; may be stale at once.
        """
        ...

    async def claim(
        self, user_ids: Sequence[str], *, until: datetime, now: datetime, plan: Callable[[Slot], ClaimPlan]
    ) -> Claimed:
        """Turn due users into occasions.

        For each user who is still enabled with a due time <= *until* and whom no other claim holds: insert
        the occasion (unique: user, due time; when it exists already, nothing is inserted) and write the
        plan's next due time. A user for whom *plan* raises KeyError (zone unknown) loses the due time and is
        counted failed; nobody else is touched.
        """
        ...

    async def sweep(self, now: datetime, *, limit: int, next_due: Callable[[Slot, datetime], datetime]) -> Swept:
        """End open occasions whose window has closed (queued, or in work with a lease that ran out) as
        expired, with *next_due(slot, due)* as the user's next due time (compare-and-set on what the claim
        wrote); list queued ones that may start (`not_before` <= now) and return those whose lease ran out to
        the queue, earliest window end first.
        """
        ...

    async def record_tick(self, record: TickRecord) -> None:
        """Keep one tick's figures."""
        ...

    async def last_tick(self) -> TickRecord | None:
        """Give the newest tick's figures."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An occasion under lease with its user, and the attempts and the screening saved by earlier tries.

    *user* is None when the user is gone.
    """

    occasion: Occasion
    user: User | None
    attempts: Sequence[Attempt] = ()
    sent_today: bool = False
    screening: Screening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What is known of a user's life: newest entries with content first, insights, newest messages first.

    The entries come without their HTML and images. *entry_count* is given where the user's own count is not kept.
    """

    entries: Sequence[Entry] = ()
    insights: Insights | None = None
    messages: Sequence[PastMessage] = ()
    entry_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptContext:
    """What an occasion's drafts were written from: the text as the model got it, and the entries it quotes.

    A store that is not told of deletions keeps a fingerprint of the text.
    """

    text: str
    entry_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a sent occasion leaves behind, all in the finishing transaction.

    *local_date* maps the user's zone, as it is then, to the date that the message counts for.
    """

    message_id: str
    attempt: int
    local_date: Callable[[str | None], date]
    entry: Entry
    deliveries: Sequence[Delivery] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an occasion ends. *next_due_at* replaces what the claim wrote, where the user still has that.

    *failures* is the user's new count of failed occasions in a row. *attempt* and *context* are what was not saved
    yet: the last attempt, and what it was written from. *flag* holds the user from now on, if the care text is
    sent; no hold keeps that back.
    """

    outcome: Outcome
    now: datetime
    reason: Reason | None = None
    detail: str | None = None
    next_due_at: datetime | None = None
    failures: int = 0
    sending: Sending | None = None
    attempt: Attempt | None = None
    context: KeptContext | None = None
    flag: Flag | None = None


class ProcessStore(Protocol):
    """What `Process` asks. All writes carry the lease's token and raise `LeaseLost` without it."""

    async def lease(
        self,
        occasion_id: str,
        *,
        token: str,
        now: datetime,
        until: datetime,
        local_date: Callable[[str], date],
    ) -> Work | None:
        """Take a queued occasion (or one in work whose lease ran out) into work.

        None when it has ended, is leased by another, may not start yet, or does not exist. *local_date* maps
        a zone to today's date there; `sent_today` says whether a message bears it.
        """
        ...

    async def renew(self, tokens: Sequence[str], *, until: datetime) -> None:
        """Move the end of leases; tokens that no longer hold one are ignored."""
        ...

    async def stands(self, occasion_id: str, *, token: str) -> bool:
        """Say whether an occasion is in work under this lease, also where its time is up and nobody took it."""
        ...

    async def journal(self, user_id: str, *, entries: int, messages: int) -> Journal:
        """Read what a context is made of; flat in the number of entries."""
        ...

    async def save_attempt(
        self, occasion_id: str, attempt: Attempt, *, token: str, context: KeptContext | None = None
    ) -> None:
        """Insert or replace the attempt of that number, with its calls; and the context, where one is given and all
        entries that it quotes are still there.
        """
        ...

    async def save_screening(self, occasion_id: str, screening: Screening, call: Call, *, token: str) -> None:
        """Keep what the safety classifier saw, and the call that it cost."""
        ...

    async def spent(self, *, since: datetime, user_id: str | None = None) -> float:
        """Sum the cost of model calls since then in US dollars, reported where known, else estimated; of all users,
        or of one.
        """
        ...

    async def retry_later(self, occasion_id: str, *, token: str, at: datetime, detail: str) -> None:
        """Put the occasion back into the queue, one try more, not to start before *at*."""
        ...

    async def release(self, occasion_id: str, *, token: str) -> None:
        """Put the occasion back into the queue as if it had not been taken (a worker that shuts down)."""
        ...

    async def finish(self, occasion_id: str, ending: Ending, *, token: str) -> tuple[Outcome, Reason | None]:
        """End the occasion in ONE transaction: the last attempt, message, linked journal entry, deliveries, last
        sent time, next due time, outcome.

        Locks the user. What it did is returned: `cancelled` when the user is gone or switched off meanwhile
        (forced occasions only when gone), `deferred` (safety_hold) when the user is held meanwhile and *ending* has
        no flag, `deferred` (already_today) when another message bears the local date; nothing is sent then. Nothing
        is kept of a user who is gone.
        """
        ...

    async def force(self, occasion: Occasion) -> None:
        """Insert a forced occasion. NotFound without the user, Conflict while another one is open."""
        ...

    async def open_occasion(self, user_id: str) -> Occasion | None:
        """Give the user's open occasion."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUser:
    """What an upsert may depend on of the user as stored."""

    preferences: Preferences
    timezone: str | None
    next_due_at: datetime | None
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What an upsert does: the user to store, due time included, and whether an unstarted occasion (a forced one
    apart) ends `cancelled`, for which reason."""

    user: User
    cancel: Reason | None = None


class HostStore(Protocol):
    """What the host app's data comes in and goes out by. Ids are the host's; all upserts are idempotent."""

    async def upsert_users(
        self, users: Sequence[User], *, now: datetime, change: Callable[[User, User | None], UserChange]
    ) -> None:
        """Insert or replace users; *change(given, stored)* decides inside the transaction what is stored.

        Counters (entry count, failures, last sent time unless given) stay as stored.
        """
        ...

    async def upsert_entries(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        """Insert or replace entries; return id -> reason for those refused (unknown user, another user's id)."""
        ...

    async def upsert_insights(self, insights: Sequence[Insights]) -> Mapping[str, str]:
        """Insert or replace insights; return user id -> reason for those refused (unknown user)."""
        ...

    async def delete_entry(self, entry_id: str) -> bool:
        """Delete an entry and the stored contexts of its user; say whether there was one."""
        ...

    async def erase_user(self, user_id: str, *, now: datetime) -> bool:
        """Delete a user and every text about them; open occasions end `cancelled` (erased), ended ones stay."""
        ...

    async def user(self, user_id: str) -> User | None:
        """Give a user."""
        ...

    async def users(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """List users by id, from the one after *after*."""
        ...

    async def entry(self, entry_id: str) -> Entry | None:
        """Give an entry."""
        ...

    async def insights(self, user_id: str) -> Insights | None:
        """Give a user's insights."""
        ...

    async def hold(self, user_id: str, flag: Flag) -> bool:
        """Hold a user because a person says so; False when there is no such user."""
        ...

    async def release_hold(self, user_id: str, *, now: datetime, next_due: Callable[[User], datetime | None]) -> bool:
        """End a hold after a person's review, with the due time that *next_due* gives; False when there is none."""
        ...

    async def add_feedback(self, feedback: Feedback) -> bool:
        """Keep what a user did with a message; False when there is no such message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The new standing of one delivery. *drop_address* removes the token from the user."""

    delivery_id: str
    state: DeliveryState
    now: datetime
    ticket: str | None = None
    detail: str | None = None
    next_try_at: datetime | None = None
    receipt_due_at: datetime | None = None
    drop_address: bool = False


class OutboxStore(Protocol):
    """What `Deliver` asks."""

    async def take_deliveries(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Mark pending deliveries whose time has come as `sending` until *until*, committed, and give them.

        Each is given to one caller only and counts one try more. Those found `sending` past their time become
        `unknown`, those pending past their *expires_at* `expired`.
        """
        ...

    async def settle(self, settled: Sequence[Settled]) -> None:
        """Write results, each for itself; a delivery no longer `sending` or `accepted` is left alone."""
        ...

    async def take_tickets(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Give accepted deliveries whose receipt is due, each to one caller, and ask again after *until*."""
        ...

    async def next_delivery_at(self, channel: str) -> datetime | None:
        """Give when the next pending delivery may leave."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is kept of one occasion."""

    occasion: Occasion
    attempts: Sequence[Attempt] = ()
    context: str | None = None
    screening: Screening | None = None
    screening_call: Call | None = None
    message_id: str | None = None
    journal_entry_id: str | None = None
    sent_at: datetime | None = None
    deliveries: Sequence[Delivery] = field(default=())
    feedback: Sequence[Feedback] = ()


class LedgerStore(Protocol):
    """What reports and explanations ask."""

    async def occasions(
        self, *, user_id: str | None = None, limit: int = 50, before: datetime | None = None
    ) -> Sequence[Occasion]:
        """List occasions, newest due time first."""
        ...

    async def explanation(self, occasion_id: str) -> Explanation | None:
        """Give all that is kept of one occasion."""
        ...

    async def count_outcomes(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """Count occasions due since then by (state, reason); the reason is '' where there is none."""
        ...

    async def spent(self, *, since: datetime, user_id: str | None = None) -> float:
        """See `ProcessStore`."""
        ...

    async def replayable(self, *, limit: int, user_id: str | None = None) -> Sequence[str]:
        """List occasions whose context is kept and that have an attempt, newest due time first."""
        ...

    async def keep_prompts(self, texts: Sequence[PromptText], *, now: datetime) -> None:
        """Keep the texts of prompts by their versions; those kept already stay as they are."""
        ...

    async def prompt_text(self, version: str) -> PromptText | None:
        """Give the text of a version."""
        ...

    async def held(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """List users with a hold, also one that has run out, by id, from the one after *after*."""
        ...

    async def count_flags(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """Count signs of risk since then by (sign, source); those of erased users too."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFlag:
    """A sign of risk as it is kept; *user_id* is None once the user is erased."""

    id: str
    flag: Flag
    user_id: str | None
    occasion_id: str | None = None
    reviewed_at: datetime | None = None


class MoveStore(HostStore, Protocol):
    """What a copy from one store to another asks. All that is kept may be kept again: nothing is doubled."""

    async def entries_of(self, user_id: str, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        """List all entries of a user by id, from the one after *after*: empty ones and those of messages too."""
        ...

    async def history(self, user_id: str, *, after: str = "", limit: int = 100) -> Sequence[Explanation]:
        """List what is kept of a user's ended occasions, by id, from the one after *after*."""
        ...

    async def flags_of(self, user_id: str | None) -> Sequence[StoredFlag]:
        """List the signs of risk of a user; of those who were erased without one."""
        ...

    async def keep_state(self, user: User) -> None:
        """Keep what no upsert changes of a user who is there: failures, the hold, the entries that were flagged."""
        ...

    async def keep_history(self, explanations: Sequence[Explanation]) -> int:
        """Insert ended occasions with all that is kept of them; give how many were not there yet."""
        ...

    async def keep_flags(self, flags: Sequence[StoredFlag]) -> int:
        """Insert signs of risk; give how many were not there yet."""
        ...


class Store(TickStore, ProcessStore, MoveStore, OutboxStore, LedgerStore, Protocol):
    """The whole of it, and its life cycle."""

    async def open(self) -> None:
        """Connect; bring the schema up to date or raise `ConfigurationError` with the command that does."""
        ...

    async def aclose(self) -> None:
        """Finish what is in hand and disconnect."""
        ...

    async def is_current(self) -> bool:
        """Say whether the schema is the one that this version needs; a store without schemas always is."""
        ...

    async def ping(self) -> None:
        """Answer, or raise `StoreUnavailable`."""
        ...
