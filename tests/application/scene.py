"""The whole service on SQLite in memory, under a clock that tests move and a model that says what they script."""

import json
import random
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.builders import NOW, a_user, an_entry

from reflecta.application.ports import Completion
from reflecta.application.process import Processed
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, Settings, load
from reflecta.domain.model import Entry, Recommendation, User
from reflecta.testing import FakeClock, RecordingTelemetry, ScriptedModel, assessment_reply

Answers = Iterable[str | Exception | Completion]

WRITTEN = "I walked along the river and thought about the garden."


QUOTED = "walked along the river"
TAKEN_UP = (
    f"You wrote about the river. You “{QUOTED}”, and your thoughts went to the garden. There is something quiet in "
    "that line, and you kept it."
)


def a_draft(text: str = "What stayed with you from that walk?", *, user: str = "u1", **fields: object) -> str:
    """Answer as a model that drafts about what was WRITTEN, the service's choice of type; *text* ends it."""
    answer: dict[str, object] = {
        "messageType": "general_reflection",
        "message": f"{TAKEN_UP} {text}",
        "pushNotification": "A note is waiting for you.",
        "evidence": [{"entryId": f"e-{user}", "quote": QUOTED}],
    }
    return json.dumps(answer | fields)


def a_verdict(rating: int = 8, action: str = "SEND_MESSAGE", faults: Iterable[str] = ()) -> str:
    """Answer as a model that judges."""
    return assessment_reply(rating, Recommendation(action), faults)


@dataclass(frozen=True, slots=True)
class Scene:
    """A running service with its doubles."""

    service: Service
    clock: FakeClock
    model: ScriptedModel
    telemetry: RecordingTelemetry

    async def add(self, *users: User, entries: Iterable[Entry] | None = None) -> None:
        """Store users, each with one entry unless entries are given."""
        await self.service.ingest.upsert_users(users)
        written = [an_entry(f"e-{u.id}", u.id, text=WRITTEN) for u in users] if entries is None else list(entries)
        refused = await self.service.ingest.upsert_entries(written)
        assert not refused, refused

    async def add_due_user(self) -> User:
        """Store one user who is due now."""
        user = a_user()
        await self.add(user)
        return user

    async def claimed(self) -> str:
        """Tick and give the id of the one occasion that is queued."""
        await self.service.tick()
        (occasion,) = await self.service.store.occasions()
        return occasion.id

    async def processed(self) -> Processed:
        """Tick and work on the one occasion."""
        processed = await self.service.process(await self.claimed())
        assert processed is not None
        return processed

    async def due_of(self, user_id: str = "u1") -> object:
        """Give a user's next due time."""
        user = await self.service.store.user(user_id)
        assert user is not None
        return user.next_due_at


@asynccontextmanager
async def a_scene(answers: Answers | None = (), **settings: object) -> AsyncGenerator[Scene]:
    """Open the service at NOW; without *answers* (None) the composer writes. The rules screen alone by default."""
    clock, telemetry = FakeClock(NOW), RecordingTelemetry()
    model = ScriptedModel(answers or ())
    changes: dict[str, object] = {"database_url": "sqlite://", "channel": ChannelName.LOG, "screening": False}
    chosen: Settings = load().model_copy(update=changes | settings)
    async with open_service(
        chosen,
        clock=clock,
        telemetry=telemetry,
        random_source=random.Random(7),
        model=None if answers is None else model,
        with_models=False,
    ) as service:
        yield Scene(service, clock, model, telemetry)
