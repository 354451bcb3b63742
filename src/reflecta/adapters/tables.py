"""Reads typed values out of an operator's TOML files, and tells a fault with its place."""

import tomllib
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Final, cast

from reflecta.domain.errors import ConfigurationError

SUFFIX: Final = ".toml"

Table = Mapping[str, object]


class Fault(Exception):
    """What is wrong with one part of a file."""


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The name of a file and what stands in it."""

    name: str
    text: str


def files_in(place: Traversable) -> list[TomlFile]:
    """Read the TOML files of a folder, by name; ConfigurationError where one cannot be read."""
    try:
        found = [item for item in place.iterdir() if item.name.endswith(SUFFIX)]
        files = [TomlFile(item.name, item.read_text(encoding="utf-8")) for item in found]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"Files in {str(place)!r} cannot be read ({error}); give a readable directory with files in UTF-8."
        ) from error
    return sorted(files, key=lambda file: file.name)


@contextmanager
def reading(place: str) -> Generator[None]:
    """Tell a fault with its place."""
    try:
        yield
    except Fault as fault:
        raise ConfigurationError(f"{place}: {fault}. Mend the file, or take that of the package.") from fault


def parsed(content: str) -> Table:
    """Give what a file holds."""
    try:
        return cast("Table", tomllib.loads(content))
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"not TOML ({error})") from error


def refuse_unknown(table: Table, known: Collection[str]) -> None:
    """Refuse a table with a key that is not known."""
    if unknown := table.keys() - set(known):
        raise Fault(f"unknown key {min(unknown)!r}; known: {', '.join(sorted(known))}")


def one_of(value: str, known: Collection[str], what: str) -> str:
    """Give a value that is one of those known."""
    if value not in set(known):
        raise Fault(f"unknown {what} {value!r}; known: {', '.join(sorted(known))}")
    return value


def text(table: Table, key: str, default: str | None = None) -> str:
    """Give a text that is not blank."""
    value = table.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise Fault(f"{key} is missing or no text")
    return value


def texts(table: Table, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
    """Give a list of texts of which none is blank."""
    value = table.get(key, default)
    if not isinstance(value, list | tuple):
        raise Fault(f"{key} is missing or no list")
    items = cast("Sequence[object]", value)
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise Fault(f"{key} holds something that is no text")
    return tuple(cast("Sequence[str]", items))


def table_of(table: Table, key: str) -> Table:
    """Give a table within a table."""
    value = table.get(key)
    if not isinstance(value, dict):
        raise Fault(f"[{key}] is missing")
    return cast("Table", value)


def tables(table: Table, key: str) -> Sequence[Table]:
    """Give a list of tables within a table."""
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in cast("Sequence[object]", value)):
        raise Fault(f"[[{key}]] is missing")
    return cast("Sequence[Table]", value)
