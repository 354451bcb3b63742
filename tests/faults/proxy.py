"""A TCP proxy on loopback that does to a connection what networks and providers do, by a seeded plan.

`HttpProxy` knows where requests begin and end, so that each on a kept connection may meet its own fault;
`StreamProxy` knows bytes only, as they come. Both count every fault at the moment it strikes.
"""

import asyncio
import random
import re
import socket
import struct
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self


class Fault(StrEnum):
    """What may happen on a wire; those named after a status are an answer of the proxy's own.

    No plan has `REFUSED`: a proxy that is down does it to all.
    """

    DELAY = "delay"
    CUT_REQUEST = "cut_request"
    CUT_ANSWER = "cut_answer"
    RESET = "reset"
    HALF_OPEN = "half_open"
    GARBLED = "garbled"
    SLOW = "slow"
    TRUNCATED = "truncated"
    RATE_LIMITED = "429"
    ERROR = "500"
    UNAVAILABLE = "503"
    REFUSED = "refused"


ON_BYTES: Final = tuple(Fault)[:7]
ON_HTTP: Final = tuple(Fault)[:-1]


@dataclass
class Plan:
    """Says which request (or piece of a stream) meets which fault; the same seed says the same again.

    *rate* is the share that is struck, in [0, 1]. Times are in seconds: *delay* bounds how long a request is kept
    back, *slow* how long an answer trickles, *hold* how long a silent peer keeps its socket before it resets it.
    """

    seed: int
    faults: Sequence[Fault] = ()
    rate: float = 0.0
    delay: tuple[float, float] = (0.05, 0.9)
    slow: tuple[float, float] = (0.05, 0.9)
    hold: float = 2.0
    retry_after: int = 1
    struck: Counter[Fault] = field(default_factory=Counter[Fault])

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def draw(self) -> Fault | None:
        """Give the fault that comes next, if one does."""
        if not self.faults or self.chance.random() >= self.rate:
            return None
        return self.chance.choice(self.faults)

    def garble(self, data: bytes) -> bytes:
        """Replace up to 24 bytes by such as occur in no UTF-8, no header and no message of PostgreSQL."""
        start = self.chance.randrange(len(data))
        end = min(len(data), start + self.chance.randint(8, 24))
        return data[:start] + bytes(self.chance.choice((0xFE, 0xFF)) for _ in range(start, end)) + data[end:]

    def part(self, data: bytes) -> bytes:
        """Give the beginning of *data*, never all of it, at times nothing."""
        return data[: self.chance.randrange(len(data))]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End with RST instead of FIN."""
        given: socket.socket | None = self.writer.get_extra_info("socket")
        if given is not None:
            with suppress(OSError):
                given.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def is_left_within(self, seconds: float) -> bool:
        """Wait for the peer to go; what it sends meanwhile is lost."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(seconds):
                while await self.reader.read(65536):
                    pass
                return True
        return False


@dataclass
class Proxy(ABC):
    """Use as ``async with HttpProxy(port, plan) as proxy``; connect to *proxy.port*."""

    target: int
    plan: Plan
    port: int = 0
    _server: asyncio.Server | None = None
    _links: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen, after the first time on the same port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """End all connections; new ones are refused."""
        if self._server is not None:
            self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._link(End(reader, writer)))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, near: End) -> None:
        try:
            # What a peer does to its connection is its own affair.
            with suppress(OSError, EOFError):
                await self._serve(near)
        finally:
            near.writer.close()

    @abstractmethod
    async def _serve(self, near: End) -> None:
        """Serve one connection until it ends."""

    @asynccontextmanager
    async def _far(self) -> AsyncGenerator[End]:
        far = End(*await asyncio.open_connection("127.0.0.1", self.target))
        try:
            yield far
        finally:
            far.writer.close()


