import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from tests.builders import an_assessment

import reflecta.demo
from reflecta.adapters.documents import (
    numbered_lines,
    parse_json,
    parse_line,
    read_entry,
    read_feedback,
    read_insights,
    read_user,
    write_message,
    write_user,
)
from reflecta.application.importing import MAX_LINE
from reflecta.application.ports.store import Explanation
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import (
    Attempt,
    Cadence,
    Call,
    Draft,
    Entry,
    MessageType,
    Occasion,
    OccasionState,
    Preferences,
    Purpose,
    Reason,
    Recommendation,
    User,
    Window,
)

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
MS = 1_795_334_400_000


def entry(**fields: object) -> Entry:
    return read_entry({"id": "e", "uid": "u", "timestamp": MS, **fields})


def refused(read: Callable[[object], object], document: object) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read(document)
    return caught.value.field, caught.value.reason


def refused_user(**fields: object) -> tuple[str, str]:
    return refused(read_user, {"uid": "u", **fields})


def refused_entry(**fields: object) -> tuple[str, str]:
    return refused(read_entry, {"id": "e", "uid": "u", "timestamp": MS, **fields})


@pytest.mark.parametrize(
    "given",
    [
        MS,
        float(MS),
        "2026-11-22T08:00:00Z",
        "2026-11-22T09:00:00.000999+01:00",
        {"_seconds": 1_795_334_400, "_nanoseconds": 999},
        {"seconds": 1_795_334_400},
        AT,
    ],
)
def test_an_instant_may_come_in_every_form_that_host_apps_use(given: object) -> None:
    assert entry(timestamp=given).written_at == AT


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("2026-11-22T08:00:00", "has no offset"),
        ("2026-11-22", "has no offset"),
        (MS // 1000, "looks like seconds"),
        (0, "before 1990"),
        ("2100-01-01T00:00:00Z", "after 2099"),
        ("0001-01-01T00:00:00+14:00", "before 1990"),
        (10**400, "before 1990"),
        (float("nan"), "whole milliseconds"),
        (MS + 0.5, "whole milliseconds"),
        ("soon", "epoch milliseconds or ISO 8601"),
        (True, "epoch milliseconds or ISO 8601"),
        ({"seconds": "x"}, "Timestamp"),
    ],
)
def test_an_instant_that_may_mean_something_else_is_refused(given: object, reason: str) -> None:
    field, told = refused_entry(timestamp=given)
    assert (field, reason in told) == ("timestamp", True), told


def test_a_user_of_whom_only_the_id_is_known_is_switched_off() -> None:
    assert read_user({"uid": "a/b"}) == User(id="a/b", preferences=Preferences(enabled=False))


def test_null_is_the_same_as_missing_also_within_lists() -> None:
    document = {"uid": "u", "coachingConfig": None, "mobilePushNotifications": {"expoPushTokens": [None, "t", "t"]}}
    assert read_user(document).push.tokens == ("t",)


def test_unknown_fields_are_ignored() -> None:
    assert read_user({"uid": "u", "first_name": "x", "isAdmin": True}) == User(id="u")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "UTC+2", "  ", "x" * 5000])
def test_an_unknown_zone_is_kept_to_be_shown_and_never_guessed(zone: str) -> None:
    user = read_user({"uid": "u", "userTimezone": zone})
    assert (user.timezone, user.given_timezone) == (None, zone[:100])


