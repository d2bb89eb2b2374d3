"""A short body that came with its head is decided at once; read piece by piece, no otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, a_client

_ASKED: Final = b'{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":%b}}'
BODIES: Final = {
    "usual": b'{"model": "gpt-4o", "messages": []}',
    "no model": b"{}",
    "a model that is null": b'{"model": null}',
    "a model that is a number": b'{"model": 5}',
    "two models": b'{"model": "gpt-4o", "model": "gpt-4.1"}',
    "an escaped name": b'{"mod\\u0065l": "gpt-4\\u006f"}',
    "a model with a surrogate": b'{"model": "\\ud800"}',
    "a model with a NUL": b'{"model": "a\\u0000b"}',
    "a long model": b'{"model": "' + b"m" * 2000 + b'"}',
    "a model within": b'{"input": {"model": "gpt-4.1"}, "model": "gpt-4o"}',
    "a stream": b'{"model": "gpt-4o", "stream": true}',
    "no stream": b'{"model": "gpt-4o", "stream": false}',
    "a stream that is 1": b'{"model": "gpt-4o", "stream": 1}',
    "a stream, twice": b'{"stream": false, "model": "gpt-4o", "stream": true}',
    "asking": _ASKED % b"true",
    "asking not to": _ASKED % b"false",
    "asking oddly": _ASKED % b"1",
    "asking nothing": b'{"model":"gpt-4o","stream":true,"stream_options":null}',
    "with a mark": b'\xef\xbb\xbf{"model": "gpt-4o"}',
    "spaced": b' \r\n\t{"model" : "gpt-4o"} \r\n',
    "a list": b'[{"model": "gpt-4o"}]',
    "a text": b'"gpt-4o"',
    "no JSON": b"model=gpt-4o",
    "cut": b'{"model": "gpt-4o", "mess',
    "followed by more": b'{"model": "gpt-4o"}{"model": "gpt-4.1"}',
    "not UTF-8": b'{"model": "gpt-4o", "x": "\xff"}',
    "a comment": b'{"model": "gpt-4o", /* x */ "y": 1}',
    "NaN": b'{"model": "gpt-4o", "x": NaN}',
    "deep": b'{"model": "gpt-4o", "x": ' + b"[" * 600 + b"]" * 600 + b"}",
    "too deep": b'{"model": "gpt-4o", "x": ' + b"[" * 9000 + b"]" * 9000 + b"}",
    "a huge number": b'{"model": "gpt-4o", "x": ' + b"9" * 5000 + b"}",
    "large": b'{"x": "' + b"x" * 32_000 + b'", "model": "gpt-4o"}',
    "many members": b"{" + b"".join(b'"a%d":1,' % at for at in range(2000)) + b'"model":"m"}',
}
PATHS: Final = ("/v1/chat/completions", "/v1/moderations")
RULES: Final[dict[str, dict[str, Any]]] = {
    "none": {}, "a model": {"allowed_models": ["gpt-4o"]},
}  # fmt: skip


class AtOnce(Client):
    """Its body has come with its head."""

    def take_arrived(self) -> bytes | None:
        (body,), self.body = self.body, []
        assert isinstance(body, bytes)
        return body


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as made:
        yield made


@pytest.mark.parametrize("rule", RULES)
async def test_a_body_that_came_with_its_head_is_taken_as_any_other(
    plane: Plane, rule: str
) -> None:
    got: list[bytes] = []

    async def keep(peer: Peer) -> None:
        while True:
            got.append(await peer.request())
            await peer.answer(b'{"model":"gpt-4o-2024","usage":{"prompt_tokens":3}}')

    plane.upstream.follow(keep)
    _, secret = await plane.token(**RULES[rule])

    async def outcome(kind: type[Client], path: str, body: bytes) -> object:
        got.clear()
        asked = a_client("POST", body, secret=secret, path=path)
        client = await plane.serve(kind(asked.head, body))
        assert plane.is_idle()
        entry = plane.entries()[-1] if client.code is None else None
        of_it = entry and (
            entry.model, entry.endpoint, entry.bytes_in, entry.usage, entry.prompt_tokens,
            entry.outcome, entry.cost_nanos, entry.status,
        )  # fmt: skip
        return [*got], client.status, client.code, client.content, of_it

    for path in PATHS:
        for name, body in BODIES.items():
            at_once = await outcome(AtOnce, path, body)
            assert at_once == await outcome(Client, path, body), (path, name)
