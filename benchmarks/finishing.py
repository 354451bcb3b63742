"""The finishing transaction, one after another, beside a bare driver that says the same to the database."""

from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Final

from tests.proof.figures import Figure

from benchmarks.measure import at_least, ratio, spread, told
from benchmarks.people import NOW, add_users
from benchmarks.places import kinds, place
from benchmarks.sizes import Sizes
from benchmarks.stopwatch import timed
from benchmarks.tape import Tape, taping
from reflecta.adapters.engines.local import LocalEngine
from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import Ending, Sending
from reflecta.application.tick import Tick
from reflecta.domain.model import Address, Delivery, Entry, Occasion, OccasionState
from reflecta.testing import FakeClock, RecordingTelemetry

_TEXT: Final = "You wrote about the garden and the loud week. " * 12
_REWIND: Final = (
    "DELETE FROM messages",
    "DELETE FROM journal_entries",
    "DELETE FROM deliveries",
    """
    UPDATE users SET next_due_at = regular_due_at, last_sent_at = NULL, last_notification_at = NULL
    FROM occasions WHERE occasions.user_id = users.id
    """,
    f"""
    UPDATE occasions SET state = 'in_work', ended_at = NULL, lease_token = 'token-' || user_id,
      lease_until = {int((NOW + timedelta(minutes=1)).timestamp() * 1000)}
    """,  # noqa: S608 - a number of our own
)


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Finish on every store."""
    figures: dict[str, Figure] = {}
    for kind in kinds():
        figures |= await _on(kind, sizes)
    return figures


async def _on(kind: str, sizes: Sizes) -> dict[str, Figure]:
    async with AsyncExitStack() as stack:
        there = stack.enter_context(place(kind))
        store = await stack.enter_async_context(there.store())
        driver = await stack.enter_async_context(there.driver())
        occasions = await _claimed(store, sizes.finishes)

        async def rewind() -> None:
            for statement in _REWIND:
                await driver.run(statement)

        await rewind()
        with taping() as tape:
            await _finish_all(store, occasions)
        ours, floor = list[float](), list[float]()
        for _ in range(sizes.rounds):
            await rewind()
            ours += [await timed(_finish(store, occasion)) for occasion in occasions]
            await rewind()
            floor += [await timed(driver.play(part.steps)) for part in _transactions(tape)]
        return _figures(kind, ours, floor)


async def _claimed(store: SqlStore, count: int) -> list[Occasion]:
    await add_users(store, count, due=count)
    telemetry = RecordingTelemetry()
    engine = LocalEngine(_nothing, telemetry)
    await Tick(store=store, engine=engine, clock=FakeClock(NOW), telemetry=telemetry, draw=lambda: 0.5)()
    return list(await store.occasions(limit=count))


async def _nothing(_occasion_id: str) -> None:
    return


async def _finish_all(store: SqlStore, occasions: list[Occasion]) -> None:
    for occasion in occasions:
        await _finish(store, occasion)


async def _finish(store: SqlStore, occasion: Occasion) -> None:
    outcome, _ = await store.finish(occasion.id, _ending(occasion), token=f"token-{occasion.user_id}")
    assert outcome is OccasionState.SENT, outcome  # noqa: S101 - a figure of something else would mislead


def _ending(occasion: Occasion) -> Ending:
    user, message = occasion.user_id, f"m-{occasion.user_id}"
    entry = Entry(
        id=f"je-{user}",
        user_id=user,
        content=f"<p>{_TEXT}</p>",
        text=_TEXT,
        written_at=NOW,
        updated_at=NOW,
        message_id=message,
    )
    push = Delivery(
        id=f"d-{user}",
        message_id=message,
        user_id=user,
        address=Address(channel="expo", value=f"ExponentPushToken[{user}]"),
        title="A note from your coach",
        body="A note is waiting for you.",
        data={"entryId": entry.id, "messageId": message},
        expires_at=NOW + timedelta(hours=3),
    )
    sending = Sending(
        message_id=message, attempt=1, local_date=lambda _zone: date(2026, 3, 10), entry=entry, deliveries=[push]
    )
    return Ending(outcome=OccasionState.SENT, now=NOW, next_due_at=NOW + timedelta(days=2), sending=sending)


def _transactions(tape: Tape) -> list[Tape]:
    parts = [Tape()]
    for step in tape.steps:
        parts[-1].steps.append(step)
        if step.sql == "COMMIT":
            parts.append(Tape())
    return parts[:-1]


def _figures(kind: str, ours: list[float], floor: list[float]) -> dict[str, Figure]:
    p50, p95 = spread(ours)
    floor_p50, _ = spread(floor)
    return {
        f"ratio_finish_{kind}": at_least(ratio(ours, floor), 0.4, len(ours)),
        f"ms_finish_{kind}_p50": told(p50, len(ours)),
        f"ms_finish_{kind}_p95": told(p95, len(ours)),
        f"ms_finish_{kind}_floor_p50": told(floor_p50, len(floor)),
    }
