"""What a simulation found, as a document and as lines for a terminal. Knows no HTML."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from reflecta.domain.zones import IANA_VERSION
from reflecta.simulation.audit import Findings
from reflecta.simulation.database import MEMORY
from reflecta.simulation.effects import Effect, lines, timeless
from reflecta.simulation.load import Day, Load
from reflecta.simulation.people import Population
from reflecta.simulation.scenario import Scenario

Rows = Sequence[tuple[str, str]]
# A limit that the sample can only have so much too high or too low is worth a warning.
_FAR: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished run. *limits* gives each limit as set, and as it was in effect simulated; *took* and *cpu*
    are real seconds."""

    scenario: Scenario
    start: datetime
    users_file: Path | None
    database_url: str
    engine: str
    population: Population
    limits: Mapping[str, tuple[int, float]]
    findings: Findings
    load: Load
    effects: Sequence[Effect]
    took: float
    cpu: float

    @property
    def digest(self) -> str:
        """Give the hash of the log of effects: equal for equal runs."""
        return sha256("".join(lines(self.effects)).encode()).hexdigest()

    @property
    def outcomes_digest(self) -> str:
        """Give the hash of what came of it: equal for equal runs on every engine and store."""
        return sha256("\n".join(timeless(self.effects)).encode()).hexdigest()

    @property
    def user_days_per_hour(self) -> float:
        """Give how fast it went."""
        return len(self.population.users) * self.scenario.days * 3600 / self.took

    def replay(self, scenario_file: Path | None = None) -> str:
        """Give the command that plays the same run again."""
        parts = ["reflecta", "simulate"]
        parts += ["--scenario", str(scenario_file)] if scenario_file else []
        parts += ["--users", str(self.users_file)] if self.users_file else ["--size", str(self.scenario.size)]
        given = (("seed", self.scenario.seed), ("sample", self.scenario.sample), ("days", self.scenario.days))
        parts += [word for name, value in given for word in (f"--{name}", str(value))]
        if self.database_url != MEMORY:
            parts += ["--engine", self.engine, "--database-url", make_url(self.database_url).render_as_string()]
        return shlex.join([*parts, "--at", f"{self.start:%Y-%m-%dT%H:%M:%SZ}"])

    def whom(self) -> str:
        """Say who was simulated and for how many they stand."""
        simulated, size = len(self.population.users), self.population.size
        whose = "of your export" if self.users_file else "made up from the scenario"
        if self.population.scale <= 1:
            return f"All {size:,} users {whose} were simulated; nothing is scaled."
        return (
            f"{simulated:,} of {size:,} users {whose} were simulated. Messages, calls, costs and peaks are the "
            f"sample's times {self.population.scale:,.4g}; each limit was divided by as much."
        )

    def warnings(self) -> Iterator[str]:
        """Say where the sample could not stand for everybody."""
        for name, (given, used) in self.limits.items():
            if not 1 / _FAR < used / given < _FAR:
                yield (
                    f"{name} {given:,} cannot be divided by {self.population.scale:,.4g}; the sample stands for "
                    f"{used:,.0f}. Give a larger --sample to see the waiting right."
                )
        if self.population.refused:
            yield f"{self.population.refused:,} lines of the export were refused; `reflecta import` names them."

    def daily(self) -> Mapping[str, float]:
        """Give the mean of each figure of a day, for all users."""
        days, scale = self.load.days, self.population.scale
        return {field.name: sum(getattr(day, field.name) for day in days) / len(days) * scale for field in fields(Day)}

    def document(self) -> Mapping[str, object]:
        """Give everything but the effects as one JSON document; only the seconds it took differ between equal runs."""
        scale, load, found = self.population.scale, self.load, self.findings
        return {
            "isClean": found.is_clean,
            "users": {
                "size": self.population.size,
                "simulated": len(self.population.users),
                "scale": scale,
                "isScaled": scale > 1,
                "refusedLines": self.population.refused,
            },
            "start": self.start.isoformat(),
            "days": self.scenario.days,
            "seed": self.scenario.seed,
            "ianaVersion": IANA_VERSION,
            "replay": self.replay(),
            "engine": self.engine,
            "logSha256": self.digest,
            "outcomesSha256": self.outcomes_digest,
            "audit": {_camel(name): value for name, value in asdict(found).items()},
            "perDay": {_camel(name): round(value, 6) for name, value in self.daily().items()},
            "costPer30Days": round(self.daily()["cost"] * 30, 2),
            "peaks": {
                "modelCalls": round(load.peak_calls * scale),
                "occasionsInWork": round(load.peak_work * scale),
                "occasionsWaiting": round(load.peak_waiting * scale),
                "callsInBusiestMinute": round(load.calls_in_busiest_minute * scale),
                "longestWaitSeconds": load.longest_wait,
                "longestFromTickToOutcomeSeconds": load.longest_drain,
            },
            "limits": {
                name: {"set": given, "simulatedAs": round(used, 3)} for name, (given, used) in self.limits.items()
            },
            "warnings": list(self.warnings()),
            "sampleDays": [{_camel(name): value for name, value in asdict(day).items()} for day in load.days],
            "scenario": self.scenario.model_dump(mode="json"),
            "tookSeconds": round(self.took, 3),
            "cpuSeconds": round(self.cpu, 3),
        }

    def promises(self) -> Rows:
        """Give what was promised to the simulated users, and what came of it."""
        found = self.findings
        return [
            ("due dates promised", f"{found.promised:,}"),
            ("kept on their date", f"{found.kept:,}"),
            ("late, for a named reason", _excused(found)),
            ("messages delivered", f"{found.messages:,}"),
            ("due at the target hour and done within it", f"{found.on_the_hour:,} of {found.regular:,}"),
            ("model answers that could not be kept", f"{found.unsaved:,}"),
        ]

    def faults(self) -> Rows:
        """Give each kind of broken promise; 0 is right."""
        return [(_FAULT_NAMES[kind], f"{count:,}") for kind, count in self.findings.faults.items()]

    def costs(self) -> Rows:
        """Give the load and the cost of a day, for all users."""
        day = self.daily()
        per_message = day["cost"] / day["messages"] if day["messages"] else 0
        return [
            ("messages a day", f"{day['messages']:,.0f}"),
            ("occasions a day", f"{day['occasions']:,.0f}"),
            ("model calls a day", f"{day['calls']:,.0f}"),
            ("model calls a day that failed", f"{day['failed_calls']:,.0f}"),
            ("tokens a day, in and out", f"{day['tokens']:,.0f}"),
            ("pushes a day", f"{day['pushes']:,.0f}"),
            ("cost a day, US dollars", f"${day['cost']:,.2f}"),
            ("cost in 30 days, US dollars", f"${day['cost'] * 30:,.2f}"),
            ("cost a message, US dollars", f"${per_message:,.5f}"),
        ]

    def peaks(self) -> Rows:
        """Give the peaks, for all users."""
        load, scale = self.load, self.population.scale
        return [
            ("model calls at once", f"{load.peak_calls * scale:,.0f}"),
            ("model calls in the busiest minute", f"{load.calls_in_busiest_minute * scale:,.0f}"),
            ("occasions in work at once", f"{load.peak_work * scale:,.0f}"),
            ("occasions waiting for a place", f"{load.peak_waiting * scale:,.0f}"),
            ("longest wait for a place", f"{load.longest_wait / 60:,.1f} min"),
            ("longest from tick to outcome", f"{load.longest_drain / 60:,.1f} min"),
        ]

    def outcomes(self) -> Rows:
        """Give the simulated occasions by how they stand."""
        return [(state, f"{count:,}") for state, count in self.findings.outcomes.items()]

    def hours(self) -> Sequence[tuple[str, int, int, int]]:
        """Give the simulated messages by local hour, in the three windows."""
        found = self.findings.hours
        rows = [(hour, *(found[window][hour] for window in ("morning", "afternoon", "evening"))) for hour in range(24)]
        return [(f"{hour:02d}:00", a, b, c) for hour, a, b, c in rows]


_FAULT_NAMES: Final = {
    "doubled": "doubled",
    "lost": "lost",
    "outside": "outside the window",
    "after_off": "after switching off, or to a device that was gone",
    "erased": "after being erased, or left behind of them",
    "starved": "due and passed over",
    "unbalanced": "outcomes that do not add up",
}


def _excused(found: Findings) -> str:
    if not found.late:
        return "0"
    return f"{found.late:,} ({'; '.join(f'{count:,} {why}' for why, count in found.excuses.items())})"


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))
