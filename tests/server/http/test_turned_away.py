"""A connection for which there is no room, up to its end."""

from __future__ import annotations

import asyncio

import pytest

from server.http.turned_away import TurnedAway


class _Gone(asyncio.Transport):
    """One whose client has reset it, which nobody has been told yet."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written += data

    def is_closing(self) -> bool:
        return self.aborted

    def write_eof(self) -> None:
        raise OSError("Transport endpoint is not connected")

    def abort(self) -> None:
        self.aborted = True


async def test_a_client_that_is_gone_before_it_is_half_closed_is_let_go_at_once() -> None:
    transport, others = _Gone(), set[TurnedAway]()
    turned_away = TurnedAway(transport, others)
    turned_away.data_received(b"GET / HTTP/1.1\r\n")
    assert transport.written.startswith(b"HTTP/1.1 503 ")
    assert transport.aborted
    turned_away.connection_lost(None)
    assert not others


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (b"GET /v1/models HTTP/1.1\r\n", b'"code":"overloaded"'),
        (b"POST /model/m/converse HTTP/1.1\r\n", b"x-amz-retry-after: 1000\r\n"),
        (b"POST /v1beta/models/m:generateContent HTTP/1.1\r\n", b'"status":"UNAVAILABLE"'),
        (b"GET /manage/tokens HTTP/1.1\r\n", b'{"error":{"code":"overloaded","message":'),
        (b"GE", b'"code":"overloaded"'),
    ],
)
async def test_it_is_told_so_in_the_shape_that_it_understands(asked: bytes, named: bytes) -> None:
    transport = _Gone()
    TurnedAway(transport, set()).data_received(asked)
    assert named in transport.written
    assert b"retry-after: 1\r\n" in transport.written
