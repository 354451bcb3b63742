"""What users do meanwhile: write, react, move, switch off and on, choose another cadence, lose devices, leave."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from heapq import heapify, heappop, heappush
from math import log
from typing import Final

from reflecta.bootstrap import Service
from reflecta.domain.model import Cadence, Delivery, Entry, Feedback, User, Window
from reflecta.simulation.chance import Draws
from reflecta.simulation.effects import DAY, HOUR, Log, Value
from reflecta.simulation.people import entry, pick, pick_zone
from reflecta.simulation.scenario import Scenario, is_down
from reflecta.simulation.virtual import VirtualClock

_YEAR: Final = 365 * DAY
_WEEK: Final = 7 * DAY
_READ_WITHIN: Final = 6 * HOUR
# How soon the app sends an edit again that the database refused.
_AGAIN: Final = HOUR // 6
_WORST: Final = 1

# When, who, what, how many of these the user did before.
_Event = tuple[int, str, str, int]


@dataclass(kw_only=True)
class Life:
    """Edits happen at their instant; what was written and rated arrives before the next tick.

    While the database is out the app keeps all of it.
    """

    service: Service
    scenario: Scenario
    clock: VirtualClock
    log: Log
    _edits: list[_Event] = field(default_factory=list[_Event])
    _writings: list[_Event] = field(default_factory=list[_Event])
    _reactions: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    _gone: set[str] = field(default_factory=set[str])

    def begin(self, users: Sequence[User]) -> None:
        """Draw everybody's first events."""
        people = self.scenario.people
        rates = {
            "move": people.moves_per_year,
            "pause": people.pauses_per_year,
            "edit": people.edits_per_year,
            "erase": people.erasures_per_year,
        }
        for user in users:
            self._join(user)
            self._plan(self._writings, (0, user.id, "write", 0), people.entries_per_week, _WEEK)
            for what, rate in rates.items():
                self._plan(self._edits, (0, user.id, what, 0), rate, _YEAR)
        heapify(self._edits)
        heapify(self._writings)

    def push_taken(self, delivery: Delivery) -> None:
        """Let the reader react to a push, perhaps, some hours later."""
        draws = Draws(self.scenario.seed, "reaction", delivery.message_id)
        if draws.happens(self.scenario.people.reaction_share):
            at = self.clock.elapsed() + round(draws.uniform() * _READ_WITHIN)
            heappush(self._reactions, (at, delivery.user_id, delivery.message_id))

    def device_gone(self, delivery: Delivery) -> None:
        """Let the owner have another device, some days later."""
        at = self.clock.elapsed() + round(self.scenario.people.new_device_days * DAY)
        heappush(self._edits, (at, delivery.user_id, "device", self.clock.elapsed()))

    async def live(self, until: int) -> None:
        """Make the edits, each at its instant."""
        while (now := self.clock.elapsed()) < until:
            if not self._edits or self._edits[0][0] > now:
                # Hour by hour: what happens meanwhile may bring an edit that comes before the next one.
                following = min(self._edits[0][0] if self._edits else until, now + HOUR)
                await self.clock.sleep_until(min(following, until))
                continue
            event = heappop(self._edits)
            if self._is_out():
                heappush(self._edits, (now + _AGAIN, *event[1:]))
                continue
            await self._edit(event)

    async def arrive(self) -> None:
        """Bring in what was written and rated until now."""
        if self._is_out():
            return
        now, entries = self.clock.elapsed(), list[Entry]()
        while self._writings and self._writings[0][0] <= now:
            at, user, what, count = heappop(self._writings)
            if user in self._gone:
                continue
            entries.append(entry(self.scenario, user, str(count), self.clock.start + timedelta(microseconds=at)))
            self._plan(self._writings, (at, user, what, count + 1), self.scenario.people.entries_per_week, _WEEK)
        if entries:
            await self.service.ingest.upsert_entries(entries)
        while self._reactions and self._reactions[0][0] <= now:
            at, user, message = heappop(self._reactions)
            if user not in self._gone:
                await self._rate(at, user, message)

    def _is_out(self) -> bool:
        return is_down(self.scenario.database.outages, self.clock.elapsed())

    def _plan(self, events: list[_Event], last: _Event, rate: float, period: int) -> None:
        """Draw when the next event of a kind comes, at so many in a period."""
        at, user, what, count = last
        if rate > 0:
            wait = -log(Draws(self.scenario.seed, user, what, count).uniform()) * period / rate
            heappush(events, (at + round(wait), user, what, count))

    async def _rate(self, at: int, user: str, message: str) -> None:
        draws = Draws(self.scenario.seed, "rating", message)
        rating = 1 + int(draws.uniform() * 5)
        when = self.clock.start + timedelta(microseconds=at)
        kind = "helpful" if rating >= 3 else "not_helpful"  # noqa: PLR2004 - the middle of five
        await self.service.ingest.add_feedback(Feedback(message_id=message, kind=kind, rating=rating, at=when))
        self.log.add(at, user, "message.rated", message=message, rating=rating)
        if rating == _WORST and draws.happens(self.scenario.people.annoyed_share):
            await self._edit((self.clock.elapsed(), user, "annoyed", at))

    async def _edit(self, event: _Event) -> None:
        at, user_id, what, count = event
        user = await self.service.store.user(user_id)
        if user is None:
            return
        if what == "erase":
            await self.service.ingest.erase_user(user_id)
            self._gone.add(user_id)
            self._note("user.erase", replace(user, preferences=replace(user.preferences, enabled=False)))
            return
        edited = self._edited(user, what, count)
        if edited != user:
            await self.service.ingest.upsert_users([edited])
            self._note("device.new" if what == "device" else f"user.{what}", edited)
        self._plan_after(at, user_id, what, count)

    def _plan_after(self, at: int, user: str, what: str, count: int) -> None:
        people = self.scenario.people
        match what:
            case "pause":
                heappush(self._edits, (at + round(people.pause_days * DAY), user, "resume", count))
            case "annoyed":
                heappush(self._edits, (at + round(people.pause_days * DAY), user, "return", count))
            case "resume":
                self._plan(self._edits, (at, user, "pause", count + 1), people.pauses_per_year, _YEAR)
            case "move":
                self._plan(self._edits, (at, user, "move", count + 1), people.moves_per_year, _YEAR)
            case "edit":
                self._plan(self._edits, (at, user, "edit", count + 1), people.edits_per_year, _YEAR)
            case _:
                return

    def _edited(self, user: User, what: str, count: int) -> User:
        draws, preferences = Draws(self.scenario.seed, user.id, "new", what, count), user.preferences
        people = self.scenario.people
        match what:
            case "pause" | "annoyed":
                return replace(user, preferences=replace(preferences, enabled=False))
            case "resume" | "return":
                return replace(user, preferences=replace(preferences, enabled=True))
            case "device":
                return replace(user, push=replace(user.push, tokens=(*user.push.tokens, f"device-{user.id}-{count}")))
            case "move":
                zone = pick_zone(people, draws)
                return replace(user, timezone=zone, given_timezone=zone)
            case _:
                window = Window(pick(people.windows, draws.uniform()))
                cadence = Cadence(pick(people.cadences, draws.uniform()))
                return replace(user, preferences=replace(preferences, window=window, cadence=cadence))

    def _join(self, user: User) -> None:
        due = user.next_due_at
        first_due = None if due is None else (due - self.clock.start) // timedelta(microseconds=1)
        devices = len(user.push.tokens) if user.push.enabled else 0
        self._note("user.join", user, at=0, due=first_due, devices=devices)

    def _note(self, step: str, user: User, *, at: int | None = None, **more: Value) -> None:
        self.log.add(
            self.clock.elapsed() if at is None else at,
            user.id,
            step,
            zone=user.timezone,
            window=user.preferences.window.value,
            cadence=user.preferences.cadence.value,
            enabled=user.preferences.enabled,
            **more,
        )
