"""Chunks that pass as they came, and nobody can tell it from the general way."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Final, cast
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy import relaying
from proxy.chunks import chunk, size_line
from proxy.downstream import RequestHead, ResponseHead
from proxy.driving import Driven, Waiter
from proxy.errors import ClientGone
from proxy.exchange import Exchange
from proxy.header_lines import HeaderLines
from proxy.passing import _SIZE_LINES, Passing
from proxy.providers.endpoints import Dialect
from proxy.relaying import relay
from proxy.turns import Turns
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import UpstreamError
from proxy.usage.meter import meter_of
from server.http.connection import ClientConnection
from server.http.downstream import ClientDownstream
from tests.proxy.upstream.exchanges import REQUEST, TIMEOUTS, Loop, Transport, running

HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%b\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"


def event(said: object, name: str = "", *, spaced: bool = False) -> bytes:
    separators = (", ", ": ") if spaced else (",", ":")
    data = json.dumps(said, separators=separators).encode()
    return (b"event: %b\n" % name.encode() if name else b"") + b"data: %b\n\n" % data


def part(text: str, **more: object) -> dict[str, object]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return {"id": "c1", "model": "gpt-4o", "choices": [choice], **more}


SAID: Final = chunk(event(part("a")))
USAGE: Final = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
DONE: Final = b"data: [DONE]\n\n"
ANTHROPIC: Final = [
    event({"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 3}}}, "a"),
    *[event({"type": "content_block_delta", "delta": {"text": "w" * n}}, "b") for n in range(5)],
    event({"type": "message_delta", "usage": {"output_tokens": 5}}, "message_delta"),
    event({"type": "message_stop"}, "message_stop"),
]
#: Events of an answer, and the dialect of its endpoint.
STREAMS: Final[dict[str, tuple[list[bytes], Dialect]]] = {
    "chat": ([event(part("a" * n)) for n in range(9)] + [DONE], "chat"),
    "chat with its usage": (
        [event(part("a" * n, usage=None)) for n in range(9)]
        + [event({"model": "gpt-4o", "choices": [], "usage": USAGE}), DONE],
        "chat",
    ),
    "chat with its usage, with spaces": (
        [event(part("a" * n, usage=None), spaced=True) for n in range(9)]
        + [event({"choices": [], "usage": USAGE}, spaced=True), DONE],
        "chat",
    ),
    "words in texts": (
        [event(part(text, usage=None)) for text in ("", '"usage":null', "an error", '"usage": {')]
        + [event(part("a", usage=USAGE)), DONE],
        "chat",
    ),
    "an error": (
        [event(part("a")), event(part("b")), event({"error": {"code": "broken"}}), b": end\n\n"],
        "chat",
    ),
    "with other line ends": (
        [event(part("a")), event(part("b")).replace(b"\n", b"\r\n"), event(part("c")), DONE],
        "chat",
    ),
    "cut within events": (
        [event(part("a")), event(part("b"))[:-1], b"\n" + event(part("c")), event(part("d")), DONE],
        "chat",
    ),
    "anthropic": (ANTHROPIC, "messages"),
    "gemini": (
        [
            event({"candidates": [{"index": 0}], "usageMetadata": {"promptTokenCount": n}})
            for n in range(5)
        ]
        + [event({"candidates": [{"index": 0, "finishReason": "STOP"}]})],
        "gemini",
    ),
    "responses": (
        [event({"type": "response.created", "response": {"model": "o", "usage": None}})]
        + [event({"type": "response.output_text.delta", "delta": "a" * n}) for n in range(9)]
        + [event({"type": "response.completed", "response": {"usage": {"input_tokens": 3}}})],
        "responses",
    ),
    "line ends behind the last": (
        [event(part("a")), event(part("b")), DONE, b"\n", b"\n", b"\n\n", b"\n"],
        "chat",
    ),
    "no events": ([b"a\n\n" * 5, b"b" * 20, b"\n\n", b"c\n\n"], "chat"),
}
#: How a chunk may stand on the wire.
FRAMES: Final[list[Callable[[bytes], bytes]]] = [
    *[chunk] * 6,
    lambda data: b"%X\r\n%b\r\n" % (len(data), data),
    lambda data: b"0%x\r\n%b\r\n" % (len(data), data),
    lambda data: b"%x;a=b\r\n%b\r\n" % (len(data), data),
]
ENDS: Final = [
    b"0\r\n\r\n", b"0\r\nX-Trailer: 1\r\n\r\n", b"0\r\n\r\nHTTP/1.1 200 OK\r\n", b"5\r\nab",
    b"g\r\n", b"2\r\na\n\n\r\n", b"",
]  # fmt: skip


class Outgoing:
    """A client's connection and its transport, whose client takes all, or is full from now on."""

    def __init__(self) -> None:
        self.transport: Outgoing | None = self
        self.can_write: Waiter[None] | None = None
        self.written: list[bytes] = []
        self.closing = self.is_full = False

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.is_full and self.can_write is None:
            self.can_write = Waiter()

    def is_closing(self) -> bool:
        return self.closing

    async def drain(self) -> None:
        assert self.can_write is not None
        await self.can_write


