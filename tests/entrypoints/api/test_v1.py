"""What a host app sends and asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from tests.builders import HOUR, NOW, a_user
from tests.databases import dump
from tests.entrypoints.opening import BASE, WALK, Api

from reflecta.adapters.documents.instants import milliseconds
from reflecta.application.ingest import Ingest
from reflecta.application.tick import Tick
from reflecta.domain.model import Entry

USER: Mapping[str, Any] = {
    "uid": "u1",
    "firstName": "Ada",
    "userTimezone": "Europe/Berlin",
    "coachingConfig": {"enableCoachingMessages": True, "coachingMessageTimePreference": "morning"},
}
ENTRY = {"uid": "u1", "content": f"<p>{WALK}</p>", "timestamp": milliseconds(NOW)}
INSIGHTS = {"mainFocus": {"headline": "Sleep", "sources": [{"quote": "slept well"}]}}
AWKWARD_IDS = [
    "a/b",
    "a/explanation",
    "a b",
    "ü✓",
    "100%",
    "%2F",
    "a?b#c",
    "a/../b",
    "explanation",
    "x/insights",
    "+1 555",
    "'; DROP TABLE users; --",
    "a" * 256,
]


async def sent(api: Api) -> Mapping[str, Any]:
    """Have a message sent to u1 and tell of it."""
    await api.with_due_user()
    return (await api.post(f"{BASE}/processor", {"userId": "u1"})).json()


async def test_a_user_put_is_given_back_in_the_guides_words(api: Api) -> None:
    put = await api.put("/v1/users/u1", USER)
    got = await api.get("/v1/users/u1")
    assert (put.status_code, put.json()) == (200, got.json())
    assert got.json()["coachingConfig"]["enableCoachingMessages"] is True
    assert got.json()["firstName"] == "Ada"


@pytest.mark.parametrize(("path", "body"), [("users/u1", USER), ("entries/e1", ENTRY), ("users/u1/insights", INSIGHTS)])
async def test_putting_the_same_twice_changes_nothing_more(api: Api, path: str, body: object) -> None:
    await api.put("/v1/users/u1", USER)
    first = await api.put(f"/v1/{path}", body)
    before = await dump(api.service.store)
    second = await api.put(f"/v1/{path}", body)
    assert (second.status_code, second.json()) == (200, first.json())
    assert await dump(api.service.store) == before


@pytest.mark.parametrize("user_id", AWKWARD_IDS)
async def test_ids_are_opaque_in_paths(api: Api, user_id: str) -> None:
    path = f"/v1/users/{quote(user_id, safe='')}"
    assert (await api.put(path, {**USER, "uid": user_id})).status_code == 200
    assert (await api.get(path)).json()["uid"] == user_id
    assert (await api.get(f"{path}/explanation")).json()["userId"] == user_id
    assert (await api.delete(path)).status_code == 204


async def test_an_id_may_be_left_out_of_the_body_and_may_not_differ(api: Api) -> None:
    without = {name: value for name, value in USER.items() if name != "uid"}
    assert (await api.put("/v1/users/u9", without)).json()["uid"] == "u9"
    refused = await api.put("/v1/users/u9", USER)
    assert (refused.status_code, refused.json()["field"]) == (422, "uid")


async def test_a_due_time_stays_as_stored_unless_a_new_one_is_asked_for(api: Api) -> None:
    await api.with_due_user()
    due, later = milliseconds(NOW), milliseconds(NOW + HOUR)
    body: Mapping[str, Any] = {**USER, "nextCoachingMessageDue": later}
    kept = await api.put("/v1/users/u1", body)
    moved = await api.put("/v1/users/u1?reschedule=true", body)
    assert (kept.json()["nextCoachingMessageDue"], moved.json()["nextCoachingMessageDue"]) == (due, later)


async def test_users_come_in_pages_by_id(api: Api) -> None:
    await api.with_people(*(a_user(f"u{number}") for number in range(5)))
    first = (await api.get("/v1/users", limit=3)).json()
    second = (await api.get("/v1/users", limit=3, after=first["next"])).json()
    assert [user["uid"] for user in first["users"] + second["users"]] == [f"u{number}" for number in range(5)]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=", "after=%00", "limit=99999999999999999999"]
)
async def test_wrong_queries_are_named(api: Api, query: str) -> None:
    answer = await api.get(f"/v1/users?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])


async def test_an_erased_user_is_gone_with_every_text(api: Api) -> None:
    await sent(api)
    assert (await api.delete("/v1/users/u1")).status_code == 204
    assert (await api.get("/v1/users/u1")).status_code == 404
    assert (await api.delete("/v1/users/u1")).status_code == 404
    assert "river" not in str(await dump(api.service.store))


async def test_an_entry_is_stored_given_and_deleted(api: Api) -> None:
    await api.put("/v1/users/u1", USER)
    put = await api.put("/v1/entries/e%2F1", ENTRY)
    assert (put.status_code, put.json()["id"], put.json()["content"]) == (200, "e/1", f"<p>{WALK}</p>")
    assert (await api.get("/v1/entries/e%2F1")).json() == put.json()
    assert (await api.delete("/v1/entries/e%2F1")).status_code == 204
    assert (await api.get("/v1/entries/e%2F1")).status_code == 404


async def test_an_entry_of_an_unknown_or_another_user_is_refused(api: Api) -> None:
    unknown = await api.put("/v1/entries/e1", ENTRY)
    await api.put("/v1/users/u1", USER)
    await api.put("/v1/users/u2", {**USER, "uid": "u2"})
    await api.put("/v1/entries/e1", ENTRY)
    foreign = await api.put("/v1/entries/e1", {**ENTRY, "uid": "u2"})
    assert [(a.status_code, a.json()["field"]) for a in (unknown, foreign)] == [(422, "uid")] * 2


async def test_insights_are_stored_and_given(api: Api) -> None:
    assert (await api.put("/v1/users/u1/insights", INSIGHTS)).status_code == 422
    await api.put("/v1/users/u1", USER)
    assert (await api.get("/v1/users/u1/insights")).status_code == 404
    put = await api.put("/v1/users/u1/insights", INSIGHTS)
    assert put.json() == (await api.get("/v1/users/u1/insights")).json()
    assert put.json()["mainFocus"]["headline"] == "Sleep"


async def test_an_explanation_tells_what_became_of_each_occasion(api: Api) -> None:
    occasion = (await sent(api))["occasionId"]
    told = (await api.get("/v1/users/u1/explanation")).json()
    assert [each["id"] for each in told["occasions"]] == [occasion]
    assert "Sent: 2026-03-10 09:00 (Europe/Berlin)" in told["occasions"][0]["sentence"]
    assert (await api.get(f"/v1/occasions/{occasion}")).json() == told["occasions"][0]


async def test_the_journal_that_was_read_is_told_only_when_asked_for(api: Api) -> None:
    """Defect 27: the original copied the whole context into every message that its clients could read."""
    path = f"/v1/occasions/{(await sent(api))['occasionId']}"
    (plain,), (full,) = [(await api.get(path + query)).json()["attempts"] for query in ("", "?include=context")]
    assert plain["contextUsed"] is None
    assert WALK in full["contextUsed"]


async def test_feedback_on_a_message_is_kept(api: Api) -> None:
    path = f"/v1/messages/{(await sent(api))['messageId']}/feedback"
    assert (await api.post(path, {"kind": "helpful", "rating": 5})).status_code == 204
    journal = await api.service.store.journal("u1", entries=1, messages=1)
    (feedback,) = journal.messages[0].feedback
    assert (feedback.kind, feedback.rating, feedback.at) == ("helpful", 5, NOW)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/x",
        "/v1/users/x/explanation",
        "/v1/users/x/insights",
        "/v1/entries/x",
        "/v1/occasions/x",
        "/v1/messages/x",
        "/v1/nothing",
        "/v1/",
    ],
)
async def test_what_is_not_there_is_a_problem(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json().keys() == {"type", "title", "status", "detail"}


async def test_feedback_on_an_unknown_message_is_not_found(api: Api) -> None:
    assert (await api.post("/v1/messages/x/feedback", {"kind": "opened"})).status_code == 404


@pytest.mark.parametrize("user_id", ["%00", "a%0Ab", "%ED%A0%80", "%FF", "a%E2%80%AEb", "a" * 257])
async def test_ids_that_can_be_nobodys_are_refused(api: Api, user_id: str) -> None:
    for answer in (await api.get(f"/v1/users/{user_id}"), await api.put(f"/v1/users/{user_id}", {})):
        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_batch_keeps_what_is_good_and_names_what_is_not(api: Api) -> None:
    items = [
        {"type": "entry", "id": "e1", **ENTRY},  # its user stands below
        {"type": "user", **USER},
        {"type": "insight", "userId": "u1", **INSIGHTS},
        {"type": "entry", "id": "e2", **ENTRY, "uid": "nobody"},
        {"type": "user", "uid": "u3", "coachingConfig": {"coachingMessageFrequency": "hourly"}},
        {"type": "user", **USER},
        {"type": "letter"},
        "text",
    ]
    answer = await api.post("/v1/batch", {"items": items})
    body = answer.json()
    told = [(each["stored"], each.get("field")) for each in body["results"]]
    assert (answer.status_code, body["stored"], body["refused"]) == (200, 3, 5)
    assert told[:3] == [(True, None)] * 3
    fields = ["uid", "coachingConfig.coachingMessageFrequency", "id", "type", "type"]
    assert told[3:] == [(False, field) for field in fields]


async def test_a_batch_sent_again_changes_nothing(api: Api) -> None:
    items = [{"type": "user", **USER}, {"type": "entry", "id": "e1", **ENTRY}]
    first = await api.post("/v1/batch", {"items": items})
    before = await dump(api.service.store)
    assert (await api.post("/v1/batch", {"items": items})).json() == first.json()
    assert await dump(api.service.store) == before


@dataclass(frozen=True, kw_only=True)
class Ticking(Ingest):
    """Has a tick come right before entries are stored."""

    tick: Tick

    async def upsert_entries(self, entries: Sequence[Entry]) -> Mapping[str, str]:
        await self.tick()
        return await super().upsert_entries(entries)


async def test_a_tick_in_the_midst_of_a_batch_finds_no_user_whose_entries_are_not_there_yet(api: Api) -> None:
    given = api.service.ingest
    ticking = Ticking(store=given.store, clock=given.clock, telemetry=given.telemetry, tick=api.service.tick)
    due = {**USER, "nextCoachingMessageDue": milliseconds(NOW)}
    items = [{"type": "user", **due}, {"type": "entry", "id": "e1", **ENTRY}]
    assert (await api.over(ingest=ticking).post("/v1/batch", {"items": items})).json()["stored"] == 2
    assert not await api.service.store.occasions()
    assert (await api.service.tick()).users_due == 1


async def test_a_batch_takes_500_items_and_no_more(api: Api) -> None:
    items = [{"type": "user", **USER, "uid": f"u{number}"} for number in range(501)]
    assert (await api.post("/v1/batch", {"items": items})).status_code == 422
    assert (await api.post("/v1/batch", {"items": items[:500]})).json()["stored"] == 500
