"""Where no emulator is named, a key is needed; one that is wrong is never quoted."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.builders import NOW

from reflecta.adapters.stores import firestore_at
from reflecta.domain.errors import ConfigurationError
from reflecta.testing import FakeClock

SECRET = "a-private-key"


def a_key(**changes: object) -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = {
        "type": "service_account",
        "client_email": "reflecta@p.example",
        "token_uri": "http://127.0.0.1:9/token",
        "private_key": pem,
    }
    return json.dumps({**key, **changes})


@pytest.mark.parametrize("key", [SECRET, "[]", json.dumps({"private_key": SECRET}), a_key(private_key=SECRET)])
async def test_a_wrong_key_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        firestore_at("firestore://p", clock=FakeClock(NOW), credentials=key)
    assert SECRET not in str(refused.value)
    assert "REFLECTA_FIRESTORE_CREDENTIALS" in str(refused.value)


async def test_a_whole_key_is_taken() -> None:
    await firestore_at("firestore://p", clock=FakeClock(NOW), credentials=a_key()).aclose()  # connects to nobody


async def test_without_a_key_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with pytest.raises(ConfigurationError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        firestore_at("firestore://p", clock=FakeClock(NOW))
