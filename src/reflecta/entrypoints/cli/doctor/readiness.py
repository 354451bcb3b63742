"""Judges the settings for doctor: engine and database, the secret, the way to a model, and whether it answers."""

from typing import Final

from reflecta.adapters.stores import is_firestore
from reflecta.application.doctor import Finding, fail, ok, warn
from reflecta.application.ports import Clock
from reflecta.bootstrap import open_service
from reflecta.config import EngineName, Environment, Settings
from reflecta.domain.context import build_context
from reflecta.domain.errors import ConfigurationError, ModelError
from reflecta.domain.model import Purpose, User
from reflecta.domain.prompt import Question

# 32 random characters hold more than any guessing will reach.
_LENGTH_AT_LEAST: Final = 32
_HOW_TO_MAKE_ONE: Final = "CRON_SECRET=\"$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')\""
_ASKING_AT_MOST: Final = 30.0


def judge_engine(settings: Settings) -> Finding:
    """Say whether the engine can run on the database, with what it needs."""
    name, engine, database = "engine", settings.engine, _database(settings)
    if engine is EngineName.PGQUEUER and database != _POSTGRES:
        fix = "set REFLECTA_DATABASE_URL=postgresql://USER@HOST/NAME, or REFLECTA_ENGINE=local"
        return fail(name, "pgqueuer needs PostgreSQL", fix)
    if engine is EngineName.HTTP and (settings.processor_url is None or settings.cron_secret is None):
        fix = "set REFLECTA_PROCESSOR_URL to the full URL of /processor, and CRON_SECRET"
        return fail(name, "http has nobody to call", fix)
    if engine is EngineName.HTTP and database == _SQLITE:
        fix = "set REFLECTA_DATABASE_URL=postgresql://USER@HOST/NAME, or firestore://PROJECT"
        return warn(name, "http calls other instances, and those do not share a SQLite file", fix)
    return ok(name, f"{engine.value} on {database}")


_SQLITE, _POSTGRES = "SQLite", "PostgreSQL"


def _database(settings: Settings) -> str:
    if is_firestore(settings.database_url):
        return "Firestore"
    return _POSTGRES if settings.database_url.startswith("postgres") else _SQLITE


def judge_secret(settings: Settings) -> Finding:
    """Say whether strangers are kept out."""
    name, secret = "secret", settings.cron_secret
    in_production = settings.env is Environment.PRODUCTION
    if secret is None:
        if in_production:
            return fail(name, "CRON_SECRET is not set; the service refuses to start", _HOW_TO_MAKE_ONE)
        return ok(name, "none; in development the service listens on loopback alone")
    length = len(secret.get_secret_value())
    if length >= _LENGTH_AT_LEAST:
        return ok(name, f"CRON_SECRET is set, {length} characters")
    text = f"CRON_SECRET has {length} characters; fewer than {_LENGTH_AT_LEAST} can be guessed"
    return fail(name, text, _HOW_TO_MAKE_ONE) if in_production else warn(name, text, _HOW_TO_MAKE_ONE)


def judge_model(settings: Settings) -> Finding:
    """Say who writes and who judges."""
    name = "model"
    if not settings.uses_model:
        text = "no model is configured: the composer writes from templates and the user's own words"
        if settings.env is Environment.PRODUCTION:
            return warn(name, text, "set OPENROUTER_API_KEY, ANTHROPIC_API_KEY or REFLECTA_MODEL_BASE_URL")
        return ok(name, text)
    writer, judge = settings.generator_model, settings.judge_model
    text = f"{writer} writes, {judge} judges, by {_provider(settings)}"
    if writer == judge:
        fix = "set REFLECTA_JUDGE_MODEL to a model of another family"
        return warn(name, f"{text}; models rate what they wrote themselves too high", fix)
    return ok(name, text)


def _provider(settings: Settings) -> str:
    if settings.model_base_url is not None:
        return "an endpoint of your own (REFLECTA_MODEL_BASE_URL)"
    return "OpenRouter" if settings.openrouter_api_key is not None else "Anthropic"


async def ask_the_model(settings: Settings, clock: Clock) -> Finding:
    """Ask the writing model one small question; it is paid for."""
    name = "model answer"
    if not settings.uses_model:
        return ok(name, "nobody was asked: the composer writes")
    # A ledger in memory: the model's answer must not depend on the database.
    apart = settings.model_copy(
        update={
            "database_url": "sqlite://",
            "engine": EngineName.LOCAL,
            "model_attempts": 1,
            "model_timeout": min(settings.model_timeout, _ASKING_AT_MOST),
        }
    )
    try:
        async with open_service(apart, clock=clock) as service:
            completion = await service.process.compose.writer.complete(_question(clock))
    except (ModelError, ConfigurationError) as error:
        fix = "check the key, its credit, REFLECTA_GENERATOR_MODEL and REFLECTA_MODEL_BASE_URL"
        return fail(name, f"{type(error).__name__}: {error}", fix)
    call = completion.call
    used = f"{call.input_tokens} + {call.output_tokens} tokens"
    return ok(name, f"{call.model} answered in {call.latency:.1f} s ({used})")


def _question(clock: Clock) -> Question:
    nobody = User(id="doctor")
    context = build_context(nobody, entries=(), insights=None, messages=(), now=clock.now(), zone="UTC", budget=0)
    return Question(
        purpose=Purpose.ASSESSMENT,
        instructions='Answer with the JSON object {"ok": true} and nothing else.',
        content="Are you there?",
        schema={
            "type": "object",
            "properties": {"ok": {"type": "boolean"}},
            "required": ["ok"],
            "additionalProperties": False,
        },
        prompt_version="doctor",
        context=context,
        max_output_tokens=200,
    )
