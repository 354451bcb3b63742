"""The world that a simulation plays in, as an operator may write it in a TOML file. Every value has a default."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reflecta.domain.errors import InvalidInput
from reflecta.simulation.effects import HOUR
from reflecta.simulation.places import DAYS, WINDOWS, every_place

Rate = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Shares = dict[str, Annotated[float, Field(gt=0)]]
# A share of users in every zone of the data set, in equal parts.
EVERYWHERE: Final = "*"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Outage(_Part):
    """A time in which something is down, counted in hours from the start."""

    from_hour: Amount
    hours: Annotated[float, Field(gt=0)]


def is_down(outages: Iterable[Outage], at: int) -> bool:
    """Say whether an outage covers the virtual instant."""
    return any(outage.from_hour * HOUR <= at < (outage.from_hour + outage.hours) * HOUR for outage in outages)


class ModelWorld(_Part):
    """The language models: latencies in seconds, prices in US dollars per million tokens."""

    writer: Literal["model", "composer"] = "model"
    latency_median: Amount = 4.0
    latency_p95: Amount = 12.0
    failure_rate: Rate = 0.01
    garbled_rate: Rate = 0.005
    skip_rate: Rate = 0.02
    risk_rate: Rate = 0.0
    """Of the screenings, how many see a sign of risk: its person is sent a care text, then nothing while held."""
    score_mean: float = 7.4
    score_spread: Amount = 1.3
    input_price: Amount = 3.0
    output_price: Amount = 15.0
    judge_input_price: Amount = 0.25
    judge_output_price: Amount = 2.0
    outages: tuple[Outage, ...] = ()

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.latency_p95 < self.latency_median:
            raise ValueError("latency_p95 is less than latency_median")
        return self


class PushWorld(_Part):
    """The push provider. Of what it took, a receipt says later whether it arrived or the device is gone."""

    latency: Amount = 0.4
    retry_rate: Rate = 0.005
    unknown_rate: Rate = 0.001
    gone_rate: Rate = 0.002
    silent_rate: Rate = 0.001
    """Receipts that never come."""


class DatabaseWorld(_Part):
    """The database: while it is out, every transaction is refused."""

    outages: tuple[Outage, ...] = ()


class People(_Part):
    """The users: shares are relative weights; rates are for one user."""

    zones: Shares = Field(
        default_factory=lambda: {
            "America/New_York": 20.0,
            "America/Chicago": 12.0,
            "America/Los_Angeles": 14.0,
            "America/Sao_Paulo": 6.0,
            "Europe/London": 10.0,
            "Europe/Berlin": 12.0,
            "Africa/Lagos": 4.0,
            "Asia/Kolkata": 10.0,
            "Asia/Tokyo": 6.0,
            "Australia/Sydney": 6.0,
        },
        min_length=1,
    )
    cadences: Shares = Field(default_factory=lambda: dict.fromkeys(DAYS, 1.0), min_length=1)
    windows: Shares = Field(default_factory=lambda: dict.fromkeys(WINDOWS, 1.0), min_length=1)
    device_share: Rate = 0.8
    launch: bool = False
    entries_at_start: Annotated[int, Field(ge=0, le=100)] = 5
    entries_per_week: Amount = 3.0
    words_per_entry: Annotated[int, Field(ge=5, le=2000)] = 60
    reaction_share: Rate = 0.3
    annoyed_share: Rate = 0.05
    """Of those who give the worst rating, how many switch off there and then, to come back after pause_days."""
    moves_per_year: Amount = 0.5
    pauses_per_year: Amount = 0.5
    pause_days: Annotated[float, Field(gt=0)] = 10.0
    edits_per_year: Amount = 0.5
    erasures_per_year: Amount = 0.05
    new_device_days: Annotated[float, Field(gt=0)] = 5.0
    """How long after a device is gone its owner has another."""

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        for field, given, known in (
            ("zones", self.zones, {*every_place(), EVERYWHERE}),
            ("cadences", self.cadences, set(DAYS)),
            ("windows", self.windows, set(WINDOWS)),
        ):
            if unknown := sorted(given.keys() - known):
                raise ValueError(f"{field} names {unknown[0]!r}, which is not known")
        return self


class Cron(_Part):
    """What fires the ticks: *overlap* of them at the same moment."""

    every_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    overlap: Annotated[int, Field(ge=1, le=10)] = 1
    delay_seconds: Annotated[float, Field(ge=0, lt=60)] = 4.0
    outages: tuple[Outage, ...] = ()


class Scenario(_Part):
    """The whole of it. *size* users are answered for, *sample* of them are simulated, for *days*."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    size: Annotated[int, Field(ge=1)] = 100_000
    sample: Annotated[int, Field(ge=1)] = 2_000
    days: Annotated[int, Field(ge=1, le=3660)] = 7
    model: ModelWorld = ModelWorld()
    push: PushWorld = PushWorld()
    database: DatabaseWorld = DatabaseWorld()
    people: People = People()
    cron: Cron = Cron()

    def to_toml(self) -> str:
        """Give the scenario as a TOML file."""
        document: dict[str, object] = self.model_dump(mode="json")
        head = {name: value for name, value in document.items() if not isinstance(value, dict)}
        tables = {name: cast("dict[str, object]", value) for name, value in document.items() if isinstance(value, dict)}
        blocks = [_settings(head)] + [f"[{name}]\n{_settings(table)}" for name, table in tables.items()]
        return "\n".join(blocks)


def read_scenario(path: Path | None, **changes: int | None) -> Scenario:
    """Read a TOML file, or take the defaults; *changes* that are not None win. InvalidInput names what is wrong."""
    document = {} if path is None else _parsed(path)
    document |= {name: value for name, value in changes.items() if value is not None}
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "scenario"
        raise InvalidInput(
            where, f"{fault['msg']}; `reflecta simulate --print-scenario` shows every name and its default"
        ) from error


def _parsed(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput("--scenario", f"{str(path)!r} cannot be read ({error.strerror}); give a file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("--scenario", f"{str(path)!r} is not TOML: {error}; mend it") from error


def _settings(table: dict[str, object]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: object) -> str:
    """Write a value; JSON spells numbers, truth and plain strings as TOML does."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        return "{" + ", ".join(f"{json.dumps(name)} = {_value(each)}" for name, each in pairs.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in cast("list[object]", value)) + "]"
    return json.dumps(value)
