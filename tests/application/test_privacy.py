"""A whole run in every log format at the finest level: nothing a person wrote, and no secret, is in it."""

import io
import random
from datetime import timedelta
from typing import Literal

import pytest
from tests.application.scene import a_draft, a_verdict
from tests.builders import NOW, a_user, an_entry

from reflecta.adapters.telemetry import LogTelemetry
from reflecta.application.process import OnModelFailure
from reflecta.bootstrap import open_service
from reflecta.config import ChannelName, load
from reflecta.domain.errors import ModelUnavailable
from reflecta.testing import FakeClock, ScriptedModel

CANARIES = (
    "canary-entry",
    "canary-name",
    "canary-draft",
    "canary-fault",
    "canary-token",
    "canary-reply",
    "canary-mail",
)


@pytest.mark.parametrize("form", ["console", "json", "guide"])
async def test_no_text_or_secret_of_a_whole_run_reaches_the_logs(form: Literal["console", "json", "guide"]) -> None:
    stream, clock = io.StringIO(), FakeClock(NOW)
    answers = [
        a_draft("canary-draft: what stays with you?"),
        a_verdict(3, "REVISE_MESSAGE", ["canary-fault"]),
        "canary-reply, not JSON",
        ModelUnavailable("canary-reply"),
    ]
    settings = load().model_copy(
        update={"database_url": "sqlite://", "channel": ChannelName.EXPO, "on_model_failure": OnModelFailure.COMPOSER}
    )
    async with open_service(
        settings,
        clock=clock,
        telemetry=LogTelemetry(clock=clock, format=form, stream=stream, level="debug"),
        random_source=random.Random(1),
        model=ScriptedModel(answers),
    ) as service:
        user = a_user(first_name="canary-name", email="canary-mail@example.com", tokens=("canary-token",))
        await service.ingest.upsert_users([user])
        await service.ingest.upsert_entries([an_entry(text="canary-entry: I want to finish the garden bench soon.")])
        await service.tick()
        (occasion,) = await service.store.occasions()
        await service.process(occasion.id)
        clock.advance(timedelta(hours=1))
        await service.tick()
        await service.ingest.erase_user("u1")

    logged = stream.getvalue()
    assert "u1" in logged
    assert [canary for canary in CANARIES if canary in logged] == []
