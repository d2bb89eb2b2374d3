"""A connection whose heads are told by their likeness serves as one that reads each line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy import errors
from proxy.downstream import ResponseHead
from proxy.providers.roots import V1_PATHS
from server.http import framing
from server.http.body import ARRIVED_MAX_BYTES
from server.http.connection import ClientConnection
from server.http.connections import Bounds, Connections
from server.http.downstream import ClientDownstream
from tests.server.door import finished

UPLOAD_MAX = 40_000
HEAD = (
    b"POST /v1/%b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %d\r\nX-Request-Id: %d\r\n"
    b"Content-Length: %d\r\n\r\n"
)
#: An answer's own id.
_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Wire:
    """What a connection writes to."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.closing = False
        self.paused = 0

    def get_extra_info(self, name: str) -> object:
        return ("192.0.2.1", 4711) if name == "peername" else None

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = write_eof = close

    def pause_reading(self) -> None:
        self.paused += 1

    def resume_reading(self) -> None:
        self.paused -= 1

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, *_limits: int) -> None:
        pass


class Echo:
    """Answers with what it was asked, and does with the body what the path says."""

    def begin(self, downstream: ClientDownstream, _run: object) -> ClientDownstream:
        return downstream

    async def handle(self, downstream: ClientDownstream) -> None:
        head = downstream.head
        body = b""
        try:
            if b"take" in head.target:
                body = downstream.take_arrived() or b"(none)"
            elif b"read" in head.target:
                while piece := await downstream.read():
                    body += piece
            elif b"drop" in head.target:
                downstream.drop_body()
            else:
                # What else is read of it: it is not at its end.
                downstream.keep_pace(wanted=True)
        except errors.Refusal as refusal:
            body = refusal.message.encode()
        said = repr((head.method, head.target, head.headers, head.content_length, head.client_ip))
        body = b"%b %b|" % (said.encode(), body)
        status = 400 if b"bad" in head.target else 200
        downstream.start(ResponseHead(status, b"OK", [], len(body)))
        await finished(downstream.finish(body))
        if b"gone" in head.target:
            # As where the write has found that the client has left.
            downstream._connection.abort()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    framing.forget()
    yield
    framing.forget()


async def served(
    what: bytes, packets: list[bytes], *, warm: bool
) -> tuple[bytes, bool, int, bytes]:
    """What comes of packets on a connection that has had such a head, or on a new one: what is
    sent, whether it ends, how many requests there were, and what is left unread."""
    framing.forget()
    loop = asyncio.get_running_loop()
    context = SimpleNamespace(
        connections=Connections(Bounds(9, None, ())),
        settings=SimpleNamespace(upload_max_bytes=UPLOAD_MAX, body_least_rate=None),
        draining=False, data_plane=Echo(), data_paths=V1_PATHS, credential_lines={},
        unserved=None,
    )  # fmt: skip
    connection = ClientConnection(cast(Any, SimpleNamespace(ctx=context)), loop)
    wire = Wire()
    connection.connection_made(cast(Any, wire))
    for number in range(6 if warm else 0):
        connection.data_received(HEAD % (what, 1, number, 0))
    assert warm == (connection._likeness is not None)
    wire.sent.clear()
    before = connection.requests
    for packet in packets:
        connection.data_received(packet)
        await asyncio.sleep(0)
    for _ in range(12):
        await asyncio.sleep(0)
    told = (
        _ID.sub(b"", bytes(wire.sent)),
        wire.closing,
        connection.requests - before,
        bytes(connection.received),
    )
    connection.connection_lost(None)
    return told


