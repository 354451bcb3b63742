"""The nouns: users, what they wrote, occasions, drafts, messages. Knows no rule, no store and no vendor.

Instants are aware datetimes in UTC; texts are plain unless a field says HTML; enum values are the wire values
of the guide.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Cadence(StrEnum):
    """How often a user wants a message; the days between two of them."""

    DAILY = "daily"
    MULTIPLE_TIMES_PER_WEEK = "multipleTimesPerWeek"
    ONCE_A_WEEK = "onceAWeek"


class Window(StrEnum):
    """The part of the local day in which a user may be written to."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class ChallengeDegree(StrEnum):
    """How much a message may ask of its reader."""

    GENTLE = "gentle"
    MODERATE = "moderate"
    CHALLENGING = "challenging"
    INTENSE = "intense"


class ToneDegree(StrEnum):
    """How plainly a message may speak; about tasks, never about worth."""

    SUPPORTIVE = "supportive"
    DIRECT = "direct"
    FIRM = "firm"
    HARSH = "harsh"


class MessageType(StrEnum):
    """The guide's eight kinds of coaching message, and the one that is none."""

    CHECK_IN = "check_in"
    ENCOURAGEMENT = "encouragement"
    CHALLENGE = "challenge"
    REMINDER = "reminder"
    ALIGNMENT_REFLECTION = "alignment_reflection"
    GENERAL_REFLECTION = "general_reflection"
    PERSONAL_INSIGHT = "personal_insight"
    RELEVANT_LESSON = "relevant_lesson"
    CARE = "care"
    """The fixed text with helplines; no writer chooses it."""


COACHING_TYPES = tuple(kind for kind in MessageType if kind is not MessageType.CARE)


class Recommendation(StrEnum):
    """What the judge advises for one candidate."""

    SEND = "SEND_MESSAGE"
    REVISE = "REVISE_MESSAGE"
    SKIP = "SKIP_MESSAGE"


class OccasionState(StrEnum):
    """Where an occasion stands: two open states, then exactly one of the six outcomes."""

    QUEUED = "queued"
    IN_WORK = "in_work"
    SENT = "sent"
    HELD_BACK = "held_back"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Say whether the occasion still waits for its outcome."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({OccasionState.QUEUED, OccasionState.IN_WORK})

Outcome = Literal[
    OccasionState.SENT,
    OccasionState.HELD_BACK,
    OccasionState.DEFERRED,
    OccasionState.EXPIRED,
    OccasionState.CANCELLED,
    OccasionState.FAILED,
]


