"""What the world outside knows: who asked for what, who wrote what, which messages were seen to go out, and when."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime

from reflecta.domain.model import Cadence, Entry, Preferences, Push, User, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a user asked for at some moment."""

    enabled: bool
    zone: str | None
    window: Window
    cadence: Cadence
    tokens: tuple[str, ...]

    @property
    def hours(self) -> tuple[object, ...]:
        """Give what due times depend on."""
        return (self.is_on, self.zone, self.window, self.cadence)

    @property
    def is_on(self) -> bool:
        """Say whether the user can be due."""
        return self.enabled and self.zone is not None


@dataclass(slots=True, kw_only=True)
class Person:
    """A user as the app knows them; *life* tells one id's lives apart when it was erased and given again."""

    id: str
    life: int
    wish: Wish
    entries: dict[str, bool] = field(default_factory=dict[str, bool])
    insight: str | None = None
    awaits_tick: bool = True
    # What an edit replaced, and the due time it left, which stands until a tick comes upon it.
    before: Wish | None = None
    edited_in_step: int = 0
    edited_due: datetime | None = None
    # What was seen to be flagged: no writer may be shown it any more.
    flagged: set[str] = field(default_factory=set[str])
    deleted_in_step: int = 0

    @property
    def canary(self) -> str:
        """Give a word that stands in every text of this person and nowhere else."""
        return _canary(self.id, self.life)

    def as_user(self) -> User:
        """Give what the app sends."""
        wish = self.wish
        return User(
            id=self.id,
            first_name=self.canary,
            timezone=wish.zone,
            given_timezone=wish.zone or "Mars/Base",
            preferences=Preferences(enabled=wish.enabled, window=wish.window, cadence=wish.cadence),
            push=Push(enabled=bool(wish.tokens), tokens=wish.tokens),
        )

    @property
    def written(self) -> set[str]:
        """Give the ids of the entries that say something."""
        return {entry for entry, has_content in self.entries.items() if has_content}

    def an_entry(self, number: int, at: datetime, *, blank: bool) -> Entry:
        """Give an entry that this person writes."""
        text = "" if blank else f"I walked along the {self.canary} river and thought about the garden."
        return Entry(
            id=f"e-{self.id}-{self.life}-{number}",
            user_id=self.id,
            content=f"<p>{text}</p>",
            text=text,
            written_at=at,
            updated_at=at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message as it was first seen; *wishes* are those that it may have been written under."""

    user_id: str
    life: int
    forced: bool
    sent_at: datetime
    wishes: tuple[Wish, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How an occasion ended, and in which of its user's lives."""

    state: str
    reason: str | None
    at: int
    life: int


@dataclass(slots=True)
class Known:
    """All of it."""

    people: dict[str, Person] = field(default_factory=dict[str, Person])
    lives: Counter[str] = field(default_factory=Counter[str])
    dead_canaries: set[str] = field(default_factory=set[str])
    sent: dict[str, Seen] = field(default_factory=dict[str, Seen])
    dates: dict[tuple[str, int, str], str] = field(default_factory=dict[tuple[str, int, str], str])
    in_flight: defaultdict[str, list[Wish]] = field(default_factory=lambda: defaultdict(list))
    answers_lost: Counter[str] = field(default_factory=Counter[str])
    first_seen: dict[str, int] = field(default_factory=dict[str, int])
    ended: dict[str, "Ended"] = field(default_factory=dict[str, "Ended"])
    step: int = 0
    entries_written: int = 0
    # While two acts run at once, nobody outside can say which of them came first.
    at_once: bool = False
    feedback: dict[tuple[str, str], int | None] = field(default_factory=dict[tuple[str, str], int | None])
    last_attempts: dict[str, tuple[int, tuple[object, ...] | None]] = field(
        default_factory=dict[str, tuple[int, tuple[object, ...] | None]]
    )
    complaints: list[str] = field(default_factory=list[str])

    def complain(self, what: str) -> None:
        """Keep what was seen in the midst of a step: an exception there would end up in the service's hands."""
        self.complaints.append(what)

    def wishes_of(self, person: Person) -> list[Wish]:
        """Give what a user may be taken to want at this moment: one wish, unless it is being edited."""
        is_changing = self.at_once and person.edited_in_step == self.step and person.before is not None
        return [person.wish, person.before] if is_changing and person.before else [person.wish]

    def ended_as(self, occasion_id: str, user_id: str, state: str, reason: str | None, at: int) -> Ended:
        """Give how an ended occasion must stand: as at first sight, but an erasure forgets that its user was held."""
        first = self.ended.setdefault(occasion_id, Ended(state, reason, at, self.lives[user_id]))
        person = self.people.get(user_id)
        is_erased = person is None or person.life != first.life
        return replace(first, reason=None) if is_erased and first.reason == "safety_hold" else first

    def is_sent_to_living(self, message_id: str) -> bool:
        """Say whether a message was sent to a user who has not been erased since."""
        message = self.sent.get(message_id)
        person = self.people.get(message.user_id) if message else None
        return message is not None and person is not None and person.life == message.life

    def canary_of(self, user_id: str) -> str:
        """Give the word of a person; of one who is gone, that of their last life."""
        person = self.people.get(user_id)
        return person.canary if person else _canary(user_id, self.lives[user_id])


def _canary(user_id: str, life: int) -> str:
    """Give a word of letters: a number would be a claim about somebody."""
    return f"canary{user_id}life{'i' * life}end"
