"""The command that shows the settings: each with the name of its variable, its value and where that came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, cast

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from reflecta.config import Settings, load
from reflecta.domain.errors import ConfigurationError
from reflecta.entrypoints.cli.exits import ExitCode, judge
from reflecta.entrypoints.cli.output import Output, note, write_json

MASK: Final = "***"
# A password between a URL's user and host, however it is spelt, and one among its parameters.
_IN_URL: Final = re.compile(r"(://[^:/@]*:).*@")
_PARAMETER: Final = re.compile(r"([?&](?:[a-z_]*password|passwd|pwd|token|secret|api_?key|key)=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as it is in force; *value* is masked already, *origin* is default, env or .env."""

    name: str
    value: str | float | bool | None
    origin: str


def show_settings(*, as_json: bool) -> ExitCode:
    """Print every setting. Where some are wrong: which variables are set, and what is wrong with them."""
    settings, fault = _loaded()
    rows = list_settings(settings)
    if as_json:
        write_json({"settings": [{"name": r.name, "value": r.value, "origin": r.origin} for r in rows]})
    else:
        output = Output(no_color=bool(settings and settings.no_color))
        output.table(("NAME", "VALUE", "FROM"), [(row.name, _shown(row.value), row.origin) for row in rows])
    if fault is None:
        return ExitCode.OK
    code, text = judge(fault)
    note(f"error: {text}")
    return code


def _loaded() -> tuple[Settings | None, ConfigurationError | None]:
    try:
        return load(), None
    except ConfigurationError as error:
        return None, error


def list_settings(settings: Settings | None) -> Sequence[Setting]:
    """Give every setting; without *settings* (they do not load) no value but the defaults."""
    sources = {"env": EnvSettingsSource(Settings).env_vars, ".env": DotEnvSettingsSource(Settings).env_vars}
    listed: list[Setting] = []
    for field, info in Settings.model_fields.items():
        names = _names(field, info)
        set_by = next(((n, origin) for origin, given in sources.items() for n in names if n.lower() in given), None)
        name, origin = set_by or (names[0], "default")
        value: object = getattr(settings, field) if settings else info.get_default()
        known = settings is not None or set_by is None
        listed.append(Setting(name=name, value=_masked(value) if known else "?", origin=origin))
    return listed


def _names(field: str, info: FieldInfo) -> Sequence[str]:
    match info.validation_alias:
        case str(alias):
            return (alias,)
        case AliasChoices(choices=choices):
            return tuple(str(choice) for choice in choices)
        case _:
            return (f"{Settings.model_config.get('env_prefix', '')}{field}".upper(),)


def _masked(value: object) -> str | float | bool | None:
    """Give a value to show: no secret, and no password within a URL."""
    match value:
        case SecretStr():
            return MASK
        case None | bool() | int() | float():
            return value
        case Enum():
            return str(value.value)
        case tuple():
            return ",".join(map(str, cast("tuple[object, ...]", value)))
        case _:
            return masked_url(str(value))


def masked_url(text: str) -> str:
    """Mask what is secret in a URL; other texts stay as they are."""
    return _PARAMETER.sub(rf"\g<1>{MASK}", _IN_URL.sub(rf"\g<1>{MASK}@", text)) if "://" in text else text


def _shown(value: str | float | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None or value == "" else str(value)