class Reason(StrEnum):
    """Why an occasion ended as it did; free detail stands beside it, never journal text."""

    LOW_SCORE = "low_score"
    JUDGE_SKIP = "judge_skip"
    UNGROUNDED = "ungrounded"
    REPETITIVE = "repetitive"
    UNSAFE = "unsafe"
    MALFORMED = "malformed"
    NOTHING_TO_SAY = "nothing_to_say"
    OVER_BUDGET = "over_budget"
    SAFETY_HOLD = "safety_hold"
    OUTSIDE_WINDOW = "outside_window"
    ALREADY_TODAY = "already_today"
    ALREADY_OPEN = "already_open"
    WINDOW_CLOSED = "window_closed"
    SWITCHED_OFF = "switched_off"
    RESCHEDULED = "rescheduled"
    ERASED = "erased"
    NEEDS_TIMEZONE = "needs_timezone"
    MODEL_ERROR = "model_error"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a user asked for (the guide's coachingConfig). Off until the app says otherwise."""

    enabled: bool = False
    cadence: Cadence = Cadence.DAILY
    window: Window = Window.MORNING
    challenge: ChallengeDegree = ChallengeDegree.MODERATE
    tone: ToneDegree = ToneDegree.SUPPORTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Where a user's devices are (the guide's mobilePushNotifications)."""

    enabled: bool = False
    tokens: tuple[str, ...] = ()
    last_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """What a user said of themselves at sign-up (the guide's onboardingData)."""

    completed: bool = False
    completed_at: datetime | None = None
    occupations: tuple[str, ...] = ()
    practices_tried: tuple[str, ...] = ()
    clarity: float | None = None
    stress: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One end user of the host app.

    *timezone* is the IANA name to reckon with, None while unknown; *given_timezone* is what the app sent. Until
    *held_until* nothing but care texts is sent; *flagged_entries* are never written about.
    """

    id: str
    email: str | None = None
    first_name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    onboarding: Onboarding = field(default_factory=Onboarding)
    preferences: Preferences = field(default_factory=Preferences)
    push: Push = field(default_factory=Push)
    timezone: str | None = None
    given_timezone: str | None = None
    next_due_at: datetime | None = None
    last_sent_at: datetime | None = None
    failures: int = 0
    entry_count: int = 0
    age_band: str | None = None
    language: str | None = None
    region: str | None = None
    held_until: datetime | None = None
    flagged_entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One journal entry: *content* is the app's HTML, *text* its plain text."""

    id: str
    user_id: str
    content: str
    text: str
    written_at: datetime
    updated_at: datetime
    images: tuple[str, ...] = ()
    message_id: str | None = None

    @property
    def has_content(self) -> bool:
        """Say whether the user wrote anything here; entries made of our own messages do not count."""
        return self.message_id is None and bool(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an insight was read from."""

    quote: str
    extracted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """One finding of the app about a user: a headline, a description and the quotes it rests on."""

    headline: str
    description: str = ""
    sources: tuple[Source, ...] = ()
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """The guide's userInsights document."""

    user_id: str
    main_focus: Insight | None = None
    key_blockers: Insight | None = None
    plan: Insight | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


def occasion_id(user_id: str, due_at: datetime) -> str:
    """Give the id that every tick and every store derives for one user and one due time (32 hex digits)."""
    key = f"{user_id}\0{int(due_at.timestamp() * 1000)}"
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One user x one due time: the unit of work, of idempotency and of explanation.

    *window_ends_at* is when it expires (None: forced, never); *regular_due_at* is the next due time that its
    claim wrote, on which later changes are compare-and-set; *not_before* delays a retry.
    """

    id: str
    user_id: str
    due_at: datetime
    state: OccasionState
    created_at: datetime
    forced: bool = False
    timezone: str | None = None
    window: Window | None = None
    window_ends_at: datetime | None = None
    regular_due_at: datetime | None = None
    not_before: datetime | None = None
    tries: int = 0
    reason: Reason | None = None
    detail: str | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A claim of a draft on its sources: the entry and the exact words."""

    entry_id: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A candidate message as its writer gave it."""

    type: MessageType
    text: str
    push_text: str
    evidence: tuple[Evidence, ...] = ()
    ai_generated: bool = True


class CheckName(StrEnum):
    """The deterministic verdicts on a draft."""

    FORM = "form"
    LENGTH = "length"
    SAFETY = "safety"
    GROUNDING = "grounding"
    PARTICULARS = "particulars"
    FRESHNESS = "freshness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One verdict that needs no model; *fault* says what to mend and is empty when it passed."""

    name: CheckName
    fault: str = ""

    @property
    def passed(self) -> bool:
        """Say whether nothing is to be mended."""
        return not self.fault


class Dimension(StrEnum):
    """What a judge rates a candidate by, each from 1 to 10, 10 being best."""

    RELEVANCE = "relevance"
    ACKNOWLEDGEMENT = "acknowledgement"
    OPENNESS = "openness"
    TRUTH = "truth"
    FRESHNESS = "freshness"
    TONE = "tone"
    HARM = "harm"
    """10: it cannot hurt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The simulated outcome of one candidate: *predicted* ratings of 1-10 by dimension, advice, and named faults."""

    dimensions: Mapping[Dimension, int]
    recommendation: Recommendation
    faults: tuple[str, ...] = ()
    rationale: str = ""

    @property
    def score(self) -> float:
        """Give the predicted effectiveness, 1-10: halfway between the mean and the worst of the dimensions.

        A model that rates its own kind is too kind in sum and less so in parts; one bad part must show.
        """
        ratings = self.dimensions.values()
        return round((sum(ratings) / len(ratings) + min(ratings)) / 2, 2)


class ScreenedSign(StrEnum):
    """What the safety classifier may answer, and nothing else."""

    NONE = "none"
    DISTRESS = "distress"
    SELF_HARM = "self_harm"
    SUICIDE = "suicide"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    EATING_DISORDER = "eating_disorder"
    MEDICAL = "medical"
    PSYCHOSIS = "psychosis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What the safety classifier saw in the newest entries; *entry_ids* are those that it named."""

    signs: tuple[ScreenedSign, ...]
    entry_ids: tuple[str, ...] = ()


class FlagSource(StrEnum):
    """Who saw a sign of risk."""

    RULES = "rules"
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A sign of risk in a journal, without a word of it; *rule* names the local rule that found it.

    Nothing ordinary is sent until *held_until*. *language* is that of the rule, where one found it.
    """

    sign: ScreenedSign
    source: FlagSource
    at: datetime
    held_until: datetime
    entry_ids: tuple[str, ...] = ()
    rule: str | None = None
    language: str | None = None


class Purpose(StrEnum):
    """What a model was asked for."""

    SCREENING = "screening"
    DRAFT = "draft"
    REVISION = "revision"
    ASSESSMENT = "assessment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one answered model call was and cost. Costs in US dollars, latency in seconds."""

    purpose: Purpose
    model: str
    prompt_version: str
    at: datetime
    latency: float
    input_tokens: int = 0
    output_tokens: int = 0
    cost_reported: float | None = None
    cost_estimated: float | None = None

    @property
    def cost(self) -> float | None:
        """Give what it cost, as reported where that is known, else as estimated."""
        return self.cost_estimated if self.cost_reported is None else self.cost_reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A draft with its checks and its assessment; every one is saved, also those that failed.

    *number* counts from 1 within the occasion; *error* says why it broke off, if it did.
    """

    number: int
    created_at: datetime
    draft: Draft | None = None
    checks: tuple[Check, ...] = ()
    assessment: Assessment | None = None
    calls: tuple[Call, ...] = ()
    error: str | None = None


class DeliveryState(StrEnum):
    """Where one message x one channel x one address stands."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place a message can be pushed to, by the channel's name."""

    channel: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one address.

    *expires_at* is the end of the window it was written for: a push that could not leave by then stays away,
    the journal entry is there.
    """

    id: str
    message_id: str
    user_id: str
    address: Address
    title: str
    body: str
    data: Mapping[str, str]
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    ticket: str | None = None
    detail: str | None = None
    expires_at: datetime | None = None
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a user did with a message: *kind* is the app's word (opened, helpful, ...), rating 1-5."""

    message_id: str
    kind: str
    rating: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMessage:
    """A message that was sent, as far as the next one must know it."""

    id: str
    type: MessageType
    text: str
    sent_at: datetime
    feedback: tuple[Feedback, ...] = ()
