"""The guide's paths: what they answer and what they leave behind."""

import asyncio
from datetime import timedelta

import pytest
from tests.builders import HOUR, NOW, a_user
from tests.databases import dump, rows, write
from tests.entrypoints.opening import BASE, Api, OpenApi

from reflecta.application.ports import Completion
from reflecta.domain.errors import ModelTimeout, StoreUnavailable
from reflecta.domain.model import OccasionState, Window
from reflecta.domain.prompt import Question
from reflecta.testing import ScriptedModel

TICKS = [("POST", f"{BASE}/scheduler"), ("GET", f"{BASE}/scheduler"), ("POST", BASE), ("GET", BASE)]


class SilentModel:
    """Says that it was asked, and never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def complete(self, question: Question) -> Completion:
        del question
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        """Nothing is held open."""


class Failing:
    """Stands for a use case that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __call__(self) -> None:
        raise self._error


async def with_all_kinds(api: Api) -> None:
    """Store two users due in their window, one due outside, one without a due time, one who cannot be planned for."""
    await api.with_people(
        a_user("due1"),
        a_user("due2"),
        a_user("outside", window=Window.EVENING),
        a_user("new", next_due_at=None),
        a_user("broken"),
        a_user("off", enabled=False),
    )
    await write(api.service.store, "UPDATE users SET timezone = 'Mars/Olympus' WHERE id = 'broken'")


@pytest.mark.parametrize(("method", "path"), TICKS)
async def test_a_tick_answers_with_honest_counts(api: Api, method: str, path: str) -> None:
    """Defect 13: what is counted as a job is one, and what failed is counted as that."""
    await with_all_kinds(api)
    answer = await api.send(method, path)
    assert answer.json() == {
        "success": True,
        "results": {"usersDue": 4, "usersBootstrapped": 1, "jobsCreated": 2, "errors": 1, "usersRescheduled": 1},
    }
    assert len(await rows(api.service.store, "SELECT 1 FROM occasions WHERE state = 'queued'")) == 2


@pytest.mark.parametrize(("method", "path"), TICKS)
async def test_answers_of_a_tick_are_never_cached(api: Api, method: str, path: str) -> None:
    assert (await api.send(method, path)).headers["cache-control"] == "no-store"


async def test_a_second_tick_finds_nobody_again(api: Api) -> None:
    await api.with_people(a_user("due"), a_user("outside", window=Window.EVENING), a_user("new", next_due_at=None))
    await api.post(f"{BASE}/scheduler")
    assert (await api.post(f"{BASE}/scheduler")).json()["results"]["usersDue"] == 0


async def test_ticks_at_once_do_each_user_once(api: Api) -> None:
    await api.with_people(*(a_user(f"u{number}") for number in range(20)))
    answers = await asyncio.gather(*(api.send(method, path) for method, path in TICKS))
    assert sum(answer.json()["results"]["jobsCreated"] for answer in answers) == 20


async def test_a_tick_does_not_wait_for_messages(open_api: OpenApi) -> None:
    model = SilentModel()
    api = await open_api(model=model)
    await api.with_due_user()
    assert api.service.local is not None
    await api.service.local.start()
    answer = await api.post(f"{BASE}/scheduler")
    await model.asked.wait()
    assert answer.json()["results"]["jobsCreated"] == 1
    await api.service.local.stop(timedelta())


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_the_deprecated_route_says_where_it_moved(api: Api, method: str) -> None:
    headers = (await api.send(method, BASE)).headers
    assert headers["deprecation"] == "@1756425600"
    assert headers["link"] == f'<{BASE}/scheduler>; rel="successor-version"'


async def test_the_processor_writes_to_a_user_who_is_due(api: Api) -> None:
    await api.with_due_user()
    answer = await api.post(f"{BASE}/processor", {"userId": "u1"})
    body = answer.json()
    assert (answer.status_code, body["success"], body["messageGenerated"], body["outcome"]) == (200, True, True, "sent")
    assert await rows(api.service.store, "SELECT 1 FROM messages WHERE id = :id", id=body["messageId"])


async def test_the_processor_called_twice_sends_once(api: Api) -> None:
    """Defect 8."""
    await api.with_due_user()
    await api.post(f"{BASE}/processor", {"userId": "u1"})
    before = await dump(api.service.store)
    second = await api.post(f"{BASE}/processor", {"userId": "u1"})
    body = second.json()
    told = (second.status_code, body["success"], body["messageGenerated"], body["outcome"], body["reason"])
    assert told == (200, True, False, None, "not_due")
    assert await dump(api.service.store) == before


