"""What is sent to people after a sign of risk, whatever they, their app and their operators do next.

A run is what happens to one user: a flag by the rules, the classifier or a person, then three to eight acts within
the hold. Many users share a service and its clock; what may be sent is reckoned here from the acts alone.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, cast

from tests.proof.figures import NO_TARGET, Figure

from evals.shares import Findings, share_of, shares_by, table
from evals.stage import Stage, open_stage
from reflecta.application.ports import Completion
from reflecta.domain.errors import Conflict, NotFound
from reflecta.domain.model import Cadence, Call, Entry, MessageType, Preferences, Purpose, Push, User, Window
from reflecta.domain.prompt import Question
from reflecta.testing import assessment_reply, draft_reply, facts_of, screening_reply

RUNS: Final = 10_000
USERS: Final = 1000
HOLD: Final = timedelta(hours=72)
# Between eight and eleven in the morning in all the zones that users begin in.
START: Final = datetime(2026, 3, 10, 8, 30, tzinfo=UTC)
_AFTER: Final = START + timedelta(days=5)
_ROUNDS: Final = 8
_ACTS: Final = range(3, 9)
_STEP_HOURS: Final = range(1, 9)
_SEED: Final = 72
# Every so many services are looked at after the hold as well.
_OUTLIVED: Final = 4
_HERE: Final = ("Europe/Berlin", "Europe/London", "Europe/Athens")
_ELSEWHERE: Final = (*_HERE, "America/New_York", "Asia/Tokyo", "Pacific/Auckland")

# Stands in what is flagged and nowhere else; a message that holds it quotes a flagged entry.
MARK: Final = "lanternfish"
_CONTEXT: Final = re.compile(r'\{\s*"')
_DECODER: Final = json.JSONDecoder()


class By(StrEnum):
    """Who sees the sign."""

    RULES = "rules"
    MODEL = "model"
    PERSON = "person"


# The classifier alone sees the second one: nothing in it is a word of risk.
_FLAGGED: Final = {
    By.RULES: f"I want to kill myself, and only the {MARK} knows of it.",
    By.MODEL: f"The {MARK} was calling again all night from the bottom of the lake.",
}
_EDITED: Final = f"The {MARK} is only a fish, I looked it up in a book about the sea."
_ORDINARY: Final = "I planted the tomatoes behind the shed and want to build a fence around them."
_NEWER: Final = "I walked to the market and bought seeds for the garden that I want to plant in spring."


class Act(StrEnum):
    """What may happen to a held user; the clock and the ticks go on besides."""

    WAIT = "wait"
    FORCE = "force"
    ZONE = "zone"
    WINDOW = "window"
    CADENCE = "cadence"
    OFF = "off"
    ON = "on"
    IMPORT = "import"
    WRITE = "write"
    EDIT = "edit"
    DELETE = "delete"
    RELEASE = "release"
    HOLD = "hold"


_WEIGHTS: Final = dict.fromkeys(Act, 4) | {Act.RELEASE: 1, Act.HOLD: 1}


@dataclass(slots=True, kw_only=True)
class Run:
    """One user, what was written, and when nothing ordinary may be sent: from *held* on until then, each."""

    by: By
    user: User
    entries: list[Entry]
    left: int
    acts: list[Act] = field(default_factory=list[Act])
    held: list[tuple[datetime, datetime]] = field(default_factory=list[tuple[datetime, datetime]])

    @property
    def care_texts(self) -> int:
        """Give how many texts with helplines there may be: what a person sees is for a person to answer."""
        return 0 if self.by is By.PERSON else 1

    def is_held(self, at: datetime) -> bool:
        """Say whether nothing ordinary may be sent at an instant."""
        return any(since <= at < until for since, until in self.held)


@dataclass(slots=True)
class Reader:
    """A model that sees a risk in what bears the mark, and otherwise writes of all that it reads, gladly."""

    drafts: int = 0

    async def complete(self, question: Question) -> Completion:
        """See the port."""
        call = Call(
            purpose=question.purpose, model="reader", prompt_version=question.prompt_version, at=START, latency=0.0
        )
        return Completion(text=self._answer(question), call=call)

    async def aclose(self) -> None:
        """Hold no connection."""

    def _answer(self, question: Question) -> str:
        if question.purpose is Purpose.ASSESSMENT:
            return assessment_reply(10)
        if question.purpose is Purpose.SCREENING:
            marked = _marked(question.content)
            return screening_reply("suicide", entry_ids=marked) if marked else screening_reply()
        self.drafts += 1
        said = f"There is the {MARK} as well." if MARK in question.content else ""
        return draft_reply(facts_of(question), self.drafts, said=said)


def _marked(content: str) -> Sequence[str]:
    """Give the ids of the entries that bear the mark."""
    if MARK not in content:
        return []
    opening = _CONTEXT.search(content)
    document = _DECODER.raw_decode(content, opening.start() if opening else 0)[0]
    entries = cast("dict[str, list[dict[str, str]]]", document)["entries"]
    return [entry["entryId"] for entry in entries if MARK in entry["text"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was sent in one run: ordinary messages while held and after, texts with helplines, quotes of flagged."""

    by: By
    acts: Sequence[Act]
    while_held: int
    ordinary: int
    care: int
    care_allowed: int
    quoted: int


