"""What the state machine found, each in its fewest steps."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.application.scene import a_draft, a_scene, a_verdict
from tests.builders import NOW, an_entry
from tests.contracts.steps import in_work
from tests.databases import Held, apart, dump, held_open, migrated, postgres_database, rows
from tests.machine.doubles import Died, Reception, interrupted, mortal
from tests.machine.known import Wish
from tests.machine.machine import STARTS, Machine, machine_on
from tests.machine.stage import Stage, on_stage

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import KeptContext
from reflecta.application.process import OnModelFailure
from reflecta.domain.model import Attempt, Cadence, OccasionState, Reason, Window


async def test_a_models_words_in_an_error_do_not_outlive_the_erasure() -> None:
    odd = [a_draft(messageType="Ana left me")] * 3
    async with a_scene(odd, on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add_due_user()
        await scene.processed()

        await scene.service.ingest.erase_user("u1")

        assert "Ana left me" not in str(await dump(scene.service.store))


async def test_who_moved_away_after_a_worker_died_gets_nothing_outside_the_new_window() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        user = await scene.add_due_user()
        occasion, process = await scene.claimed(), scene.service.process
        with pytest.raises(Died):
            await replace(process, store=mortal(process.store, 1, after=True))(occasion)
        await scene.service.ingest.upsert_users([replace(user, timezone="Asia/Tokyo")])
        scene.clock.advance(timedelta(seconds=61))

        processed = await process(occasion)

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)
        assert not scene.model.questions


async def test_a_clock_put_back_before_the_opening_sends_nothing() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        user = await scene.add_due_user()
        scene.clock.set(scene.clock.now().replace(hour=5))
        await scene.service.ingest.upsert_users([replace(user, next_due_at=scene.clock.now())], reschedule=True)
        occasion = await scene.claimed()
        scene.clock.advance(timedelta(seconds=-30))

        processed = await scene.service.process(occasion)

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)


async def test_a_push_put_off_by_the_provider_does_not_leave_after_switching_off() -> None:
    def play() -> list[str]:
        with on_stage("sqlite://") as stage:
            machine = _with_a_user(stage)
            stage.channel.receptions = deque([Reception.RETRY])
            stage.run(machine.acts.deliver_with(0, "switch", before=False))
            return machine.known.complaints

    assert await asyncio.to_thread(play) == []


async def test_a_worker_stopped_while_it_asks_for_its_lease_gives_it_back() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        occasion, process = await scene.claimed(), scene.service.process
        task = asyncio.create_task(replace(process, store=interrupted(process.store, 1))(occasion))
        await asyncio.wait({task})

        held = await rows(scene.service.store, "SELECT state FROM occasions WHERE lease_token IS NOT NULL")

        assert task.cancelled()
        assert not held


async def test_a_context_does_not_outlive_an_entry_that_is_deleted_while_it_is_being_saved() -> None:
    with postgres_database() as url:
        apart(lambda: migrated(url))
        store = SqlStore.at(url)
        try:
            occasion = await in_work(store)
            await store.upsert_entries([an_entry("e1")])
            under_way: list[asyncio.Task[object]] = []

            async def delete_meanwhile(held: Held) -> None:
                # An uncommitted attempt of the same number holds the save up after it has written its context.
                await held.execute(
                    "INSERT INTO attempts (occasion_id, number, created_at, evidence, checks, faults) "  # noqa: S608 - our own id
                    f"VALUES ('{occasion}', 1, 0, '[]', '[]', '[]')"
                )
                context = KeptContext(text="quotes e1", entry_ids=["e1"])
                attempt = Attempt(number=1, created_at=NOW)
                under_way.append(
                    asyncio.create_task(store.save_attempt(occasion, attempt, token="t1", context=context))
                )
                await held.someone_waits()
                under_way.append(asyncio.create_task(store.delete_entry("e1")))
                await asyncio.wait(under_way[1:], timeout=0.5)
                await held.execute("DELETE FROM attempts")

            await held_open(url, delete_meanwhile)
            await asyncio.gather(*under_way)

            assert not await rows(store, "SELECT * FROM contexts")
            assert len(await rows(store, "SELECT * FROM attempts")) == 1
        finally:
            await store.aclose()


async def test_an_erasure_forgets_that_somebody_was_held_and_nothing_else_of_how_it_ended() -> None:
    def play() -> list[OccasionState]:
        with on_stage("sqlite://") as stage:
            machine = _with_a_user(stage)
            (person,) = machine.known.people.values()
            stage.run(machine.acts.hold(person))
            stage.run(machine.acts.have_work(0))
            (occasion_id,) = stage.run(machine.acts.waiting())
            stage.run(machine.acts.process(occasion_id))
            machine.audited()
            stage.run(machine.acts.erase(person))
            machine.audited()
            return [
                OccasionState(ended.state) for ended in machine.known.ended.values() if ended.reason == "safety_hold"
            ]

    assert await asyncio.to_thread(play) == [OccasionState.DEFERRED]


async def test_who_was_reviewed_is_not_held_although_the_clock_was_put_back_since() -> None:
    def play() -> int:
        with on_stage("sqlite://") as stage:
            machine = _with_a_user(stage)
            (person,) = machine.known.people.values()
            send = (lambda: machine.acts.force(person), machine.acts.process_all)
            hold = (lambda: machine.acts.hold(person), lambda: machine.acts.release(person))
            for act in (*send, *hold, machine.acts.put_back, *send):
                stage.run(act())
                machine.audited()
            return len(machine.known.sent)

    assert await asyncio.to_thread(play) == 2


def _with_a_user(stage: Stage) -> Machine:
    """Give a machine on an empty stage, with one user who is written to in the afternoon."""
    machine = machine_on(stage)()
    stage.clock.set(STARTS[3])
    zone, window = "Europe/Berlin", Window.AFTERNOON
    wish = Wish(enabled=True, zone=zone, window=window, cadence=Cadence.DAILY, tokens=("phone",))
    stage.run(machine.acts.add(wish))
    return machine
