from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest
from tests.model_server import ModelServer

from reflecta.domain.context import Context
from reflecta.domain.model import Preferences, Purpose
from reflecta.domain.prompt import Question

SCHEMA = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
    "additionalProperties": False,
}


@pytest.fixture
def question() -> Question:
    """Ask something with a schema; the texts are easy to find again where they must not be."""
    return Question(
        purpose=Purpose.DRAFT,
        instructions="INSTRUCTIONS for every user.",
        content="JOURNAL of one user.",
        schema=SCHEMA,
        prompt_version="draft-0123456789",
        context=Context(
            user_id="u1",
            now=datetime(2026, 1, 1, tzinfo=UTC),
            zone="Europe/Berlin",
            preferences=Preferences(),
            first_name=None,
            language=None,
            age_band=None,
            occupations=(),
            entry_count=0,
            notes=(),
            insights={},
            messages=(),
        ),
    )


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer]:
    async with ModelServer() as running:
        yield running