@dataclass(frozen=True, slots=True)
class Message:
    """An HTTP request or answer as it is on the wire; the head ends with its empty line."""

    head: bytes
    body: bytes

    @property
    def wire(self) -> bytes:
        return self.head + self.body

    def with_header(self, line: bytes) -> "Message":
        return Message(self.head[:-2] + line + b"\r\n\r\n", self.body)


_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_CHUNKED: Final = re.compile(rb"^transfer-encoding:.*chunked", re.IGNORECASE | re.MULTILINE)


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Read one message that has a length or comes in chunks; None where the peer has gone instead."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    if _CHUNKED.search(head):
        return Message(head, await _chunks(reader))
    length = _LENGTH.search(head)
    return Message(head, await reader.readexactly(int(length[1])) if length else b"")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        chunk = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        body += size + chunk
        if chunk == b"\r\n":
            return body


ARRIVAL: Final = "X-Arrival"


@dataclass
class HttpProxy(Proxy):
    """Before an HTTP server. Numbers the requests in their order of arrival here, in a header of its own."""

    arrivals: int = 0

    def __post_init__(self) -> None:
        self._strikes: Mapping[Fault, Callable[[Message, End], Awaitable[bool]]] = {
            Fault.DELAY: self._delay,
            Fault.CUT_REQUEST: self._cut_request,
            Fault.CUT_ANSWER: self._cut_answer,
            Fault.RESET: self._reset,
            Fault.HALF_OPEN: self._half_open,
            Fault.GARBLED: self._garbled,
            Fault.SLOW: self._slow,
            Fault.TRUNCATED: self._truncated,
            Fault.RATE_LIMITED: self._rate_limited,
            Fault.ERROR: self._error,
            Fault.UNAVAILABLE: self._unavailable,
        }

    async def _serve(self, near: End) -> None:
        while (request := await read_message(near.reader)) is not None:
            self.arrivals += 1
            request = request.with_header(f"{ARRIVAL}: {self.arrivals}".encode())
            fault = self.plan.draw()
            if fault is None:
                await near.send((await self._ask(request)).wire)
                continue
            self.plan.struck[fault] += 1
            if not await self._strikes[fault](request, near):
                return

    async def _ask(self, request: Message) -> Message:
        async with self._far() as far:
            await far.send(request.wire)
            answer = await read_message(far.reader)
        if answer is None:
            raise EOFError("the server gave no answer")
        return answer

    async def _delay(self, request: Message, near: End) -> bool:
        """Keep a request back; it arrives even if its sender has given it up meanwhile."""
        await asyncio.sleep(self.plan.chance.uniform(*self.plan.delay))
        await near.send((await self._ask(request)).wire)
        return True

    async def _cut_request(self, request: Message, near: End) -> bool:
        async with self._far() as far:
            await far.send(self.plan.part(request.wire))
        await near.close()
        return False

    async def _cut_answer(self, request: Message, near: End) -> bool:
        answer = await self._ask(request)
        await near.send(self.plan.part(answer.wire))
        await near.close()
        return False

    async def _reset(self, request: Message, near: End) -> bool:
        """Reset before the request is passed on, after, or within the answer."""
        stage = self.plan.chance.randrange(3)
        if stage > 0:
            answer = await self._ask(request)
            if stage > 1:
                await near.send(self.plan.part(answer.wire))
        near.reset()
        return False

    async def _half_open(self, request: Message, near: End) -> bool:
        """Say nothing more; the request was passed on, or not."""
        if self.plan.chance.random() < 0.5:
            await self._ask(request)
        if not await near.is_left_within(self.plan.hold):
            near.reset()
        return False

    async def _garbled(self, request: Message, near: End) -> bool:
        """Garble the request's body, the answer's head or its body."""
        what = self.plan.chance.randrange(3)
        if what == 0:
            request = Message(request.head, self.plan.garble(request.body))
        answer = await self._ask(request)
        if what == 1:
            # The version and the status; many a header means nothing to anybody.
            answer = Message(self.plan.garble(answer.head[:12]) + answer.head[12:], answer.body)
        if what == 2:
            answer = Message(answer.head, self.plan.garble(answer.body))
        await near.send(answer.wire)
        # Whoever can make nothing of a head may wait for the rest of it.
        return what != 1

    async def _slow(self, request: Message, near: End) -> bool:
        answer = await self._ask(request)
        await near.send(answer.head)
        await trickle(near, answer.body, self.plan.chance.uniform(*self.plan.slow))
        return True

    async def _truncated(self, request: Message, near: End) -> bool:
        """Give a part of the body as the whole of it."""
        answer = await self._ask(request)
        body = self.plan.part(answer.body)
        await near.send(_LENGTH.sub(f"Content-Length: {len(body)}".encode(), answer.head) + body)
        return True

    async def _rate_limited(self, _: Message, near: End) -> bool:
        await near.send(_answer(429, "Too Many Requests", f"Retry-After: {self.plan.retry_after}\r\n"))
        return True

    async def _error(self, request: Message, near: End) -> bool:
        """Answer 500; the server behind did its work all the same, or never heard of it."""
        if self.plan.chance.random() < 0.5:
            await self._ask(request)
        await near.send(_answer(500, "Internal Server Error"))
        return True

    async def _unavailable(self, request: Message, near: End) -> bool:
        """Answer 503, as above."""
        if self.plan.chance.random() < 0.5:
            await self._ask(request)
        await near.send(_answer(503, "Service Unavailable"))
        return True