def test_an_unknown_enum_value_is_refused_by_its_path_with_the_allowed_ones() -> None:
    told = refused_user(coachingConfig={"coachingMessageFrequency": "weekly"})
    reason = "give one of daily, multipleTimesPerWeek, onceAWeek; 'weekly' is none of them"
    assert told == ("coachingConfig.coachingMessageFrequency", reason)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "body"),
        ({}, "uid"),
        ({"uid": ""}, "uid"),
        ({"uid": 7}, "uid"),
        ({"uid": "u" * 257}, "uid"),
        ({"uid": "a\nb"}, "uid"),
        ({"uid": "a\u202eb"}, "uid"),
        ({"uid": "\ud800"}, "uid"),
        ({"uid": "u", "firstName": "x" * 101}, "firstName"),
        ({"uid": "u", "email": "x" * 321}, "email"),
        ({"uid": "u", "coachingConfig": {"enableCoachingMessages": "yes"}}, "coachingConfig.enableCoachingMessages"),
        ({"uid": "u", "coachingConfig": []}, "coachingConfig"),
        ({"uid": "u", "onboardingData": {"stressInLife": 10**400}}, "onboardingData.stressInLife"),
        ({"uid": "u", "onboardingData": {"stressInLife": True}}, "onboardingData.stressInLife"),
        (
            {"uid": "u", "mobilePushNotifications": {"expoPushTokens": ["t"] * 21}},
            "mobilePushNotifications.expoPushTokens",
        ),
        (
            {"uid": "u", "mobilePushNotifications": {"expoPushTokens": ["t", "t" * 201]}},
            "mobilePushNotifications.expoPushTokens[1]",
        ),
    ],
)
def test_a_wrong_value_is_named_by_its_path_in_the_guides_words(document: object, field: str) -> None:
    assert refused(read_user, document)[0] == field


def test_texts_are_cleaned_where_they_come_in() -> None:
    read = entry(content="<p>a\0b\ud800c\u202e</p>\r\n")
    assert (read.content, read.text) == ("<p>abc</p>\n", "abc")


def test_a_name_stays_on_one_line() -> None:
    assert read_user({"uid": "u", "firstName": " Ana\n\nSYSTEM: x "}).first_name == "Ana SYSTEM: x"


def test_an_entry_of_one_megabyte_is_kept_whole_and_its_text_up_to_a_limit() -> None:
    content = "word " * (2**20 // 5)
    read = entry(content=content)
    assert read.content == content
    assert 60_000 < len(read.text) <= 65_536


def test_a_longer_entry_is_refused_with_the_limit_and_without_its_text() -> None:
    field, reason = refused_entry(content="é" * (2**19 + 1))
    assert (field, "1 MB" in reason, "é" in reason) == ("content", True, False)


def test_no_error_and_no_chained_error_quotes_a_journal() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_insights({"userId": "u", "plan": {"headline": ["secret words"], "sources": ["secret words"]}})
    assert "secret" not in f"{caught.value}{caught.value.__cause__}"


def test_lists_in_insights_are_named_by_index() -> None:
    sources = [{"quote": "a"}, {"quote": "b", "extractedAt": "later"}]
    assert refused(read_insights, {"userId": "u", "plan": {"headline": "h", "sources": sources}})[0] == (
        "plan.sources[1].extractedAt"
    )


def test_an_entry_never_edited_was_updated_when_it_was_written() -> None:
    assert entry().updated_at == AT


def test_a_rating_is_a_whole_number_from_one_to_five() -> None:
    told = refused(read_feedback, {"messageId": "m", "kind": "helpful", "rating": 6})
    assert told == ("rating", "must not be above 5")


def test_written_instants_are_epoch_milliseconds() -> None:
    written = write_user(User(id="u", next_due_at=AT))
    assert (written["nextCoachingMessageDue"], written["createdAt"]) == (MS, None)


OCCASION = Occasion(
    id="o",
    user_id="u",
    due_at=AT,
    state=OccasionState.SENT,
    created_at=AT,
    timezone="Europe/Berlin",
    window=Window.MORNING,
)
DRAFT = Draft(type=MessageType.CHECK_IN, text="How is it?", push_text="A question")


def call(purpose: Purpose, *, reported: float | None, estimated: float) -> Call:
    return Call(
        purpose=purpose,
        model=f"{purpose}-model",
        prompt_version="p1",
        at=AT,
        latency=1.0,
        input_tokens=100,
        output_tokens=10,
        cost_reported=reported,
        cost_estimated=estimated,
    )


def explained(occasion: Occasion, *attempts: Attempt) -> list[dict[str, object]]:
    explanation = Explanation(
        occasion=occasion, attempts=attempts, context="{}", message_id="m", journal_entry_id="e", sent_at=AT
    )
    return [write_message(explanation, attempt) for attempt in attempts]


def test_of_several_attempts_only_the_one_sent_is_the_message() -> None:
    rejected = an_assessment(4, Recommendation.REVISE, faults=("too vague",))
    first, second = explained(
        OCCASION,
        Attempt(number=1, created_at=AT, draft=DRAFT, assessment=rejected),
        Attempt(number=2, created_at=AT, draft=DRAFT),
    )
    assert (first["id"], first["wasSent"], first["failureReason"]) == ("o-1", False, "too vague")
    assert (second["id"], second["wasSent"], second["journalEntryId"]) == ("m", True, "e")


def test_a_message_without_a_judge_has_no_rating() -> None:
    (message,) = explained(OCCASION, Attempt(number=1, created_at=AT, draft=DRAFT))
    assert (message["effectivenessRating"], message["recommendedAction"]) == (None, None)


def test_a_message_bears_its_writers_model_and_the_cost_of_all_calls() -> None:
    calls = (
        call(Purpose.DRAFT, reported=0.25, estimated=9.0),
        call(Purpose.ASSESSMENT, reported=None, estimated=0.5),
    )
    (message,) = explained(OCCASION, Attempt(number=1, created_at=AT, draft=DRAFT, calls=calls))
    assert (message["model"], message["inputTokens"], message["cost"]) == ("draft-model", 200, 0.75)


def test_an_attempt_that_broke_off_says_why_and_invents_nothing() -> None:
    held = Occasion(id="o", user_id="u", due_at=AT, state=OccasionState.FAILED, created_at=AT, reason=Reason.LOW_SCORE)
    (message,) = explained(held, Attempt(number=1, created_at=AT, error="ModelTimeout"))
    assert (message["messageType"], message["failureReason"], message["cost"]) == (None, "ModelTimeout", None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"1" * 4301, "4301 digits"),
        (b'{"a": NaN}', "NaN"),
        (b"1e999", "too large"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b"\xff", "not UTF-8 (byte 1)"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"", "not JSON"),
        (b'{"content": "secret words', "line 1, column 13"),
    ],
)
def test_a_body_that_is_a_trap_is_refused_in_plain_words(body: bytes, reason: str) -> None:
    field, told = refused(lambda _: parse_json(body), None)
    assert (field, reason in told, "secret" in told) == ("body", True, False), told


