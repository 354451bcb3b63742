"""What people do about signs of risk, over HTTP."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from tests.builders import HOUR, NOW, a_user, an_entry
from tests.entrypoints.api.test_bad_input import UNREADABLE, WRONG, is_well_formed
from tests.entrypoints.api.test_v1 import AWKWARD_IDS
from tests.entrypoints.opening import BASE, BEARER, Api, OpenApi

from reflecta.adapters.documents.instants import milliseconds
from reflecta.testing import ScriptedModel

UNTIL = milliseconds(NOW + 72 * HOUR)
GRIM = "I want to kill myself. I have thought about how I would do it."


async def held_ids(api: Api) -> list[str]:
    return [user["userId"] for user in (await api.get("/v1/safety/held")).json()["held"]]


async def standing(api: Api, user_id: str = "u1") -> Mapping[str, Any]:
    return (await api.post(f"{BASE}/test", {"action": "user-status", "userId": user_id})).json()


async def test_a_hold_answers_until_when_and_is_told(api: Api) -> None:
    await api.with_due_user()
    answer = await api.put("/v1/users/u1/hold", {"sign": "abuse"})
    assert (answer.status_code, answer.json()) == (200, {"heldUntil": UNTIL})
    (held,) = (await api.get("/v1/safety/held")).json()["held"]
    assert (held["userId"], held["heldUntil"]) == ("u1", UNTIL)
    assert held["nextStep"].startswith("Held until 2026-03-13 09:00 (Europe/Berlin), because")
    assert (
        (await standing(api))["heldUntil"] == (await api.get("/v1/users/u1/explanation")).json()["heldUntil"] == UNTIL
    )


@pytest.mark.parametrize("body", [b"", b"  ", b"null", b"{}", b'{"sign": null}'])
async def test_the_body_of_a_hold_may_be_left_out(api: Api, body: bytes) -> None:
    await api.with_due_user()
    assert (await api.put("/v1/users/u1/hold", body)).status_code == 200
    counted = (await api.get("/v1/safety/report")).json()["signs"]
    assert counted == [{"sign": "distress", "source": "person", "count": 1}]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"sign": "none"}', 422), (b'{"sign": "sad"}', 422), (b'{"sign": 7}', 422), (b"[]", 422), (b"{", 400)],
)
async def test_a_body_that_is_wrong_holds_nobody(api: Api, body: bytes, status: int) -> None:
    await api.with_due_user()
    answer = await api.put("/v1/users/u1/hold", body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await held_ids(api) == []


async def test_bodies_that_no_well_meaning_client_sends_break_nothing(api: Api) -> None:
    await api.with_due_user()
    for body in UNREADABLE:
        answer = await api.put("/v1/users/u1/hold", body)
        left_out = not body.strip()
        assert answer.status_code == (200 if left_out else 400), body[:40]
        assert left_out or is_well_formed(answer)
    for document in WRONG:
        answer = await api.put("/v1/users/u1/hold", json.dumps(document).encode())
        assert answer.status_code == (200 if isinstance(document, dict | None) else 422), document


async def test_a_held_user_gets_no_message_a_forced_one_either(api: Api) -> None:
    await api.with_due_user()
    await api.put("/v1/users/u1/hold", {})
    due = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    api.clock.advance(HOUR)
    forced = (await api.post(f"{BASE}/test", {"action": "test-user", "userId": "u1", "bypassChecks": True})).json()
    assert [(a["messageGenerated"], a["reason"]) for a in (due, forced)] == [(False, "safety_hold")] * 2


async def test_after_a_release_messages_go_on(api: Api) -> None:
    await api.with_due_user()
    await api.put("/v1/users/u1/hold", {})
    answers = [await api.delete("/v1/users/u1/hold") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert await held_ids(api) == []
    assert (await standing(api))["heldUntil"] is None
    forced = await api.post(f"{BASE}/test", {"action": "test-user", "userId": "u1", "bypassChecks": True})
    assert forced.json()["messageGenerated"] is True


async def test_a_user_who_is_not_known_is_not_found(api: Api) -> None:
    answers = [await api.put("/v1/users/nobody/hold", {}), await api.delete("/v1/users/nobody/hold")]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("user_id", [*AWKWARD_IDS, "hold", "a/hold", "safety/held"])
async def test_ids_are_opaque_in_the_paths_of_holds(api: Api, user_id: str) -> None:
    await api.with_people(a_user(user_id))
    path = f"/v1/users/{quote(user_id, safe='')}"
    assert (await api.put(f"{path}/hold", {})).status_code == 200
    assert await held_ids(api) == [user_id]
    assert (await api.delete(f"{path}/hold")).status_code == 204
    assert (await api.get(path)).json()["uid"] == user_id


async def test_held_users_come_in_pages_by_id(api: Api) -> None:
    await api.with_people(*(a_user(f"u{number}") for number in range(3)))
    for number in range(3):
        await api.put(f"/v1/users/u{number}/hold", {})
    first = (await api.get("/v1/safety/held", limit=2)).json()
    second = (await api.get("/v1/safety/held", limit=2, after=first["next"])).json()
    assert [user["userId"] for user in first["held"] + second["held"]] == ["u0", "u1", "u2"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("since", "count"),
    [
        ("2026-03-10", 1),
        ("2026-03-11", 0),
        ("2026-03-10T09:00:00+01:00", 1),
        (str(milliseconds(NOW)), 1),
        (str(milliseconds(NOW + HOUR)), 0),
    ],
)
async def test_the_report_counts_since_a_date_or_an_instant(api: Api, since: str, count: int) -> None:
    await api.with_due_user()
    await api.put("/v1/users/u1/hold", {})
    assert (await api.get("/v1/safety/report", since=since)).json()["total"] == count


async def test_the_report_counts_from_1_january_and_outlives_who_is_erased(api: Api) -> None:
    await api.with_due_user()
    await api.put("/v1/users/u1/hold", {"sign": "psychosis"})
    await api.delete("/v1/users/u1")
    assert (await api.get("/v1/safety/report")).json() == {
        "since": 1767225600000,
        "signs": [{"sign": "psychosis", "source": "person", "count": 1}],
        "total": 1,
    }


@pytest.mark.parametrize(
    "query",
    [
        "report?since=",
        "report?since=x",
        "report?since=1",
        "report?since=" + "1" * 5000,
        "held?limit=0",
        "held?after=%00",
    ],
)
async def test_wrong_queries_are_named(api: Api, query: str) -> None:
    answer = await api.get(f"/v1/safety/{query}")
    field = query.partition("?")[2].partition("=")[0]
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_only_who_shows_the_secret_is_answered(api: Api) -> None:
    for method, path in [("GET", "safety/held"), ("GET", "safety/report"), ("PUT", "users/u1/hold")]:
        assert (await api.client.request(method, f"/v1/{path}")).status_code == 401
    assert (await api.client.delete("/v1/users/u1/hold", headers={**BEARER, "Authorization": "x"})).status_code == 401


async def test_the_description_says_what_a_hold_takes(api: Api) -> None:
    described = (await api.client.get("/openapi.json")).json()
    taken = described["paths"]["/v1/users/{user_id}/hold"]["put"]["requestBody"]
    signs = described["components"]["schemas"]["HoldDocument"]["properties"]["sign"]["enum"]
    assert taken["required"] is False
    assert (signs[0], "none" in signs, len(signs)) == ("distress", False, 8)


async def test_an_occasion_tells_what_the_classifier_saw_and_what_it_cost(open_api: OpenApi) -> None:
    api = await open_api(model=ScriptedModel(['{"signs": ["suicide"], "entryIds": ["e-u1"]}']), screening=True)
    await api.with_due_user()
    done = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    screening = (await api.get(f"/v1/occasions/{done['occasionId']}")).json()["screening"]
    assert (screening["signs"], screening["entryIds"]) == (["suicide"], ["e-u1"])
    assert screening["call"]["purpose"] == "screening"


async def test_without_a_classifier_there_is_no_screening_to_tell(api: Api) -> None:
    await api.with_due_user()
    done = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    assert (await api.get(f"/v1/occasions/{done['occasionId']}")).json()["screening"] is None


async def test_a_text_with_helplines_is_a_message_like_others_in_the_documents(api: Api) -> None:
    await api.service.ingest.upsert_users([a_user()])
    await api.service.ingest.upsert_entries([an_entry(text=GRIM)])
    done = (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()
    told = (await api.get(f"/v1/occasions/{done['occasionId']}")).json()
    (attempt,) = told["attempts"]
    assert (told["outcome"], told["reason"], attempt["messageType"]) == ("sent", "safety_hold", "care")
    assert (attempt["id"], attempt["wasSent"], attempt["failureReason"]) == (done["messageId"], True, None)
    assert "Sent: a text with helplines, because the journal showed a sign of risk" in told["sentence"]
    assert await held_ids(api) == ["u1"]