class Relayed:
    """An answer that is relayed between transports of memory, and all that can be seen of it."""

    def __init__(self, loop: Loop, sock: socket.socket, dialect: Dialect, *, asked: bool) -> None:
        self.loop = loop
        self.transport = Transport(loop, sock)
        self.source = UpstreamConnection(cast(asyncio.AbstractEventLoop, loop), TIMEOUTS)
        self.transport.connection = self.source
        self.source.connection_made(cast(asyncio.Transport, self.transport))
        self.client = Outgoing()
        head = RequestHead("POST", b"/v1/x", "1.1", HeaderLines.of([]), 2, "")
        self.downstream = ClientDownstream(cast(ClientConnection, self.client), head)
        self.exchange = Exchange(head, "POST")
        self.seen: list[object] = []
        self._dialect: Dialect = dialect
        self._asked = asked
        self.driven = Driven()
        self.source.begin("POST")
        self.source.write(REQUEST)
        self.driven.drive(self._serve())

    async def _serve(self) -> None:
        source, exchange, downstream = self.source, self.exchange, self.downstream
        try:
            head = await source.head()
            meter = exchange.meter = meter_of(
                head.read(), asked_for_usage=self._asked, counted=True, dialect=self._dialect
            )
            downstream.start(ResponseHead(200, b"OK", [], head.content_length))
            last = await relay(downstream, source, exchange, meter, Turns())
            slow = downstream.finish(last, source.trailers)
            self.seen.append("finished")
            if slow is not None:
                await slow
        except (UpstreamError, ClientGone) as error:
            self.seen.append((type(error), str(error), exchange.left()))
        except asyncio.CancelledError:
            self.seen.append(("cancelled", exchange.left()))
        self.seen.append(exchange.bytes_out)

    def happen(self, what: bytes | str) -> None:
        if isinstance(what, str):
            HAPPENINGS[what](self)
        elif not self.transport.closing and not self.transport.is_paused:
            self.source.data_received(what)

    def note(self) -> None:
        meter, one = self.exchange.meter, self.source
        if meter is not None:
            said = meter.usage, meter.exact, meter.model, meter.failed, meter.code
            self.seen.append((*said, meter.terminal_seen, meter.terminal_last, meter.cut_short))
        self.seen.append((
            list(self.client.written), one.ended, one.is_reusable(), one.is_waiting, one._paused,
            one._error and (type(one._error), str(one._error)), self.transport.closing,
        ))  # fmt: skip


def _takes(relayed: Relayed) -> None:
    client = relayed.client
    client.is_full, waiting, client.can_write = False, client.can_write, None
    if waiting is not None:
        waiting.wake()


def _leaves(relayed: Relayed) -> None:
    relayed.client.transport = None
    relayed.driven.cancel()


def _is_ended(relayed: Relayed) -> None:
    # What comes in the same turn may still pass.
    relayed.driven.cancel()
    relayed.loop.turn()


