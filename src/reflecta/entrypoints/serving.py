"""The processes that run for long: `serve` (API, ticks and work in one) and `work` (work alone).

At SIGTERM or SIGINT they take nothing more, finish what is in hand within the grace and flush the outbox; the
second signal ends them at once.
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from reflecta import __version__
from reflecta.bootstrap import Service, open_service
from reflecta.config import EngineName, Settings
from reflecta.domain.errors import ConfigurationError
from reflecta.entrypoints.api import create_app
from reflecta.entrypoints.api.drain import Drain
from reflecta.entrypoints.working import Grace, background, delivering, looking, ticking, working

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LONGEST_HEAD: Final = 64 * 1024  # bytes of a request line and its headers, counted when more are to come
_CLOSE_AT_LEAST: Final = 1  # seconds, for answers on their way


async def serve(settings: Settings, host: str, port: int) -> None:
    """Run the API on *host*:*port* (0 picks a free one), the ticks and a worker until a signal comes.

    Raises ConfigurationError where the address is taken or a secret is missing.
    """
    settings.require_secret(host)
    with _listen(host, port) as listener:
        async with _opened(settings) as (service, told), AsyncExitStack() as jobs:
            grace, drain = Grace(settings.grace), Drain()
            await jobs.enter_async_context(delivering(service, grace))
            app = create_app(service, host=host, drain=drain)
            await jobs.enter_async_context(_answering(app, listener, grace))
            await jobs.enter_async_context(working(service, grace))
            await jobs.enter_async_context(ticking(service, grace))
            bound = int(listener.getsockname()[1])
            _announce(service, f"Reflecta answers at http://{_in_url(host)}:{bound} (Ctrl-C stops it)", host, bound)
            await told.wait()
            drain.begin()
            _stop(service, grace)


async def work(settings: Settings) -> None:
    """Work on queued occasions and send pushes until a signal comes; makes no occasions.

    On the local engine it looks into the ledger every few seconds for what a tick of another process left queued.
    """
    if settings.engine is EngineName.HTTP:
        raise ConfigurationError(
            "REFLECTA_ENGINE=http has no workers, /processor does the work; run `reflecta serve`, or set it to local"
        )
    async with _opened(settings) as (service, told), AsyncExitStack() as jobs:
        grace = Grace(settings.grace)
        await jobs.enter_async_context(delivering(service, grace))
        await jobs.enter_async_context(working(service, grace))
        if service.local is not None:
            await jobs.enter_async_context(looking(service, grace))
        _announce(service, "Reflecta works (Ctrl-C stops it)")
        await told.wait()
        _stop(service, grace)


@contextmanager
def _listen(host: str, port: int) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen at {host!r}, port {port}: {error.strerror or error}; choose others with --host and --port"
        ) from error
    with listener:
        yield listener


class _Server(uvicorn.Server):
    """Uvicorn without its own way with signals; *is_up* is set once it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    def capture_signals(self) -> nullcontext[None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return nullcontext()


@asynccontextmanager
async def _answering(app: ASGIApp, listener: socket.socket, grace: Grace) -> AsyncGenerator[None]:
    """Answer HTTP; at the end finish the answers on their way."""
    config = uvicorn.Config(
        app,
        http="h11",  # httptools takes headers of any size
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        lifespan="off",
        ws="none",
        log_config=None,  # our events tell what happens; uvicorn's lines would hold paths, which hold ids
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what a caller says of its own address counts for nothing
        timeout_keep_alive=5,
    )
    server = _Server(config)

    async def run(stop: asyncio.Event) -> None:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await stop.wait()
        config.timeout_graceful_shutdown = max(_CLOSE_AT_LEAST, int(grace.left().total_seconds()))
        server.should_exit = True
        await serving

    async with background(run):
        await server.is_up.wait()
        yield


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _announce(service: Service, line: str, host: str | None = None, port: int | None = None) -> None:
    settings = service.settings
    store = settings.database_url.partition(":")[0].partition("+")[0]
    service.telemetry.event(
        "service.started",
        version=__version__,
        env=settings.env,
        engine=settings.engine,
        store=store,
        host=host,
        port=port,
    )
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _stop(service: Service, grace: Grace) -> None:
    grace.begin()
    service.telemetry.event("service.stopping")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[tuple[Service, asyncio.Event]]:
    """Open the service, with the event that a signal sets."""
    async with open_service(settings) as service:
        with _hearing() as told:
            yield service, told
    # The process ends here. Looking through all it holds for cycles once more takes 0.8 s of CPU, of which a machine
    # that stops many processes at once makes ten seconds: more than lies between the grace and the SIGKILL.
    gc.freeze()


@contextmanager
def _hearing() -> Generator[asyncio.Event]:
    """Listen for signals; the second one ends the block wherever it is."""
    loop, told, hurried = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - coroutines run in tasks

    def hear() -> None:
        if told.is_set():
            hurried.set()
            task.cancel()
        told.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, hear)
    try:
        yield told
    except asyncio.CancelledError:
        if not hurried.is_set():
            raise
        task.uncancel()
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
