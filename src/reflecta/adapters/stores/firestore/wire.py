# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false, reportUnknownParameterType=false
# gRPC and the generated message types have no stubs.
"""Firestore over gRPC: documents in, commits with preconditions out, queries. Knows none of our documents.

Own code where the vendor's client could be: that reads twelve documents in 4.3 ms of CPU, this in 1.1 (message types,
channel and credentials are the vendor's). No transactions: they lock, and a lock that is waited for costs seconds.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import google.auth
import grpc
import grpc.aio
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import Document
from google.cloud.firestore_v1.types import firestore as messages
from google.oauth2 import service_account

from reflecta.adapters.stores.firestore.keys import id_of, key_of
from reflecta.adapters.stores.firestore.queries import ID, Query
from reflecta.adapters.stores.firestore.values import Fields, fields_of, put, put_fields, taken
from reflecta.domain.errors import ConfigurationError, InvalidInput, StoreUnavailable

T = TypeVar("T")

# The state of a document: its update time. True: it must exist; False: it must not.
Version: TypeAlias = tuple[int, int]
Expected: TypeAlias = Version | bool | None

_SERVICE: Final = "/google.firestore.v1.Firestore/"
_TIMEOUT: Final = 30.0  # seconds, of one request
# A request that only reads is asked again at once where a connection ended: that happens now and then.
_READS: Final = 3
_PASSING: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.ABORTED})
_PAUSE: Final = 0.1  # seconds
# The service takes more; one answer stays small.
MOST_READ: Final = 300
MOST_WRITTEN: Final = 400
# So many commits are under way at once.
_IN_FLIGHT: Final = 50
_MAX_MESSAGE: Final = 64 * 2**20

_LOST: Final = frozenset(
    {
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ABORTED,
    }
)
_OPERATORS: Final[Mapping[str, int]] = {"<": 1, "<=": 2, ">": 3, ">=": 4, "==": 5, "in": 8}
_ASCENDING, _DESCENDING = 1, 2
_AND: Final = 1
_IS_NULL: Final = 3
_UNFIT: Final = "cannot be stored: it has a lone surrogate, or is a number out of range; clean it first"


class Lost(Exception):
    """A precondition did not hold: somebody else wrote first. Nothing of the commit stands."""


class IndexMissing(ConfigurationError):
    """A query is refused for want of an index."""


class Snapshot(NamedTuple):
    """A document as it was read."""

    id: str
    fields: Mapping[str, object]
    version: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of a commit.

    *fields* None deletes. With *mask* only the paths in it are written, and those that *fields* lack are removed;
    without, the whole document is replaced.
    """

    collection: str
    id: str
    fields: Fields | None
    mask: Sequence[str] | None = None
    expects: Expected = None


