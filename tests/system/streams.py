"""Streams that wait for their upstream in the middle, so that something can happen to them."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx

from tests.fixtures.service import Issued, Service

CHAT: Final = "/v1/chat/completions"
STREAM: Final[dict[str, Any]] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Hello"}],
    "stream": True,
}
HOLD: Final = {"x-fake": "hold"}


class Held:
    """A stream that has delivered its first event and waits for its upstream."""

    def __init__(self, answer: httpx.Response, first: bytes, rest: AsyncIterator[bytes]) -> None:
        self.answer = answer
        self._first = first
        self._rest = rest

    async def read(self) -> bytes:
        """The whole of it. Raises httpx.RemoteProtocolError where it was cut."""
        return self._first + b"".join([piece async for piece in self._rest])


@asynccontextmanager
async def held_stream(service: Service, issued: Issued) -> AsyncIterator[Held]:
    """A held stream, on a connection of its service."""
    async with (
        httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as http,
        http.stream("POST", CHAT, json=STREAM, headers=HOLD) as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.aiter_raw()
        yield Held(answer, await anext(pieces), pieces)


@asynccontextmanager
async def held_streams(service: Service, issued: Issued, each: int) -> AsyncIterator[list[Held]]:
    """`each` held streams on every worker."""
    async with AsyncExitStack() as stack:
        streams: list[Held] = []
        for worker in service.workers():
            with service.only(worker):
                streams += [
                    await stack.enter_async_context(held_stream(service, issued))
                    for _ in range(each)
                ]
        yield streams


def text_of(stream: bytes) -> str:
    """The text that a whole stream of chat chunks spells."""
    lines = stream.decode().split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
