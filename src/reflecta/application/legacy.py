"""The move from another system that writes the same collections: a survey, first due times, taking over, a proof.

Nothing here writes a message. What changes due times tells, asked to, only what it would change.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from reflecta.application.claiming import timetable
from reflecta.application.doctor import Finding, fail, judge_ticks, ok, warn
from reflecta.application.ports import Clock
from reflecta.application.ports.legacy import DueForm, LegacyStore, SentMessage, Surveyed
from reflecta.application.ports.store import Slot
from reflecta.domain import schedule
from reflecta.domain.zones import canonical_name

# Due for longer than a cron takes to come round: nobody has looked for a while, and all at once is no time to write.
OVERDUE: Final = schedule.TICK_INTERVAL
_PAGE: Final = 500
_EXAMPLES: Final = 20


class Standing(StrEnum):
    """Where a user stands as another system left them: the first that fits counts."""

    OFF = "off"
    NO_ZONE = "no-zone"
    UNKNOWN_ZONE = "unknown-zone"
    UNCLEAR_WISHES = "unclear-wishes"
    DUE_MISSING = "due-missing"
    DUE_NULL = "due-null"
    DUE_UNREADABLE = "due-unreadable"
    DUE_AS_DATE = "due-as-date"
    OVERDUE = "overdue"
    OUTSIDE_WINDOW = "outside-window"
    READY = "ready"


WRITTEN_NOTHING: Final = frozenset({Standing.NO_ZONE, Standing.UNKNOWN_ZONE, Standing.UNCLEAR_WISHES})
_WITHOUT_DUE: Final = frozenset({Standing.DUE_MISSING, Standing.DUE_NULL, Standing.DUE_UNREADABLE})
LACKING: Final = _WITHOUT_DUE | {Standing.DUE_AS_DATE}
_FORMS: Final[Mapping[DueForm, Standing]] = {
    DueForm.MISSING: Standing.DUE_MISSING,
    DueForm.NULL: Standing.DUE_NULL,
    DueForm.UNREADABLE: Standing.DUE_UNREADABLE,
    DueForm.DATE: Standing.DUE_AS_DATE,
}


def standing(user: Surveyed, now: datetime) -> Standing:
    """Say where a user stands."""
    if not user.is_on:
        return Standing.OFF
    if not user.given_zone or not user.given_zone.strip():
        return Standing.NO_ZONE
    if canonical_name(user.given_zone) is None:
        return Standing.UNKNOWN_ZONE
    if not user.has_clear_wishes:
        return Standing.UNCLEAR_WISHES
    due = user.slot.due_at
    if due is None or user.due_form in _FORMS:
        return _FORMS[user.due_form]
    if due < now - OVERDUE:
        return Standing.OVERDUE
    return Standing.READY if schedule.is_open(timetable(user.slot), max(due, now)) else Standing.OUTSIDE_WINDOW


@dataclass(slots=True, kw_only=True)
class Survey:
    """How many users stand where, some of them by name, and which zones nobody knows."""

    users: int = 0
    standings: Counter[Standing] = field(default_factory=Counter[Standing])
    examples: dict[Standing, list[str]] = field(default_factory=lambda: defaultdict[Standing, list[str]](list))
    unknown_zones: Counter[str] = field(default_factory=Counter[str])

    def add(self, user: Surveyed, now: datetime) -> Standing:
        """Count one user."""
        found = standing(user, now)
        self.users += 1
        self.standings[found] += 1
        if len(self.examples[found]) < _EXAMPLES:
            self.examples[found].append(user.slot.user_id)
        if found is Standing.UNKNOWN_ZONE:
            self.unknown_zones[str(user.given_zone)] += 1
        return found

    @property
    def lacking(self) -> int:
        """Count the users who have no due time that a query finds, and could have one."""
        return self.total(LACKING)

    def total(self, standings: frozenset[Standing]) -> int:
        """Count the users who stand in one of these places."""
        return sum(self.standings[one] for one in standings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a step did with due times, or would do: of *found* users *moved* have another one now."""

    survey: Survey
    found: int
    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Legacy:
    """The steps of the move. *draw* gives numbers in [0, 1) for first due times."""

    store: LegacyStore
    clock: Clock
    draw: Callable[[], float]

    async def check(self) -> Survey:
        """Say where the users stand; changes nothing."""
        return (await self._move(lambda _user, _standing, _now: None, is_dry=True)).survey

    async def bootstrap(self, *, is_dry: bool = False) -> Moved:
        """Give all who are switched on a due time that queries find; what is there as a date stays that instant."""
        return await self._move(self._first, is_dry=is_dry)

    async def cut_over(self, *, is_dry: bool = False) -> Moved:
        """Take over: due times that passed unnoticed, or lie outside the window, go to the next target hour.

        Changes nothing while somebody lacks a due time: see the survey.
        """
        survey = await self.check()
        if survey.lacking:
            return Moved(survey=survey, found=0, moved=0)
        moved = await self._move(self._target, is_dry=is_dry)
        if not is_dry:
            await self.store.note_cut_over(self.clock.now())
        return moved

    def _first(self, user: Surveyed, where: Standing, now: datetime) -> datetime | None:
        if where is Standing.DUE_AS_DATE:
            return user.slot.due_at
        return schedule.first_due(timetable(user.slot), now, draw=self.draw()) if where in _WITHOUT_DUE else None

    def _target(self, user: Surveyed, where: Standing, now: datetime) -> datetime | None:
        due = user.slot.due_at
        if due is None or where not in {Standing.OVERDUE, Standing.OUTSIDE_WINDOW}:
            return None
        return schedule.next_target(timetable(user.slot), max(due, now))

    async def _move(self, due: Callable[[Surveyed, Standing, datetime], datetime | None], *, is_dry: bool) -> Moved:
        """Go over all users once, page by page, and set what *due* says, where it says something."""
        survey, found, moved = Survey(), 0, 0
        async for page in self._pages():
            now = self.clock.now()
            moves: list[tuple[Slot, datetime]] = []
            for user in page:
                at = due(user, survey.add(user, now), now)
                if at is not None:
                    moves.append((user.slot, at))
            found += len(moves)
            moved += 0 if is_dry else await self.store.move_dues(moves)
        return Moved(survey=survey, found=found, moved=moved)

    async def _pages(self) -> AsyncIterator[Sequence[Surveyed]]:
        after = ""
        while page := await self.store.survey(after=after, limit=_PAGE):
            yield page
            after = page[-1].slot.user_id

    async def verify(self) -> Sequence[Finding]:
        """Look for what would be wrong after a take-over; changes nothing."""
        now, cut_over_at = self.clock.now(), await self.store.cut_over_at()
        survey = await self.check()
        findings = [_judge_cut_over(cut_over_at), *_judge_survey(survey)]
        if cut_over_at is not None:
            messages = await self.store.messages_since(cut_over_at)
            findings += [_judge_strangers(messages), await self._judge_doubles(messages)]
        return [*findings, judge_ticks(await self.store.last_tick(), now)]

    async def _judge_doubles(self, messages: Sequence[SentMessage]) -> Finding:
        """Look for local dates with two messages of one user; forced ones are no fault."""
        by_user: dict[str, list[SentMessage]] = defaultdict(list)
        for message in messages:
            by_user[message.user_id].append(message)
        doubled: list[str] = []
        for user_id, sent in by_user.items():
            if len(sent) > 1 and await self._are_doubled(user_id, sent):
                doubled.append(user_id)
        name = "one a date"
        if not doubled:
            return ok(name, f"none of {len(by_user):,} users got two messages on one local date")
        fix = "switch the other system off; `reflecta explain USER` shows what this one sent"
        return fail(name, f"{len(doubled):,} users got two messages on one local date: {_named(doubled)}", fix)

    async def _are_doubled(self, user_id: str, sent: Sequence[SentMessage]) -> bool:
        user = await self.store.user(user_id)
        zone = user.timezone if user is not None else None
        if zone is None:
            return False
        dates: Counter[str] = Counter()
        for message in sent:
            told = await self.store.explanation(message.occasion_id) if message.occasion_id is not None else None
            if told is None or not told.occasion.forced:
                dates[schedule.local_date(message.sent_at, zone).isoformat()] += 1
        return any(number > 1 for number in dates.values())


