"""What people get in sixty days from a model that always says the same, and from the composer alone.

The journals are real ones, dealt out to persons by a seeded draw: people who write on most days.
"""

import csv
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Final

from tests.data import find_data
from tests.proof.figures import NO_TARGET, Figure

from evals.shares import NOT_MEASURED, Findings, at_least, share_of, table, told
from evals.stage import Stage, open_stage
from reflecta.application.ports import Completion, Model
from reflecta.domain.model import (
    Call,
    ChallengeDegree,
    Entry,
    Insight,
    Insights,
    MessageType,
    Occasion,
    OccasionState,
    Preferences,
    Purpose,
    Push,
    Reason,
    Source,
    User,
)
from reflecta.domain.prompt import Question
from reflecta.testing import assessment_reply, draft_reply, facts_of, screening_reply

JOURNALS: Final = "journals/lemotif-half.csv"
PEOPLE: Final = 8
DAYS: Final = 60
# They have written before the first message comes.
BEFORE: Final = 12
WRITES: Final = 0.85
LEAST_SENT: Final = 0.8
MOST_ALIKE: Final = 0.3
LEAST_BITS: Final = 2.0
# Within so many messages in a row nothing may come again.
SUCCESSIVE: Final = 10
_RUN: Final = 5
_SEED: Final = 60
_ZONE: Final = "Europe/London"
# Eight in the morning there, in winter: the target hour. What failed then is tried again two hours later.
_START: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_AGAIN: Final = timedelta(hours=2)
_EVENING: Final = timedelta(hours=11, minutes=40)
_WORD: Final = re.compile(r"\w+")

SAME: Final = (
    "There is a quiet kind of attention in what you wrote, and it sounds as if more than one thing was pulling at you "
    "at the same time. Some of it you name, and some of it stands between the lines, where it may be easier to leave "
    "for now. What would you like to look at for a little longer?"
)