def _answer(status: int, words: str, headers: str = "") -> bytes:
    body = f'{{"error": {{"code": {status}, "message": "{words}"}}}}'
    head = f"HTTP/1.1 {status} {words}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}"
    return f"{head}\r\n{body}".encode()


async def trickle(to: End, data: bytes, seconds: float, pieces: int = 6) -> None:
    """Send in pieces, over so many seconds."""
    size = len(data) // pieces + 1
    for start in range(0, len(data), size):
        await asyncio.sleep(seconds / pieces)
        await to.send(data[start : start + size])


@dataclass
class StreamProxy(Proxy):
    """Before a server of any protocol, such as PostgreSQL. Faults strike pieces as they are read, either way."""

    async def _serve(self, near: End) -> None:
        async with self._far() as far:
            link = _Link(self.plan, near, far)
            try:
                ways = {asyncio.create_task(link.carry(near, far)), asyncio.create_task(link.carry(far, near))}
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            finally:
                link.end()


@dataclass
class _Link:
    """Both ways of one connection."""

    plan: Plan
    near: End
    far: End
    is_silent: bool = False
    _ending: asyncio.TimerHandle | None = None

    async def carry(self, source: End, sink: End) -> None:
        """Carry bytes one way until either end has gone, or a fault ends the connection."""
        while data := await source.reader.read(65536):
            if self.is_silent:
                continue
            fault = self.plan.draw()
            if fault is None or fault is (Fault.CUT_ANSWER if source is self.near else Fault.CUT_REQUEST):
                await sink.send(data)
                continue
            self.plan.struck[fault] += 1
            if not await self._strike(fault, data, sink):
                return

    async def _strike(self, fault: Fault, data: bytes, sink: End) -> bool:
        match fault:
            case Fault.DELAY:
                await asyncio.sleep(self.plan.chance.uniform(*self.plan.delay))
                await sink.send(data)
            case Fault.SLOW:
                await trickle(sink, data, self.plan.chance.uniform(*self.plan.slow))
            case Fault.GARBLED:
                await sink.send(self.plan.garble(data))
                self._end_soon()
            case Fault.HALF_OPEN:
                self.is_silent = True
                self._end_soon()
            case Fault.RESET:
                self._reset()
                return False
            case _:  # cut, either way
                await sink.send(self.plan.part(data))
                return False
        return True

    def _end_soon(self) -> None:
        self._ending = self._ending or asyncio.get_running_loop().call_later(self.plan.hold, self._reset)

    def _reset(self) -> None:
        self.near.reset()
        self.far.reset()

    def end(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
