"""What the command's exit codes mean, and which error ends in which: the one place that knows."""

import traceback
from collections.abc import Sequence
from enum import IntEnum
from pathlib import PurePath
from typing import Final, cast

from reflecta.domain.errors import (
    ConfigurationError,
    InvalidInput,
    ModelError,
    NotFound,
    ReflectaError,
    StoreUnavailable,
)


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


# The \b keeps the lines apart in help.
EPILOG: Final = """\b
Exit codes:
    0  done
    1  failed: what was asked for did not happen, or not all of it
    2  usage: an option or a value is wrong
    3  configuration: a setting is wrong, the schema is behind, or doctor found a fault
    4  not found: no such user or occasion
    5  unavailable: the database, the model or the push service does not answer
  130  interrupted (Ctrl-C)
"""

# The first class that fits counts. The advice follows what the error says itself.
_ERRORS: Final[Sequence[tuple[type[ReflectaError], ExitCode, str]]] = (
    (ConfigurationError, ExitCode.CONFIGURATION, ""),
    (InvalidInput, ExitCode.USAGE, ""),
    (NotFound, ExitCode.NOT_FOUND, "`reflecta list` shows who is known"),
    (StoreUnavailable, ExitCode.UNAVAILABLE, "`reflecta doctor` looks closer"),
    (ModelError, ExitCode.UNAVAILABLE, "`reflecta doctor --ask-model` asks the model alone"),
    (ReflectaError, ExitCode.FAILED, ""),
)


def judge(error: Exception) -> tuple[ExitCode, str]:
    """Give the exit code for an error and the line that says what happened and what to do."""
    if isinstance(error, ExceptionGroup):  # a task group's wrapping around what went wrong
        return judge(cast("ExceptionGroup[Exception]", error).exceptions[0])
    for kind, code, advice in _ERRORS:
        if isinstance(error, kind):
            said = " ".join(str(error).split())
            return code, f"{said}. {advice}" if advice else said
    if isinstance(error, OSError):
        return ExitCode.FAILED, f"{error.strerror or type(error).__name__}: {error.filename or 'no file named'}"
    # The text of an error nobody foresaw may hold a journal: its kind and place say enough.
    return ExitCode.FAILED, f"a fault in Reflecta: {type(error).__name__} at {_place(error)}. Please report this line"


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
