from reflecta.adapters.channels.log import LogChannel
from reflecta.application.ports.channel import Result, ResultKind
from reflecta.domain.model import Address, Delivery
from reflecta.testing import RecordingTelemetry

DELIVERY = Delivery(
    id="d1",
    message_id="m1",
    user_id="u1",
    address=Address(channel="log", value="secret-address"),
    title="Hi",
    body="private words",
    data={},
)


async def test_a_delivery_is_accepted_without_a_ticket() -> None:
    channel = LogChannel(telemetry=RecordingTelemetry())
    assert await channel.send([DELIVERY]) == [Result(kind=ResultKind.ACCEPTED)]


async def test_the_event_holds_ids_and_nothing_else() -> None:
    telemetry = RecordingTelemetry()
    await LogChannel(telemetry=telemetry).send([DELIVERY])
    assert telemetry.events == [("delivery.logged", {"delivery_id": "d1", "message_id": "m1"})]


async def test_there_is_never_a_receipt() -> None:
    channel = LogChannel(telemetry=RecordingTelemetry())
    assert await channel.receipts(["t"]) == [Result(kind=ResultKind.WAITING)]
    await channel.aclose()
