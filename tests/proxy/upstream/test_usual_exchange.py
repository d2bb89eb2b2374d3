"""The usual exchange takes a way of its own, and nobody can tell it from the general one."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from types import FrameType
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.driving import Driven, Waiter
from proxy.upstream import connection as connection_module
from proxy.upstream.alike import Alike
from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.response import CHUNKS_PER_TURN
from tests.proxy.upstream.corpus import CHUNKED, GOOD, MALFORMED, OK
from tests.proxy.upstream.exchanges import HAPPENINGS, REQUEST, TIMEOUTS, running, seen, taught
from tests.proxy.upstream.test_alike import WHOLE, near, usual

USUAL: Final = usual(7) + b"hello"
#: What is nearly the usual answer, and what is not.
ANSWERS: Final = [
    *[USUAL] * 20,
    usual(8, b"1234", 12) + b"hello, world",
    usual(8, b"1") + b"hello",
    usual(8, size=0),
    WHOLE % (8, 3) + b"new",
    *[other + b"hello" for other in near(USUAL[:-5])],
    *MALFORMED.values(),
    *[good.wire for good in GOOD.values()],
]


@st.composite
def exchanges(draw: st.DrawFn) -> list[str | bytes]:
    """An answer in some packets, maybe with more behind it, and what happens meanwhile."""
    data = draw(st.sampled_from(ANSWERS)) + draw(st.sampled_from((b"", b"", b"\r\n", b"x", OK)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=2)))
    packets = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
    happens: list[str | bytes] = list(packets)
    for what in draw(st.lists(st.sampled_from([*HAPPENINGS]), max_size=3)):
        happens.insert(draw(st.integers(0, len(happens))), what)
    return happens


@pytest.fixture(scope="module")
def sock() -> Iterator[socket.socket]:
    """One that nothing is sent to."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    asked=st.lists(exchanges(), min_size=1, max_size=3),
    method=st.sampled_from(("POST", "POST", "GET", "HEAD")),
    takes_rest=st.booleans(),
)
def test_whatever_happens_both_ways_say_the_same(
    sock: socket.socket, asked: list[list[str | bytes]], method: str, takes_rest: bool
) -> None:
    how: dict[str, Any] = {"method": method, "takes_rest": takes_rest}
    expected = seen(sock, asked, general=True, **how)
    assert seen(sock, asked, general=False, **how) == expected


@pytest.mark.parametrize("what", HAPPENINGS)
@pytest.mark.parametrize("takes_rest", [True, False])
def test_what_happens_around_a_usual_answer(
    sock: socket.socket, what: str, takes_rest: bool
) -> None:
    """Each thing at each moment, and another exchange behind it."""
    of_one: tuple[list[str | bytes], ...] = (
        [what, USUAL],
        [USUAL, what],
        [USUAL, what, "released"],
        [what, USUAL, "released"],
        [USUAL, b"x", what, "released"],
        [USUAL[:-5], what, b"hello"],
        [USUAL[:20], what, USUAL[20:]],
        [usual(8, size=0), what],
        [CHUNKED + b"0\r\nx-sum: 1\r\n\r\n", what],
    )
    for happenings in of_one:
        for method in ("POST", "HEAD"):
            how: dict[str, Any] = {"method": method, "takes_rest": takes_rest}
            asked: list[list[str | bytes]] = [happenings, [USUAL]]
            expected = seen(sock, asked, general=True, **how)
            assert seen(sock, asked, general=False, **how) == expected, happenings


def test_a_transport_that_ends_unnoticed_is_seen_before_the_next_request(
    sock: socket.socket,
) -> None:
    exchange = taught(sock)
    exchange.ask("POST", takes_rest=True, holds=True)
    exchange.connection.data_received(USUAL)
    # As where a read has failed: the transport says so in a later turn.
    exchange.transport.closing = True
    exchange.release()
    assert not exchange.connection.takes("POST", REQUEST)


