"""Reads the rules that find signs of risk (TOML, one file a language) and refuses what could not be meant so."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, cast

from reflecta.adapters.tables import SUFFIX, Fault, Table, files_in, parsed, reading, refuse_unknown
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.risk import PatternFault, RiskRules, Sign, SignLists, Weight
from reflecta.domain.risk.folding import fold

# A file of this name adds to the language instead of replacing it.
_ADDS: Final = ".add"
_KEYS: Final = {"fillers", "common", "spelled_right", "words", "excuses", *Sign}
_EXCUSES: Final = {"same_words", "near_by"}

_REMARK: Final = "--"


@dataclass(frozen=True, slots=True)
class _File:
    """A file of rules; *place* is how messages name it. What an operator's *own* file finds no score undoes."""

    name: str
    place: str
    text: str
    is_own: bool = False


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
        with reading(files[fault.name].place):
            raise Fault(str(fault)) from fault


def _own(directory: Path) -> Mapping[str, _File]:
    found = {file.name: replace(file, is_own=True) for file in _files(directory)}
    if not found:
        raise ConfigurationError(
            f"No rules (*{SUFFIX}) in {str(directory)!r}; put <language>{SUFFIX} or <language>{_ADDS}{SUFFIX} there."
        )
    return found


def _files(place: Path | Traversable) -> Sequence[_File]:
    found = files_in(place)
    return [_File(file.name.removesuffix(SUFFIX), str(place.joinpath(file.name)), file.text) for file in found]


def _lists(file: _File, base: SignLists | None) -> SignLists:
    with reading(file.place):
        return _read(file, parsed(file.text), base)


def _read(file: _File, table: Table, base: SignLists | None) -> SignLists:
    refuse_unknown(table, _KEYS)
    excuses = _table(table, "excuses")
    refuse_unknown(excuses, _EXCUSES)
    words = _table(table, "words")
    patterns = {sign: _weighed(_table(table, sign), sign) for sign in Sign if sign in table}
    return SignLists(
        name=file.name,
        is_firm=file.is_own,
        patterns=patterns,
        same_words=_lines(excuses, "same_words"),
        near_by=_lines(excuses, "near_by"),
        named={**(base.named if base else {}), **{key: _text(words, key) for key in words}},
        common=_words(table, "common"),
        fillers=_words(table, "fillers"),
        spelled_right=_words(table, "spelled_right"),
    )


def _weighed(table: Table, sign: Sign) -> Mapping[Weight, Sequence[str]]:
    refuse_unknown(table, set(Weight))
    found = {weight: _lines(table, weight) for weight in Weight if weight in table}
    if not found:
        raise Fault(f"[{sign.value}] has no patterns; name them {', '.join(Weight)}")
    return found


def _lines(table: Table, key: str) -> Sequence[str]:
    """Give the patterns of a list, one a line; a line that begins with '--' is a remark."""
    if key not in table:
        return ()
    lines = [line.strip() for line in _text(table, key).splitlines()]
    found = [line for line in lines if line and not line.startswith(_REMARK)]
    if not found:
        raise Fault(f"{key} has no pattern")
    return found


def _words(table: Table, key: str) -> frozenset[str]:
    """Give the words of a list, in the form in which texts are read."""
    return frozenset(fold(_text(table, key)).replace("'", "").split()) if key in table else frozenset()


def _text(table: Table, key: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise Fault(f"{key} is no text")
    return value


def _table(table: Table, key: str) -> Table:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise Fault(f"{key} is no table")
    return cast("Table", value)
