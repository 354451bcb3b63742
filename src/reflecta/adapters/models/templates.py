"""Reads the composer's template files (TOML, one a language) and refuses what could not be sent as it stands."""

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final, cast

from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import MessageType, ToneDegree
from reflecta.domain.quoting import MAX_WORDS as MAX_QUOTE_WORDS
from reflecta.domain.text import comparable
from reflecta.domain.wording import (
    SLOTS,
    Cues,
    DateWords,
    Language,
    Template,
    TemplateSet,
    fixed_words,
    slots_of,
)

DEFAULT_LANGUAGE: Final = "en"
# A person who gets several messages a week must not meet the same frame twice in ten of them.
MIN_PER_TYPE: Final = 2
MAX_WORDS: Final = 110
MAX_PUSH_CHARS: Final = 100
OPENING_WORDS: Final = 5

# The most words a slot is filled with ('on Wednesday, 23 September'; a name has two words, seldom three).
_SLOT_WORDS: Final = {
    "date": 5,
    "date2": 5,
    "quote": MAX_QUOTE_WORDS,
    "quote2": MAX_QUOTE_WORDS,
    "days": 1,
    "name": 2,
}
# Slots that only one type is given the facts for.
_TYPE_OF_SLOT: Final = {
    "days": MessageType.ENCOURAGEMENT,
    "quote2": MessageType.PERSONAL_INSIGHT,
    "date2": MessageType.PERSONAL_INSIGHT,
}
_IN_QUOTES: Final = re.compile(r"“\{quote2?\}”|„\{quote2?\}“|«\s?\{quote2?\}\s?»")
_DATE_SLOTS: Final = {
    "weekday": {"weekday"},
    "date": {"weekday", "day", "month"},
    "date_with_year": {"day", "month", "year"},
    "weeks": {"weeks"},
}
_DATE_LISTS: Final = {"weekdays": 7, "months": 12, "numbers": 12}

_Table = Mapping[str, object]


class _Fault(Exception):
    """What is wrong with one part of a file."""


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str


def load_templates(directory: Path | None = None) -> TemplateSet:
    """Read the templates that come with the package, or those in an operator's directory.

    ConfigurationError names the file, the template's number and the fault. Those of the package are read once.
    """
    return _built_in() if directory is None else _load(directory)


@cache
def _built_in() -> TemplateSet:
    return _load(None)


def _load(directory: Path | None) -> TemplateSet:
    files = sorted(_files(directory), key=lambda file: file.name)
    if not files:
        raise ConfigurationError(
            f"No template file (*.toml) in {str(directory)!r}; put at least {DEFAULT_LANGUAGE}.toml there."
        )
    languages = {language.code: language for language in map(_language, files)}
    digest = hashlib.sha256("\0".join(f"{file.name}\0{file.text}" for file in files).encode()).hexdigest()
    return TemplateSet(
        languages=languages,
        default=DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in languages else files[0].name.removesuffix(".toml"),
        version=f"templates-{digest[:10]}",
    )


def _files(directory: Path | None) -> Iterator[_File]:
    place = directory or resources.files("reflecta").joinpath("prompts", "templates")
    try:
        for item in place.iterdir():
            if item.name.endswith(".toml"):
                yield _File(item.name, item.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"Templates in {str(place)!r} cannot be read ({error}); give a readable directory."
        ) from error


def _language(file: _File) -> Language:
    with _reading(file.name):
        table = _parsed(file.text)
        _refuse_unknown(table, {"dates", "cues", "template"})
        given = _tables(table, "template")
    with _reading(f"{file.name}, [dates]"):
        dates = _dates(_table(table, "dates"))
    with _reading(f"{file.name}, [cues]"):
        cues = _cues(_table(table, "cues"))
    templates = tuple(_read_template(file.name, number, item) for number, item in enumerate(given, start=1))
    _refuse_same_openings(file.name, templates)
    with _reading(file.name):
        _refuse_too_few(templates)
    return Language(code=file.name.removesuffix(".toml"), templates=templates, dates=dates, cues=cues)


@contextmanager
def _reading(place: str) -> Generator[None]:
    """Tell a fault with its place."""
    try:
        yield
    except _Fault as fault:
        raise ConfigurationError(f"{place}: {fault}. Mend the file, or take the templates of the package.") from fault


