"""Reads the care texts (one TOML file a language) and the table of helplines, and refuses what must not be sent."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from reflecta.adapters.tables import (
    SUFFIX,
    Fault,
    Table,
    TomlFile,
    files_in,
    parsed,
    reading,
    refuse_unknown,
    table_of,
    tables,
    text,
    texts,
)
from reflecta.domain.care import FALLBACK_LANGUAGE, FALLBACK_REGION, HELPLINES_SLOT, CareText, CareTexts, Helpline
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.text import words
from reflecta.domain.wording import fixed_words, slots_of

HELPLINES: Final = "helplines.toml"
# Shorter, it does not say all it has to; longer, a person who is unwell does not read as far as the helplines.
WORDS: Final = range(60, 131)
MAX_HEADING_WORDS: Final = 12
MAX_PUSH_CHARS: Final = 100

_SLOTS: Final[Mapping[str, Sequence[str]]] = {
    "heading": (),
    "text": ("helplines",),
    "push": (),
    "line": ("name", "number", "hours"),
    "web": ("name", "url"),
    "emergency": ("number",),
}
_BRACKETED_HOURS: Final = re.compile(r"[(（]\{hours\}[)）]")
_REGION: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_NUMBER: Final = re.compile(r"[+*(]?[0-9][0-9 ()*#/-]*")
_URL: Final = re.compile(r"(https://)?[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?")


def load_care(directory: Path | None = None) -> CareTexts:
    """Read the care texts of the package, with those of an operator's directory in their place.

    A `<lang>.toml` there replaces or adds a language, a `helplines.toml` the whole table. ConfigurationError names
    the file and the fault. Those of the package are read once.
    """
    return _built_in() if directory is None else _texts_of(_packaged() | _own(directory))


@cache
def _built_in() -> CareTexts:
    return _texts_of(_packaged())


def _packaged() -> dict[str, TomlFile]:
    place = resources.files("reflecta").joinpath("safety")
    return {file.name: file for file in [*files_in(place), *files_in(place.joinpath("care"))]}


def _own(directory: Path) -> dict[str, TomlFile]:
    files = files_in(directory)
    if not files:
        raise ConfigurationError(
            f"No care text (*.toml) in {str(directory)!r}; put {HELPLINES} or {FALLBACK_LANGUAGE}{SUFFIX} there."
        )
    for file in files:
        with reading(file.name):
            if file.name != HELPLINES and not _LANGUAGE.fullmatch(_code(file)):
                raise Fault(f"neither {HELPLINES} nor a language (two or three small letters)")
    return {file.name: file for file in files}


def _code(file: TomlFile) -> str:
    return file.name.removesuffix(SUFFIX)


def _texts_of(files: Mapping[str, TomlFile]) -> CareTexts:
    content = "\0".join(f"{name}\0{files[name].text}" for name in sorted(files))
    helplines, emergency = _helplines(files[HELPLINES])
    return CareTexts(
        texts={_code(file): _care_text(file) for name, file in sorted(files.items()) if name != HELPLINES},
        helplines=helplines,
        emergency=emergency,
        version=f"care-{hashlib.sha256(content.encode()).hexdigest()[:10]}",
    )


def _care_text(file: TomlFile) -> CareText:
    with reading(file.name):
        table = parsed(file.text)
        refuse_unknown(table, _SLOTS)
        given = {key: text(table, key) for key in _SLOTS}
        _check_slots(given)
        _check_lengths(given)
    return CareText(
        language=_code(file),
        heading=given["heading"],
        text=_paragraphs(given["text"]),
        push_text=given["push"],
        line=given["line"],
        web=given["web"],
        emergency=given["emergency"],
    )


def _check_slots(given: Mapping[str, str]) -> None:
    for key, wanted in _SLOTS.items():
        if sorted(slots_of(given[key])) != sorted(wanted):
            raise Fault(f"{key} has the slots {slots_of(given[key])}; needed, each once: {list(wanted)}")
    if HELPLINES_SLOT not in (line.strip() for line in given["text"].splitlines()):
        raise Fault(f"{HELPLINES_SLOT} does not stand on a line of its own")
    if not _BRACKETED_HOURS.search(given["line"]):
        raise Fault("{hours} does not stand in brackets, with which it goes when the hours are not known")


def _check_lengths(given: Mapping[str, str]) -> None:
    if (length := len(fixed_words(given["text"]))) not in WORDS:
        raise Fault(f"the text has {length} words; {WORDS.start} to {WORDS.stop - 1} are allowed")
    if (length := len(words(given["heading"]))) > MAX_HEADING_WORDS:
        raise Fault(f"heading has {length} words; at most {MAX_HEADING_WORDS} are allowed")
    if (length := len(given["push"])) > MAX_PUSH_CHARS:
        raise Fault(f"push has {length} characters; at most {MAX_PUSH_CHARS} are allowed")


def _paragraphs(given: str) -> str:
    """Join the lines of a paragraph; blank lines, and the helplines, part paragraphs."""
    parts = re.split(rf"\n\s*\n|\n(?=\s*\{HELPLINES_SLOT})|(?<=\{HELPLINES_SLOT})\s*\n", given.strip())
    return "\n".join(" ".join(part.split()) for part in parts if part.strip())


def _helplines(file: TomlFile) -> tuple[Mapping[str, Sequence[Helpline]], Mapping[str, str]]:
    with reading(file.name):
        table = parsed(file.text)
        refuse_unknown(table, {"emergency", "helpline"})
        numbers, given = table_of(table, "emergency"), tables(table, "helpline")
    with reading(f"{file.name}, [emergency]"):
        emergency = {_region(code): _matching(_NUMBER, text(numbers, code), "number") for code in numbers}
    regions: defaultdict[str, list[Helpline]] = defaultdict(list)
    for number, item in enumerate(given, start=1):
        with reading(f"{file.name}, helpline {number}"):
            helpline = _helpline(item)
        regions[helpline.region].append(helpline)
    with reading(file.name):
        if FALLBACK_REGION not in regions:
            raise Fault(f"no helpline of region {FALLBACK_REGION!r}, which is for everybody whose region has none")
    return dict(regions), emergency


def _helpline(given: Table) -> Helpline:
    refuse_unknown(given, {field.name for field in fields(Helpline)})
    region = text(given, "region")
    number, url = _optional(given, "number", _NUMBER), _optional(given, "url", _URL)
    if not number and not url:
        raise Fault("neither a number nor a url")
    return Helpline(
        region=region if region == FALLBACK_REGION else _region(region),
        name=text(given, "name"),
        number=number,
        url=url,
        hours=text(given, "hours") if "hours" in given else "",
        languages=tuple(_matching(_LANGUAGE, code, "language") for code in texts(given, "languages")),
    )


def _region(code: str) -> str:
    return _matching(_REGION, code, "region")


def _optional(given: Table, key: str, pattern: re.Pattern[str]) -> str:
    return _matching(pattern, text(given, key), key) if key in given else ""


def _matching(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise Fault(f"{value!r} is no {what}")
    return value
