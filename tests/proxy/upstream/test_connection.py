"""One connection over a real socket: good and bad responses, ends, resets, back-pressure."""

import asyncio
import gc
import select
import socket
import sys
from contextlib import suppress
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_upstream import FakeUpstream, generated
from proxy.upstream.connection import HIGH_WATER, UpstreamConnection
from proxy.upstream.errors import ConnectionLost, ProtocolViolation, TimedOut, UpstreamError
from proxy.upstream.response import CHUNKS_PER_TURN
from proxy.upstream.timeouts import Timeouts
from tests.proxy.upstream.conftest import (
    Asking,
    final_head,
    first_head,
    living,
    next_of_body,
    request,
    until,
    whole_body,
)
from tests.proxy.upstream.corpus import (
    CHUNKED,
    CUT_SHORT,
    ENDLESS,
    ENDLESS_FEEDS,
    GOOD,
    MALFORMED,
    MALFORMED_TO_HEAD,
    OK,
    SECOND,
    Good,
)


def sends(up: FakeUpstream, data: bytes) -> None:
    """The upstream sends more on its one connection. Sent later, it cannot arrive together."""
    (connection,) = up._open
    connection.write(data)


@pytest.mark.asyncio(loop_factories=["uvloop"])
@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
async def test_a_good_response(up: FakeUpstream, asking: Asking, good: Good) -> None:
    up.script(None, [good.wire], close=good.ends_by_closing, times=1)
    head, body = await asking.get(method=good.method)
    assert (head.status, head.reason, body) == (good.status, good.reason, good.body)

    await asking.get()
    assert up.connections == (1 if good.reusable else 2)


# Either loop delivers the same bytes; what is made of them, test_response.py asks.
@pytest.mark.asyncio(loop_factories=["uvloop"])
@pytest.mark.parametrize(
    ("method", "wire"),
    [("GET", wire) for wire in MALFORMED.values()]
    + [("HEAD", wire) for wire in MALFORMED_TO_HEAD.values()],
    ids=[*MALFORMED, *MALFORMED_TO_HEAD],
)
async def test_a_malformed_response_is_a_violation_and_the_end_of_its_connection(
    up: FakeUpstream, asking: Asking, method: str, wire: bytes
) -> None:
    up.script(None, [wire], close=False, times=1)
    with pytest.raises(ProtocolViolation):
        await asking.get(method=method)

    await up.wait_until(lambda: up.open_connections == 0)
    assert (await asking.get())[0].status == 200
    assert up.connections == 2


@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=ENDLESS)
async def test_what_never_ends_is_a_violation(
    up: FakeUpstream, asking: Asking, begin: bytes, more: bytes
) -> None:
    # Twice, since a read that ends a body may begin the next 256 KiB of something else.
    up.script(None, [begin, *[more] * ENDLESS_FEEDS * 2, 60.0], close=False, times=1)
    with pytest.raises(ProtocolViolation):
        await asking.get()


@pytest.mark.parametrize("cut", [False, True])
async def test_many_tiny_chunks_are_read_in_turns_and_none_is_lost(
    up: FakeUpstream, asking: Asking, cut: bool
) -> None:
    number = 200_000
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    tail = b"" if cut else b"0\r\n\r\n"
    up.script(None, [head + b"1\r\nx\r\n" * number + tail], close=cut, times=1)
    connection = await asking.ask()
    await final_head(connection)
    longest, taken = 0, bytearray()

    def take(data: bytes) -> bool:
        nonlocal longest
        longest = max(longest, len(data))
        taken.extend(data)
        return True

    if cut:
        with pytest.raises(ConnectionLost):
            await connection.pump(take)
    else:
        await connection.pump(take)
    assert len(taken) == number
    assert longest < 3 * CHUNKS_PER_TURN
    if not cut:
        asking.pool.release(connection)
        assert (await asking.get())[0].status == 200
        assert up.connections == 1


@pytest.mark.parametrize("wire", CUT_SHORT.values(), ids=CUT_SHORT)
async def test_a_response_cut_short_never_looks_whole(
    up: FakeUpstream, asking: Asking, wire: bytes
) -> None:
    up.script(None, [wire], times=1)
    with pytest.raises(ConnectionLost):
        await asking.get()


