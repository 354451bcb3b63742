"""The guide's `users` document."""

from typing import Annotated, Final

from pydantic import Field

from reflecta.adapters.documents.fields import (
    WITHOUT_GAPS,
    AnyText,
    Degree,
    Document,
    Email,
    Flag,
    Id,
    Line,
    Name,
    Word,
    one_of,
    read_document,
)
from reflecta.adapters.documents.instants import Instant, milliseconds
from reflecta.domain.model import (
    Cadence,
    ChallengeDegree,
    Onboarding,
    Preferences,
    Push,
    ToneDegree,
    User,
    Window,
)
from reflecta.domain.zones import canonical_name

# What an app sends in place of a zone is kept to be shown, not to be reckoned with.
_MAX_GIVEN_ZONE: Final = 100

Lines = Annotated[tuple[Line, ...], WITHOUT_GAPS, Field(max_length=50)]
Tokens = Annotated[tuple[Line, ...], WITHOUT_GAPS, Field(max_length=20)]


class OnboardingData(Document):
    """What a user said of themselves at sign-up."""

    onboarding_completed: Flag = False
    onboarding_completed_at: Instant | None = None
    what_do_you_do_in_life: Lines = ()
    self_reflection_practices_tried: Lines = ()
    clarity_in_life: Degree | None = None
    stress_in_life: Degree | None = None


class CoachingConfig(Document):
    """What a user asked for. Without `enableCoachingMessages` it is off: silence is no consent."""

    enable_coaching_messages: Flag = False
    coaching_message_frequency: Annotated[Cadence, one_of(Cadence)] = Cadence.DAILY
    coaching_message_time_preference: Annotated[Window, one_of(Window)] = Window.MORNING
    challenge_degree: Annotated[ChallengeDegree, one_of(ChallengeDegree)] = ChallengeDegree.MODERATE
    harsh_tone_degree: Annotated[ToneDegree, one_of(ToneDegree)] = ToneDegree.SUPPORTIVE
    last_coaching_message_sent_at: Instant | None = None


class MobilePushNotifications(Document):
    """Where a user's devices are."""

    enabled: Flag = False
    expo_push_tokens: Tokens = ()
    last_notification_sent_at: Instant | None = None


class UserDocument(Document):
    """One user. An unknown zone is no error: the user waits, shown as one who needs a time zone."""

    uid: Id
    email: Email | None = None
    first_name: Name | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    onboarding_data: OnboardingData = Field(default_factory=OnboardingData)
    coaching_config: CoachingConfig = Field(default_factory=CoachingConfig)
    mobile_push_notifications: MobilePushNotifications = Field(default_factory=MobilePushNotifications)
    user_timezone: AnyText | None = None
    next_coaching_message_due: Instant | None = None
    age_band: Word | None = None
    language: Word | None = None
    region: Word | None = None


def read_user(document: object) -> User:
    """Read a parsed `users` document; `InvalidInput` names the first field that is wrong."""
    given = read_document(UserDocument, document)
    zone = (given.user_timezone or "")[:_MAX_GIVEN_ZONE] or None
    return User(
        id=given.uid,
        email=given.email or None,
        first_name=given.first_name or None,
        created_at=given.created_at,
        updated_at=given.updated_at,
        onboarding=_onboarding(given.onboarding_data),
        preferences=_preferences(given.coaching_config),
        push=_push(given.mobile_push_notifications),
        timezone=canonical_name(zone),
        given_timezone=zone,
        next_due_at=given.next_coaching_message_due,
        last_sent_at=given.coaching_config.last_coaching_message_sent_at,
        age_band=given.age_band or None,
        language=given.language or None,
        region=given.region or None,
    )


def _onboarding(given: OnboardingData) -> Onboarding:
    return Onboarding(
        completed=given.onboarding_completed,
        completed_at=given.onboarding_completed_at,
        occupations=_filled(given.what_do_you_do_in_life),
        practices_tried=_filled(given.self_reflection_practices_tried),
        clarity=given.clarity_in_life,
        stress=given.stress_in_life,
    )


def _preferences(given: CoachingConfig) -> Preferences:
    return Preferences(
        enabled=given.enable_coaching_messages,
        cadence=given.coaching_message_frequency,
        window=given.coaching_message_time_preference,
        challenge=given.challenge_degree,
        tone=given.harsh_tone_degree,
    )


def _push(given: MobilePushNotifications) -> Push:
    return Push(
        enabled=given.enabled,
        tokens=_filled(given.expo_push_tokens),
        last_sent_at=given.last_notification_sent_at,
    )


def _filled(items: tuple[str, ...]) -> tuple[str, ...]:
    """Drop blanks and repetitions: a token given twice is one device."""
    return tuple(dict.fromkeys(item for item in items if item))


def write_user(user: User) -> dict[str, object]:
    """Give the `users` document of a user; instants in epoch milliseconds, null where there is nothing."""
    return {
        "uid": user.id,
        "email": user.email,
        "firstName": user.first_name,
        "createdAt": milliseconds(user.created_at),
        "updatedAt": milliseconds(user.updated_at),
        "onboardingData": _onboarding_data(user.onboarding),
        "coachingConfig": {
            "enableCoachingMessages": user.preferences.enabled,
            "coachingMessageFrequency": user.preferences.cadence.value,
            "coachingMessageTimePreference": user.preferences.window.value,
            "challengeDegree": user.preferences.challenge.value,
            "harshToneDegree": user.preferences.tone.value,
            "lastCoachingMessageSentAt": milliseconds(user.last_sent_at),
        },
        "mobilePushNotifications": {
            "enabled": user.push.enabled,
            "expoPushTokens": list(user.push.tokens),
            "lastNotificationSentAt": milliseconds(user.push.last_sent_at),
        },
        "userTimezone": user.given_timezone if user.given_timezone is not None else user.timezone,
        "nextCoachingMessageDue": milliseconds(user.next_due_at),
        "ageBand": user.age_band,
        "language": user.language,
        "region": user.region,
    }


def _onboarding_data(onboarding: Onboarding) -> dict[str, object]:
    return {
        "onboardingCompleted": onboarding.completed,
        "onboardingCompletedAt": milliseconds(onboarding.completed_at),
        "whatDoYouDoInLife": list(onboarding.occupations),
        "selfReflectionPracticesTried": list(onboarding.practices_tried),
        "clarityInLife": onboarding.clarity,
        "stressInLife": onboarding.stress,
    }