class Wire:
    """One database. *requests* counts what was asked, *read* the documents that came, *written* those that left.

    *billed* counts reads as Firestore's price list does: a document that is not there, and a query that finds
    nothing, cost one.
    """

    def __init__(self, project: str, database: str, channel: Any, *, is_emulator: bool = False) -> None:
        self._name = f"projects/{project}/databases/{database}"
        self._root = f"{self._name}/documents"
        self._channel = channel
        self._metadata = [("google-cloud-resource-prefix", self._name)]
        if is_emulator:
            self._metadata.append(("authorization", "Bearer owner"))
        self._commit = _method(channel.unary_unary, "Commit", messages.CommitRequest, messages.CommitResponse)
        self._get_one = _method(channel.unary_unary, "GetDocument", messages.GetDocumentRequest, Document)
        self._get = _method(
            channel.unary_stream,
            "BatchGetDocuments",
            messages.BatchGetDocumentsRequest,
            messages.BatchGetDocumentsResponse,
        )
        self._query = _method(channel.unary_stream, "RunQuery", messages.RunQueryRequest, messages.RunQueryResponse)
        self._aggregate = _method(
            channel.unary_stream,
            "RunAggregationQuery",
            messages.RunAggregationQueryRequest,
            messages.RunAggregationQueryResponse,
        )
        self._commits = asyncio.Semaphore(_IN_FLIGHT)
        self.requests = self.read = self.billed = self.written = 0

    @classmethod
    def connect(
        cls, project: str, database: str = "(default)", *, emulator: str | None = None, credentials: str | None = None
    ) -> "Wire":
        """Connect to a project's database, or to an emulator at HOST:PORT; belongs into the event loop that uses it.

        *credentials* is the JSON of a service account's key; without it Google's own way to find some holds.
        """
        options = [("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)]
        if emulator:
            return cls(project, database, grpc.aio.insecure_channel(emulator, options=options), is_emulator=True)
        transport = FirestoreGrpcAsyncIOTransport(credentials=_credentials(credentials))
        return cls(project, database, transport.grpc_channel)

    async def aclose(self) -> None:
        """Disconnect; what is under way has a second to end."""
        await self._channel.close(1.0)

    async def get(self, *places: tuple[str, str]) -> Sequence[Snapshot | None]:
        """Read documents by collection and id, in the order asked for; None where there is none."""
        if len(places) == 1:
            return [await self._reading(lambda: self._single(*places[0]))]
        parts = [places[start : start + MOST_READ] for start in range(0, len(places), MOST_READ)]
        found = await asyncio.gather(*(self._reading(lambda part=part: self._batch(part)) for part in parts))
        return [snapshot for batch in found for snapshot in batch]

    async def _single(self, collection: str, id_: str) -> Snapshot | None:
        """Read one document: costs half of what a batch of one does, whose answer is a stream."""
        request = messages.GetDocumentRequest.pb()(name=f"{self._root}/{collection}/{key_of(id_)}")
        self.billed += 1
        try:
            found = _snapshot(await self._get_one(request, metadata=self._metadata, timeout=_TIMEOUT))
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        self.read += 1
        return found

    async def _batch(self, places: Sequence[tuple[str, str]]) -> Sequence[Snapshot | None]:
        names = [f"{self._root}/{collection}/{key_of(id_)}" for collection, id_ in places]
        request = messages.BatchGetDocumentsRequest.pb()(database=self._name, documents=dict.fromkeys(names))
        found: dict[str, Snapshot] = {}
        async for answer in self._get(request, metadata=self._metadata, timeout=_TIMEOUT):
            if answer.HasField("found"):
                found[answer.found.name] = _snapshot(answer.found)
        self.read += len(found)
        self.billed += len(set(names))
        return [found.get(name) for name in names]

    async def query(
        self, query: Query, *values: object, limit: int | None = None, after: Sequence[object] = ()
    ) -> Sequence[Snapshot]:
        """Ask a query with its values, in the order of its comparisons; *after* holds the order's values, and the id,
        of the document to go on after.
        """

        async def ask() -> Sequence[Snapshot]:
            request = messages.RunQueryRequest.pb()(parent=self._root)
            self._ask(request.structured_query, query, values, limit, after)
            answers = self._query(request, metadata=self._metadata, timeout=_TIMEOUT)
            found = [_snapshot(answer.document) async for answer in answers if answer.HasField("document")]
            self.read += len(found)
            self.billed += max(1, len(found))
            return found

        return await self._reading(ask)

    async def pages(self, query: Query, *values: object, size: int = MOST_READ) -> AsyncIterator[Sequence[Snapshot]]:
        """Give everything that an unordered query finds, or one that is ordered by id, page by page."""
        ordered = query if query.order else replace(query, order=(ID,))
        after: Sequence[object] = ()
        while page := await self.query(ordered, *values, limit=size, after=after):
            yield page
            if len(page) < size:
                return
            after = (page[-1].id,)

    async def count(self, query: Query, *values: object) -> int:
        """Count what a query finds."""
        return int(await self._aggregated(query, values, lambda made: made.count.SetInParent()))

    async def sum(self, query: Query, *values: object) -> float:
        """Sum up the *total* of what a query finds; 0 where there is none."""

        def add(made: Any) -> None:
            made.sum.field.field_path = query.total

        return float(await self._aggregated(query, values, add))

    async def _aggregated(self, query: Query, values: Sequence[object], put_kind: Callable[[Any], object]) -> float:
        async def ask() -> float:
            request = messages.RunAggregationQueryRequest.pb()(parent=self._root)
            self._ask(request.structured_aggregation_query.structured_query, query, values, None, ())
            made = request.structured_aggregation_query.aggregations.add(alias="all")
            put_kind(made)
            result: float = 0
            async for answer in self._aggregate(request, metadata=self._metadata, timeout=_TIMEOUT):
                if answer.HasField("result"):
                    found = taken(answer.result.aggregate_fields["all"])
                    result = found if isinstance(found, int | float) else 0
            self.billed += 1
            return result

        return await self._reading(ask)

    def _ask(
        self, target: Any, query: Query, values: Sequence[object], limit: int | None, after: Sequence[object]
    ) -> None:
        """Write a query with its values."""
        target.from_.add(collection_id=query.collection)
        for name in query.fields:
            target.select.fields.add(field_path=name)
        filters = target.where.composite_filter
        for (field, comparison), value in zip(query.where, values, strict=True):
            filters.op = _AND
            if value is None:
                missing = filters.filters.add().unary_filter
                missing.field.field_path = field
                missing.op = _IS_NULL
                continue
            one = filters.filters.add().field_filter
            one.field.field_path = field
            one.op = _OPERATORS[comparison]
            put(one.value, value)
        for field in query.order:
            order = target.order_by.add()
            order.field.field_path = field.lstrip("-")
            order.direction = _DESCENDING if field.startswith("-") else _ASCENDING
        for field, value in zip(query.order, after, strict=False):
            if field.lstrip("-") == ID:
                target.start_at.values.add().reference_value = f"{self._root}/{query.collection}/{key_of(str(value))}"
            else:
                put(target.start_at.values.add(), value)
        if limit is not None:
            target.limit.value = limit

    async def time(self) -> datetime:
        """Give the instant by the service's clock."""
        request = messages.BatchGetDocumentsRequest.pb()(database=self._name, documents=[f"{self._root}/none/none"])

        async def ask() -> datetime:
            at: datetime | None = None
            async for answer in self._get(request, metadata=self._metadata, timeout=_TIMEOUT):
                at = datetime.fromtimestamp(answer.read_time.seconds + answer.read_time.nanos / 1e9, UTC)
            if at is None:
                raise StoreUnavailable("Firestore answered without a time")
            return at

        return await self._reading(ask)

    async def commit(self, writes: Sequence[Write]) -> Sequence[Version]:
        """Write all or nothing; raises `Lost` where a precondition does not hold. Gives the new versions, in order.

        Asked once: whether a commit that was broken off stands is not known, and its caller finds out by reading.
        """
        if not writes:
            return ()
        request = messages.CommitRequest.pb()(database=self._name)
        try:
            for write in writes:
                self._put(request.writes.add(), write)
        except (UnicodeEncodeError, ValueError):
            raise InvalidInput("value", _UNFIT) from None  # the error itself quotes it
        async with self._commits:
            self.requests += 1
            self.written += len(writes)
            try:
                answer = await self._commit(request, metadata=self._metadata, timeout=_TIMEOUT)
            except grpc.aio.AioRpcError as error:
                if error.code() in _LOST:
                    raise Lost(error.details()) from error
                raise _unavailable(error) from error
        times = (result.update_time for result in answer.write_results)
        return [(time.seconds, time.nanos) for time in times]

    def _put(self, target: Any, write: Write) -> None:
        name = f"{self._root}/{write.collection}/{key_of(write.id)}"
        if write.fields is None:
            target.delete = name
        else:
            target.update.name = name
            put_fields(target.update.fields, write.fields)
            if write.mask is not None:
                target.update_mask.SetInParent()
                target.update_mask.field_paths.extend(write.mask)
        match write.expects:
            case None:
                pass
            case bool():
                target.current_document.exists = write.expects
            case seconds, nanos:
                target.current_document.update_time.seconds = seconds
                target.current_document.update_time.nanos = nanos

    async def _reading(self, read: Callable[[], Awaitable[T]]) -> T:
        """Run a request that only reads, again where the connection failed."""
        for left in reversed(range(_READS)):
            self.requests += 1
            try:
                return await read()
            except grpc.aio.AioRpcError as error:
                if not left or error.code() not in _PASSING:
                    raise _unavailable(error) from error
            await asyncio.sleep(_PAUSE * (1 + random.random()))  # noqa: S311, TID251 - a pause, nothing that is decided
        raise AssertionError


def _credentials(key: str | None) -> Any:
    """Read a service account's key, or look where Google's tools look."""
    scopes = FirestoreGrpcAsyncIOTransport.AUTH_SCOPES
    try:
        if key is not None:
            return service_account.Credentials.from_service_account_info(json.loads(key), scopes=scopes)
        found, _ = google.auth.default(scopes=scopes)
    except DefaultCredentialsError as error:
        raise ConfigurationError(
            "no credentials for Firestore; set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file, "
            "REFLECTA_FIRESTORE_CREDENTIALS to its content, or run `gcloud auth application-default login`"
        ) from error
    except (ValueError, TypeError, AttributeError, GoogleAuthError):
        raise ConfigurationError(  # the error itself may quote the key
            "REFLECTA_FIRESTORE_CREDENTIALS is no service account's key; give the whole JSON as Google gave it"
        ) from None
    return found


def _method(kind: Any, name: str, request: Any, response: Any) -> Any:
    """Give a method of the service that takes and gives the message types themselves, without wrappers."""
    return kind(
        _SERVICE + name,
        request_serializer=request.pb().SerializeToString,
        response_deserializer=response.pb().FromString,
    )


def _snapshot(document: Any) -> Snapshot:
    time = document.update_time
    return Snapshot(id_of(document.name), fields_of(document.fields), (time.seconds, time.nanos))


def _unavailable(error: grpc.aio.AioRpcError) -> StoreUnavailable | ConfigurationError:
    details = error.details() or error.code().name
    if error.code() is grpc.StatusCode.FAILED_PRECONDITION and "index" in details:
        return IndexMissing(
            "Firestore lacks an index; deploy what `reflecta migrate indexes` prints with "
            "`firebase deploy --only firestore:indexes`"
        )
    if error.code() in {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}:
        return ConfigurationError(f"Firestore refuses these credentials ({error.code().name}); see docs/firestore.md")
    return StoreUnavailable(f"Firestore does not answer: {error.code().name}")
