"""What the world outside knows: who asked for what, who wrote what, which messages were seen to go out, and when."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

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
    awaits_tick: bool = True
    edited_in_step: int = 0

    @property
    def canary(self) -> str:
        """Give a word that stands in every text of this person and nowhere else."""
        return f"canary{self.id}life{self.life}end"

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


@dataclass(slots=True)
class Known:
    """All of it."""

    people: dict[str, Person] = field(default_factory=dict[str, Person])
    lives: Counter[str] = field(default_factory=Counter[str])
    dead_canaries: set[str] = field(default_factory=set[str])
    sent: dict[str, Seen] = field(default_factory=dict[str, Seen])
    dates: dict[tuple[str, int, date], str] = field(default_factory=dict[tuple[str, int, date], str])
    in_flight: defaultdict[str, list[Wish]] = field(default_factory=lambda: defaultdict(list))
    answers_lost: Counter[str] = field(default_factory=Counter[str])
    first_seen: dict[str, int] = field(default_factory=dict[str, int])
    ended: dict[str, tuple[object, ...]] = field(default_factory=dict[str, tuple[object, ...]])
    step: int = 0
    entries_written: int = 0
    complaints: list[str] = field(default_factory=list[str])

    def complain(self, what: str) -> None:
        """Keep what was seen in the midst of a step: an exception there would end up in the service's hands."""
        self.complaints.append(what)

    def canary_of(self, user_id: str) -> str:
        """Give the word of a person; of one who is gone, that of their last life."""
        person = self.people.get(user_id)
        return person.canary if person else f"canary{user_id}life{self.lives[user_id]}end"
