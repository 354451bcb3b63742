"""The example rules, evaluated by the emulator: what a signed-in client may and may not write and read."""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.firestore import new_project

RULES = Path(__file__).parents[4] / "deploy/firestore/firestore.rules"
OK, FORBIDDEN = HTTPStatus.OK, HTTPStatus.FORBIDDEN
OWNER = "owner"  # the emulator's word for whom no rule binds, as the service is in production


class Clients:
    """Clients of an app whose rules are in force on the emulator."""

    def __init__(self, address: str) -> None:
        self._project = new_project(address).removeprefix("firestore://").partition("?")[0]
        self._root = f"http://{address}/v1/projects/{self._project}/databases/(default)/documents"
        files = [{"name": "firestore.rules", "content": RULES.read_text(encoding="utf-8")}]
        url = f"http://{address}/emulator/v1/projects/{self._project}:securityRules"
        self._ask("PUT", url, {"rules": {"files": files}}, OWNER)

    def _token(self, uid: str) -> str:
        """Give a token as Firebase makes them, which the emulator does not check."""
        if uid == OWNER:
            return OWNER
        claims = {"sub": uid, "user_id": uid, "iss": f"https://securetoken.google.com/{self._project}"}
        claims |= {"aud": self._project, "auth_time": 0, "firebase": {"sign_in_provider": "password"}}
        parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."

    def _ask(self, method: str, url: str, body: object, uid: str) -> int:
        headers = {"Authorization": f"Bearer {self._token(uid)}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        try:
            with urlopen(Request(url, data, headers, method=method), timeout=20) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def write(self, who: str, path: str, fields: Mapping[str, object]) -> int:
        """Merge fields into a document; give the answer's status."""
        mask = "&".join(f"updateMask.fieldPaths={name}" for name in fields)
        return self._ask("PATCH", f"{self._root}/{path}?{mask}", {"fields": _values(fields)}, who)

    def read(self, uid: str, path: str) -> int:
        """Read a document."""
        return self._ask("GET", f"{self._root}/{path}", None, uid)


def _values(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _value(value) for name, value in fields.items()}


def _value(value: object) -> object:
    match value:
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case dict():
            return {"mapValue": {"fields": _values(value)}}  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return {"stringValue": str(value)}


@pytest.fixture
def clients(firestore: str) -> Clients:
    """Give clients of an app with a user, an entry and two messages."""
    clients = Clients(firestore)
    config = {"enableCoachingMessages": True, "lastCoachingMessageSentAt": 5}
    assert (
        clients.write(OWNER, "users/ana", {"uid": "ana", "coachingConfig": config, "nextCoachingMessageDue": 9}) == OK
    )
    assert clients.write(OWNER, "journal_entries/e1", {"uid": "ana", "content": "Hi"}) == OK
    for name, was_sent in (("sent", True), ("draft", False)):
        assert clients.write(OWNER, f"coachingMessages/{name}", {"uid": "ana", "wasSent": was_sent}) == OK
    assert clients.write(OWNER, "reflectaUsers/ana", {"isHeld": True}) == OK
    return clients


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("users/ana", {"firstName": "Ana"}),
        ("users/ana", {"coachingConfig": {"enableCoachingMessages": False, "lastCoachingMessageSentAt": 5}}),
        ("users/ben", {"uid": "ben", "coachingConfig": {"enableCoachingMessages": True}}),
        ("journal_entries/e1", {"content": "Hello"}),
        ("journal_entries/e2", {"uid": "ana", "content": "New"}),
    ],
)
def test_a_client_may_write_what_is_its_users_own(clients: Clients, path: str, fields: dict[str, object]) -> None:
    uid = path.removeprefix("users/") if path.startswith("users/") else "ana"
    assert clients.write(uid, path, fields) == OK


@pytest.mark.parametrize(
    ("uid", "path", "fields"),
    [
        ("ana", "users/ana", {"nextCoachingMessageDue": 1}),
        ("ana", "users/ana", {"coachingConfig": {"enableCoachingMessages": True, "lastCoachingMessageSentAt": 6}}),
        ("ana", "users/ana", {"coachingConfig": {"enableCoachingMessages": True}}),
        ("ben", "users/ben", {"uid": "ben", "nextCoachingMessageDue": 1}),
        ("ben", "users/ana", {"firstName": "Mine"}),
        ("ana", "journal_entries/e1", {"linkedCoachingMessageId": "sent"}),
        ("ana", "journal_entries/e3", {"uid": "ana", "linkedCoachingMessageId": "sent"}),
        ("ben", "journal_entries/e1", {"content": "Mine"}),
        ("ana", "coachingMessages/sent", {"messageContent": "Mine"}),
        ("ana", "coachingMessages/new", {"uid": "ana", "wasSent": True}),
        ("ana", "userInsights/i1", {"userId": "ana"}),
        ("ana", "reflectaUsers/ana", {"isHeld": False}),
        ("ana", "reflectaOccasions/o1", {"state": "sent"}),
    ],
)
def test_a_client_writes_no_schedule_no_message_and_nothing_of_others(
    clients: Clients, uid: str, path: str, fields: dict[str, object]
) -> None:
    assert clients.write(uid, path, fields) == FORBIDDEN


@pytest.mark.parametrize(
    ("uid", "path", "expected"),
    [
        ("ana", "users/ana", OK),
        ("ana", "journal_entries/e1", OK),
        ("ana", "coachingMessages/sent", OK),
        ("ana", "coachingMessages/draft", FORBIDDEN),
        ("ben", "coachingMessages/sent", FORBIDDEN),
        ("ben", "users/ana", FORBIDDEN),
        ("ana", "reflectaUsers/ana", FORBIDDEN),
    ],
)
def test_a_client_reads_what_was_sent_to_its_user_and_nothing_of_others(
    clients: Clients, uid: str, path: str, expected: HTTPStatus
) -> None:
    assert clients.read(uid, path) == expected
