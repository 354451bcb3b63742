"""The labelled messages and the people they are written to, as they stand in texts/messages. Judges nothing."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, NotRequired, TypedDict, cast
from zoneinfo import ZoneInfo

from reflecta.domain.context import Context, build_context
from reflecta.domain.model import (
    ChallengeDegree,
    Draft,
    Entry,
    Evidence,
    Feedback,
    Insight,
    Insights,
    MessageType,
    Onboarding,
    PastMessage,
    Preferences,
    Source,
    ToneDegree,
    User,
)

TEXTS: Final = Path(__file__).parent / "texts"
MESSAGES: Final = TEXTS / "messages"
# The setting's default, far more than these journals need: nothing of them is left out.
BUDGET: Final = 6000


class Label(StrEnum):
    """What is wrong with a message; good when nothing is.

    The checks promise that each quotation stands word for word in an entry, and that each date, name and number
    occurs in the context. An altered value occurs nowhere in it, a changed negation is no longer the entry's words.
    A derived value is true but computed; a swapped one occurs, or was cropped word for word, and is in the wrong place.
    """

    GOOD = "good"
    DERIVED = "derived"
    ALTERED_QUOTE = "altered_quote"
    ALTERED_NUMBER = "altered_number"
    ALTERED_DATE = "altered_date"
    ALTERED_NAME = "altered_name"
    OTHER_USERS_WORDS = "other_users_words"
    PARAPHRASE_AS_QUOTE = "paraphrase_as_quote"
    NEGATION = "negation"
    SWAPPED = "swapped"
    REPEAT = "repeat"
    FORM = "form"
    UNSAFE = "unsafe"
    GENERIC = "generic"
    PREACHY = "preachy"
    OFF_TONE = "off_tone"
    ADVICE = "advice"


# Whether a message is flat, moral, flattering or full of tips, or uses true words for something else, is for a reader
# to say: no rule decides it.
JUDGED: Final = frozenset({Label.GENERIC, Label.PREACHY, Label.OFF_TONE, Label.ADVICE, Label.SWAPPED})
# A computed value is neither a fault nor what a writer is asked for: derived messages count in no figure with a target.
CHECKED: Final = frozenset(Label) - JUDGED - {Label.GOOD, Label.DERIVED}
# The labels of messages with a value that occurs nowhere in the context.
ALTERED_VALUE: Final = frozenset({Label.ALTERED_NUMBER, Label.ALTERED_DATE, Label.ALTERED_NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One labelled message; *note* is for whoever reads the file.

    *value* holds the spellings of an altered value: the first stands in the message, none in the context.
    """

    id: str
    label: Label
    draft: Draft
    note: str = ""
    value: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """An invented user: what they wrote and received until *now*, and messages that could come next.

    *people* says who the names in the journal are; no writer and no judge sees it.
    """

    name: str
    now: datetime
    zone: str
    user: User
    people: Mapping[str, str]
    entries: tuple[Entry, ...]
    insights: Insights | None
    past: tuple[PastMessage, ...]
    candidates: tuple[Candidate, ...]

    def context(self) -> Context:
        """Build the context afresh, as for a first draft: nothing read off an earlier one stays with it."""
        return build_context(
            self.user,
            entries=self.entries,
            insights=self.insights,
            messages=self.past,
            now=self.now,
            zone=self.zone,
            budget=BUDGET,
        )


class _User(TypedDict):
    first_name: str
    language: str
    age_band: str
    occupations: list[str]
    challenge: str
    tone: str


class _Entry(TypedDict):
    id: str
    days: int
    hour: int
    text: str


class _Insight(TypedDict):
    field: Literal["mainFocus", "keyBlockers", "plan"]
    headline: str
    description: str
    quotes: list[str]


class _Past(TypedDict):
    id: str
    days: int
    type: str
    text: str
    kind: str
    rating: NotRequired[int]


class _Message(TypedDict):
    id: str
    label: str
    type: str
    text: str
    push: str
    evidence: list[list[str]]
    note: NotRequired[str]
    value: NotRequired[list[str]]


class _Altered(TypedDict):
    """A good message with words swapped: in its text, or, *where* says so, in the quotes of its evidence."""

    id: str
    label: str
    of: str
    swap: list[list[str]]
    where: NotRequired[Literal["text", "evidence"]]
    note: NotRequired[str]
    value: NotRequired[list[str]]