def test_the_usual_exchange_takes_few_steps(sock: socket.socket) -> None:
    """Else all of these tests compare the general way with itself."""
    exchange = taught(sock)
    called: list[str] = []

    def note(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call" and frame.f_globals["__name__"].startswith("proxy.upstream."):
            called.append(frame.f_code.co_qualname)

    async def request() -> None:
        connection = exchange.connection
        await connection.head()
        assert connection.take_rest() == b"hello"
        connection.release()

    exchange.home.clear()
    sys.setprofile(note)
    exchange.connection.takes("POST", REQUEST)
    Driven().drive(request())
    exchange.connection.data_received(USUAL)
    sys.setprofile(None)
    assert exchange.is_idle
    assert called == [
        "Sending.takes",
        "UpstreamConnection.head",
        "UpstreamConnection.data_received",
        "Alike.read",
        "UpstreamConnection.take_rest",
        "UpstreamConnection.release",
    ]
    # Nothing is kept of it.
    assert (exchange.connection._head_waiter, exchange.connection._response) == (
        None,
        exchange.connection._reader,
    )


def test_a_shorter_wait_is_for_one_answer(sock: socket.socket) -> None:
    exchange = taught(sock)
    connection = exchange.connection
    for shorter in (True, False):
        exchange.home.clear()
        connection.takes("POST")
        if shorter:
            connection.answer_within(3.0)
        connection.write_whole(REQUEST)
        assert connection.deadline == exchange.loop.now + (3.0 if shorter else TIMEOUTS.first_byte)
        assert exchange.receive(USUAL) == 200
        assert exchange.is_idle


def test_a_request_that_is_still_on_its_way_costs_the_connection(sock: socket.socket) -> None:
    for at_once in (True, False):
        exchange = taught(sock)
        exchange.home.clear()
        exchange.transport.is_full = True
        exchange.connection.takes("POST", REQUEST if at_once else b"")
        if not at_once:
            exchange.connection.write_whole(REQUEST)
        assert exchange.receive(USUAL) == 200
        assert not exchange.is_idle


def test_a_body_in_an_answer_to_head_is_a_violation(sock: socket.socket) -> None:
    exchange = taught(sock)
    exchange.home.clear()
    exchange.connection.takes("HEAD")
    exchange.connection.write_whole(REQUEST)
    assert exchange.receive(USUAL) is ProtocolViolation


@pytest.mark.parametrize("is_busy", [True, False])
def test_only_an_exchange_is_cut_by_a_reset(is_busy: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        exchange = taught(ours)
        if is_busy:
            exchange.home.clear()
            exchange.connection.takes("POST", REQUEST)
        exchange.connection.close()
        assert bool(ours.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER)) == is_busy


def test_a_head_whose_wait_was_cancelled_is_there_for_the_next(sock: socket.socket) -> None:
    exchange = taught(sock)
    exchange.home.clear()
    exchange.connection.takes("POST", REQUEST)
    with running(exchange):
        cast(Waiter[object], exchange.connection.head()).cancel()
    exchange.connection.data_received(USUAL)
    exchange.wait()
    assert cast(tuple[object, ...], exchange.seen[0])[0] == 200
    assert exchange.is_idle


def test_heads_that_are_all_unlike_are_seldom_compared(sock: socket.socket) -> None:
    exchange = taught(sock)
    reader = exchange.connection._reader
    compared = 0

    class Counted(Alike):
        def read(self, data: bytes) -> None:
            nonlocal compared
            compared += 1

    reader._alike = [Counted(None, 0)]
    reader.likely = reader._alike[0]
    for number in range(80):
        exchange.home.clear()
        exchange.connection.takes("POST", REQUEST)
        exchange.receive(OK + b"X-%d: 1\r\nContent-Length: 1\r\n\r\nx" % number)
        assert exchange.is_idle
    assert compared < 30


def test_no_more_than_so_many_idle(sock: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = taught(sock)
    exchange.ask("POST", takes_rest=True, holds=True)
    exchange.connection.data_received(USUAL)
    monkeypatch.setattr(connection_module, "IDLE_MAX_PER_ORIGIN", 3)
    exchange.home.extend([exchange.connection] * 3)
    exchange.release()
    assert len(exchange.home) == 3
    assert exchange.transport.closing


def test_whole_chunks_that_a_slow_client_leaves_cost_the_connection(sock: socket.socket) -> None:
    """Reading has been held back for them, and would stay so."""
    exchange = taught(sock)
    connection = exchange.connection

    async def request() -> None:
        await connection.head()
        await connection.pump(lambda _: False)

    exchange.home.clear()
    connection.takes("POST", REQUEST)
    Driven().drive(request())
    connection.data_received(CHUNKED + b"1\r\nx\r\n" * 2 * CHUNKS_PER_TURN + b"0\r\n\r\n")
    exchange.loop.turn()
    assert connection._response.complete
    assert exchange.transport.is_paused
    connection.release()
    assert not exchange.is_idle
