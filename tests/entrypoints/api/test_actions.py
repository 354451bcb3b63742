"""The development actions of `/test`."""

from dataclasses import replace
from typing import Any

import pytest
from tests.builders import HOUR, NOW, a_user
from tests.databases import dump, rows
from tests.entrypoints.opening import BASE, WALK, Api, OpenApi

from reflecta.adapters.documents.instants import milliseconds
from reflecta.domain.errors import ModelTimeout
from reflecta.testing import ScriptedModel


async def act(api: Api, action: str, **fields: object) -> Any:
    answer = await api.post(f"{BASE}/test", {"action": action, **fields})
    return {"status": answer.status_code, **answer.json()}


async def test_list_eligible_names_every_user_with_a_category(api: Api) -> None:
    await api.with_people(
        a_user("a"),
        a_user("b", next_due_at=None),
        a_user("c", next_due_at=NOW + HOUR),
        a_user("d", enabled=False),
        a_user("e", timezone=None, given_timezone="Berlin-ish"),
    )
    listed = (await act(api, "list-eligible"))["users"]
    categories = [(user["userId"], user["category"]) for user in listed]
    expected = ["due", "needs-bootstrap", "scheduled", "disabled", "needs-timezone"]
    assert categories == list(zip("abcde", expected, strict=True))


async def test_a_listed_user_bears_what_decides_when_they_are_due(api: Api) -> None:
    await api.with_due_user()
    (user,) = (await act(api, "list-eligible"))["users"]
    assert user["nextCoachingMessageDue"] == milliseconds(NOW)
    assert (user["timezone"], user["frequency"], user["timePreference"]) == ("Europe/Berlin", "daily", "morning")


async def test_the_list_comes_in_pages(api: Api) -> None:
    await api.with_people(*(a_user(f"u{number}") for number in range(5)))
    first = await act(api, "list-eligible", limit=3)
    second = await act(api, "list-eligible", limit=3, after=first["next"])
    assert [user["userId"] for user in first["users"] + second["users"]] == ["u0", "u1", "u2", "u3", "u4"]
    assert second["next"] is None


async def test_user_status_tells_the_user_what_comes_next_and_what_was(api: Api) -> None:
    await api.with_due_user()
    await act(api, "test-user", userId="u1")
    told = await act(api, "user-status", userId="u1")
    assert (told["status"], told["category"], told["lastOccasion"]["outcome"]) == (200, "scheduled", "sent")
    assert told["nextStep"].startswith("Next due 2026-03-11 08:00 (Europe/Berlin)")


async def test_test_user_writes_if_the_user_is_due_and_shows_every_attempt(api: Api) -> None:
    await api.with_due_user()
    told = await act(api, "test-user", userId="u1", bypassChecks=False)
    (attempt,) = told["occasion"]["attempts"]
    assert (told["outcome"], attempt["wasSent"], attempt["aiGenerated"]) == ("sent", True, False)
    assert attempt["messageContent"]


async def test_test_user_says_why_a_user_is_not_due(api: Api) -> None:
    await api.with_people(a_user(enabled=False))
    told = await act(api, "test-user", userId="u1")
    assert (told["reason"], told["nextStep"]) == ("not_due", "Nothing is due: coaching messages are switched off.")


async def test_bypassing_checks_writes_at_once_and_leaves_the_schedule(api: Api) -> None:
    due = NOW + 9 * HOUR
    await api.with_people(a_user(next_due_at=due))
    told = await act(api, "test-user", userId="u1", bypassChecks=True)
    assert (told["messageGenerated"], told["occasion"]["forced"]) == (True, True)
    assert told["nextCoachingMessageDue"] == milliseconds(due)


async def test_a_second_forced_run_while_one_is_open_is_a_conflict(open_api: OpenApi) -> None:
    api = await open_api(model=ScriptedModel([ModelTimeout("no answer")] * 3))
    await api.with_due_user()
    await act(api, "test-user", userId="u1", bypassChecks=True)
    told = await act(api, "test-user", userId="u1", bypassChecks=True)
    assert (told["status"], told["success"]) == (409, False)


async def test_a_dry_run_writes_a_real_message_and_stores_nothing(api: Api) -> None:
    """Defect 31: the original's dry run was a placeholder."""
    await api.with_people(a_user(enabled=False, next_due_at=None))
    before = await dump(api.service.store)
    told = await act(api, "dry-run", userId="u1")
    (attempt,) = told["attempts"]
    assert (told["status"], told["wouldSend"], told["entriesRead"]) == (200, True, 1)
    assert any(words in attempt["messageContent"] for words in (WALK, WALK.rstrip("."), "along the river"))
    assert [check["passed"] for check in attempt["checks"]] == [True] * 6
    assert await dump(api.service.store) == before


async def test_a_dry_run_without_material_says_so(api: Api) -> None:
    await api.service.ingest.upsert_users([a_user()])
    told = await act(api, "dry-run", userId="u1")
    assert (told["wouldSend"], told["reason"], told["attempts"]) == (False, "nothing_to_say", [])


async def test_test_scheduler_runs_the_tick(api: Api) -> None:
    await api.with_due_user()
    told = await act(api, "test-scheduler")
    assert told["results"]["jobsCreated"] == 1
    assert len(await rows(api.service.store, "SELECT 1 FROM occasions")) == 1


@pytest.mark.parametrize("action", ["user-status", "test-user", "dry-run"])
async def test_actions_on_unknown_users_find_nobody(api: Api, action: str) -> None:
    told = await act(api, action, userId="nobody")
    assert (told["status"], told["error"]) == (404, "user 'nobody' is not known")


async def test_push_tokens_are_shown_by_their_ends_only(api: Api) -> None:
    user = a_user(tokens=("ExponentPushToken[abcdefghijklmnop]",))
    await api.with_people(replace(user, email="u1@example.com"))
    told = await api.post(f"{BASE}/test", {"action": "user-status", "userId": "u1"})
    assert "abcdefghijkl" not in told.text