def packets_of(what: bytes) -> Iterator[list[bytes]]:
    body = b"0123456789"
    whole = HEAD % (what, 2, 77, len(body)) + body
    yield [whole]
    yield [whole, whole]
    yield [whole + whole]
    yield [whole + whole[:40], whole[40:]]
    yield [whole + whole[:-3], whole[-3:]]
    yield [whole[:-3], whole[-3:]]
    yield [whole[:-10], whole[-10:]]
    yield [whole[:30], whole[30:]]
    yield [whole + b"GET / HTTP/9.9\r\n\r\n"]
    yield [b"\r\n" + whole]
    yield [HEAD % (what, 2, 78, 0)]
    yield [HEAD % (what, 2, 78, 0) + whole]
    for size in (ARRIVED_MAX_BYTES, ARRIVED_MAX_BYTES + 1, UPLOAD_MAX, UPLOAD_MAX + 1):
        yield [HEAD % (what, 2, 79, size) + b"b" * size]
        yield [HEAD % (what, 2, 79, size) + b"b" * size + whole]
    # So much that it is read no further for now.
    yield [whole + b"\r\n" * 40_000]
    yield [whole * 900]


@pytest.mark.parametrize("what", [b"take", b"read", b"drop", b"leave", b"bad", b"bad/take"])
async def test_a_warm_connection_serves_whatever_comes_as_a_new_one(what: bytes) -> None:
    for number, packets in enumerate(packets_of(what)):
        cold = await served(what, packets, warm=False)
        assert await served(what, packets, warm=True) == cold, number
        assert cold[0], number


async def test_a_body_that_came_in_the_packet_of_its_head_does_not_pass_the_buffer() -> None:
    """Two requests in one packet: the second is for the next turn of the loop."""
    whole = HEAD % (b"take", 2, 77, 4) + b"body"
    sent, closing, requests, left = await served(b"take", [whole, whole + whole], warm=True)
    assert (closing, requests, left) == (False, 3, b"")
    assert sent.count(b"body|") == 3


@pytest.mark.parametrize("warm", [False, True])
async def test_nothing_is_begun_for_a_client_that_left_while_it_was_answered(warm: bool) -> None:
    whole = HEAD % (b"take/gone", 2, 77, 4) + b"body"
    _, closing, requests, _ = await served(b"take", [whole + whole], warm=warm)
    assert (closing, requests) == (True, 1)


#: In place of a line of the same name, or before it.
NEARLY = (
    b"Content-Length: 10", b"Content-Length: 010", b"Content-Length: +10", b"Content-Length: 3",
    b"Content-Length: 1 0", b"Content-Length:10", b"Transfer-Encoding: chunked", b" folded",
    b"X-Request-Id: 1\r", b"X-Request-Id: a\nb", b"X-Request-Id:", b"x-api-key: b",
    b"Authorization: Bearer 3", b"Connection: x-request-id", b"Connection: close", b"",
)  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Requests that are alike, some of them only nearly, in any packets."""
    packets = [b""]
    for number in range(draw(st.integers(1, 4))):
        body = draw(st.sampled_from([b"", b"0123456789", b"\r\n\r\n", HEAD % (b"take", 9, 9, 0)]))
        lines = (HEAD % (b"take", 2, number, len(body))).split(b"\r\n")
        if draw(st.booleans()):
            nearly = draw(st.sampled_from(NEARLY))
            name = nearly.partition(b":")[0] + b":"
            at = next((at for at, line in enumerate(lines) if line.startswith(name)), 1)
            lines[at : at + draw(st.integers(0, 1))] = [nearly]
        message = b"\r\n".join(lines) + body
        cut = draw(st.none() | st.integers(1, len(message) - 1))
        if draw(st.booleans()):
            packets.append(b"")
        packets[-1] += message[:cut]
        if cut is not None:
            packets.append(message[cut:])
    return packets


@given(streams())
# A length that leaves the beginning of another head, and a value with a line in it.
@example([HEAD % (b"take", 2, 1, 3) + b"0123456789", HEAD % (b"take", 2, 2, 0)])
@example([(HEAD % (b"take", 2, 7, 0)).replace(b"7\r", b"7\nX-A: b\r")])
@settings(max_examples=400, deadline=None)
def test_in_whatever_packets_requests_come_a_warm_connection_serves_them_as_a_new_one(
    packets: list[bytes],
) -> None:
    cold = asyncio.run(served(b"take", packets, warm=False))
    assert asyncio.run(served(b"take", packets, warm=True)) == cold