async def measure(*, runs: int = RUNS, users: int = USERS, model: Reader | None = None) -> Findings:
    """Do the runs, *users* of them at a time in one service."""
    chance = random.Random(_SEED)  # noqa: S311 - chance that can be repeated, not secrets
    seen: list[Seen] = []
    for number, start in enumerate(range(0, runs, users)):
        count = min(users, runs - start)
        seen += await _serve(count, chance, model or Reader(), outlives=number % _OUTLIVED == 0)
    return _findings(seen)


def _findings(seen: Sequence[Seen]) -> Findings:
    acts = Counter(act for run in seen for act in run.acts)
    rows = {
        "all": share_of(run.while_held > 0 for run in seen),
        **shares_by((f"flagged by {run.by.value}", run.while_held > 0) for run in seen),
        **{f"with {act.value}": share_of(run.while_held > 0 for run in seen if act in run.acts) for act in Act},
    }
    n = len(seen)
    return Findings(
        tables=[table("runs with an ordinary message while held, of n", rows)],
        figures={
            "ordinary_after_flag": _none(sum(run.while_held for run in seen), n),
            "flagged_entry_quoted": _none(sum(run.quoted for run in seen), n),
            "care_texts_too_many": _none(sum(max(0, run.care - run.care_allowed) for run in seen), n),
            "care_texts_missing": _none(sum(max(0, run.care_allowed - run.care) for run in seen), n),
            "acts_after_flag": _told(acts.total(), n),
            "care_texts": _told(sum(run.care for run in seen), n),
            # Without these, that none was sent while held would say little.
            "ordinary_when_free": _told(sum(run.ordinary for run in seen), n),
        },
    )


def _none(count: int, n: int) -> Figure:
    return Figure(value=count, target="== 0", met=n > 0 and count == 0, n=n)


def _told(count: int, n: int) -> Figure:
    return Figure(value=count, target=NO_TARGET, met=True, n=n)


async def _serve(count: int, chance: random.Random, model: Reader, *, outlives: bool) -> Sequence[Seen]:
    """Flag the users of one service, let things happen to them within the hold, and look at what was sent."""
    async with open_stage(model, at=START) as stage:
        runs = [_run(number, chance) for number in range(count)]
        await stage.service.ingest.upsert_users([run.user for run in runs])
        await stage.service.ingest.upsert_entries([entry for run in runs for entry in run.entries])
        await _flag(stage, runs)
        for _ in range(_ROUNDS):
            stage.clock.advance(timedelta(hours=chance.choice(_STEP_HOURS)))
            await _act(stage, [run for run in runs if run.left], chance)
            await stage.work()
        if outlives:
            stage.clock.set(_AFTER)
            await stage.work()
        return [await _seen(stage, run) for run in runs]


def _run(number: int, chance: random.Random) -> Run:
    by, user_id = tuple(By)[number % len(By)], f"user-{number}"
    zone = chance.choice(_HERE)
    user = User(
        id=user_id,
        timezone=zone,
        given_timezone=zone,
        next_due_at=START,
        preferences=Preferences(enabled=True, cadence=chance.choice(tuple(Cadence))),
        push=Push(enabled=True, tokens=(f"ExponentPushToken[{user_id}]",)),
    )
    texts = [_ORDINARY, *([_FLAGGED[by]] if by in _FLAGGED else [])]
    entries = [_entry(user_id, place, text, START - timedelta(hours=9 - place)) for place, text in enumerate(texts)]
    return Run(by=by, user=user, entries=entries, left=chance.choice(_ACTS))