def _parsed(text: str) -> _Table:
    try:
        return cast("_Table", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _Fault(f"not TOML ({error})") from error


def _read_template(file_name: str, number: int, given: _Table) -> Template:
    with _reading(f"{file_name}, template {number}"):
        _refuse_unknown(given, {"type", "text", "push", "needs", "tone"})
        template = Template(
            type=MessageType(_one_of(_text(given, "type"), MessageType, "type")),
            text=_paragraphs(_text(given, "text")),
            push_text=_text(given, "push"),
            needs=frozenset(_one_of(slot, SLOTS - {"name"}, "slot") for slot in _texts(given, "needs")),
            tones=frozenset(ToneDegree(_one_of(tone, ToneDegree, "tone")) for tone in _texts(given, "tone", ())),
        )
        _check_slots(template)
        _check_length(template)
        return template


def _paragraphs(text: str) -> str:
    """Join the lines of a paragraph; blank lines part paragraphs."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _check_slots(template: Template) -> None:
    used = slots_of(template.text)
    for slot, times in Counter(used).items():
        _one_of(slot, SLOTS, "slot")
        if times > 1:
            raise _Fault(f"slot {slot!r} is used {times} times")
        if template.type is not _TYPE_OF_SLOT.get(slot, template.type):
            raise _Fault(f"slot {slot!r} has facts in templates of type {_TYPE_OF_SLOT[slot].value!r} only")
    if undeclared := set(used) - {"name"} ^ template.needs:
        raise _Fault(f"slots used in the text and listed in needs differ by {', '.join(sorted(undeclared))}")
    wanted = {"quote", "quote2"} if template.type is MessageType.PERSONAL_INSIGHT else {"quote"}
    if missing := wanted - set(used):
        raise _Fault(f"slot {min(missing)!r} is missing; a message rests on the person's own words")
    if len(_IN_QUOTES.findall(template.text)) < len(wanted):
        raise _Fault("a quotation does not stand in quotation marks (“{quote}”, „{quote}“ or «{quote}»)")
    if "name" in used and ", {name}" not in template.text:
        raise _Fault("{name} does not follow a comma and a blank, with which it goes when there is no name")


def _check_length(template: Template) -> None:
    longest = len(fixed_words(template.text)) + sum(_SLOT_WORDS[slot] for slot in slots_of(template.text))
    if longest > MAX_WORDS:
        raise _Fault(f"the text may reach {longest} words when filled; at most {MAX_WORDS} are allowed")
    if len(template.push_text) > MAX_PUSH_CHARS:
        raise _Fault(f"push has {len(template.push_text)} characters; at most {MAX_PUSH_CHARS} are allowed")
    if slots_of(template.push_text):
        raise _Fault("push has a slot; it stands on a lock screen and gives nothing of the journal away")


def _refuse_same_openings(file_name: str, templates: Sequence[Template]) -> None:
    numbers: dict[tuple[str, ...], int] = {}
    for number, template in enumerate(templates, start=1):
        opening = tuple(fixed_words(template.text)[:OPENING_WORDS])
        with _reading(f"{file_name}, template {number}"):
            if (first := numbers.setdefault(opening, number)) != number:
                raise _Fault(f"opens with the same words as template {first}")


def _refuse_too_few(templates: Sequence[Template]) -> None:
    for kind in MessageType:
        for tone in ToneDegree:
            have = sum(template.type is kind and template.suits(tone) for template in templates)
            if have < MIN_PER_TYPE:
                raise _Fault(f"{have} templates of type {kind.value!r} for tone {tone.value!r}; needed: {MIN_PER_TYPE}")


def _dates(table: _Table) -> DateWords:
    _refuse_unknown(table, {field.name for field in fields(DateWords)})
    for name, slots in _DATE_SLOTS.items():
        if unknown := set(slots_of(_text(table, name))) - slots:
            raise _Fault(f"{name} has the unknown slot {min(unknown)!r}; known: {', '.join(sorted(slots))}")
    for name, length in _DATE_LISTS.items():
        if len(_texts(table, name)) != length:
            raise _Fault(f"{name} has {len(_texts(table, name))} words; needed: {length}")
    return DateWords(
        today=_text(table, "today"),
        yesterday=_text(table, "yesterday"),
        weekday=_text(table, "weekday"),
        date=_text(table, "date"),
        date_with_year=_text(table, "date_with_year"),
        weeks=_text(table, "weeks"),
        weekdays=_texts(table, "weekdays"),
        months=_texts(table, "months"),
        numbers=_texts(table, "numbers"),
        first_day=_text(table, "first_day", "1"),
    )


def _cues(table: _Table) -> Cues:
    """Read the phrases, in the folded form in which sentences are searched for them."""
    _refuse_unknown(table, {field.name for field in fields(Cues)})
    folded = {field.name: tuple(map(comparable, _texts(table, field.name))) for field in fields(Cues)}
    return Cues(**folded)


def _refuse_unknown(table: _Table, known: Collection[str]) -> None:
    if unknown := table.keys() - set(known):
        raise _Fault(f"unknown key {min(unknown)!r}; known: {', '.join(sorted(known))}")


def _one_of(value: str, known: Collection[str], what: str) -> str:
    if value not in set(known):
        raise _Fault(f"unknown {what} {value!r}; known: {', '.join(sorted(known))}")
    return value


def _text(table: _Table, key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise _Fault(f"{key} is missing or no text")
    return value


def _texts(table: _Table, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
    value = table.get(key, default)
    if not isinstance(value, list | tuple):
        raise _Fault(f"{key} is missing or no list")
    items = cast("Sequence[object]", value)
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise _Fault(f"{key} holds something that is no text")
    return tuple(cast("Sequence[str]", items))


def _table(table: _Table, key: str) -> _Table:
    value = table.get(key)
    if not isinstance(value, dict):
        raise _Fault(f"[{key}] is missing")
    return cast("_Table", value)


def _tables(table: _Table, key: str) -> Sequence[_Table]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in cast("Sequence[object]", value)):
        raise _Fault(f"[[{key}]] is missing")
    return cast("Sequence[_Table]", value)
