"""A user as two documents: the app's own, in `users`, and what this service keeps of them, in `reflectaUsers`.

The app may overwrite its document at any time; what promises rest on (who is held, what is open, which dates bear a
message) therefore stands in ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from reflecta.adapters.documents import read_instant, read_user, write_user
from reflecta.adapters.stores.firestore.queries import STATES, USERS
from reflecta.adapters.stores.firestore.values import Fields
from reflecta.adapters.stores.firestore.wire import Expected, Snapshot, Write
from reflecta.application.ports.store import Slot
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import Cadence, Flag, User, Window
from reflecta.domain.schedule import local_date
from reflecta.domain.zones import canonical_name

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Older ones have long left every context.
_MOST_FLAGGED: Final = 200
# One user's dates in a row; what is older bears no date that could come again, wherever the user moves.
_MOST_DATES: Final = 5
# A field that cannot be read is left out, and another one, but no document is taken apart for ever.
_MOST_UNREADABLE: Final = 20
_PREFERENCES: Final = "coachingConfig"


def to_ms(at: datetime | None) -> int | None:
    """Give epoch milliseconds, rounded down."""
    return None if at is None else (at - _EPOCH) // _MILLISECOND


def from_ms(value: object) -> datetime | None:
    """Give the instant of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=value) if isinstance(value, int) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What this service keeps of a user; *dates* are the local dates that bear a message, the newest last."""

    failures: int = 0
    held_until: datetime | None = None
    flagged_entries: tuple[str, ...] = ()
    open_occasion: str | None = None
    dates: tuple[str, ...] = ()
    is_erased: bool = False
    version: Expected = False

    def write(self, user_id: str) -> Write:
        """Replace what is kept, unless somebody else did meanwhile."""
        return Write(collection=STATES, id=user_id, fields=self.fields(), expects=self.version)

    def closed(self, user_id: str) -> Write:
        """Write that nothing is open any more, by a commit that ends what was: nobody else can have written since."""
        return Write(collection=STATES, id=user_id, fields=replace(self, open_occasion=None).fields())

    def fields(self) -> Fields:
        """Give the document."""
        return {
            "failures": self.failures,
            "heldUntil": to_ms(self.held_until),
            "isHeld": self.held_until is not None,
            "flaggedEntries": list(self.flagged_entries),
            "openOccasion": self.open_occasion,
            "dates": list(self.dates),
            "isErased": self.is_erased,
        }

    def copied(self) -> Fields:
        """Give what goes with a user's occasion: nobody else changes it as long as that is open."""
        kept = self.fields()
        return {name: kept[name] for name in ("failures", "heldUntil", "flaggedEntries", "dates")}

    def held_by(self, flag: Flag) -> "State":
        """Give the state of who is held at least until a flag says."""
        entries = list(dict.fromkeys([*self.flagged_entries, *flag.entry_ids]))[-_MOST_FLAGGED:]
        until = max(filter(None, (self.held_until, flag.held_until)))
        return replace(self, held_until=until, flagged_entries=tuple(entries))

    def with_date(self, day: str) -> "State":
        """Give the state of whose date bears a message."""
        return replace(self, dates=(*self.dates, day)[-_MOST_DATES:])

    def with_dates(self, days: Iterable[str]) -> "State":
        """Give the state with dates on which messages were sent elsewhere."""
        return replace(self, dates=tuple(sorted({*self.dates, *days})[-_MOST_DATES:]))

    def bears(self, day: str, fields: Mapping[str, object]) -> bool:
        """Say whether a local date bears a message already, of a user whose document has these *fields*.

        As long as no message is this service's, the one counts that another system says it sent last.
        """
        if self.dates:
            return day in self.dates
        known = canonical_name(given_zone(fields))
        try:
            sent_at = read_instant(_map(fields, _PREFERENCES).get("lastCoachingMessageSentAt"))
        except ValueError:
            return False
        return known is not None and local_date(sent_at, known).isoformat() == day


def state_of(snapshot: Snapshot | None) -> State:
    """Read what is kept of a user; of one never seen before nothing is."""
    if snapshot is None:
        return State()
    return replace(state_in(snapshot.fields), version=snapshot.version)


def state_in(fields: Mapping[str, object]) -> State:
    """Read what is kept of a user, from their own document or from the copy in an occasion's."""
    return State(
        failures=cast("int", fields.get("failures") or 0),
        held_until=from_ms(fields.get("heldUntil")),
        flagged_entries=tuple(cast("list[str]", fields.get("flaggedEntries") or ())),
        open_occasion=cast("str | None", fields.get("openOccasion")),
        dates=tuple(cast("list[str]", fields.get("dates") or ())),
        is_erased=bool(fields.get("isErased")),
    )


def user_of(snapshot: Snapshot, state: State) -> User:
    """Read a user, without a count of entries."""
    return replace(
        read_leniently({**snapshot.fields, "uid": snapshot.id}),
        failures=state.failures,
        held_until=state.held_until,
        flagged_entries=state.flagged_entries,
    )