def _entry(user_id: str, place: int, text: str, at: datetime) -> Entry:
    return Entry(id=f"{user_id}-{place}", user_id=user_id, content=text, text=text, written_at=at, updated_at=at)


async def _flag(stage: Stage, runs: Sequence[Run]) -> None:
    """Let everybody be flagged, each in their way."""
    for run in runs:
        run.held.append((START, START + HOLD))
        if run.by is By.PERSON:
            await stage.service.holds.place(run.user.id)
    await stage.work()


async def _act(stage: Stage, runs: Sequence[Run], chance: random.Random) -> None:
    """Let one thing happen to each user; what an app would send in one request goes in one."""
    acts, weights = zip(*_WEIGHTS.items(), strict=True)
    users: list[User] = []
    entries: list[Entry] = []
    for run in runs:
        act = chance.choices(acts, weights)[0]
        run.acts.append(act)
        run.left -= 1
        if act in {Act.FORCE, Act.DELETE, Act.RELEASE, Act.HOLD}:
            await _alone(stage, run, act)
            continue
        run.user, changed = _edited(run.user, act, chance), _written(run, act, stage.clock.now())
        users += [run.user] * (act not in {Act.WAIT, Act.WRITE, Act.EDIT})
        entries += changed
    await stage.service.ingest.upsert_users(users)
    await stage.service.ingest.upsert_entries(entries)


async def _alone(stage: Stage, run: Run, act: Act) -> None:
    """Do what is a request of its own."""
    service, now = stage.service, stage.clock.now()
    if act is Act.FORCE:
        try:
            await service.on_demand.force(run.user.id)
        except Conflict:
            return
    elif act is Act.DELETE:
        try:
            await service.ingest.delete_entry(run.entries[-1].id)
        except NotFound:
            return
    elif act is Act.HOLD:
        await service.holds.place(run.user.id)
        run.held.append((now, now + HOLD))
    elif await service.holds.release(run.user.id):
        run.held = [(since, min(until, now)) for since, until in run.held]


def _edited(user: User, act: Act, chance: random.Random) -> User:
    """Give a user as their app sends them after an act."""
    wishes = user.preferences
    if act is Act.ZONE:
        zone = chance.choice(_ELSEWHERE)
        return replace(user, timezone=zone, given_timezone=zone)
    if act is Act.WINDOW:
        wishes = replace(wishes, window=chance.choice(tuple(Window)))
    elif act is Act.CADENCE:
        wishes = replace(wishes, cadence=chance.choice(tuple(Cadence)))
    elif act in {Act.OFF, Act.ON}:
        wishes = replace(wishes, enabled=act is Act.ON)
    # The due time is the service's own; an app that sends one sends it once.
    return replace(user, preferences=wishes, next_due_at=None)


def _written(run: Run, act: Act, now: datetime) -> Sequence[Entry]:
    """Give the entries that an act stores; an import stores again what was deleted, too."""
    if act is Act.IMPORT:
        return run.entries
    if act is Act.WRITE:
        return [_entry(run.user.id, 100 + len(run.acts), _NEWER, now)]
    if act is Act.EDIT and run.by is not By.PERSON:
        return [replace(run.entries[-1], content=_EDITED, text=_EDITED, updated_at=now)]
    return []


async def _seen(stage: Stage, run: Run) -> Seen:
    sent = await stage.sent(run.user.id)
    ordinary = [each for each in sent if each.draft.type is not MessageType.CARE]
    shown = [f"{each.draft.text} {' '.join(push.body for push in each.deliveries)}" for each in sent]
    held = sum(run.is_held(each.at) for each in ordinary)
    return Seen(
        by=run.by,
        acts=run.acts,
        while_held=held,
        ordinary=len(ordinary) - held,
        care=len(sent) - len(ordinary),
        care_allowed=run.care_texts,
        quoted=sum(MARK in text.casefold() for text in shown),
    )
