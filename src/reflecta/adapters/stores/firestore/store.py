"""The whole Firestore store, put together from its parts, and its life cycle."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from reflecta.adapters.stores.firestore.backfill import BackfillFirestore
from reflecta.adapters.stores.firestore.hosting import HostFirestore
from reflecta.adapters.stores.firestore.inspection import InspectFirestore
from reflecta.adapters.stores.firestore.ledger import LedgerFirestore
from reflecta.adapters.stores.firestore.moving import MoveFirestore
from reflecta.adapters.stores.firestore.outbox import OutboxFirestore
from reflecta.adapters.stores.firestore.queries import PROGRESS
from reflecta.adapters.stores.firestore.ticking import TickFirestore
from reflecta.adapters.stores.firestore.wire import Wire
from reflecta.adapters.stores.firestore.working import ProcessFirestore
from reflecta.application.ports import Clock
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import User

SCHEME = "firestore"


class FirestoreStore(
    BackfillFirestore,
    TickFirestore,
    ProcessFirestore,
    HostFirestore,
    MoveFirestore,
    InspectFirestore,
    OutboxFirestore,
    LedgerFirestore,
):
    """`Store` over the collections that an app on the guide's data has, and some of its own beside them.

    There is no schema to migrate: a field that is missing is read as its default.
    """

    def __init__(self, wire: Wire, clock: Clock) -> None:
        BackfillFirestore.__init__(self)
        TickFirestore.__init__(self)
        ProcessFirestore.__init__(self)
        self.wire = wire
        self.claimed = {}
        self.clock = clock

    @classmethod
    def at(cls, url: str, clock: Clock, *, credentials: str | None = None) -> "FirestoreStore":
        """Make the store of firestore://PROJECT[/DATABASE][?emulator=HOST:PORT]; *credentials* is a key's JSON."""
        parts = urlsplit(url)
        if parts.scheme != SCHEME or not parts.netloc:
            raise ConfigurationError(
                "REFLECTA_DATABASE_URL is no Firestore URL; write firestore://PROJECT or firestore://PROJECT/DATABASE"
            )
        emulator = parse_qs(parts.query).get("emulator", [""])[0]
        database = parts.path.strip("/") or "(default)"
        return cls(Wire.connect(parts.netloc, database, emulator=emulator or None, credentials=credentials), clock)

    async def open(self) -> None:
        """See the port."""
        await self.ping()

    async def aclose(self) -> None:
        """See the port."""
        await self.wire.aclose()

    async def is_current(self) -> bool:
        """See the port."""
        return True

    async def ping(self) -> None:
        """See the port."""
        await self.wire.get((PROGRESS, "ping"))

    async def held(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        """See the port."""
        places = await self.held_ids(after=after, limit=limit)
        found = await self.wire.get(*places)
        return await self.with_states([user for user in found if user is not None])
