"""Structured logs of what happened, in three formats.

Fields pass by name and kind; everything else is dropped and only its name is told. So a slip in the code that
calls it cannot put a user's text, a prompt, a token or a secret into the logs.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Final, Literal, TextIO

import structlog

from reflecta.adapters.guide_log import EVENTS, Level, guide_lines
from reflecta.application.ports import Clock

LogFormat = Literal["console", "json", "guide"]
Value = str | float | bool | None

LONGEST: Final = 200
_LONGEST_NAME: Final = 30
# 64 bits: what every reader of the logs can hold, and far below where Python refuses to print an int.
_LARGEST: Final = 2**63 - 1
_LEVELS: Final[Mapping[Level, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_EVENT_NAME: Final = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+")
# One word, so no sentence; no '://', so no database URL with its password; no '[', so no push token.
_WORD: Final = re.compile(r"(?!.*://)[\w.:/{}@+-]+", re.ASCII)


class LogTelemetry:
    """Writes one line per event to a stream (two where the guide has two). Implements `Telemetry`.

    *no_color* is whether the NO_COLOR convention asks for none; colours appear only on a terminal anyway.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        format: LogFormat = "console",  # noqa: A002  the word of the setting
        stream: TextIO | None = None,
        level: Level = "info",
        no_color: bool = False,
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._encoding = self._stream.encoding or "utf-8"
        self._clock = clock
        self._least = _LEVELS[level]
        self._render = _renderer(format, self._stream, no_color=no_color)
        # Held again by a signal's handler that interrupts a line: the stream then refuses, which is a lost line.
        self._lock = threading.RLock()

    def event(self, name: str, **values: Value) -> None:
        """Record that *name* happened; see the port."""
        known = EVENTS.get(name)
        level: Level = known.level if known else "info"
        if _LEVELS[level] < self._least:
            return
        if known is None and not _EVENT_NAME.fullmatch(name):
            name = "event.misnamed"
        try:
            at = self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
            line = self._render(f"{at}Z", level, name, _admitted(values)) + "\n"
            if not line.isascii():
                # Escape what the stream's encoding lacks (emoji on an ASCII terminal) instead of losing the line.
                line = line.encode(self._encoding, "backslashreplace").decode(self._encoding)
            with self._lock:
                self._stream.write(line)
                self._stream.flush()
        except (OSError, ValueError, RuntimeError):
            # The stream is full, gone, closed, or busy with the line that a signal interrupted. A lost line
            # must not cost a message.
            return


Fields = dict[str, str | int | float]
# An event's text: of when, level, name and fields.
_Render = Callable[[str, Level, str, Fields], str]


def _renderer(format_: LogFormat, stream: TextIO, *, no_color: bool) -> _Render:
    """Choose how an event becomes text."""
    if format_ == "guide":
        return lambda _at, _level, name, fields: guide_lines(name, fields)
    if format_ == "json":
        return _json_line
    console = structlog.dev.ConsoleRenderer(
        colors=stream.isatty() and not no_color,
        timestamp_key="at",
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return lambda at, level, name, fields: console(None, level, {"at": at, "level": level, "event": name, **fields})


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode


def _json_line(at: str, level: Level, name: str, fields: Fields) -> str:
    """Write the object key by key: an encoder is made anew for each whole object, which takes longer than the rest."""
    told = [f'{{"at": "{at}", "level": "{level}", "event": "{name}"']
    for key, value in fields.items():
        told.append(f'"{key}": {encode_basestring(value) if isinstance(value, str) else _ENCODE(value)}')
    return ", ".join(told) + "}"


def _id(value: Value) -> str | None:
    return _printable(value) if isinstance(value, str) else None


def _word(value: Value) -> str | None:
    return _printable(value) if isinstance(value, str) and _WORD.fullmatch(value) else None


def _instant(value: Value) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return value if at.tzinfo else None


def _count(value: Value) -> int | None:
    return value if isinstance(value, int) and _is_number(value) else None


def _number(value: Value) -> float | None:
    return value if isinstance(value, int | float) and _is_number(value) else None


def _is_number(value: float) -> bool:
    """Say whether a value is a number that JSON can carry: no bool, no NaN, no infinity, not too long."""
    return not isinstance(value, bool) and abs(value) <= _LARGEST


_Kind = Callable[[Value], str | float | None]
# The allow-list: a kind gives the value as it is logged, or None when it is not what the name promises.
_KINDS: Final[Mapping[_Kind, str]] = {
    _id: "user_id occasion_id message_id delivery_id",
    _word: "reason detail model purpose error channel message_type version env engine store host route sign"
    " source rule",
    _instant: "due_at",
    _count: "count left unanswered waiting expired users_due users_bootstrapped jobs_created users_rescheduled errors"
    " attempt attempts tries entries tokens input_tokens output_tokens users insights bad port status",
    _number: "seconds cost score",
}
FIELDS: Final[Mapping[str, _Kind]] = {name: kind for kind, names in _KINDS.items() for name in names.split()}


def _admitted(values: Mapping[str, Value]) -> Fields:
    """Give the fields that may be logged, and under `dropped` the names of those that may not.

    A known field that is None is left out.
    """
    admitted: Fields = {}
    dropped: list[str] = []
    for name, value in values.items():
        kind = FIELDS.get(name)
        if kind and value is None:
            continue
        field = kind(value) if kind else None
        if field is None:
            dropped.append(name if _is_our_name(name) else "?")
        else:
            admitted[name] = field
    if dropped:
        admitted["dropped"] = _printable(",".join(dropped))
    return admitted


def _is_our_name(name: str) -> bool:
    """Say whether a name can come from our code, not from a mapping of someone's data."""
    return name.isascii() and name.isidentifier() and len(name) <= _LONGEST_NAME


def _printable(text: str) -> str:
    """Escape controls, line ends, lone surrogates and direction marks; cut at the longest."""
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    if cut.isprintable():
        return cut
    escaped = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)
    return escaped if len(escaped) <= LONGEST else escaped[: LONGEST - 1] + "…"
