"""Runs the main job on real journals: 737 entries by real people, as the journals of 60.

    python -m tests.proof.journals

Imports them, ticks through two days, and audits from outside: every time a user came due is one occasion with
one outcome, and every quotation stands word for word in that user's own entries. Prints the figures and writes
out/journals.json.
"""

import asyncio
import csv
import html
import json
import random
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.data import need_data
from tests.proof.figures import Figure, report

from reflecta.adapters.documents import parse_line
from reflecta.application.importing import Import
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, load
from reflecta.testing import FakeClock, RecordingTelemetry

JOURNALS = "journals/lemotif-half.csv"
PEOPLE = 60
START = datetime(2026, 11, 16, tzinfo=UTC)
HOURS = 48
ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Pacific/Auckland", "America/Los_Angeles"),
    *("Africa/Lagos", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham", "Europe/London"),
)
WINDOWS = ("morning", "afternoon", "evening")
CADENCES = ("daily", "multipleTimesPerWeek", "onceAWeek")


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of it."""

    people: int
    entries: int
    due: int
    ended: int
    not_exactly_one: int
    sent: int
    quotations: int
    not_verbatim: int


def journals() -> Mapping[str, Sequence[str]]:
    """Give the real entries as the journals of 60 people, dealt out in turn."""
    with need_data(JOURNALS).open(encoding="utf-8", newline="") as file:
        texts = [row["Answer"] for row in csv.DictReader(file)]
    dealt: defaultdict[str, list[str]] = defaultdict(list)
    for number, text in enumerate(texts):
        dealt[f"person-{number % PEOPLE:02}"].append(text)
    return dealt


def import_lines(people: Mapping[str, Sequence[str]]) -> list[bytes]:
    """Give the import file of all these people."""
    lines: list[dict[str, object]] = []
    for number, (uid, texts) in enumerate(people.items()):
        coaching = {
            "enableCoachingMessages": True,
            "coachingMessageFrequency": CADENCES[number % 3],
            "coachingMessageTimePreference": WINDOWS[number // 3 % 3],
        }
        zone = ZONES[number % len(ZONES)]
        lines.append({"type": "user", "uid": uid, "coachingConfig": coaching, "userTimezone": zone})
        for age, text in enumerate(texts, start=1):
            at = int((START - timedelta(days=2 * age)).timestamp() * 1000)
            content = f"<p>{html.escape(text)}</p>"
            entry = {"id": f"{uid}-{age}", "uid": uid, "content": content, "timestamp": at, "lastUpdated": at}
            lines.append({"type": "entry", **entry})
    return [json.dumps(line).encode() for line in lines]


async def prove() -> Audit:
    """Import, run two days, audit."""
    people, clock = journals(), FakeClock(START)
    settings = load().model_copy(update={"database_url": "sqlite://", "channel": ChannelName.LOG})
    async with open_service(
        settings, clock=clock, telemetry=RecordingTelemetry(), random_source=random.Random(3), with_models=False
    ) as service:
        lines = import_lines(people)
        importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
        imported = await importing.run(lambda: enumerate(lines, start=1))
        assert imported.bad_lines == 0, imported.bad
        due = await _run(service, clock)
        return await _audit(service, people, due=due, entries=imported.entries)


async def _run(service: Service, clock: FakeClock) -> int:
    assert service.local is not None
    await service.local.start()
    due = 0
    for _ in range(HOURS):
        due += (await service.tick()).users_due
        await service.local.drain()
        clock.advance(timedelta(hours=1))
    return due


async def _audit(service: Service, people: Mapping[str, Sequence[str]], *, due: int, entries: int) -> Audit:
    occasions = await service.store.occasions(limit=100_000)
    times = Counter((occasion.user_id, occasion.due_at) for occasion in occasions)
    ended = [occasion for occasion in occasions if not occasion.state.is_open]
    sent = quotations = not_verbatim = 0
    for occasion in ended:
        explanation = await service.store.explanation(occasion.id)
        if explanation is None or explanation.message_id is None:
            continue
        sent += 1
        draft = explanation.attempts[-1].draft
        quotes = quoted(draft.text) if draft else []
        quotations += len(quotes)
        own = [plain(text) for text in people[occasion.user_id]]
        not_verbatim += sum(not any(plain(quote) in text for text in own) for quote in quotes)
    return Audit(
        people=len(people),
        entries=entries,
        due=due,
        ended=len(ended),
        not_exactly_one=sum(count != 1 for count in times.values()) + abs(due - len(ended)),
        sent=sent,
        quotations=quotations,
        not_verbatim=not_verbatim,
    )


def quoted(text: str) -> list[str]:
    """Find what stands in quotation marks; written apart from the service's own check."""
    return [match.strip(" .,;:!?") for match in re.findall(r"[“«„]\s*([^”»“]+?)\s*[”»“]", text)]


def plain(text: str) -> str:
    """Make two spellings of one text equal: compatible characters, straight quotes, single blanks."""
    same = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    return " ".join(same.split())


def figures(audit: Audit) -> dict[str, Figure]:
    """Name the figures."""
    return {
        "people": Figure(audit.people, "== 60", met=audit.people == PEOPLE, n=audit.people),
        "entries": Figure(audit.entries, "== 737", met=audit.entries == 737, n=audit.entries),
        "times_due": Figure(audit.due, ">= 60", met=audit.due >= PEOPLE, n=audit.people),
        "not_exactly_one_outcome": Figure(audit.not_exactly_one, "== 0", met=audit.not_exactly_one == 0, n=audit.due),
        "sent": Figure(audit.sent, ">= 1", met=audit.sent > 0, n=audit.due),
        "quotations_not_verbatim": Figure(
            audit.not_verbatim, "== 0", met=audit.not_verbatim == 0 < audit.quotations, n=audit.quotations
        ),
    }


if __name__ == "__main__":
    sys.exit(report("journals", figures(asyncio.run(prove()))))