async def test_what_came_before_the_cut_can_be_read(up: FakeUpstream, asking: Asking) -> None:
    connection = await asking.ask("bytes=100000, break=50000")
    assert (await connection.head()).content_length == 100_000
    received = b""
    while len(received) < 50_000:
        received += await next_of_body(connection)
    assert received == generated(50_000)
    with pytest.raises(ConnectionLost):
        await next_of_body(connection)
    asking.pool.release(connection)


async def test_a_reset_ends_no_body_that_runs_until_the_close(asking: Asking) -> None:
    with pytest.raises(ConnectionLost):
        await asking.get("bytes=100000, close, break=50000, reset")


@pytest.mark.parametrize("reset", ["", ", reset"])
async def test_a_break_before_the_head(asking: Asking, reset: str) -> None:
    with pytest.raises(ConnectionLost):
        await asking.get("break=head" + reset)


async def test_bytes_after_the_response_cost_the_connection(
    up: FakeUpstream, asking: Asking
) -> None:
    """They arrive later than the response, which is good by itself."""
    up.script(None, [OK + b"Content-Length: 2\r\n\r\nok"], close=False, times=1)
    assert (await asking.get())[1] == b"ok"

    sends(up, SECOND)
    await up.wait_until(lambda: up.open_connections == 0)
    assert (await asking.get())[1] != b"evil"
    assert up.connections == 2


async def test_bytes_after_the_response_before_its_release(
    up: FakeUpstream, asking: Asking
) -> None:
    up.script(None, [OK + b"Content-Length: 2\r\n\r\nok"], close=False, times=1)
    connection = await asking.ask()
    assert (await connection.head()).status == 200
    assert await next_of_body(connection) == b"ok"
    assert connection.is_reusable()
    sends(up, SECOND)
    await until(lambda: not connection.is_reusable())
    assert connection.ended
    asking.pool.release(connection)
    await up.wait_until(lambda: up.open_connections == 0)


async def test_an_upstream_that_answers_before_it_was_asked() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.write(SECOND), "127.0.0.1", 0)
    eager = Asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    connection = await eager.acquire()
    await until(lambda: not connection.usable)
    with pytest.raises(ConnectionLost):
        connection.write(request())
    eager.pool.release(connection)
    await eager.pool.close()
    server.close()


async def test_interim_heads_come_first_and_in_order(asking: Asking) -> None:
    connection = await asking.ask("1xx=103, 1xx=100")
    statuses = [(await connection.head()).status for _ in range(3)]
    assert statuses == [103, 100, 200]
    asking.pool.release(connection)


async def test_interim_heads_are_counted_also_where_each_is_taken(
    up: FakeUpstream, asking: Asking
) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    up.script(None, [part for _ in range(40) for part in (early, 0.002)], close=False, times=1)
    with pytest.raises(ProtocolViolation):
        await asking.get()


async def test_a_violation_behind_a_good_head_is_told_instead_of_it(
    up: FakeUpstream, asking: Asking
) -> None:
    up.script(None, [MALFORMED["chunk-size-0x"]], close=False, times=1)
    connection = await asking.ask()
    with pytest.raises(ProtocolViolation):
        await connection.head()
    asking.pool.release(connection)


async def test_a_violation_in_a_later_packet_follows_what_was_good(
    up: FakeUpstream, asking: Asking
) -> None:
    good = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
    up.script(None, [good], close=False, times=1)
    connection = await asking.ask()
    assert (await connection.head()).status == 200
    assert await next_of_body(connection) == b"ok"
    sends(up, b"0x1\r\n!\r\n")
    with pytest.raises(ProtocolViolation):
        await next_of_body(connection)
    asking.pool.release(connection)


# Handing on


async def test_bytes_are_handed_on_as_they_come_until_no_more_are_wanted(
    up: FakeUpstream, asking: Asking
) -> None:
    size, wanted = 100_000, 30_000
    connection = await asking.ask(f"bytes={size}, chunk=1000, gap=0.0001")
    await connection.head()
    taken: list[bytes] = []

    def take(data: bytes) -> bool:
        taken.append(data)
        return sum(map(len, taken)) < wanted

    await connection.pump(take)

    few = b"".join(taken)
    assert wanted <= len(few) < size
    assert few + await whole_body(connection) == generated(size)
    assert connection.ended
    asking.pool.release(connection)
    assert asking.pool.connections == 1