def _is_looked_at(relayed: Relayed, after: float) -> None:
    # It is looked at all the time.
    relayed.source.check_deadline(relayed.loop.now)
    relayed.loop.now += after
    relayed.source.check_deadline(relayed.loop.now)


def _lost(relayed: Relayed) -> None:
    if not relayed.transport.closing:
        relayed.transport.closing = True
        relayed.source.connection_lost(None)


#: What can happen to either side meanwhile.
HAPPENINGS: Final[dict[str, Callable[[Relayed], None]]] = {
    "turn": lambda relayed: relayed.loop.turn(),
    "full": lambda relayed: setattr(relayed.client, "is_full", True),
    "takes": _takes,
    "closing": lambda relayed: setattr(relayed.client, "closing", True),
    "left": _leaves,
    "ended": _is_ended,
    "look": lambda relayed: _is_looked_at(relayed, 1.0),
    "later": lambda relayed: _is_looked_at(relayed, 30.0),
    "silent": lambda relayed: _is_looked_at(relayed, 200.0),
    "lost": _lost,
}


class NoWay(Passing):
    """All of it goes the general way."""

    def is_ready(self) -> bool:
        return False


def told(
    sock: socket.socket, happenings: Sequence[bytes | str], dialect: Dialect, *, asked: bool
) -> tuple[list[object], int]:
    """All that is seen of an answer, and how many packets passed as they came."""
    passed = 0

    class Counted(Passing):
        def take(self, packet: bytes) -> bool | None:
            nonlocal passed
            took = super().take(packet)
            passed += took is not None
            return took

    seen: list[list[object]] = []
    for kind in (Counted, NoWay):
        with patch.object(relaying, "Passing", kind):
            loop = Loop()
            with running(cast(Any, SimpleNamespace(loop=loop))):
                relayed = Relayed(loop, sock, dialect, asked=asked)
                for what in [*happenings, "turn", "takes", "turn", "lost", "turn", "left", "turn"]:
                    relayed.happen(what)
                    relayed.note()
            seen.append(relayed.seen)
    quick, general = seen
    assert quick == general
    return quick, passed


