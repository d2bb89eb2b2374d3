"""However a request ends: one entry, or none; its quota and its slot; what its client saw.

Each scenario breaks one request at one point of `DataPlane.handle`; `ENDINGS` says what is true
then. docs/reliability.md tells it in words.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models.tokens import Token
from proxy import errors
from proxy.limits.store import Claim, Reservation
from proxy.upstream.connection import Timeouts, UpstreamConnection
from proxy.upstream.pool import Pool
from proxy.upstream.target import Origin
from tests.models.rows import BY
from tests.proxy.planes import CHAT, HEAD_OK, Client, Peer, Plane, Script, a_client, a_plane
from tests.proxy.upstream.conftest import PATIENT, until

QUOTA: Final = 3
SHORT: Final = 0.2
LENGTH_9: Final = HEAD_OK + b"Content-Length: 9\r\n\r\n"


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
        await peer.send(LENGTH_9 + b"begun")
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


class DeadPool(Pool):
    """Every connection is dead by the time it is handed out."""

    async def acquire(
        self, origin: Origin, method: str, *, fresh: bool = False
    ) -> UpstreamConnection:
        connection = await super().acquire(origin, method, fresh=fresh)
        assert connection.transport is not None
        connection.transport.abort()
        return connection


class DeadAtTheSecondAttempt(DeadPool):
    """The one that replaces another is."""

    async def acquire(
        self, origin: Origin, method: str, *, fresh: bool = False
    ) -> UpstreamConnection:
        if fresh:
            return await super().acquire(origin, method, fresh=True)
        return await Pool.acquire(self, origin, method)


async def asks_for_the_models(asked: Asked) -> None:
    asked.client = a_client("GET", secret=asked.secret)
    await upstream_sends()(asked)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is true afterwards. `status` and `code` None: the client got no answer."""

    scenario: Scenario
    status: int | None = None
    code: str | None = None
    outcome: str | None = "client_left"
    counts: bool = True
    """Whether the request counts in its token's quota."""
    ended: str = "abort"
    timeouts: Timeouts = PATIENT
    pool_type: type[Pool] = Pool
    upstream: str = "http://127.0.0.1:{port}"


def refused(scenario: Scenario, status: int, code: str, outcome: str, **more: Any) -> Ending:
    return Ending(
        scenario=scenario, status=status, code=code, outcome=outcome, ended="finish", **more
    )


UNREACHABLE = (502, "upstream_unreachable", "upstream_unreachable")
MALFORMED = (502, "upstream_protocol_error", "upstream_unreachable")
TLS = "https://127.0.0.1:{port}"
PIECE = LENGTH_9 + b"begun"
CHUNKED = HEAD_OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n"

