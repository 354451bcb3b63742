"""Reads the rules that find signs of risk (TOML, one file a language) and refuses what could not be meant so."""

import hashlib
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, cast

from reflecta.domain.errors import ConfigurationError
from reflecta.domain.risk import PatternFault, RiskRules, Sign, SignLists, Weight
from reflecta.domain.risk.folding import fold

_SUFFIX: Final = ".toml"
# A file of this name adds to the language instead of replacing it.
_ADDS: Final = ".add"
_KEYS: Final = {"fillers", "common", "spelled_right", "words", "excuses", *Sign}
_EXCUSES: Final = {"same_words", "near_by"}

_REMARK: Final = "--"
_REMEDY: Final = "Mend the file, or take the rules of the package."

_Table = Mapping[str, object]


class _Fault(Exception):
    """What is wrong with one part of a file."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file of rules; *place* is how messages name it."""

    name: str
    place: str
    text: str


def load_risk_rules(directory: Path | None = None) -> RiskRules:
    """Read the rules that come with the package and, over them, those in an operator's directory.

    There, <language>.toml replaces the rules of a language, or brings a new one; <language>.add.toml adds to them,
    with the words that the language's own file names. ConfigurationError names the file and the fault. Those of
    the package are read once.
    """
    return _built_in() if directory is None else _load(directory)


@cache
def _built_in() -> RiskRules:
    return _load(None)


def _load(directory: Path | None) -> RiskRules:
    files = {file.name: file for file in _files(resources.files("reflecta").joinpath("safety", "signs"))}
    if directory is not None:
        files |= _own(directory)
    chosen = sorted(files.values(), key=lambda file: file.name)
    lists: dict[str, SignLists] = {}
    for file in chosen:
        lists[file.name] = _lists(file, lists.get(file.name.removesuffix(_ADDS)))
    digest = hashlib.sha256("\0".join(f"{file.name}\0{file.text}" for file in chosen).encode()).hexdigest()
    try:
        return RiskRules(list(lists.values()), version=f"signs-{digest[:10]}")
    except PatternFault as fault:
        raise ConfigurationError(f"{files[fault.name].place}: {fault}. {_REMEDY}") from fault


def _own(directory: Path) -> Mapping[str, _File]:
    found = {file.name: file for file in _files(directory)}
    if not found:
        raise ConfigurationError(
            f"No rules (*{_SUFFIX}) in {str(directory)!r}; put <language>{_SUFFIX} or <language>{_ADDS}{_SUFFIX} there."
        )
    return found


def _files(place: Path | Traversable) -> Iterator[_File]:
    try:
        for item in place.iterdir():
            if item.name.endswith(_SUFFIX):
                yield _File(item.name.removesuffix(_SUFFIX), str(item), item.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"Rules in {str(place)!r} cannot be read ({error}); give a readable directory."
        ) from error


def _lists(file: _File, base: SignLists | None) -> SignLists:
    try:
        table = cast("_Table", tomllib.loads(file.text))
        return _read(file.name, table, base)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file.place}: not TOML ({error}). {_REMEDY}") from error
    except _Fault as fault:
        raise ConfigurationError(f"{file.place}: {fault}. {_REMEDY}") from fault


def _read(name: str, table: _Table, base: SignLists | None) -> SignLists:
    _refuse_unknown(table, _KEYS)
    excuses = _table(table, "excuses")
    _refuse_unknown(excuses, _EXCUSES)
    words = _table(table, "words")
    patterns = {sign: _weighed(_table(table, sign), sign) for sign in Sign if sign in table}
    return SignLists(
        name=name,
        patterns=patterns,
        same_words=_lines(excuses, "same_words"),
        near_by=_lines(excuses, "near_by"),
        named={**(base.named if base else {}), **{key: _text(words, key) for key in words}},
        common=_words(table, "common"),
        fillers=_words(table, "fillers"),
        spelled_right=_words(table, "spelled_right"),
    )


def _weighed(table: _Table, sign: Sign) -> Mapping[Weight, Sequence[str]]:
    _refuse_unknown(table, set(Weight))
    found = {weight: _lines(table, weight) for weight in Weight if weight in table}
    if not found:
        raise _Fault(f"[{sign.value}] has no patterns; name them {', '.join(Weight)}")
    return found


def _refuse_unknown(table: _Table, known: Collection[str]) -> None:
    if unknown := table.keys() - set(known):
        raise _Fault(f"unknown key {min(unknown)!r}; known: {', '.join(sorted(known))}")


def _lines(table: _Table, key: str) -> Sequence[str]:
    """Give the patterns of a list, one a line; a line that begins with '--' is a remark."""
    if key not in table:
        return ()
    lines = [line.strip() for line in _text(table, key).splitlines()]
    found = [line for line in lines if line and not line.startswith(_REMARK)]
    if not found:
        raise _Fault(f"{key} has no pattern")
    return found


def _words(table: _Table, key: str) -> frozenset[str]:
    """Give the words of a list, in the form in which texts are read."""
    return frozenset(fold(_text(table, key)).replace("'", "").split()) if key in table else frozenset()


def _text(table: _Table, key: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise _Fault(f"{key} is no text")
    return value


def _table(table: _Table, key: str) -> _Table:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise _Fault(f"{key} is no table")
    return cast("_Table", value)