@pytest.fixture(scope="module")
def sock() -> Iterator[socket.socket]:
    """One that nothing is sent to."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[bytes | str], Dialect]:
    """An answer in packets, and what happens meanwhile."""
    events, dialect = STREAMS[draw(st.sampled_from([*STREAMS]))]
    is_chunked = draw(st.integers(0, 9)) > 0
    packets = [HEAD % (CHUNKED if is_chunked else b"")]
    for said in events:
        frame = draw(st.sampled_from(FRAMES)) if is_chunked else bytes
        packets.append(frame(said))
    packets.append(draw(st.sampled_from(ENDS)) if is_chunked else b"")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(packets) - 2))
        if draw(st.booleans()):
            packets[at : at + 2] = [packets[at] + packets[at + 1]]
        else:
            cut = draw(st.integers(0, len(packets[at])))
            packets[at : at + 1] = [packets[at][:cut], packets[at][cut:]]
        if len(packets) < 3:
            break
    happenings: list[bytes | str] = [packet for packet in packets if packet]
    for what in draw(st.lists(st.sampled_from([*HAPPENINGS]), max_size=4)):
        happenings.insert(draw(st.integers(0, len(happenings))), what)
    return happenings, dialect


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(answer=answers(), asked=st.booleans())
def test_an_answer_has_the_same_effects_either_way(
    sock: socket.socket, answer: tuple[list[bytes | str], Dialect], asked: bool
) -> None:
    told(sock, answer[0], answer[1], asked=asked)


@pytest.mark.parametrize(
    ("stream", "least"),
    [
        ("chat", 7),
        ("chat with its usage", 7),
        ("chat with its usage, with spaces", 7),
        ("anthropic", 3),
        ("responses", 7),
        ("gemini", 0),
        ("no events", 0),
    ],
)
def test_most_events_pass_as_they_came(sock: socket.socket, stream: str, least: int) -> None:
    events, dialect = STREAMS[stream]
    packets = [HEAD % CHUNKED, *map(chunk, events), b"0\r\n\r\n"]
    # Twice, since lengths are learnt.
    for _ in range(2):
        seen, passed = told(sock, packets, dialect, asked=True)
    assert "finished" in seen
    assert passed >= least


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 30, -4, -3, -2, -1])
def test_what_is_cut_passes_again_once_it_stands_between_chunks(
    sock: socket.socket, cut: int
) -> None:
    packets = [HEAD % CHUNKED, SAID, SAID, SAID[:cut], SAID[cut:], SAID, SAID, SAID]
    for _ in range(2):
        _, passed = told(sock, packets, "chat", asked=False)
    # The first one goes the general way, and so does what is cut.
    assert passed >= 3


@pytest.mark.parametrize(
    "happenings",
    [
        ["later"] * 2,
        ["later", SAID] * 4 + ["silent"],
        ["later", "full", SAID, "takes", "later", SAID],
    ],
    ids=["silent", "slow", "held back"],
)
def test_an_upstream_is_late_by_what_has_passed(
    sock: socket.socket, happenings: list[bytes | str]
) -> None:
    for _ in range(2):
        told(sock, [HEAD % CHUNKED, SAID, SAID, *happenings], "chat", asked=False)


@pytest.mark.parametrize("asked", [False, True])
def test_a_line_end_alone_is_no_event(sock: socket.socket, asked: bool) -> None:
    """A chunk that holds nothing else ends by two of them on the wire."""
    happenings: list[bytes | str] = [HEAD % CHUNKED, SAID, chunk(DONE), chunk(b"\n"), "left"]
    for _ in range(2):
        seen, _ = told(sock, happenings, "chat", asked=asked)
    assert ("cancelled", "complete") in seen


def test_an_upstream_has_all_its_time_after_an_event_that_its_client_is_slow_to_take(
    sock: socket.socket,
) -> None:
    loop = Loop()
    with running(cast(Any, SimpleNamespace(loop=loop))), patch.dict(_SIZE_LINES):
        _SIZE_LINES[len(SAID)] = size_line(len(SAID)) or b""
        relayed = Relayed(loop, sock, "chat", asked=False)
        for packet in (HEAD % CHUNKED, SAID, SAID):
            relayed.happen(packet)
        loop.now += TIMEOUTS.idle / 2
        relayed.happen("full")
        relayed.happen(SAID)
    assert relayed.client.can_write is not None
    assert relayed.source.deadline == loop.now + TIMEOUTS.idle


def test_no_slow_client_holds_an_answer_that_has_ended(sock: socket.socket) -> None:
    loop = Loop()
    with running(cast(Any, SimpleNamespace(loop=loop))):
        relayed = Relayed(loop, sock, "chat", asked=False)
        for what in ("full", HEAD % CHUNKED, b"0\r\n\r\n"):
            relayed.happen(what)
    assert relayed.client.can_write is not None
    assert relayed.seen[0] == "finished"


def test_the_lengths_that_are_remembered_are_those_of_short_chunks(sock: socket.socket) -> None:
    _SIZE_LINES.clear()
    texts = [event(part("a" * size)) for size in (10, 10, 10, 5000, 5000, 10)]
    told(sock, [HEAD % CHUNKED, *map(chunk, texts)], "chat", asked=False)
    assert list(_SIZE_LINES) == [len(chunk(texts[0]))]


@pytest.mark.parametrize(
    "size", [*range(1, 40), *range(250, 262), *range(4090, 4100), 65535, 65536]
)
def test_how_a_chunk_begins_is_told_by_its_length(size: int) -> None:
    whole = chunk(b"a" * size)
    assert size_line(len(whole)) == whole[: whole.index(b"\n") + 1]


@pytest.mark.parametrize("length", [0, 4, 5, 21, 262])
def test_no_chunk_has_some_lengths(length: int) -> None:
    assert size_line(length) is None