ENDINGS = {
    "completes": Ending(
        scenario=upstream_sends(LENGTH_9 + b"123456789"),
        status=200,
        outcome="complete",
        ended="finish",
    ),
    "nobody listens": refused(
        upstream_sends(), *UNREACHABLE, counts=False, upstream="http://127.0.0.1:{closed}"
    ),
    "connecting takes too long": refused(
        never_answers,
        504,
        "upstream_timeout",
        "timeout",
        counts=False,
        timeouts=Timeouts(SHORT, 60, 60),
        upstream=TLS,
    ),
    "the connection was dead, and the next": refused(
        upstream_sends(), *UNREACHABLE, counts=False, pool_type=DeadPool
    ),
    "it was sent, and could not be repeated": refused(
        asks_for_the_models, *UNREACHABLE, pool_type=DeadAtTheSecondAttempt
    ),
    "closes before its head": refused(upstream_sends(), *UNREACHABLE),
    "resets before its head": refused(upstream_sends(then="reset"), *UNREACHABLE),
    "closes in its head": refused(upstream_sends(HEAD_OK), *UNREACHABLE),
    "closes behind an interim head": refused(
        upstream_sends(b"HTTP/1.1 100 Continue\r\n\r\n"), *UNREACHABLE
    ),
    "malformed head": refused(upstream_sends(b"HTTP/1.1 nonsense\r\n\r\n"), *MALFORMED),
    "no first byte in time": refused(
        never_answers, 504, "upstream_timeout", "timeout", timeouts=Timeouts(60, SHORT, 60)
    ),
    "closes behind its head": Ending(
        scenario=upstream_sends(LENGTH_9), status=200, outcome="upstream_broke"
    ),
    # Its first event was held back: nothing has gone out, so that the client can still be told.
    "closes before anything went out": refused(
        streams_half_an_event, 502, "upstream_unreachable", "upstream_broke"
    ),
    "closes in its body": Ending(
        scenario=upstream_sends(PIECE, b"!"), status=200, outcome="upstream_broke"
    ),
    "resets in its body": Ending(
        scenario=upstream_sends(PIECE, b"!", then="reset"), status=200, outcome="upstream_broke"
    ),
    "malformed chunk": Ending(
        scenario=upstream_sends(CHUNKED, b"nonsense\r\n"), status=200, outcome="upstream_broke"
    ),
    "closes before its last chunk": Ending(
        scenario=upstream_sends(CHUNKED, b"1\r\n!\r\n"), status=200, outcome="upstream_broke"
    ),
    "silent in its body": Ending(
        scenario=upstream_sends(PIECE, then="silence"),
        status=200,
        outcome="timeout",
        timeouts=Timeouts(60, 60, SHORT),
    ),
    "leaves while its token is looked up": Ending(
        scenario=leaves_while_its_token_is_looked_up, outcome=None, counts=False
    ),
    "leaves while its body is read": Ending(
        scenario=leaves_while_its_body_is_read, outcome=None, counts=False
    ),
    "leaves while limits are decided": Ending(
        scenario=leaves_while_limits_are_decided, outcome=None, counts=False
    ),
    "leaves while the upstream is dialled": Ending(
        scenario=leaves_while_the_upstream_is_dialled, counts=False, upstream=TLS
    ),
    "leaves before the answer": Ending(scenario=leaves_before_the_answer),
    "leaves in its upload": Ending(scenario=leaves_in_its_upload),
    "leaves in the answer": Ending(scenario=leaves_in_the_answer, status=200),
    "leaves while its last bytes wait": Ending(
        scenario=leaves_while_its_last_bytes_wait,
        status=200,
        outcome="complete",
        ended="finish abort",
    ),
    "is gone by the head": Ending(scenario=is_gone_by("flush")),
    "is gone by the body": Ending(scenario=is_gone_by("write"), status=200),
    "is gone by the end": Ending(scenario=is_gone_by_the_end, outcome="complete"),
    "malformed upload": refused(
        upload_fails(errors.InvalidRequest("chunk")), 400, "invalid_request", "client_left"
    ),
    "stalled upload": refused(
        upload_fails(errors.RequestTimeout("stall")), 408, "request_timeout", "client_left"
    ),
    "is revoked while the upstream is dialled": Ending(
        scenario=is_revoked_while_the_upstream_is_dialled,
        outcome="revoked",
        counts=False,
        upstream=TLS,
    ),
    "is revoked before the answer": Ending(
        scenario=is_revoked_before_the_answer, outcome="revoked"
    ),
    "is revoked in the answer": Ending(
        scenario=is_revoked_in_the_answer, status=200, outcome="revoked"
    ),
    # It is recorded as complete by then, and its client gets all of it.
    "is revoked while its last bytes wait": Ending(
        scenario=is_revoked_while_its_last_bytes_wait,
        status=200,
        outcome="complete",
        ended="finish",
    ),
    "is cut off by the shutdown": Ending(
        scenario=is_cut_off_by_the_shutdown, status=200, outcome="shutdown"
    ),
    "a fault of ours": Ending(scenario=meets_a_fault_of_ours, ended=""),
}


@pytest.fixture(scope="module")
def closed_port() -> int:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        return int(nobody.getsockname()[1])


@pytest.mark.parametrize("name", ENDINGS)
async def test_however_a_request_ends(
    name: str, tmp_path: Path, sqlite_database: Database, closed_port: int
) -> None:
    ending = ENDINGS[name]
    async with a_plane(tmp_path, sqlite_database, ending.timeouts, ending.pool_type) as plane:
        port = plane.upstream.url.rpartition(":")[2]
        token, secret = await plane.token(
            base_url=ending.upstream.format(port=port, closed=closed_port),
            max_requests=QUOTA,
            max_parallel_requests=1,
        )
        asked = Asked(plane, token, secret, a_client(secret=secret))
        async with asyncio.timeout(30):
            await ending.scenario(asked)
        client = asked.client

        assert (client.status, client.code) == (ending.status, ending.code)
        assert client.ended == ending.ended
        assert [entry.outcome for entry in plane.entries()] == (
            [] if ending.outcome is None else [ending.outcome]
        )
        assert plane.seen.entries == plane.entries()
        if ending.outcome is not None and ending.status is not None:
            assert plane.entries()[0].status == ending.status
            # Before the client can know that its answer is whole, or that it never will be.
            end = client.ended.partition(" ")[0] or "abort"
            if ending.outcome not in ("client_left", "revoked", "shutdown"):
                assert client.recorded_by[end] == 1
        if "finish" not in client.ended:
            assert "finish" not in client.happened
        assert await plane.admitted(secret) == QUOTA - ending.counts
        assert plane.is_idle()
        await until(
            lambda: plane.upstream.left == plane.upstream.connections or client.code is None
        )