async def test_a_chunk_that_comes_alone_is_handed_on_in_a_few_steps(
    up: FakeUpstream, asking: Asking
) -> None:
    """Counted in calls of our own functions: most of what a stream is are such chunks."""
    up.script(None, [CHUNKED + b"2\r\nab\r\n"], close=False, times=1)
    connection = await asking.ask()
    await connection.head()
    called: list[str] = []

    def note(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call" and frame.f_globals["__name__"].startswith("proxy."):
            called.append(frame.f_code.co_qualname)

    def take(data: bytes) -> bool:
        if data == b"ab":
            asyncio.get_running_loop().call_soon(sends, up, b"2\r\ncd\r\n")
            asyncio.get_running_loop().call_soon(sys.setprofile, note)
            return True
        sys.setprofile(None)
        return False

    try:
        await connection.pump(take)
    finally:
        sys.setprofile(None)
    assert called == [
        "UpstreamConnection.data_received", "UpstreamConnection._pass_on", "ResponseReader.read_on",
    ]  # fmt: skip
    asking.pool.release(connection)


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_the_taker_raises_is_its_callers(
    up: FakeUpstream, asking: Asking, at_once: bool
) -> None:
    up.script(None, [OK + b"Content-Length: 4\r\n\r\nab"], close=False, times=1)
    connection = await asking.ask()
    await connection.head()
    calls = 0

    def take(data: bytes) -> bool:
        nonlocal calls
        calls += 1
        if at_once or calls == 2:
            raise ValueError(data)
        sends(up, b"c")
        return True

    with pytest.raises(ValueError, match="ab" if at_once else "c"):
        await connection.pump(take)
    assert connection.usable
    asking.pool.release(connection)


async def test_a_pump_that_is_cancelled_takes_no_more(up: FakeUpstream, asking: Asking) -> None:
    up.script(None, [OK + b"Content-Length: 4\r\n\r\nab"], close=False, times=1)
    connection = await asking.ask()
    await connection.head()
    taken: list[bytes] = []
    first = asyncio.Event()

    def take(data: bytes) -> bool:
        taken.append(data)
        first.set()
        return True

    pumping = asyncio.create_task(connection.pump(take))
    await first.wait()
    pumping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pumping

    sends(up, b"cd")
    assert await whole_body(connection) == b"cd"
    assert taken == [b"ab"]
    asking.pool.release(connection)


# Back-pressure


async def test_a_full_queue_stops_the_reading(asking: Asking) -> None:
    size = 8 * 1024 * 1024
    connection = await asking.ask(f"bytes={size}")
    await connection.head()
    await until(lambda: connection._paused)
    first = await next_of_body(connection)
    # One read of the loop may come on top of the mark.
    assert HIGH_WATER < len(first) <= HIGH_WATER + 256 * 1024 + 65536
    rest = await whole_body(connection)
    assert first + rest == generated(size)
    asking.pool.release(connection)
    assert asking.pool.connections == 1


async def test_a_connection_given_back_while_paused_is_not_used_again(asking: Asking) -> None:
    connection = await asking.ask(f"bytes={8 * 1024 * 1024}")
    await connection.head()
    await until(lambda: connection._paused)
    asking.pool.release(connection)
    assert asking.pool.connections == 0


async def test_a_whole_response_that_nobody_took_does_not_stop_the_next(
    up: FakeUpstream, asking: Asking
) -> None:
    """It fills the queue, but nothing more is to come that would have to be held back."""
    up.reply(None, bytes(HIGH_WATER + 5_000), times=1)
    connection = await asking.ask()
    await connection.head()
    await until(connection.is_reusable)
    asking.pool.release(connection)
    for _ in range(2):
        assert (await asyncio.wait_for(asking.get("bytes=9"), 60))[1] == generated(9)
    assert up.connections == 1


async def test_writing_waits_for_a_slow_upstream(up: FakeUpstream, asking: Asking) -> None:
    connection = await asking.acquire("POST")
    connection.write(request("slowread=0", method="POST", extra="Content-Length: 1000000000\r\n"))
    written = 0

    async def upload() -> None:
        nonlocal written
        while True:
            connection.write(bytes(65536))
            written += 65536
            await connection.drain()

    task = asyncio.create_task(upload())
    stopped_at = -1
    while written != stopped_at:
        stopped_at = written
        await asyncio.sleep(0.2)
        assert written < 64 * 1024 * 1024
    # The end of the connection wakes the writer.
    up.disconnect()
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(task, 60)
    asking.pool.release(connection)


async def test_an_upstream_that_half_closes_does_not_keep_a_writer_waiting(asking: Asking) -> None:
    """It reads no more, so the rest of the request would wait in the buffer for ever."""

    async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write_eof()
        await asyncio.sleep(60)

    server = await asyncio.start_server(half_close, "127.0.0.1", 0)
    closing = Asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    connection = await closing.acquire("POST")
    connection.write(bytes(32 * 1024 * 1024))
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(first_head(connection), 60)
    closing.pool.release(connection)
    await closing.pool.close()
    server.close()


# Cancellation, endings


async def test_a_cancelled_wait_leaves_the_connection_usable(
    up: FakeUpstream, asking: Asking
) -> None:
    connection = await asking.ask("hold")
    waiting = asyncio.create_task(first_head(connection))
    await up.wait_until(lambda: up.held == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    up.release()
    assert (await final_head(connection)).status == 200
    asking.pool.release(connection)


async def test_close_wakes_whoever_waits(up: FakeUpstream, asking: Asking) -> None:
    connection = await asking.ask("hold")
    waiting = asyncio.create_task(first_head(connection))
    await up.wait_until(lambda: up.held == 1)
    connection.close()
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(waiting, 60)
    with pytest.raises(ConnectionLost):
        connection.write(b"more")
    connection.close()
    asking.pool.release(connection)


async def test_an_upstream_in_the_middle_of_a_request_learns_of_the_close_at_once() -> None:
    """A plain end would come behind megabytes that it has not read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        slow = Asking(f"http://127.0.0.1:{listener.getsockname()[1]}")
        connection = await slow.acquire("POST")
        accepted, _ = listener.accept()
        connection.write(bytes(32 * 1024 * 1024))
        await asyncio.sleep(0.1)
        slow.pool.release(connection)
        watching = select.poll()
        watching.register(accepted, 0)
        ((_, event),) = await asyncio.to_thread(watching.poll, 60_000)
        assert event & select.POLLERR
        accepted.close()
        await slow.pool.close()


@pytest.mark.parametrize("fake", ["break=10", "break=head", "bytes=9", "bytes=9, chunked"])
async def test_no_cycle_keeps_a_finished_connection(
    up: FakeUpstream, asking: Asking, fake: str
) -> None:
    """Without the garbage collector: a cycle would keep a request's memory until it runs."""
    gc.disable()
    try:
        before = living(UpstreamConnection)
        with suppress(ConnectionLost):
            await asking.get(fake)
        await asking.pool.close()
        await up.wait_until(lambda: up.open_connections == 0)
        await until(lambda: living(UpstreamConnection) == before)
    finally:
        gc.enable()


_WIRES = [*MALFORMED.values(), *(good.wire for good in GOOD.values())]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    wire=st.one_of(
        st.sampled_from(_WIRES).flatmap(
            lambda wire: st.integers(0, len(wire)).map(lambda end: wire[:end])
        ),
        st.binary(max_size=300),
        st.binary(max_size=300).map(lambda body: OK + b"\r\n" + body),
    ),
    cut=st.integers(0, 300),
    closes=st.booleans(),
)
async def test_whatever_arrives_ends_in_an_answer_or_an_upstream_error(
    wire: bytes, cut: int, closes: bool
) -> None:
    """Nothing else is raised, and nothing hangs: the deadline sees to it."""
    async with FakeUpstream() as up:
        patience = 60.0 if closes else 0.05
        asking = Asking(up.url, Timeouts(60.0, patience, patience))
        up.script(None, [wire[:cut], 0.001, wire[cut:], *([] if closes else [60.0])], times=1)
        connection = await asking.ask()
        try:
            async with asyncio.timeout(60):
                await final_head(connection)
                await whole_body(connection)
        except TimedOut:
            assert not closes
        except UpstreamError:
            pass
        finally:
            asking.pool.release(connection)
        await asking.pool.close()