def _judge_cut_over(at: datetime | None) -> Finding:
    name = "cut-over"
    if at is None:
        return fail(name, "this service has not taken over yet", "reflecta migrate legacy cut-over")
    return ok(name, f"this service took over on {at:%Y-%m-%d %H:%MZ}")


def _judge_survey(survey: Survey) -> Sequence[Finding]:
    """Say who gets no messages, and who is not looked after."""
    findings: list[Finding] = []
    name = "schedules"
    if survey.lacking:
        findings.append(fail(name, f"{survey.lacking:,} users have no due time", "reflecta migrate legacy bootstrap"))
    else:
        findings.append(ok(name, "everybody who is switched on and can be written to has a due time"))
    late = survey.standings[Standing.OVERDUE]
    name = "overdue"
    if late:
        examples = _named(survey.examples[Standing.OVERDUE])
        fix = "let a cron call /scheduler every hour, or run `reflecta serve`; `reflecta doctor` looks closer"
        findings.append(fail(name, f"{late:,} users were due more than an hour ago: {examples}", fix))
    else:
        findings.append(ok(name, "nobody was due more than an hour ago"))
    without = survey.total(WRITTEN_NOTHING)
    name = "users"
    if without:
        fix = "`reflecta migrate legacy check` names them; correct their userTimezone or coachingConfig in your app"
        findings.append(warn(name, f"{without:,} users are written nothing", fix))
    return findings


def _judge_strangers(messages: Sequence[SentMessage]) -> Finding:
    """Say whether the other system still writes."""
    name = "other system"
    strange = [message.user_id for message in messages if message.occasion_id is None]
    if not strange:
        return ok(name, f"all {len(messages):,} messages since the cut-over are this service's")
    fix = "switch the other system's cron off"
    return fail(name, f"it sent {len(strange):,} messages since the cut-over, to {_named(strange)}", fix)


def _named(users: Sequence[str]) -> str:
    shown = ", ".join(dict.fromkeys(users[:_EXAMPLES]))
    return shown if len(users) <= _EXAMPLES else f"{shown} and more"