class _File(TypedDict):
    now: datetime
    zone: str
    user: _User
    people: dict[str, str]
    entry: list[_Entry]
    insight: NotRequired[list[_Insight]]
    past: list[_Past]
    message: list[_Message]
    altered: list[_Altered]


def load_personas(folder: Path = MESSAGES) -> tuple[Persona, ...]:
    """Read every persona of a folder, by name; ValueError or KeyError where a file is not as it should be."""
    return tuple(_persona(path) for path in sorted(folder.glob("*.toml")))


def _persona(path: Path) -> Persona:
    given = cast("_File", tomllib.loads(path.read_text(encoding="utf-8")))
    name = path.stem
    written = {message["id"]: _candidate(message) for message in given["message"]}
    return Persona(
        name=name,
        now=given["now"],
        zone=given["zone"],
        user=_user(name, given),
        people=given["people"],
        entries=tuple(_entry(entry, name, given) for entry in given["entry"]),
        insights=_insights(name, given.get("insight", [])),
        past=tuple(_past(message, given) for message in given["past"]),
        candidates=(*written.values(), *(_altered(altered, written) for altered in given["altered"])),
    )


def _user(name: str, given: _File) -> User:
    user = given["user"]
    return User(
        id=name,
        first_name=user["first_name"],
        language=user["language"],
        age_band=user["age_band"],
        onboarding=Onboarding(completed=True, occupations=tuple(user["occupations"])),
        preferences=Preferences(
            enabled=True, challenge=ChallengeDegree(user["challenge"]), tone=ToneDegree(user["tone"])
        ),
        timezone=given["zone"],
        entry_count=len(given["entry"]),
    )


def _ago(given: _File, days: int, hour: int) -> datetime:
    """Give the instant of an hour on the local date so many days ago."""
    zone = ZoneInfo(given["zone"])
    day = given["now"].astimezone(zone).date() - timedelta(days=days)
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def _entry(entry: _Entry, user_id: str, given: _File) -> Entry:
    at, text = _ago(given, entry["days"], entry["hour"]), entry["text"]
    return Entry(id=entry["id"], user_id=user_id, content=text, text=text, written_at=at, updated_at=at)


def _insights(user_id: str, given: Sequence[_Insight]) -> Insights | None:
    if not given:
        return None
    found = {
        insight["field"]: Insight(
            headline=insight["headline"],
            description=insight["description"],
            sources=tuple(Source(quote=quote) for quote in insight["quotes"]),
        )
        for insight in given
    }
    return Insights(
        user_id=user_id,
        main_focus=found.get("mainFocus"),
        key_blockers=found.get("keyBlockers"),
        plan=found.get("plan"),
    )


def _past(message: _Past, given: _File) -> PastMessage:
    at = _ago(given, message["days"], 8)
    feedback = Feedback(message_id=message["id"], kind=message["kind"], rating=message.get("rating"), at=at)
    return PastMessage(
        id=message["id"], type=MessageType(message["type"]), text=message["text"], sent_at=at, feedback=(feedback,)
    )


def _candidate(message: _Message) -> Candidate:
    draft = Draft(
        type=MessageType(message["type"]),
        text=message["text"],
        push_text=message["push"],
        evidence=tuple(Evidence(entry_id=entry_id, quote=quote) for entry_id, quote in message["evidence"]),
    )
    return Candidate(
        id=message["id"],
        label=Label(message["label"]),
        draft=draft,
        note=message.get("note", ""),
        value=tuple(message.get("value", ())),
    )


def _altered(altered: _Altered, written: Mapping[str, Candidate]) -> Candidate:
    draft = written[altered["of"]].draft
    for old, new in altered["swap"]:
        swapped = (
            _swapped_evidence(draft, old, new) if altered.get("where") == "evidence" else _swapped(draft, old, new)
        )
        if swapped == draft:
            raise ValueError(f"{altered['id']}: what it swaps does not stand in {altered['of']}")
        draft = swapped
    return Candidate(
        id=altered["id"],
        label=Label(altered["label"]),
        draft=draft,
        note=altered.get("note", f"of {altered['of']}"),
        value=tuple(altered.get("value", ())),
    )


def _swapped(draft: Draft, old: str, new: str) -> Draft:
    return replace(draft, text=draft.text.replace(old, new))


def _swapped_evidence(draft: Draft, old: str, new: str) -> Draft:
    return replace(draft, evidence=tuple(replace(e, quote=e.quote.replace(old, new)) for e in draft.evidence))