class SameAlways:
    """A model whose every message is the same, whatever kind is asked for, and which likes it every time."""

    async def complete(self, question: Question) -> Completion:
        """See the port."""
        call = Call(
            purpose=question.purpose,
            model="same",
            prompt_version=question.prompt_version,
            at=_START,
            latency=0.0,
        )
        return Completion(text=self._answer(question), call=call)

    async def aclose(self) -> None:
        """Hold no connection."""

    def _answer(self, question: Question) -> str:
        if question.purpose is Purpose.SCREENING:
            return screening_reply()
        if question.purpose is Purpose.ASSESSMENT:
            return assessment_reply(10)
        # Its answers have the form that was asked for, as with a provider that enforces the schema.
        return json.dumps(json.loads(draft_reply(facts_of(question), 0)) | {"message": SAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a person."""

    text: str
    type: MessageType
    by_model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one person got: messages in their order, and of how many occasions."""

    messages: Sequence[Message]
    occasions: int


async def measure(
    journals: Path | None = None, *, people: int = PEOPLE, days: int = DAYS, model: Model | None = None
) -> Findings:
    """Live through the days with a *model* of one message, then with the composer alone."""
    path = journals or find_data(JOURNALS)
    if path is None:
        missing = f"REAL DATA MISSING: no {JOURNALS!r} under REFLECTA_TEST_DATA; no day was lived through."
        print(missing, file=sys.stderr, flush=True)  # noqa: T201 - a figure that is not there must be seen
        return Findings(tables=[], figures={"days_model_sent": NOT_MEASURED, "days_composer_sent": NOT_MEASURED})
    dealt = deal(read_texts(path), people=people, days=days)
    found = [
        _findings("model", await live(dealt, model or SameAlways())),
        _findings("composer", await live(dealt, None)),
        # Without what an app may have found out there is less to tell: shown, and no promise.
        _without_targets(_findings("bare_model", await live(dealt, model or SameAlways(), is_bare=True))),
        _without_targets(_findings("bare_composer", await live(dealt, None, is_bare=True))),
    ]
    figures = {name: figure for findings in found for name, figure in findings.figures.items()}
    return Findings(tables=[each for findings in found for each in findings.tables], figures=figures)


def _without_targets(findings: Findings) -> Findings:
    figures = {name: replace(figure, target=NO_TARGET, met=True) for name, figure in findings.figures.items()}
    return replace(findings, figures=figures)


def read_texts(path: Path) -> Sequence[str]:
    """Read the entries of a collection of journals."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["Answer"] for row in csv.DictReader(file) if row["Answer"].strip()]


def deal(texts: Sequence[str], *, people: int, days: int) -> Sequence[Sequence[str | None]]:
    """Deal texts out: for each person one for each day from before the first message on, None where none is written."""
    chance = random.Random(_SEED)  # noqa: S311 - chance that can be repeated, not secrets
    deck = chance.sample(texts, len(texts))
    if len(deck) < people * (BEFORE + days):
        deck *= math.ceil(people * (BEFORE + days) / len(deck))
    return [[deck.pop() if chance.random() < WRITES else None for _ in range(BEFORE + days)] for _ in range(people)]


async def live(dealt: Sequence[Sequence[str | None]], model: Model | None, *, is_bare: bool = False) -> Sequence[Life]:
    """Let everybody write in the evening, and send what is due in the morning.

    *is_bare*: the app has found out nothing of anybody, and nobody asks for more than the usual challenge.
    """
    names = [f"person-{number}" for number in range(len(dealt))]
    journals = dict(zip(names, dealt, strict=True))
    async with open_stage(model, at=_START) as stage:
        ingest = stage.service.ingest
        await ingest.upsert_users([_user(name, _USUAL if is_bare else turn) for turn, name in enumerate(names)])
        if not is_bare:
            await ingest.upsert_insights([_insights(name, texts) for name, texts in journals.items()])
        for day in range(-BEFORE, len(dealt[0]) - BEFORE):
            written = [_entry(name, day, texts[day + BEFORE]) for name, texts in journals.items()]
            await ingest.upsert_entries([entry for entry in written if entry is not None])
            for at in (_START + day * _DAY, _START + day * _DAY + _AGAIN) if day >= 0 else ():
                stage.clock.set(at)
                await stage.work()
        return [await _life(stage, name) for name in names]


_DEGREES: Final = tuple(ChallengeDegree)
_USUAL: Final = _DEGREES.index(ChallengeDegree.MODERATE)


def _user(name: str, turn: int) -> User:
    """Make an adult; who asks for a challenge and who does not come by turns."""
    return User(
        id=name,
        timezone=_ZONE,
        given_timezone=_ZONE,
        next_due_at=_START,
        age_band="adult",
        preferences=Preferences(enabled=True, challenge=_DEGREES[turn % len(_DEGREES)]),
        push=Push(enabled=True, tokens=(f"ExponentPushToken[{name}]",)),
    )


def _insights(name: str, texts: Sequence[str | None]) -> Insights:
    """Make what an app has found out of the first entries: what a person is after, and what is in the way."""
    first, second = [text for text in texts[:BEFORE] if text][:2]
    focus = Insight(headline="What the days are about", sources=(Source(quote=first),))
    blocker = Insight(headline="What makes them hard", sources=(Source(quote=second),))
    return Insights(user_id=name, main_focus=focus, key_blockers=blocker)


def _entry(name: str, day: int, text: str | None) -> Entry | None:
    """Write a text on the evening before a day."""
    if text is None:
        return None
    at = _START + day * _DAY - _EVENING
    return Entry(id=f"{name}-{day}", user_id=name, content=text, text=text, written_at=at, updated_at=at)


async def _life(stage: Stage, name: str) -> Life:
    sent = [each for each in await stage.sent(name) if each.draft.type is not MessageType.CARE]
    return Life(
        messages=[
            Message(text=each.draft.text, type=each.draft.type, by_model=each.draft.ai_generated)
            for each in reversed(sent)
        ],
        occasions=sum(not _is_held(occasion) for occasion in await stage.occasions(name)),
    )


def _is_held(occasion: Occasion) -> bool:
    """Say whether nothing ordinary was to be sent: a sign of risk, or another try still to come."""
    return occasion.reason is Reason.SAFETY_HOLD or occasion.state is OccasionState.QUEUED


def _findings(name: str, lives: Sequence[Life]) -> Findings:
    messages = [message for life in lives for message in life.messages]
    occasions = sum(life.occasions for life in lives)
    sent = share_of([True] * len(messages) + [False] * (occasions - len(messages)))
    alike = max((value for life in lives for value in likenesses(life.messages)), default=0.0)
    repeats = sum(same_openings(life.messages) for life in lives)
    bits = min((entropy(life.messages) for life in lives), default=0.0)
    count = len(messages)
    figures = {
        "sent": at_least(sent, LEAST_SENT),
        "most_alike": _figure(round(alike, 3), f"<= {MOST_ALIKE:g}", count, met=alike <= MOST_ALIKE),
        "type_bits": _figure(round(bits, 2), f">= {LEAST_BITS:g}", count, met=bits >= LEAST_BITS),
        "same_openings": _figure(repeats, "== 0", count, met=repeats == 0),
        "by_composer": told(share_of(not message.by_model for message in messages)),
        "type_bits_of_all": _figure(round(entropy(messages), 2), NO_TARGET, count, met=True),
    }
    kinds = Counter(message.type.value for message in messages)
    rows = {
        "sent, of occasions": sent,
        **{f"  {kind}": share_of([True] * times + [False] * (count - times)) for kind, times in sorted(kinds.items())},
    }
    return Findings(
        tables=[table(f"{len(lives)} people and their messages, {name}", rows)],
        figures={f"days_{name}_{key}": figure for key, figure in figures.items()},
    )


def _figure(value: float, target: str, n: int, *, met: bool) -> Figure:
    return Figure(value=value, target=target, met=n > 0 and met, n=n)


def likenesses(messages: Sequence[Message]) -> Iterator[float]:
    """Give the Jaccard index of the five-word runs of every two of ten successive messages."""
    said = [_words(message) for message in messages]
    runs = [frozenset(zip(*(words[start:] for start in range(_RUN)), strict=False)) for words in said]
    for (one, ours), (other, theirs) in combinations(enumerate(runs), 2):
        if other - one < SUCCESSIVE and ours | theirs:
            yield len(ours & theirs) / len(ours | theirs)


def same_openings(messages: Sequence[Message]) -> int:
    """Count the messages that open with the same five words as one of the nine before."""
    openings = [tuple(_words(message)[:_RUN]) for message in messages]
    return sum(opening in openings[max(0, at - SUCCESSIVE + 1) : at] for at, opening in enumerate(openings))


def entropy(messages: Sequence[Message]) -> float:
    """Give the entropy of the kinds of messages in bits; of eight kinds alike it is three."""
    counts = Counter(message.type for message in messages)
    shares = [count / len(messages) for count in counts.values()]
    return -sum(share * math.log2(share) for share in shares)


def _words(message: Message) -> list[str]:
    return _WORD.findall(message.text.casefold())
