"""Reads the prompt texts: the built-in ones, or an operator's folder."""

from dataclasses import fields
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from reflecta.domain.errors import ConfigurationError
from reflecta.domain.prompt import Prompts, PromptText

_NAMES: Final = tuple(field.name for field in fields(Prompts))


def load_prompts(directory: Path | None = None) -> Prompts:
    """Read draft.md, newcomer.md, revision.md, assessment.md and screening.md.

    ConfigurationError names a file that is missing or empty.
    """
    folder: Traversable = directory if directory is not None else resources.files("reflecta") / "prompts"
    return Prompts(**{name: _read(folder, name) for name in _NAMES})


def _read(folder: Traversable, name: str) -> PromptText:
    try:
        text = (folder / f"{name}.md").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"REFLECTA_PROMPTS: {name}.md cannot be read ({type(error).__name__}); "
            f"the folder needs {', '.join(f'{needed}.md' for needed in _NAMES)}, in UTF-8"
        ) from error
    if not text:
        raise ConfigurationError(f"REFLECTA_PROMPTS: {name}.md is empty; write the instructions of that prompt in it")
    return PromptText(name=name, text=text)
