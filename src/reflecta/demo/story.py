"""What happens during the demonstration's two days besides the ticks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from reflecta.bootstrap import Service
from reflecta.domain.model import Feedback, User
from reflecta.domain.zones import canonical_name

START: Final = datetime(2026, 11, 16, tzinfo=UTC)
HOURS: Final = 48
# The cron is dead for these hours; whoever was due meanwhile is looked at once when it comes back.
OUTAGE: Final = range(33, 38)


async def happen(service: Service, hour: int) -> str | None:
    """Play what is in the script for this hour and say it in one line."""
    match hour:
        case 9:
            await _edit(service, "margaret", off=True)
            return "Margaret switches coaching messages off."
        case 15:
            await _edit(service, "harpreet", zone="Europe/Paris")
            return "Harpreet moves from Vancouver to Paris."
        case 20:
            return await _rate(service)
        case OUTAGE.start:
            return f"The cron dies, for {len(OUTAGE)} hours."
        case OUTAGE.stop:
            return "The cron is back: who was due meanwhile is looked at once, nothing stacks."
        case 30:
            await service.ingest.erase_user("lothar")
            return "Lothar deletes his account: every text about him goes."
        case _:
            return None


async def _edit(service: Service, user_id: str, *, off: bool = False, zone: str | None = None) -> None:
    user = await service.store.user(user_id)
    if user is None:
        return
    edited: User = replace(user, preferences=replace(user.preferences, enabled=not off))
    if zone is not None:
        edited = replace(edited, given_timezone=zone, timezone=canonical_name(zone))
    await service.ingest.upsert_users([edited])


async def _rate(service: Service) -> str | None:
    """Let the first reader rate a message as helpful: the next one for them knows it."""
    for occasion in await service.store.occasions(limit=100):
        explanation = await service.store.explanation(occasion.id)
        if explanation is not None and explanation.message_id is not None:
            at = service.clock.now() - timedelta(minutes=5)
            await service.ingest.add_feedback(
                Feedback(message_id=explanation.message_id, kind="helpful", rating=5, at=at)
            )
            return f"{occasion.user_id} rates a message as helpful; the next one for them will know."
    return None