async def test_the_processor_called_many_times_at_once_sends_once(api: Api) -> None:
    """Defect 8."""
    await api.with_due_user()
    answers = await asyncio.gather(*(api.post(f"{BASE}/processor", {"userId": "u1"}) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await rows(api.service.store, "SELECT 1 FROM messages")) == 1


async def test_a_user_who_is_not_due_gets_nothing_and_nothing_is_written(api: Api) -> None:
    await api.with_people(a_user(next_due_at=NOW + HOUR))
    before = await dump(api.service.store)
    body = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    assert (body["messageGenerated"], body["outcome"], body["reason"]) == (False, None, "not_due")
    assert await dump(api.service.store) == before


async def test_the_processor_continues_the_occasion_of_a_tick(api: Api) -> None:
    await api.with_due_user()
    await api.post(f"{BASE}/scheduler")
    (occasion,) = await rows(api.service.store, "SELECT id FROM occasions")
    body = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    assert (body["occasionId"], body["outcome"]) == (occasion.id, "sent")


async def test_an_ended_occasion_is_told_as_it_ended(api: Api) -> None:
    await api.with_due_user()
    first = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    again = (await api.post(f"{BASE}/processor", {"occasionId": first["occasionId"]})).json()
    assert again == first


async def test_a_message_held_back_is_a_success_without_a_message(api: Api) -> None:
    await api.service.ingest.upsert_users([a_user()])
    answer = await api.post(f"{BASE}/processor", {"userId": "u1"})
    body = answer.json()
    told = (answer.status_code, body["success"], body["messageGenerated"], body["outcome"], body["reason"])
    assert told == (200, True, False, "held_back", "nothing_to_say")


async def test_a_user_due_outside_the_window_is_deferred(api: Api) -> None:
    await api.with_people(a_user(window=Window.EVENING))
    answer = await api.post(f"{BASE}/processor", {"userId": "u1"})
    told = (answer.status_code, answer.json()["outcome"], answer.json()["reason"])
    assert told == (200, "deferred", "outside_window")


async def test_an_error_that_will_be_retried_is_an_error(open_api: OpenApi) -> None:
    api = await open_api(model=ScriptedModel([ModelTimeout("no answer")] * 9))
    await api.with_due_user()
    answer = await api.post(f"{BASE}/processor", {"userId": "u1"})
    body = answer.json()
    told = (answer.status_code, body["success"], body["messageGenerated"], body["outcome"], body["reason"])
    assert told == (500, False, False, None, "model_error")
    assert body["error"].startswith("no message was written (model_error)")


async def test_a_failed_occasion_is_an_error_each_time_it_is_asked_for(open_api: OpenApi) -> None:
    api = await open_api(model=ScriptedModel([ModelTimeout("no answer")] * 9), on_model_failure="hold")
    await api.with_people(a_user(window=Window.MORNING))
    api.clock.advance(2 * HOUR + HOUR / 2)  # too late in the window for a retry
    first = await api.post(f"{BASE}/processor", {"userId": "u1"})
    again = await api.post(f"{BASE}/processor", {"occasionId": first.json()["occasionId"]})
    assert (first.status_code, first.json()["outcome"]) == (500, "failed")
    assert (again.status_code, again.json()["outcome"]) == (500, "failed")


async def test_an_occasion_that_another_works_on_is_left_to_it(open_api: OpenApi) -> None:
    model = SilentModel()
    api = await open_api(model=model)
    await api.with_due_user()
    working = asyncio.create_task(api.post(f"{BASE}/processor", {"userId": "u1"}))
    await model.asked.wait()
    body = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    assert (body["success"], body["messageGenerated"], body["outcome"], body["reason"]) == (
        True,
        False,
        None,
        "in_work",
    )
    working.cancel()


@pytest.mark.parametrize("body", [{"userId": "nobody"}, {"occasionId": "0" * 32}])
async def test_the_unknown_is_not_found(api: Api, body: object) -> None:
    answer = await api.post(f"{BASE}/processor", body)
    assert (answer.status_code, answer.json()["success"]) == (404, False)


@pytest.mark.parametrize("body", [{}, {"userId": None}, {"userId": "u1", "occasionId": "o1"}])
async def test_exactly_one_of_user_and_occasion_is_needed(api: Api, body: object) -> None:
    answer = await api.post(f"{BASE}/processor", body)
    assert answer.status_code == 422
    assert answer.json() == {"success": False, "error": "body: give exactly one of userId and occasionId"}


async def test_a_store_that_does_not_answer_is_503_with_a_time_to_come_back(api: Api) -> None:
    broken = api.over(tick=Failing(StoreUnavailable("the database at 10.1.2.3 refused")))
    answer = await broken.post(f"{BASE}/scheduler")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"success": False, "error": "the store does not answer; try again in a few seconds"}


async def test_an_unexpected_error_is_500_and_tells_only_its_place(api: Api) -> None:
    broken = api.over(tick=Failing(RuntimeError("dear diary")))
    answer = await broken.post(f"{BASE}/scheduler")
    name, values = api.telemetry.events[-1]
    assert (answer.status_code, "diary" in answer.text, answer.json()["success"]) == (500, False, False)
    assert (name, values["route"], values["error"]) == ("request.failed", f"{BASE}/scheduler", "RuntimeError")
    assert str(values["detail"]).startswith("test_guide.py:")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", f"{BASE}/scheduler", 405),
        ("GET", f"{BASE}/processor", 405),
        ("GET", f"{BASE}/test", 405),
        ("POST", f"{BASE}/route", 404),
        ("POST", f"{BASE}/scheduler/", 404),
        ("POST", "/api/else", 404),
    ],
)
async def test_wrong_paths_and_methods_are_answered_in_the_guides_form(
    api: Api, method: str, path: str, status: int
) -> None:
    answer = await api.send(method, path)
    assert (answer.status_code, answer.json().keys()) == (status, {"success", "error"})


async def test_the_database_holds_one_ended_occasion_after_a_message(api: Api) -> None:
    await api.with_due_user()
    await api.post(f"{BASE}/processor", {"userId": "u1"})
    (occasion,) = await api.service.store.occasions(user_id="u1")
    assert occasion.state is OccasionState.SENT
