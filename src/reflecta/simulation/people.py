"""The users of a simulation: made up from shares, or a sample of an operator's own export."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

from reflecta.adapters.documents import numbered_lines, parse_json, parse_line
from reflecta.application.importing import Import, Source
from reflecta.bootstrap import Service
from reflecta.domain.errors import InvalidInput
from reflecta.domain.model import Cadence, Entry, Preferences, Push, User, Window
from reflecta.simulation.chance import Draws, words
from reflecta.simulation.places import DAYS, every_place, target_after
from reflecta.simulation.scenario import EVERYWHERE, People, Scenario

# Steps of an even sequence: the first hundred users already have cadences and windows in their shares.
_CADENCE_STEP: Final = 0.7548776662466927
_WINDOW_STEP: Final = 0.5698402909980532
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Who is simulated and how many they stand for; *refused* counts lines of an export that were no use."""

    users: Sequence[User]
    size: int
    refused: int = 0

    @property
    def scale(self) -> float:
        """Give how many users each simulated one stands for."""
        return self.size / len(self.users) if self.users else 1.0


async def make_up(service: Service, scenario: Scenario, start: datetime) -> Population:
    """Store users that never were, each with a few entries."""
    count = min(scenario.sample, scenario.size)
    for first in range(0, count, _BATCH):
        batch = [_person(scenario, number, start) for number in range(first, min(first + _BATCH, count))]
        await service.ingest.upsert_users(batch)
        await service.ingest.upsert_entries([e for user in batch for e in _past_entries(scenario, user, start)])
    return Population(users=await _stored(service), size=scenario.size)


async def bring_in(service: Service, scenario: Scenario, file: Path) -> Population:
    """Store a sample of the users in an export, with all that it says of them."""
    source = partial(numbered_lines, partial(_opened, file))
    ids = _user_ids(source)
    if not ids:
        raise InvalidInput("--users", f"{str(file)!r} holds no user; give an import file (see docs/cli.md)")
    chance = random.Random(scenario.seed)  # noqa: S311 - a seeded choice, not a secret
    chosen = ids if len(ids) <= scenario.sample else frozenset(chance.sample(sorted(ids), scenario.sample))
    importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
    imported = await importing.run(partial(_lines_of, source, chosen))
    users = await _stored(service)
    for first in range(0, len(users), _BATCH):
        # Tokens are set aside: no address of a real person comes near a channel, not even a simulated one.
        await service.ingest.upsert_users([_anonymous(user) for user in users[first : first + _BATCH]])
    return Population(users=await _stored(service), size=len(ids), refused=imported.bad_lines)


def count(file: Path) -> int:
    """Count the users in an export."""
    return len(_user_ids(partial(numbered_lines, partial(_opened, file))))


def pick(shares: Mapping[str, float], at: float) -> str:
    """Give the name at a place between 0 and 1 when names take room by their shares."""
    left = at * sum(shares.values())
    last = ""
    for last, share in shares.items():  # noqa: B007 - rounding may leave the last one
        left -= share
        if left < 0:
            break
    return last


def pick_zone(people: People, draws: Draws) -> str:
    """Draw a zone."""
    name = pick(people.zones, draws.uniform())
    places = every_place()
    return places[int(draws.uniform() * len(places))] if name == EVERYWHERE else name


def entry(scenario: Scenario, user_id: str, key: str, written_at: datetime) -> Entry:
    """Make up what a user wrote."""
    text = words(scenario.people.words_per_entry, scenario.seed, "entry", user_id, key).capitalize() + "."
    return Entry(
        id=f"entry-{user_id}-{key}",
        user_id=user_id,
        content=f"<p>{text}</p>",
        text=text,
        written_at=written_at,
        updated_at=written_at,
    )


def _person(scenario: Scenario, number: int, start: datetime) -> User:
    people, draws = scenario.people, Draws(scenario.seed, "person", number)
    cadence = pick(people.cadences, number * _CADENCE_STEP % 1)
    window = pick(people.windows, number * _WINDOW_STEP % 1)
    zone = pick_zone(people, draws)
    has_device = draws.happens(people.device_share)
    due = None if people.launch else target_after(start, zone, window, int(draws.uniform() * DAYS[cadence]))
    user_id = f"u{number:07d}"
    return User(
        id=user_id,
        first_name="Kim",
        language="en",
        timezone=zone,
        given_timezone=zone,
        preferences=Preferences(enabled=True, cadence=Cadence(cadence), window=Window(window)),
        push=Push(enabled=has_device, tokens=(f"device-{user_id}",) if has_device else ()),
        next_due_at=due,
    )


def _past_entries(scenario: Scenario, user: User, start: datetime) -> Iterator[Entry]:
    for number in range(scenario.people.entries_at_start):
        yield entry(scenario, user.id, f"before-{number}", start - timedelta(days=2 * number, hours=5))


def _anonymous(user: User) -> User:
    tokens = tuple(f"device-{user.id}-{number}" for number, _ in enumerate(user.push.tokens))
    return replace(user, push=replace(user.push, tokens=tokens))


async def _stored(service: Service) -> Sequence[User]:
    found: list[User] = []
    while page := await service.store.users(after=found[-1].id if found else "", limit=_BATCH):
        found += page
    return found


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise InvalidInput("--users", f"{str(file)!r} cannot be read ({error.strerror}); give a file") from error


def _user_ids(source: Callable[[], Iterator[tuple[int, bytes]]]) -> frozenset[str]:
    return frozenset(uid for _, line in source() if (uid := _owner(line, of_user=True)))


def _lines_of(source: Source, chosen: frozenset[str]) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in source() if _owner(line) in chosen)


def _owner(line: bytes, *, of_user: bool = False) -> str | None:
    """Give whom a line is about; None where it is no use, or with *of_user* no user."""
    try:
        document = parse_json(line, field="line")
    except InvalidInput:
        return None
    if not isinstance(document, Mapping):
        return None
    given = cast("Mapping[str, object]", document)
    if of_user and given.get("type") != "user":
        return None
    owner = given.get("uid", given.get("userId"))
    return owner if isinstance(owner, str) else None
