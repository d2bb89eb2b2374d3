"""The body of a refused request: dropped where it is here, and never read as another request."""

from __future__ import annotations

import pytest

from models import secrets
from tests.server.door import Door

UNKNOWN = b"Authorization: Bearer %b\r\n" % secrets.generate().encode()
MISSING = b"X-No: token\r\n"
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n$AUTH\r\n\r\n"
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
GOOD = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n$AUTH\r\n\r\n"


@pytest.mark.parametrize("credential", [UNKNOWN, MISSING], ids=["unknown", "missing"])
async def test_a_refusal_whose_body_is_here_leaves_the_connection_of_use(
    door: Door, credential: bytes
) -> None:
    body = door.with_token(SMUGGLED)
    refused = CHAT + credential + b"Content-Length: %d\r\n\r\n" % len(body) + body
    async with await door.connect() as client:
        for _ in range(3):
            await client.send(refused)
            answer = await client.answer()
            assert (answer.status, answer.header("connection")) == (401, None)
        # Also with a request behind it in the same packet.
        await client.send(refused + door.with_token(GOOD))
        assert [(await client.answer()).status for _ in range(2)] == [401, 200]
    assert door.up.count == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 300\r\n\r\n" + SMUGGLED,
        b"Content-Length: 0300\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + SMUGGLED,
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello" + SMUGGLED,
    ],
    ids=["a part", "nothing yet", "chunked", "held back"],
)
async def test_a_refusal_whose_body_is_not_all_here_ends_the_connection(
    door: Door, sent: bytes
) -> None:
    async with await door.connect() as client:
        await client.send(CHAT + UNKNOWN + door.with_token(sent))
        answer = await client.answer()
        assert (answer.status, answer.header("connection")) == (401, b"close")
        assert await client.end() == b""
    assert door.up.count == 0
