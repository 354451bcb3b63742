"""The commands that run occasions: tick, test, force and dry-run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reflecta.adapters.engines.local import LocalEngine
from reflecta.application.explain import category, next_step
from reflecta.application.on_demand import NotDue, Preview
from reflecta.application.ports.store import Explanation
from reflecta.application.process import Processed
from reflecta.application.tick import TickReport
from reflecta.bootstrap import Service
from reflecta.config import EngineName
from reflecta.domain.model import OccasionState, Reason, User
from reflecta.entrypoints import views
from reflecta.entrypoints.cli.exits import ExitCode
from reflecta.entrypoints.cli.output import Output, write_json
from reflecta.entrypoints.cli.reading import print_attempt, print_occasion
from reflecta.entrypoints.cli.service import run
from reflecta.entrypoints.cli.session import Session

# After a drain nothing is in hand; before its end somebody interrupted, and leases go back at once.
_AT_ONCE: Final = timedelta(0)


def run_tick(*, at: datetime | None, as_json: bool, enqueue_only: bool) -> ExitCode:
    """Tick once. On the local engine the queue is worked empty and pushes leave, unless *enqueue_only*."""
    session = Session.begin(at)

    async def tick(service: Service) -> TickReport:
        if service.local is None or enqueue_only:
            return await service.tick()
        return await _tick_and_work(service, service.local)

    works_here = session.settings.engine is EngineName.LOCAL and not enqueue_only
    report = run(session, tick, with_models=works_here)
    if as_json:
        write_json({"success": True, "results": views.results(report)})
    else:
        session.output.line(
            f"{report.users_due} due: {report.jobs_created} queued, {report.users_rescheduled} rescheduled, "
            f"{report.errors} errors; {report.users_bootstrapped} got their first due time"
        )
    return ExitCode.OK


async def _tick_and_work(service: Service, engine: LocalEngine) -> TickReport:
    await engine.start()
    try:
        report = await service.tick()
        await engine.drain()
        await service.deliver.drain()
        await service.deliver.collect_receipts()
    finally:
        await engine.stop(_AT_ONCE)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """What running one user's occasion brought."""

    result: Processed | NotDue
    user: User | None
    told: Explanation | None
    now: datetime


def run_user(user_id: str, *, at: datetime | None, as_json: bool, force: bool) -> ExitCode:
    """Run a user's occasion now: the open one or one that is due, or with *force* one of its own."""
    session = Session.begin(at)

    async def act(service: Service) -> _Ran:
        write = service.on_demand.force if force else service.on_demand.user
        result = await write(user_id)
        await service.deliver.drain()
        told = None if isinstance(result, NotDue) else await service.store.explanation(result.occasion_id)
        user = await service.store.user(user_id)
        return _Ran(result=result, user=user, told=told, now=service.clock.now())

    ran = run(session, act, with_models=True)
    if as_json:
        write_json(views.processed(ran.result, ran.user, ran.told))
    else:
        _print_run(session.output, ran)
    return _judged(ran.result)


def _print_run(output: Output, ran: _Ran) -> None:
    if ran.user is not None and isinstance(ran.result, NotDue):
        output.verdict(category(ran.user, ran.now), ran.user.id)
        output.line(f"Nothing was done. {next_step(ran.user, ran.now)}")
        output.line(f"To write all the same: reflecta force {ran.user.id}")
    if ran.told is not None:
        print_occasion(output, ran.told, with_context=False)


def _judged(result: Processed | NotDue) -> ExitCode:
    """Give the exit code: holding back, like not being due, is a result; an occasion still open is none yet."""
    if isinstance(result, NotDue):
        return ExitCode.OK
    if result.reason is Reason.MODEL_ERROR:
        return ExitCode.UNAVAILABLE
    return ExitCode.FAILED if result.outcome in {None, OccasionState.FAILED} else ExitCode.OK


def run_dry(user_id: str, *, at: datetime | None, as_json: bool) -> ExitCode:
    """Write a message for a user as if due now; nothing is stored or sent, but the model's calls are paid for."""
    session = Session.begin(at)

    async def write(service: Service) -> tuple[Preview, datetime]:
        return await service.on_demand.preview(user_id), service.clock.now()

    preview, now = run(session, write, with_models=True)
    if as_json:
        write_json(views.preview(preview, now))
    else:
        _print_preview(session.output, preview)
    return ExitCode.OK


def _print_preview(output: Output, preview: Preview) -> None:
    attempts = preview.composed.attempts if preview.composed else ()
    for attempt in attempts:
        print_attempt(output, attempt, of=len(attempts))
    would = f"be held back: {preview.reason.value}" if preview.reason else "be sent"
    output.line(f"It would {would}. Nothing was stored.")
