"""Every way in which a request can end: each breaks one at one point of `DataPlane.handle`."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import pytest

from models.tokens import Token
from proxy import errors
from proxy.limits.store import Claim, Reservation
from tests.models.rows import BY
from tests.proxy.planes import Plane
from tests.proxy.scripted import CHAT, HEAD_OK, Client, Peer, Script, a_client
from tests.proxy.upstream.conftest import until

QUOTA: Final = 3
SHORT: Final = 0.2
LENGTH_9: Final = HEAD_OK + b"Content-Length: 9\r\n\r\n"
PIECE: Final = LENGTH_9 + b"begun"


@dataclass
class Asked:
    """A request of a token that may send three, one at a time, and what surrounds it."""

    plane: Plane
    token: Token
    secret: str
    client: Client

    def follow(self, script: Script) -> None:
        self.plane.upstream.follow(script)

    async def serve(self) -> None:
        await self.plane.serve(self.client)

    async def leave_once(self, condition: Callable[[], bool]) -> None:
        """The client leaves as soon as something is so."""
        task = self.plane.begin(self.client)
        await until(condition)
        await self.plane.leave(self.client, task)

    async def revoke_once(self, condition: Callable[[], bool]) -> None:
        """The token is revoked as soon as something is so."""
        task = self.plane.begin(self.client)
        await until(condition)
        await self.token.revoke(by=BY)
        # Whatever request notices it first.
        await self.plane.serve(a_client("GET", secret=self.secret))
        await asyncio.gather(task, return_exceptions=True)


Scenario = Callable[[Asked], Awaitable[None]]


# The upstream fails.


def upstream_sends(*pieces: bytes, then: str = "close") -> Scenario:
    """The second piece once the client has the first; then it closes, resets or falls silent."""

    async def scenario(asked: Asked) -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            for number, piece in enumerate(pieces):
                if number:
                    await until(lambda: bool(asked.client.content))
                await peer.send(piece)
            if then == "reset":
                peer.break_off()
            elif then == "silence":
                await peer.gone()

        asked.follow(script)
        await asked.serve()

    return scenario


async def streams_half_an_event(asked: Asked) -> None:
    body = b'{"model": "gpt-4o", "messages": [], "stream": true}'
    asked.client = a_client("POST", body, secret=asked.secret)
    await upstream_sends(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n"
        b'data: {"choices": [], "usage": {'
    )(asked)


async def silent(peer: Peer) -> None:
    """Take everything and say nothing."""
    await peer.gone()


async def never_answers(asked: Asked) -> None:
    asked.follow(silent)
    await asked.serve()


# The client fails.


def is_asked(asked: Asked) -> Callable[[], bool]:
    """Whether the upstream has the request and says nothing to it."""
    has_it = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        has_it.set()
        await peer.gone()

    asked.follow(script)
    return has_it.is_set


def is_answered(asked: Asked) -> Callable[[], bool]:
    """Whether the client has the beginning of an answer."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(PIECE)
        await peer.gone()

    asked.follow(script)
    return lambda: asked.client.content == b"begun"


def is_dialled(asked: Asked) -> Callable[[], bool]:
    """Whether the upstream is being connected to; its TLS never comes about."""
    asked.follow(silent)
    return lambda: asked.plane.upstream.connections > 0


async def leaves_while_its_token_is_looked_up(asked: Asked) -> None:
    asking, forever = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        asking.set()
        await forever.wait()

    asked.plane.source.at["load"] = hold
    await asked.leave_once(asking.is_set)
    del asked.plane.source.at["load"]
    forever.set()


async def leaves_while_its_body_is_read(asked: Asked) -> None:
    reading, forever = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reading.set()
        await forever.wait()

    asked.client.body = [CHAT[:5], hold]
    await asked.leave_once(reading.is_set)


async def leaves_while_limits_are_decided(asked: Asked) -> None:
    limits, deciding = asked.plane.limits, asyncio.Event()
    decide = limits.decide

    async def noticed(claims: tuple[Claim, ...]) -> Reservation:
        deciding.set()
        return await decide(claims)

    other = sqlite3.connect(asked.plane.limits_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    setattr(limits, "decide", noticed)  # noqa: B010
    await asked.leave_once(deciding.is_set)
    setattr(limits, "decide", decide)  # noqa: B010
    other.execute("ROLLBACK")
    other.close()


async def leaves_while_the_upstream_is_dialled(asked: Asked) -> None:
    await asked.leave_once(is_dialled(asked))


async def leaves_before_the_answer(asked: Asked) -> None:
    await asked.leave_once(is_asked(asked))


async def leaves_in_its_upload(asked: Asked) -> None:
    forever = asyncio.Event()

    async def hold() -> None:
        await forever.wait()

    asked.client = a_client("POST", b"{", hold, secret=asked.secret, path="/v1/files", length=9)
    await asked.leave_once(is_asked(asked))


async def leaves_in_the_answer(asked: Asked) -> None:
    await asked.leave_once(is_answered(asked))


async def leaves_while_its_last_bytes_wait(asked: Asked) -> None:
    waiting, forever = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        waiting.set()
        await forever.wait()

    asked.client.at["finished"] = hold
    await asked.leave_once(waiting.is_set)


def is_gone_by(method: str) -> Scenario:
    """Nobody is told that the client left before something is written to it."""

    async def scenario(asked: Asked) -> None:
        def leave() -> None:
            asked.client.gone = method == "flush" or bool(asked.client.content)

        asked.client.at[method] = leave
        await upstream_sends(*((LENGTH_9,) if method == "flush" else (PIECE, b"!")))(asked)

    return scenario


async def is_gone_by_the_end(asked: Asked) -> None:
    asked.client.at["finish"] = lambda: setattr(asked.client, "gone", True)
    await asked.serve()


def upload_fails(error: errors.Refusal) -> Scenario:
    """What the client sends turns out wrong once the upstream has some of it."""

    async def scenario(asked: Asked) -> None:
        has_it = is_asked(asked)
        # A file, which is passed on as it comes.
        asked.client = a_client(
            "POST", lambda: until(has_it), error, secret=asked.secret, path="/v1/files", length=9
        )
        await asked.serve()

    return scenario


# We end it, or fail.


async def is_revoked_while_the_upstream_is_dialled(asked: Asked) -> None:
    await asked.revoke_once(is_dialled(asked))


async def is_revoked_before_the_answer(asked: Asked) -> None:
    await asked.revoke_once(is_asked(asked))


async def is_revoked_in_the_answer(asked: Asked) -> None:
    await asked.revoke_once(is_answered(asked))


async def is_revoked_while_its_last_bytes_wait(asked: Asked) -> None:
    waiting, read = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        waiting.set()
        await read.wait()

    asked.client.at["finished"] = hold
    task = asked.plane.begin(asked.client)
    await waiting.wait()
    await asked.token.revoke(by=BY)
    await asked.plane.serve(a_client("GET", secret=asked.secret))
    await asked.plane.plane.end_revoked(None)
    read.set()
    await task


async def is_cut_off_by_the_shutdown(asked: Asked) -> None:
    task = asked.plane.begin(asked.client)
    await until(is_answered(asked))
    asked.plane.plane.end_all()
    await asyncio.gather(task, return_exceptions=True)


async def meets_a_fault_of_ours(asked: Asked) -> None:
    def fail() -> None:
        raise RuntimeError("unforeseen")

    asked.client.at["start"] = fail
    with pytest.raises(errors.RequestBroken) as broken:
        await asked.plane.begin(asked.client)
    assert isinstance(broken.value.__cause__, RuntimeError)
    del asked.client.at["start"]
