import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reflecta.adapters.documents import (
    parse_json,
    parse_line,
    read_entry,
    read_feedback,
    read_insights,
    read_user,
    write_entry,
    write_insights,
    write_user,
)
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import (
    Cadence,
    ChallengeDegree,
    Entry,
    Insight,
    Insights,
    Onboarding,
    Preferences,
    Push,
    Source,
    ToneDegree,
    User,
    Window,
)
from reflecta.domain.text import clean, cut, plain_text
from reflecta.domain.zones import canonical_name

properties = settings(deadline=None, max_examples=200)

WIRE_NAMES = (
    "type id uid userId messageId kind rating at email firstName createdAt updatedAt onboardingData coachingConfig "
    "mobilePushNotifications userTimezone nextCoachingMessageDue ageBand onboardingCompleted whatDoYouDoInLife "
    "clarityInLife enableCoachingMessages coachingMessageFrequency lastCoachingMessageSentAt enabled expoPushTokens "
    "content timestamp lastUpdated images linkedCoachingMessageId mainFocus plan headline sources quote extractedAt "
    "seconds _seconds _nanoseconds"
).split()
scalars = (
    st.sampled_from(
        [None, True, False, "user", "entry", "insight", "daily", "morning", "\ud800", "a\0b\u202e", "", "Z"]
    )
    | st.integers()
    | st.integers(min_value=1_600_000_000_000, max_value=1_900_000_000_000)
    | st.floats()
    | st.text(max_size=10)
    | st.datetimes().map(lambda at: at.isoformat())
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WIRE_NAMES), inner, max_size=4),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from(WIRE_NAMES), values, max_size=6).map(
    lambda found: {"id": "i", "uid": "u", "userId": "u", "timestamp": 1_700_000_000_000, **found}
)

ids = st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20)
lines = st.text(max_size=20).map(lambda text: " ".join(clean(text).split())).filter(bool)
prose = st.text(max_size=60).map(clean)
instants = st.integers(min_value=631_152_000_000, max_value=4_102_444_799_999).map(
    lambda ms: datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


few_lines = st.lists(lines, max_size=3, unique=True).map(tuple)
users = st.builds(
    User,
    id=ids,
    email=maybe(lines),
    first_name=maybe(lines),
    created_at=maybe(instants),
    updated_at=maybe(instants),
    onboarding=st.builds(
        Onboarding,
        completed=st.booleans(),
        completed_at=maybe(instants),
        occupations=few_lines,
        practices_tried=few_lines,
        clarity=maybe(st.floats(0, 100)),
        stress=maybe(st.floats(0, 100)),
    ),
    preferences=st.builds(
        Preferences,
        enabled=st.booleans(),
        cadence=st.sampled_from(Cadence),
        window=st.sampled_from(Window),
        challenge=st.sampled_from(ChallengeDegree),
        tone=st.sampled_from(ToneDegree),
    ),
    push=st.builds(Push, enabled=st.booleans(), tokens=few_lines, last_sent_at=maybe(instants)),
    timezone=st.none(),
    given_timezone=maybe(prose.filter(bool) | st.sampled_from(["Europe/Berlin", "europe/berlin ", "Mars/Olympus"])),
    next_due_at=maybe(instants),
    last_sent_at=maybe(instants),
    failures=st.just(0),
    entry_count=st.just(0),
    age_band=maybe(lines),
    language=maybe(lines),
    region=maybe(lines),
)
insight = st.builds(
    Insight,
    headline=prose,
    description=prose,
    sources=st.lists(st.builds(Source, quote=prose, extracted_at=maybe(instants)), max_size=3).map(tuple),
    updated_at=maybe(instants),
)
all_insights = st.builds(
    Insights,
    user_id=ids,
    main_focus=maybe(insight),
    key_blockers=maybe(insight),
    plan=maybe(insight),
    created_at=maybe(instants),
    updated_at=maybe(instants),
)


def through_json(document: object) -> object:
    return parse_json(json.dumps(document).encode())


@properties
@given(users)
def test_a_user_written_and_read_again_is_the_same(drawn: User) -> None:
    user = replace(drawn, timezone=canonical_name(drawn.given_timezone))
    assert read_user(through_json(write_user(user))) == user


@properties
@given(all_insights)
def test_insights_written_and_read_again_are_the_same(drawn: Insights) -> None:
    assert read_insights(through_json(write_insights(drawn))) == drawn


@properties
@given(content=prose, at=instants, images=st.lists(lines, max_size=3), message_id=st.none() | ids)
def test_an_entry_written_and_read_again_is_the_same(
    content: str, at: datetime, images: list[str], message_id: str | None
) -> None:
    entry = Entry(
        id="e",
        user_id="u",
        content=content,
        text=cut(plain_text(content), 65_536),
        written_at=at,
        updated_at=at,
        images=tuple(images),
        message_id=message_id,
    )
    assert read_entry(through_json(write_entry(entry))) == entry


@properties
@given(documents | values)
@example({"uid": "u", "onboardingData": {"clarityInLife": 10**400}})
@example({"id": "e", "uid": "u", "timestamp": -(10**400)})
@example({"id": "e", "uid": "u", "timestamp": "9999-12-31T23:59:59.999999-23:59"})
def test_whatever_json_comes_only_invalid_input_is_raised(document: object) -> None:
    for read in (read_user, read_entry, read_insights, read_feedback):
        assert_only_invalid_input(partial(read, document))


@properties
@given(st.binary() | documents.map(lambda found: json.dumps({"type": "user", **found}).encode()))
def test_whatever_bytes_a_line_has_only_invalid_input_is_raised(line: bytes) -> None:
    assert_only_invalid_input(lambda: parse_line(line).read())


def assert_only_invalid_input(act: Callable[[], object]) -> None:
    """Any other exception ends the test; a refusal must say of what and why."""
    refusal = _refusal(act)
    assert refusal is None or (refusal.field and refusal.reason)


def _refusal(act: Callable[[], object]) -> InvalidInput | None:
    try:
        act()
    except InvalidInput as error:
        return error
    return None
