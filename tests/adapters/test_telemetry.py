import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from reflecta.adapters.guide_log import EVENTS
from reflecta.adapters.telemetry import FIELDS, LogFormat, LogTelemetry, Value
from reflecta.application.ports import Telemetry

FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
NOON = datetime(2023, 12, 14, 12, 0, 0, 250_000, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "logs.md"

# 'Log Patterns to Watch', with its placeholders filled in.
PATTERNS_TO_WATCH = """\
🕐 [COACHING-SCHEDULER] Found 5 users due for coaching messages
🔧 [COACHING-SCHEDULER] Found 2 users needing schedule bootstrap
🎯 [COACHING-SCHEDULER] Creating job for user ABC
🎯 [COACHING-PROCESSOR] Processing user ABC
📝 [COACHING-PROCESSOR] Building context for user ABC
🤖 [COACHING-PROCESSOR] Generating message for user ABC
🧠 [COACHING-PROCESSOR] Optimizing message for user ABC
💬 [COACHING-PROCESSOR] Injecting message for user ABC
🎉 [COACHING-PROCESSOR] Completed processing for user ABC
📅 [COACHING-PROCESSOR] Next message due: Thu Dec 14 2023 14:00:00"""
# 'Log Analysis': its two success patterns.
SCHEDULER_SUCCESS = """\
🕐 [COACHING-SCHEDULER] Starting coaching message scheduler
📊 [FIRESTORE] Found 5 users due for coaching messages
🔧 [FIRESTORE] Found 2 users needing coaching schedule bootstrap
🎯 [COACHING-SCHEDULER] Creating job for user ABC
✅ [COACHING-SCHEDULER] Created job for user ABC
🕐 [COACHING-SCHEDULER] Scheduler complete: {"usersDue": 5, "usersBootstrapped": 2, "jobsCreated": 1, \
"errors": 0, "usersRescheduled": 4}"""
PROCESSOR_SUCCESS = """\
🎯 [COACHING-PROCESSOR] Processing user ABC
📝 [COACHING-PROCESSOR] Building context for user ABC
🤖 [COACHING-PROCESSOR] Generating message for user ABC
🧠 [COACHING-PROCESSOR] Optimizing message for user ABC
💬 [COACHING-PROCESSOR] Injecting message for user ABC
🎉 [COACHING-PROCESSOR] Completed processing for user ABC
📅 [COACHING-PROCESSOR] Next message due: Thu Dec 14 2023 14:00:00"""

COUNTS = {"users_due": 5, "users_bootstrapped": 2, "jobs_created": 1, "users_rescheduled": 4, "errors": 0}
OCCASION = {"occasion_id": "0f", "user_id": "ABC"}
RUN: tuple[tuple[str, Mapping[str, Value]], ...] = (
    ("tick.started", {}),
    ("tick.found_due", {"count": 5}),
    ("tick.found_unscheduled", {"count": 2}),
    ("occasion.queued", OCCASION),
    ("tick.finished", {**COUNTS, "seconds": 0.4}),
    ("occasion.started", OCCASION),
    ("context.started", OCCASION),
    ("draft.requested", {**OCCASION, "attempt": 1, "model": "m"}),
    ("assessment.requested", {**OCCASION, "attempt": 1, "model": "m"}),
    ("attempt.passed", {**OCCASION, "attempt": 1}),
    ("occasion.sent", {**OCCASION, "message_id": "m1", "seconds": 5.2}),
    ("schedule.set", {"user_id": "ABC", "due_at": "2023-12-14T14:00:00+00:00"}),
)


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOON


class Terminal(io.StringIO):
    """A stream that can show colours."""

    def isatty(self) -> bool:
        return True


class BrokenPipe(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, s: str, /) -> int:
        raise BrokenPipeError(s)


@dataclass(frozen=True)
class Log:
    """What one telemetry wrote."""

    format: LogFormat = "json"
    stream: io.StringIO = field(default_factory=io.StringIO)

    def tell(self, name: str, values: Mapping[str, Value]) -> str:
        """Record one event and give what the stream holds."""
        telemetry: Telemetry = LogTelemetry(format=self.format, stream=self.stream, level="debug", clock=Noon())
        telemetry.event(name, **values)
        return self.stream.getvalue()

    def told(self, name: str, values: Mapping[str, Value]) -> dict[str, Value]:
        """Record one event as JSON and read it back."""
        return json.loads(self.tell(name, values))


def run_in_guide_words() -> list[str]:
    log = Log("guide")
    for name, values in RUN:
        log.tell(name, values)
    return log.stream.getvalue().splitlines()


@pytest.mark.parametrize("listing", [PATTERNS_TO_WATCH, SCHEDULER_SUCCESS, PROCESSOR_SUCCESS])
def test_a_run_prints_every_line_of_the_guide_in_its_order(listing: str) -> None:
    printed = iter(run_in_guide_words())

    assert [line for line in listing.splitlines() if line not in printed] == []


def test_a_run_prints_nothing_but_lines_of_the_guide() -> None:
    ours = {*PATTERNS_TO_WATCH.splitlines(), *SCHEDULER_SUCCESS.splitlines(), *PROCESSOR_SUCCESS.splitlines()}

    assert set(run_in_guide_words()) == ours


def test_every_line_of_the_guide_belongs_to_exactly_one_event() -> None:
    lines = [line for event in EVENTS.values() for line in event.guide]

    assert len(lines) == len(set(lines)) == 15


def test_the_documentation_shows_the_table_of_events() -> None:
    rows = [
        f"| `{name}` | {event.when} | {event.level}"
        f" | {', '.join(f'`{each}`' for each in event.fields) or '–'}"
        f" | {'<br>'.join(f'`{line}`' for line in event.guide) or '–'} |"
        for name, event in EVENTS.items()
    ]

    table = DOCS.read_text("utf-8").split("## Events")[1]
    assert [line for line in table.splitlines() if line.startswith("| `")] == rows


@pytest.mark.parametrize("format_", FORMATS)
def test_the_documentation_shows_each_format_as_it_is(format_: LogFormat) -> None:
    line = Log(format_).tell("schedule.set", {"user_id": "ABC", "due_at": "2023-12-14T14:00:00+00:00"})

    assert line in DOCS.read_text("utf-8")


def test_every_field_of_the_table_may_be_logged_and_no_other() -> None:
    assert {name for event in EVENTS.values() for name in event.fields} == set(FIELDS)


@pytest.mark.parametrize("name", EVENTS)
def test_event_names_are_dotted_words(name: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("event", ["occasion.started", "tick.swept", "never.heard_of"])
def test_values_of_unknown_fields_never_appear(format_: LogFormat, event: str) -> None:
    canaries: dict[str, Value] = {
        "secret": "CANARY-cron-secret",
        "token": "ExponentPushToken[CANARY]",
        "text": "CANARY I cried all night",
        "event": "CANARY",
        "level": "CANARY",
        "CANARY, dear diary, today": 1,
    }

    line = Log(format_).tell(event, {"user_id": "ABC", **canaries})

    assert "CANARY" not in line
    assert "secret,token,text,event,level,?" in line


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reason", "CANARY I cried all night"),
        ("error", "CANARY\nline"),
        ("detail", '"ExponentPushToken[CANARY]" is not registered'),
        ("detail", "ExponentPushToken[CANARY]"),
        ("store", "postgresql://reflecta:CANARY@db/reflecta"),
        ("due_at", "CANARY"),
        ("count", "CANARY"),
        ("seconds", "CANARY"),
        ("user_id", True),
        ("count", True),
        ("count", 1.5),
        ("cost", float("nan")),
        ("score", float("inf")),
        pytest.param("tokens", 10**5000, id="an int too long to print"),
        ("due_at", "2023-12-14T14:00:00"),
    ],
)
def test_a_value_of_the_wrong_kind_is_dropped(format_: LogFormat, name: str, value: Value) -> None:
    line = Log(format_).tell("never.heard_of", {name: value})

    assert line.rstrip().endswith((f"dropped={name}", f'"dropped": "{name}"}}'))
    assert "CANARY" not in line


