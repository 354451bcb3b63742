"""Reads the seeded bugs of bugs.toml and puts one into a tree. Runs nothing."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUGS = Path(__file__).with_name("bugs.toml")


class NoLongerApplies(Exception):
    """A bug's text is not in its file, or there more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One piece of text to be replaced in one file."""

    file: str
    search: str
    replace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A seeded bug: its name, the promise it breaks, the tests that must fail."""

    name: str
    breaks: str
    tests: Sequence[str]
    edits: Sequence[Edit]


def read_bugs() -> list[Bug]:
    """Read all of them."""
    listed: list[dict[str, Any]] = tomllib.loads(BUGS.read_text(encoding="utf-8"))["bug"]
    return [_bug(**bug) for bug in listed]


def _bug(*, name: str, breaks: str, tests: Sequence[str], edits: Sequence[Mapping[str, str]]) -> Bug:
    return Bug(name=name, breaks=breaks, tests=tests, edits=[Edit(**edit) for edit in edits])


def seed(tree: Path, bug: Bug) -> None:
    """Put a bug into the files of a tree."""
    for edit in bug.edits:
        path = tree / edit.file
        path.write_text(mutated(path.read_text(encoding="utf-8"), bug, edit), encoding="utf-8")


def mutated(source: str, bug: Bug, edit: Edit) -> str:
    """Give a source with one edit of a bug; NoLongerApplies unless its text stands there exactly once."""
    if (found := source.count(edit.search)) != 1:
        raise NoLongerApplies(
            f"bug {bug.name!r} no longer applies: its text stands {found} times in {edit.file}. "
            f"Bring {BUGS.name} up to date:\n{edit.search}"
        )
    return source.replace(edit.search, edit.replace)
