"""Audits what users went through around a clock change: when each was to be written to, and what came of it.

Judges by instants alone: when they joined and left, when the model was asked for them, when messages reached them.
Everything expected is reckoned by the oracle of tests.proof.transitions; nothing is shared with the service.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from tests.proof.tally import Tally
from tests.proof.transitions import HOUR, HOURS, STEPS, Calendar, Transition

from reflecta.domain.model import Cadence, Window

# A tick takes who is due within the next minute.
EARLY = timedelta(seconds=60)
TRIES = 3


@dataclass(slots=True, kw_only=True)
class Life:
    """What one user wished and went through. Their *share* of the model's answers fails.

    *first_due* is as stored after the tick that first saw them; *asked* are the instants at which the model was asked
    to write to them, and whether it failed; *messages* those at which one reached them.
    """

    user_id: str
    transition: Transition
    window: Window
    cadence: Cadence
    share: float
    joined_at: datetime
    left_at: datetime
    first_due: datetime | None = None
    asked: list[tuple[datetime, bool]] = field(default_factory=list[tuple[datetime, bool]])
    messages: list[datetime] = field(default_factory=list[datetime])

    @property
    def calendar(self) -> Calendar:
        """Give the user's wishes on the oracle's wall clock."""
        return Calendar.of(self.transition.zone, self.window, self.cadence)

    @property
    def has_crossed(self) -> bool:
        """Say whether messages came on both sides of the clock change, to a user for whom nothing fails."""
        sides = {at >= self.transition.at for at in self.messages}
        return not self.share and len(sides) == 2


class Kind(StrEnum):
    """Why a user is due."""

    FIRST = "first"
    REGULAR = "regular"
    RETRY = "retry"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Counts(Tally):
    """What happened, what was kept of what was promised, and the faults.

    *changes_crossed* were crossed by a user of each window and cadence, as were *still_crossed*, the instants that
    stand for a zone without changes. *first*, *retry* and *again* are due times after joining, after a failed try (in
    the same window) and after a failed occasion; *..._kept* those served within their window and at most one tick
    interval late. *regular* are due times after an occasion that was handled, of users for whom nothing fails;
    *regular_kept* those served within the target hour.
    """

    users: int = 0
    ticks: int = 0
    due_times: int = 0
    sent: int = 0
    changes_crossed: int = 0
    still_crossed: int = 0
    first: int = 0
    first_kept: int = 0
    regular: int = 0
    regular_kept: int = 0
    retry: int = 0
    retry_kept: int = 0
    again: int = 0
    again_kept: int = 0
    outside_window: int = 0
    doubled: int = 0
    starved: int = 0
    early: int = 0
    late: int = 0
    lost: int = 0
    wrong_first_due: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """A due time to come, and how often its occasion, and how many before it, failed."""

    kind: Kind
    due: datetime
    tries: int = 0
    failures: int = 0


@dataclass(slots=True)
class Audit:
    """Follows one life. With *holds* an occasion may fail; otherwise its last try is written without the model."""

    life: Life
    holds: bool
    calendar: Calendar = field(init=False)
    found: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        """Load the zone."""
        self.calendar = self.life.calendar

    def __call__(self) -> Counts:
        """Give all that is to be said of this life."""
        life = self.life
        self.found.update(users=1, sent=len(life.messages))
        if life.first_due is None or not self.calendar.may_be_first(life.first_due, life.joined_at):
            self._fault("wrong_first_due", f"joined {life.joined_at}, first due {life.first_due}")
        expected = Expected(Kind.FIRST, life.first_due or life.joined_at)
        for at, failed in life.asked:
            self._served(expected, at)
            self._answered(at, failed=failed, may_be_written=self._is_last(expected, at))
            expected = self._next(expected, at, failed=failed)
        if expected.due + HOUR < life.left_at:
            self._count(expected.kind, kept=False)
            self._fault("starved", f"{expected.kind} due {expected.due}, nobody came until {life.left_at}")
        self._messages()
        return Counts(**self.found)

    def _served(self, expected: Expected, at: datetime) -> None:
        """See that a user is served when due, and never outside the window."""
        is_open = self.calendar.is_open(at)
        self._count(expected.kind, kept=is_open and self._is_kept(expected, at))
        if not is_open:
            self._fault("outside_window", f"asked at {at}, {self.calendar.local(at)}")
        if at < expected.due - EARLY:
            self._fault("early", f"{expected.kind} due {expected.due}, asked at {at}")
        if at > expected.due + HOUR:
            self._fault("late", f"{expected.kind} due {expected.due}, asked at {at}")
        if at >= self.life.left_at:
            self._fault("outside_window", f"asked at {at}, switched off at {self.life.left_at}")

    def _is_kept(self, expected: Expected, at: datetime) -> bool:
        if expected.kind is Kind.REGULAR:
            target = HOURS[self.life.window][2]
            return expected.due <= at < expected.due + HOUR and self.calendar.local(at).hour == target
        return expected.due - EARLY <= at <= expected.due + HOUR

    def _count(self, kind: Kind, *, kept: bool) -> None:
        self.found["due_times"] += 1
        if kind is not Kind.REGULAR or not self.life.share:
            self.found[kind] += 1
            self.found[f"{kind}_kept"] += kept

    def _answered(self, at: datetime, *, failed: bool, may_be_written: bool) -> None:
        """See that an answer became a message, and a failure none, but for a last try without the model."""
        sent = at in self.life.messages
        if not failed and not sent:
            self._fault("lost", f"the model answered at {at}, no message came")
        if failed and sent and not may_be_written:
            self._fault("lost", f"the model failed at {at}, a message came all the same")

    def _again(self, expected: Expected, at: datetime) -> datetime | None:
        """Give when a failed try is repeated within its window."""
        return self.calendar.retry(at) if expected.tries + 1 < TRIES else None

    def _is_last(self, expected: Expected, at: datetime) -> bool:
        return not self.holds and self._again(expected, at) is None

    def _next(self, expected: Expected, at: datetime, *, failed: bool) -> Expected:
        """Give what follows from a try."""
        if not failed or self._is_last(expected, at):
            return Expected(Kind.REGULAR, self.calendar.regular(max(expected.due, at)))
        if (again := self._again(expected, at)) is not None:
            return Expected(Kind.RETRY, again, expected.tries + 1, expected.failures)
        failures = expected.failures + 1
        due = self.calendar.after_failure(expected.due, at, failures)
        return Expected(Kind.AGAIN, due, failures=failures)

    def _messages(self) -> None:
        """See that messages come in the window, once a date, and no oftener than the cadence."""
        messages, step = sorted(self.life.messages), timedelta(days=STEPS[self.life.cadence])
        for at in messages:
            if not self.calendar.is_open(at):
                self._fault("outside_window", f"message at {at}, {self.calendar.local(at)}")
        for before, after in pairwise(messages):
            if self.calendar.day(after) - self.calendar.day(before) < step:
                self._fault("doubled", f"messages at {before} and {after}")
        for (before, _), (after, _) in pairwise(self.life.asked):
            if before == after:
                self._fault("doubled", f"asked twice at {after}")

    def _fault(self, name: str, what: str) -> None:
        self.found[name] += 1
        self.examples.append(f"{name}: {self.life.user_id}: {what}")


def audit(lives: Sequence[Life], *, holds: bool) -> tuple[Counts, Sequence[str]]:
    """Audit many lives; give the sum, and what was wrong, in words."""
    total, examples = _crossed_by_all(lives), list[str]()
    for life in lives:
        work = Audit(life, holds)
        total += work()
        examples += work.examples
    return total, examples


def _crossed_by_all(lives: Sequence[Life]) -> Counts:
    """Count what a user of every window and cadence crossed."""
    crossing = {(life.transition, life.window, life.cadence) for life in lives if life.has_crossed}
    pairs = Counter(transition for transition, _, _ in crossing)
    crossed = [transition for transition, count in pairs.items() if count == len(Window) * len(Cadence)]
    changes = sum(bool(transition.shift) for transition in crossed)
    return Counts(changes_crossed=changes, still_crossed=len(crossed) - changes)