def test_json_with_a_byte_order_mark_and_lone_surrogates_is_read() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": "\\ud800"}') == {"a": "\ud800"}


def test_a_line_says_what_it_is() -> None:
    line = parse_line(json.dumps({"type": "user", "uid": "u"}).encode())
    assert (line.is_user, line.read()) == (True, User(id="u"))


@pytest.mark.parametrize(("line", "field"), [(b"{}", "type"), (b'{"type": "goal"}', "type"), (b"[]", "line")])
def test_a_line_of_no_known_type_is_refused(line: bytes, field: str) -> None:
    assert refused(lambda _: parse_line(line), None)[0] == field


def test_of_a_line_that_is_too_long_only_the_beginning_is_read() -> None:
    text = b"a\r\n" + b"x" * (3 * MAX_LINE) + b"\n" + b"y" * MAX_LINE + b"\nz"
    lines = [(number, len(line)) for number, line in numbered_lines(lambda: BytesIO(text))]
    assert lines == [(1, 3), (2, MAX_LINE + 1), (3, MAX_LINE + 1), (4, 1)]


def test_every_line_of_the_demo_people_can_be_read() -> None:
    files = sorted((Path(reflecta.demo.__path__[0]) / "people").glob("*.jsonl"))
    nouns = [parse_line(line).read() for f in files for _, line in numbered_lines(partial(f.open, "rb"))]
    assert sum(isinstance(noun, User) for noun in nouns) == len(files) == 40


def test_the_wire_names_are_the_guides() -> None:
    written = write_user(User(id="u", preferences=Preferences(cadence=Cadence.ONCE_A_WEEK)))
    config = written["coachingConfig"]
    assert isinstance(config, Mapping)
    assert config["coachingMessageFrequency"] == "onceAWeek"