def read_leniently(document: Mapping[str, object]) -> User:
    """Read a `users` document as apps have them: a field that cannot be read counts as missing.

    What the user asked for is no such field: whose wishes cannot be read has no time zone, and is written nothing.
    """
    left = dict(document)
    is_clear = True
    for _ in range(_MOST_UNREADABLE):
        try:
            user = read_user(left)
        except InvalidInput as error:
            name, _, inner = error.field.partition("[")[0].partition(".")
            is_clear = is_clear and name != _PREFERENCES
            left = _without(left, name, inner)
            continue
        return user if is_clear else replace(user, timezone=None)
    return User(id=str(document["uid"]))


def _without(document: Mapping[str, object], name: str, inner: str) -> dict[str, object]:
    """Leave out a field; of a map the one inside it that is wrong."""
    outer = document.get(name)
    if not inner or not isinstance(outer, dict):
        return {key: value for key, value in document.items() if key != name}
    first = inner.partition(".")[0]
    return {**document, name: {key: value for key, value in cast("Fields", outer).items() if key != first}}


def slot_of(snapshot: Snapshot, *, has_open_occasion: bool = False) -> Slot:
    """Read the part of a user that due times depend on; the zone is '' where it or the wishes are unclear."""
    window, cadence = _wishes(snapshot.fields)
    is_clear = has_clear_wishes(snapshot.fields)
    return Slot(
        user_id=snapshot.id,
        zone=(canonical_name(given_zone(snapshot.fields)) or "") if is_clear else "",
        window=_WINDOWS.get(window, Window.MORNING),
        cadence=_CADENCES.get(cadence, Cadence.DAILY),
        due_at=due_of(snapshot.fields),
        has_open_occasion=has_open_occasion,
    )


def given_zone(fields: Mapping[str, object]) -> str | None:
    """Give the time zone as it is written; None where it is no text."""
    zone = fields.get("userTimezone")
    return zone if isinstance(zone, str) else None


def has_clear_wishes(fields: Mapping[str, object]) -> bool:
    """Say whether the window and the cadence that a user asked for are known ones."""
    window, cadence = _wishes(fields)
    return window in _WINDOWS and cadence in _CADENCES


def _wishes(fields: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Give window and cadence as they are written; what is no text is none that is known."""
    config = _map(fields, _PREFERENCES)
    window, cadence = (config.get(f"coachingMessage{name}") for name in ("TimePreference", "Frequency"))
    return _text(window), _text(cadence)


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else f"{value!r}"


# Without a word of theirs it is the guide's default.
_WINDOWS: Final[Mapping[object, Window]] = {None: Window.MORNING, **{window.value: window for window in Window}}
_CADENCES: Final[Mapping[object, Cadence]] = {None: Cadence.DAILY, **{cadence.value: cadence for cadence in Cadence}}


def due_of(fields: Mapping[str, object]) -> datetime | None:
    """Give the due time; a number that is not whole is one too."""
    value = fields.get("nextCoachingMessageDue")
    return from_ms(int(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_on(fields: Mapping[str, object]) -> bool:
    """Say whether a user wants messages."""
    return _map(fields, _PREFERENCES).get("enableCoachingMessages") is True


def wants_pushes(fields: Mapping[str, object], *, forced: bool = False) -> bool:
    """Say whether a user wants what is pushed; what somebody forced is pushed to who is switched off."""
    return (forced or is_on(fields)) and _map(fields, "mobilePushNotifications").get("enabled") is True


def tokens_of(fields: Mapping[str, object]) -> Sequence[str]:
    """Give the push tokens."""
    found = _map(fields, "mobilePushNotifications").get("expoPushTokens")
    return [token for token in cast("list[object]", found) if isinstance(token, str)] if isinstance(found, list) else []


def _map(fields: Mapping[str, object], name: str) -> Fields:
    found = fields.get(name)
    return cast("Fields", found) if isinstance(found, dict) else {}


def user_write(user: User, stored: Snapshot | None) -> Write:
    """Write a user over what is stored, if that is still so; fields that the guide does not know are left alone."""
    document = {
        **write_user(user),
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
    }
    if stored is None:
        return Write(collection=USERS, id=user.id, fields=document, expects=False)
    mask: list[str] = []
    for name, value in document.items():
        mask += [f"{name}.{inner}" for inner in cast("Fields", value)] if isinstance(value, dict) else [name]
    return Write(collection=USERS, id=user.id, fields=document, mask=mask, expects=stored.version)


def change_user(user_id: str, expects: Expected, **fields: object) -> Write:
    """Write single fields of a user's document, named as in Python where they are nested; nothing without fields.

    Without fields it only holds the document to what is expected.
    """
    document: dict[str, object] = {}
    mask: list[str] = []
    for name, value in fields.items():
        outer, inner = _FIELDS[name]
        mask.append(f"{outer}.{inner}" if inner else outer)
        if inner:
            document.setdefault(outer, {})
            cast("dict[str, object]", document[outer])[inner] = value
        elif value is not REMOVED:
            document[outer] = value
    return Write(collection=USERS, id=user_id, fields=document, mask=mask, expects=expects)


# A field that is not to be there: a null would be found by a query, a missing field is not.
REMOVED: Final = object()
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "due": ("nextCoachingMessageDue", ""),
    "sent_at": (_PREFERENCES, "lastCoachingMessageSentAt"),
    "notified_at": ("mobilePushNotifications", "lastNotificationSentAt"),
    "tokens": ("mobilePushNotifications", "expoPushTokens"),
}
