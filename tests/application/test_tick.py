"""The tick: who gets a first due time, who an occasion, who is put off, and what the counts say."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.application.scene import a_scene
from tests.builders import NOW, a_user

from reflecta.application.tick import TickReport
from reflecta.domain.model import Cadence, OccasionState, Reason, Window, occasion_id
from reflecta.domain.schedule import Schedule, is_open


async def test_a_due_user_in_the_window_gets_one_occasion_and_the_next_regular_due_time() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()

        report = await scene.service.tick()

        assert report == TickReport(users_due=1, jobs_created=1)
        assert await scene.due_of() == datetime(2026, 3, 11, 7, tzinfo=UTC)


async def test_a_due_user_outside_the_window_is_deferred_to_the_next_target_hour() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(window=Window.EVENING))

        report = await scene.service.tick()

        assert report == TickReport(users_due=1, users_rescheduled=1)
        assert await scene.due_of() == datetime(2026, 3, 10, 18, tzinfo=UTC)
        (occasion,) = await scene.service.store.occasions()
        assert (occasion.state, occasion.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)


async def test_a_user_without_a_due_time_gets_a_first_one_inside_the_window_and_is_not_marked_as_sent_to() -> None:
    """Defects 11 and 14: a missing due time was never found, or was recorded as a message sent."""
    async with a_scene() as scene:
        await scene.add(a_user(next_due_at=None))

        report = await scene.service.tick()

        user = await scene.service.store.user("u1")
        assert report == TickReport(users_bootstrapped=1)
        assert user is not None
        assert user.next_due_at is not None
        assert is_open(Schedule(zone="Europe/Berlin", window=Window.MORNING, cadence=Cadence.DAILY), user.next_due_at)
        assert user.last_sent_at is None


async def test_a_second_tick_finds_nothing_more_to_do() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()
        await scene.service.tick()

        assert await scene.service.tick() == TickReport()


async def test_two_ticks_at_once_do_each_user_once() -> None:
    """Defect 8: two overlapping ticks sent everything twice."""
    async with a_scene() as scene:
        await scene.add(*(a_user(f"u{n}") for n in range(1200)))

        first, second = await asyncio.gather(scene.service.tick(), scene.service.tick())

        assert first.jobs_created + second.jobs_created == 1200
        assert len(await scene.service.store.occasions(limit=5000)) == 1200


async def test_more_users_than_one_page_are_all_served_once() -> None:
    async with a_scene() as scene:
        await scene.add(*(a_user(f"u{n}", next_due_at=NOW - n % 3 * timedelta(minutes=1)) for n in range(7)))
        tick = replace(scene.service.tick, page=2, batch=1)

        assert await tick() == TickReport(users_due=7, jobs_created=7)
        assert len(await scene.service.store.occasions()) == 7


async def test_a_page_of_users_whose_window_opens_only_then_hides_nobody_behind_it() -> None:
    opening = datetime(2026, 3, 10, 5, tzinfo=UTC)  # 06:00 in Berlin, 08:00 in Moscow
    async with a_scene() as scene:
        soon = (a_user(f"a{n}", next_due_at=opening) for n in range(3))
        await scene.add(*soon, a_user("b", next_due_at=opening, timezone="Europe/Moscow"))
        scene.clock.set(opening - timedelta(seconds=30))

        assert await replace(scene.service.tick, page=2)() == TickReport(users_due=1, jobs_created=1)


async def test_each_occasion_is_told_with_its_own_user_where_some_are_deferred() -> None:
    async with a_scene() as scene:
        await scene.add(a_user("a"), a_user("b", window=Window.EVENING), a_user("c"))

        await scene.service.tick()

        told = {str(v["user_id"]): v["occasion_id"] for name, v in scene.telemetry.events if name == "occasion.queued"}
        assert told == {user: occasion_id(user, NOW) for user in ("a", "c")}


async def test_a_cron_that_fires_a_little_early_still_serves_the_hour() -> None:
    """Defect 3: seen 20 ms before the due time, a user waited another hour."""
    async with a_scene() as scene:
        await scene.add_due_user()
        scene.clock.set(NOW - timedelta(milliseconds=20))

        assert (await scene.service.tick()).jobs_created == 1


async def test_a_due_time_at_the_very_opening_is_left_alone_until_the_window_is_open() -> None:
    opening = datetime(2026, 3, 10, 5, tzinfo=UTC)  # 06:00 in Berlin
    async with a_scene() as scene:
        await scene.add(a_user(next_due_at=opening))
        scene.clock.set(opening - timedelta(seconds=30))
        early = await scene.service.tick()
        scene.clock.set(opening)

        assert early == TickReport()
        assert (await scene.service.tick()).jobs_created == 1


async def test_a_due_time_long_past_means_due_once_and_nothing_stacks() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(next_due_at=NOW - timedelta(days=40)))

        assert (await scene.service.tick()).jobs_created == 1
        assert await scene.due_of() == datetime(2026, 3, 11, 7, tzinfo=UTC)


async def test_an_occasion_whose_window_closed_before_anybody_worked_on_it_expires() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(cadence=Cadence.ONCE_A_WEEK))
        await scene.service.tick()
        scene.clock.set(datetime(2026, 3, 10, 11, tzinfo=UTC))

        await scene.service.tick()

        (occasion,) = await scene.service.store.occasions()
        assert (occasion.state, occasion.reason) == (OccasionState.EXPIRED, Reason.WINDOW_CLOSED)
        assert await scene.due_of() == datetime(2026, 3, 11, 7, tzinfo=UTC)


async def test_a_waiting_occasion_is_handed_to_the_engine_again() -> None:
    """A worker that died had the only memory of it besides the ledger."""
    async with a_scene(answers=None) as scene:
        await scene.add_due_user()
        await scene.service.tick()  # the engine is not started: the id is lost, the occasion is not
        assert scene.service.local is not None
        await scene.service.local.start()

        await scene.service.tick()
        await scene.service.local.drain()

        (occasion,) = await scene.service.store.occasions()
        assert occasion.state is OccasionState.SENT


async def test_a_zone_that_vanished_is_counted_as_an_error_and_does_not_come_due_again() -> None:
    """Defect 5: an unknown zone raised an error every hour, for ever."""
    async with a_scene() as scene:
        await scene.add(a_user(timezone="Mars/Olympus"), a_user("u2"))

        report = await scene.service.tick()

        assert report == TickReport(users_due=2, jobs_created=1, errors=1)
        assert await scene.due_of() is None


async def test_a_zone_that_vanished_keeps_nobody_else_from_a_first_due_time_at_any_later_tick() -> None:
    async with a_scene() as scene:
        await scene.add(a_user("a", timezone="Mars/Olympus"), a_user("b", next_due_at=None))
        await scene.service.tick()
        await scene.add(a_user("c", next_due_at=None))

        assert (await scene.service.tick()).users_bootstrapped == 1
        assert await scene.due_of("c") is not None


async def test_the_counts_of_a_tick_always_add_up() -> None:
    """Defect 13: failures were swallowed and the answer said errors: 0."""
    async with a_scene() as scene:
        await scene.add(a_user("a"), a_user("b", window=Window.EVENING), a_user("c", timezone="No/Where"))

        report = await scene.service.tick()

        assert report.users_due == report.jobs_created + report.users_rescheduled + report.errors == 3


async def test_those_whose_window_ends_first_are_handed_over_first() -> None:
    async with a_scene() as scene:
        # Noon comes to Dubai at 08:00Z, to Dakar at 12:00Z.
        await scene.add(a_user("a-late", timezone="Africa/Dakar"), a_user("b-early", timezone="Asia/Dubai"))
        scene.clock.set(NOW - timedelta(seconds=30))

        await scene.service.tick()

        queued = [values["user_id"] for name, values in scene.telemetry.events if name == "occasion.queued"]
        assert queued == ["b-early", "a-late"]
