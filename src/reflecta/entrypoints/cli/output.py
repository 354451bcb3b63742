"""Puts results on standard output, as text for people or as JSON. Knows nothing of what they mean."""

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

_GAP: Final = "  "
_GREEN, _YELLOW, _RED, _CYAN, _DIM = "32", "33", "31", "36", "2"
# The words that carry a colour wherever they stand alone in a cell or open a line.
_COLOURS: Final[Mapping[str, str]] = {
    "ok": _GREEN,
    "sent": _GREEN,
    "warn": _YELLOW,
    "held_back": _YELLOW,
    "needs-timezone": _YELLOW,
    "fail": _RED,
    "failed": _RED,
    "due": _CYAN,
    "disabled": _DIM,
}
_UNSAFE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# The marks that change the direction of what follows.
_TURNING: Final = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


class ReaderGone(Exception):
    """Whoever read standard output has had enough (`reflecta list | head`)."""


class Output:
    """Standard output. Colours only on a terminal, and never against NO_COLOR."""

    def __init__(self, *, no_color: bool = False) -> None:
        self._colours = sys.stdout.isatty() and not no_color

    def line(self, text: str = "") -> None:
        """Write a line; raises `ReaderGone`."""
        write(printable(text))

    def word(self, word: str) -> str:
        """Give a word in its colour."""
        code = _COLOURS.get(word)
        return f"\x1b[{code}m{word}\x1b[0m" if code and self._colours else word

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write aligned columns. Nothing is wrapped or cut: ids must survive copying."""
        cells = [[printable(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(map(width, column)) for column in zip(header, *cells, strict=True)]
        for row in (list(header), *cells):
            padded = [self.word(cell) + " " * (room - width(cell)) for cell, room in zip(row, widths, strict=True)]
            write(_GAP.join(padded).rstrip())

    def verdict(self, word: str, text: str) -> None:
        """Write a line that opens with a word in its colour."""
        write(f"{self.word(word)}{_GAP}{printable(text)}")


def write(text: str) -> None:
    """Write a line to standard output at once; raises `ReaderGone`."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def write_json(document: object) -> None:
    """Write one JSON document on one line."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    write(json.dumps(document, ensure_ascii=not is_utf8, allow_nan=False))


def note(text: str) -> None:
    """Say something on standard error, where it is in nobody's way."""
    try:
        sys.stderr.write(f"{printable(text)}\n")
        sys.stderr.flush()
    except OSError:
        return  # nobody listens, and that must not cost the result


def prepare() -> None:
    """Make the streams take any text: what their encoding lacks is escaped."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def let_go() -> None:
    """Send what is still in the buffer nowhere, so that the interpreter ends without a complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Escape what could move the reader's cursor or turn the line around; line ends stay."""
    if text.isprintable():
        return text
    return "".join(ascii(char)[1:-1] if _is_unsafe(char) else char for char in text)


def _is_unsafe(char: str) -> bool:
    return char != "\n" and (unicodedata.category(char) in _UNSAFE or char in _TURNING)


def width(text: str) -> int:
    """Give the columns a text takes on a terminal."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