@pytest.mark.parametrize("format_", FORMATS)
def test_an_event_that_is_no_name_is_not_repeated(format_: LogFormat) -> None:
    line = Log(format_).tell("CANARY wrote: I cried", {"count": 1})

    assert "CANARY" not in line
    assert "event.misnamed" in line


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("forged", ["\n", "\r", "\x1b[2J", "\u2028", "\x85", "\0", "\u202e"])
def test_an_id_cannot_forge_a_line(format_: LogFormat, forged: str) -> None:
    line = Log(format_).tell("user.erased", {"user_id": f"a{forged}tick.started"})

    assert line.count("\n") == len(line.splitlines()) == 1
    assert line.rstrip("\n").isprintable() or "\ufe0f" in line


def test_an_id_cannot_forge_a_field_of_a_plain_line() -> None:
    line = Log("guide").tell("user.erased", {"user_id": 'a" errors=9'})

    assert line == 'ℹ️ [REFLECTA] user.erased user_id="a\\" errors=9"\n'


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\0" * 1_000_000])
def test_long_ids_are_cut_at_200_characters(text: str) -> None:
    cut = Log().told("user.erased", {"user_id": text})["user_id"]

    assert isinstance(cut, str)
    assert len(cut) == 200
    assert cut.endswith("…")


