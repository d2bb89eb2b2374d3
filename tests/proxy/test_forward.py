"""The request on its way to the upstream: what is kept of a large body, and for how long."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Final, cast
from uuid import uuid4

from fake_upstream import FakeUpstream
from proxy import forward
from proxy.body.budget import BodyBudget, KeptBytes
from proxy.downstream import Downstream, RequestHead
from proxy.header_lines import HeaderLines
from proxy.upstream.pool import Pool
from proxy.upstream.target import Target, address_of
from tests.proxy.rows import an_exchange
from tests.proxy.upstream.conftest import PATIENT, no_authorities, until

PIECE: Final = 1024 * 1024
PIECES: Final = 12
SIZE: Final = PIECE * PIECES


def _target(url: str, key: bytes = b"one") -> Target:
    return Target(address_of(url), b"x-api-key: %b\r\n" % key, uuid4())


def _request() -> forward.Outgoing:
    lines = [(b"Content-Length", b"%d" % SIZE)]
    given = HeaderLines.of(lines)
    head = RequestHead("POST", b"/v1/chat/completions", "1.1", given, SIZE, "192.0.2.1")
    body = tuple(bytes(PIECE) for _ in range(PIECES))
    return forward.outgoing(head, body, complete=True, transform=None)


async def test_a_large_body_is_let_go_as_the_upstream_takes_it() -> None:
    """And no more than a slice of it is copied to the transport at a time."""
    loop, budget, pool = (
        asyncio.get_running_loop(),
        BodyBudget(SIZE),
        Pool(PATIENT, no_authorities()),
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listener.setblocking(False)
        target = _target(f"http://127.0.0.1:{listener.getsockname()[1]}")
        request = _request()
        exchange = an_exchange(request.head)
        exchange.kept = KeptBytes(budget)
        exchange.kept.take(SIZE)
        downstream = cast(Downstream, SimpleNamespace(head=request.head))
        sending = asyncio.create_task(
            forward.send(request, lambda: target, downstream, pool, exchange)
        )
        upstream, _ = await loop.sock_accept(listener)
        with upstream:
            await until(lambda: budget.kept < SIZE)
            (connection,) = pool.busy
            assert budget.kept > SIZE / 4
            got = b""
            while len(got) < 4 or not got.endswith(b"\0" * 4) or budget.kept:
                got = got[-4:] + await loop.sock_recv(upstream, 2**20)
                assert connection.transport is not None
                assert connection.transport.get_write_buffer_size() <= 4 * 65536
            assert not request.body
            # Not because it is over: the upstream has not begun to answer.
            assert not sending.done()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    await pool.close()


async def test_what_a_broken_request_kept_is_kept_no_longer() -> None:
    budget = BodyBudget(10)
    kept = KeptBytes(budget)
    kept.take(7)
    kept.give_back(100)
    assert budget.kept == 0
    kept.take(3)
    kept.end()
    kept.end()
    assert budget.kept == 0


def _asking(method: str) -> forward.Outgoing:
    lines = HeaderLines.of([(b"X-A", b"1")])
    head = RequestHead(method, b"/v1/models?a=b", "1.1", lines, 0, "192.0.2.1")
    return forward.outgoing(head, (), complete=True, transform=None)


def test_a_requests_head_is_made_for_the_target_of_its_attempt() -> None:
    request = _asking("GET")
    heads = [
        forward.head_for(request, target)
        for target in (
            _target("https://one.example/eu", b"one"),
            _target("http://[::1]:9", b"two"),
        )
    ]
    assert heads == [
        b"GET /eu/v1/models?a=b HTTP/1.1\r\nHost: one.example\r\nX-A: 1\r\n"
        b"x-llm-proxy-hops: 1\r\nx-api-key: one\r\n\r\n",
        b"GET /v1/models?a=b HTTP/1.1\r\nHost: [::1]:9\r\nX-A: 1\r\n"
        b"x-llm-proxy-hops: 1\r\nx-api-key: two\r\n\r\n",
    ]


async def test_each_attempt_has_a_target_of_its_own() -> None:
    """What dies before any answer is asked again, of whoever is chosen then."""
    async with FakeUpstream() as dying, FakeUpstream() as living:
        dying.script(None, [], times=1)
        targets = [_target(living.url, b"two"), _target(dying.url, b"one")]
        request, pool = _asking("GET"), Pool(PATIENT, no_authorities())
        exchange = an_exchange(request.head)
        downstream = cast(Downstream, SimpleNamespace(head=request.head))
        source, head = await forward.send(request, targets.pop, downstream, pool, exchange)
        assert head.status == 200
        assert targets == []
        source.release()
        await pool.close()
    (asked,), (answered,) = dying.requests, living.requests
    assert [
        (b"x-api-key", key) in one.headers for one, key in ((asked, b"one"), (answered, b"two"))
    ]
