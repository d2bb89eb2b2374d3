"""The request on its way to the upstream: what is kept of a large body, and for how long."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Final, cast

from proxy import forward
from proxy.body.budget import BodyBudget, KeptBytes
from proxy.downstream import Downstream, RequestHead
from proxy.exchange import Exchange
from proxy.upstream.dialing import parse_base_url
from proxy.upstream.pool import Pool
from tests.proxy.upstream.conftest import PATIENT, no_authorities, until

PIECE: Final = 1024 * 1024
PIECES: Final = 12
SIZE: Final = PIECE * PIECES


def _request(port: int) -> tuple[RequestHead, forward.Outgoing]:
    lines = [(b"Content-Length", b"%d" % SIZE)]
    head = RequestHead("POST", b"/v1/chat/completions", "1.1", lines, SIZE, "192.0.2.1")
    address = parse_base_url(f"http://127.0.0.1:{port}")
    body = tuple(bytes(PIECE) for _ in range(PIECES))
    return head, forward.outgoing(
        head, address, (b"Authorization", b"x"), body, complete=True, metered=False
    )


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
        head, request = _request(listener.getsockname()[1])
        exchange = Exchange(head)
        exchange.kept = KeptBytes(budget)
        exchange.kept.take(SIZE)
        downstream = cast(Downstream, SimpleNamespace(head=head))
        sending = asyncio.create_task(forward.send(request, downstream, pool, exchange))
        upstream, _ = await loop.sock_accept(listener)
        with upstream:
            await until(lambda: budget.kept < SIZE)
            (connection,) = pool._busy
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