def test_a_json_line_has_time_level_name_then_fields() -> None:
    line = Log().tell("model.call_failed", {"model": "anthropic/claude-3.5", "tries": 2, "purpose": None})

    assert line == (
        '{"at": "2023-12-14T12:00:00.250Z", "level": "warning", "event": "model.call_failed",'
        ' "model": "anthropic/claude-3.5", "tries": 2}\n'
    )


def test_quotes_and_backslashes_of_an_id_come_back_from_json() -> None:
    assert Log().told("user.erased", {"user_id": 'a"b\\c', "never": 1}) == {
        "at": "2023-12-14T12:00:00.250Z",
        "level": "info",
        "event": "user.erased",
        "user_id": 'a"b\\c',
        "dropped": "never",
    }


def test_numbers_stay_numbers() -> None:
    told = Log().told("assessment.received", {"cost": 0.0021, "input_tokens": 812, "score": 7})

    assert (told["cost"], told["input_tokens"], told["score"]) == (0.0021, 812, 7)


def test_the_guide_prints_due_times_in_utc_with_two_digit_days() -> None:
    line = Log("guide").tell("schedule.set", {"user_id": "ABC", "due_at": "2026-12-01T08:00:00-07:00"})

    assert line == "📅 [COACHING-PROCESSOR] Next message due: Tue Dec 01 2026 15:00:00\n"


@pytest.mark.parametrize("name", [name for name, event in EVENTS.items() if "{" in "".join(event.guide)])
def test_an_event_without_its_fields_still_gets_a_plain_line(name: str) -> None:
    assert Log("guide").tell(name, {}) == f"ℹ️ [REFLECTA] {name}\n"


def test_braces_in_an_id_are_no_template() -> None:
    line = Log("guide").tell("occasion.started", {"user_id": "{due_at}{0}"})

    assert line == "🎯 [COACHING-PROCESSOR] Processing user {due_at}{0}\n"


@pytest.mark.parametrize("format_", FORMATS)
def test_a_broken_stream_is_survived(format_: LogFormat) -> None:
    closed = io.StringIO()
    telemetry = LogTelemetry(format=format_, stream=closed, clock=Noon())
    closed.close()

    telemetry.event("tick.started")
    assert not Log(format_, BrokenPipe()).tell("tick.started", {})


def test_a_stream_that_works_again_gets_the_next_line() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    telemetry = LogTelemetry(format="guide", stream=stream, clock=Noon())
    telemetry.event("user.erased", user_id="lone \ud800 surrogate")
    telemetry.event("tick.started")

    stream.seek(0)
    assert len(stream.readlines()) == 2


def test_a_stream_without_emoji_gets_them_escaped() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    LogTelemetry(format="guide", stream=stream, clock=Noon()).event("tick.started")

    stream.seek(0)
    assert stream.read() == "\\U0001f550 [COACHING-SCHEDULER] Starting coaching message scheduler\n"


@pytest.mark.parametrize(
    ("stream", "no_color", "coloured"),
    [(Terminal(), False, True), (Terminal(), True, False), (io.StringIO(), False, False)],
)
def test_colours_need_a_terminal_that_wants_them(stream: io.StringIO, *, no_color: bool, coloured: bool) -> None:
    LogTelemetry(stream=stream, clock=Noon(), no_color=no_color).event("tick.started")

    assert ("\x1b[" in stream.getvalue()) is coloured


def test_events_below_the_level_are_silent() -> None:
    stream = io.StringIO()
    telemetry = LogTelemetry(format="json", stream=stream, level="warning", clock=Noon())
    telemetry.event("occasion.sent")
    telemetry.event("lease.lost", occasion_id="0f")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["lease.lost"]


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    LogTelemetry(format="guide", clock=Noon()).event("tick.started")

    captured = capsys.readouterr()
    assert (captured.out, "Starting" in captured.err) == ("", True)
