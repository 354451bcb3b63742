"""Reads the composer's template files: one a language, `de.toml`, and what an operator adds to it, `de.add.toml`."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from reflecta.adapters.models.template_parts import read_cues, read_dates, read_labels, read_template
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
)
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import COACHING_TYPES, MessageType, ToneDegree
from reflecta.domain.wording import Language, Template, TemplateSet, fixed_words

DEFAULT_LANGUAGE: Final = "en"
# A template rests as long as one of the last ten messages was made from it: two types that a journal has facts for are
# enough for a message a day, and three in a tone that some of the templates do not suit.
MIN_PER_TYPE: Final = 6
MIN_PER_TONE: Final = 4
OPENING_WORDS: Final = 5
ADDED: Final = ".add.toml"


@dataclass(frozen=True, slots=True)
class _Source:
    """The file of one language, and the one that adds to it."""

    base: TomlFile
    added: TomlFile | None

    @property
    def files(self) -> Sequence[TomlFile]:
        return (self.base, self.added) if self.added else (self.base,)


@dataclass(frozen=True, slots=True)
class _Numbered:
    file_name: str
    number: int
    template: Template


def load_templates(directory: Path | None = None) -> TemplateSet:
    """Read the templates that come with the package, or those of an operator's directory.

    A `<lang>.toml` there replaces the whole set of the package, a `<lang>.add.toml` adds to the directory's
    `<lang>.toml` or else to that of the package; a directory of such files only adds to the package's set.
    ConfigurationError names the file, the template's number and the fault. Those of the package are read once.
    """
    return _built_in() if directory is None else _set_of(_sources(directory))


@cache
def _built_in() -> TemplateSet:
    return _set_of({code: _Source(file, None) for code, file in _packaged().items()})


def _packaged() -> dict[str, TomlFile]:
    files = files_in(resources.files("reflecta").joinpath("prompts", "templates"))
    return {file.name.removesuffix(SUFFIX): file for file in files}


def _sources(directory: Path) -> Mapping[str, _Source]:
    files = files_in(directory)
    added = {file.name.removesuffix(ADDED): file for file in files if file.name.endswith(ADDED)}
    own = {file.name.removesuffix(SUFFIX): file for file in files if not file.name.endswith(ADDED)}
    if not files:
        raise ConfigurationError(
            f"No template file (*.toml) in {str(directory)!r}; put {DEFAULT_LANGUAGE}.toml there, "
            f"or {DEFAULT_LANGUAGE}{ADDED} to add to the templates of the package."
        )
    bases = {code: file for code, file in _packaged().items() if code in added or not own} | own
    if alone := added.keys() - bases.keys():
        code = min(alone)
        raise ConfigurationError(f"{code}{ADDED}: there is no {code}{SUFFIX} to add to. Write one, or mend the name.")
    return {code: _Source(bases[code], added.get(code)) for code in sorted(bases)}


def _set_of(sources: Mapping[str, _Source]) -> TemplateSet:
    files = [file for source in sources.values() for file in source.files]
    digest = hashlib.sha256("\0".join(f"{file.name}\0{file.text}" for file in files).encode()).hexdigest()
    return TemplateSet(
        languages={code: _language(code, source) for code, source in sources.items()},
        default=DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in sources else next(iter(sources)),
        version=f"templates-{digest[:10]}",
    )


def _language(code: str, source: _Source) -> Language:
    base = source.base
    with reading(base.name):
        table = parsed(base.text)
        refuse_unknown(table, {"dates", "cues", "labels", "template"})
        given = tables(table, "template")
    with reading(f"{base.name}, [dates]"):
        dates = read_dates(table_of(table, "dates"))
    with reading(f"{base.name}, [cues]"):
        cues = read_cues(table_of(table, "cues"))
    with reading(f"{base.name}, [labels]"):
        labels = read_labels(table_of(table, "labels"))
    numbered = [*_templates(base.name, given), *_added(source.added)]
    _refuse_same_openings(numbered)
    templates = tuple(item.template for item in numbered)
    with reading(base.name):
        _refuse_too_few(templates)
    return Language(code=code, templates=templates, dates=dates, cues=cues, labels=labels)


def _added(file: TomlFile | None) -> Iterator[_Numbered]:
    if file is None:
        return
    with reading(file.name):
        table = parsed(file.text)
        refuse_unknown(table, {"template"})
        given = tables(table, "template")
    yield from _templates(file.name, given)


def _templates(file_name: str, given: Sequence[Table]) -> Iterator[_Numbered]:
    for number, table in enumerate(given, start=1):
        with reading(f"{file_name}, template {number}"):
            yield _Numbered(file_name, number, read_template(table))


def _refuse_same_openings(numbered: Sequence[_Numbered]) -> None:
    firsts: dict[tuple[str, ...], _Numbered] = {}
    for item in numbered:
        opening = tuple(fixed_words(item.template.text)[:OPENING_WORDS])
        first = firsts.setdefault(opening, item)
        with reading(f"{item.file_name}, template {item.number}"):
            if first is not item:
                raise Fault(f"opens with the same words as template {first.number} of {first.file_name}")


def _refuse_too_few(templates: Sequence[Template]) -> None:
    for kind in COACHING_TYPES:
        of_kind = [template for template in templates if template.type is kind]
        _refuse_fewer(len(of_kind), MIN_PER_TYPE, kind)
        for tone in ToneDegree:
            have = sum(template.suits(tone) for template in of_kind)
            _refuse_fewer(have, MIN_PER_TONE, kind, f" for tone {tone.value!r}")


def _refuse_fewer(have: int, needed: int, kind: MessageType, tone: str = "") -> None:
    if have < needed:
        raise Fault(f"{have} templates of type {kind.value!r}{tone}; needed: {needed}")
