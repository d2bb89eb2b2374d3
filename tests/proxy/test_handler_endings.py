"""However a request ends: one entry, or none; its quota and its slot; what its client saw.

`ENDINGS` says it for every way in which a request can end; docs/reliability.md tells it in words.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config import Database
from proxy import errors
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.pool import Pool
from proxy.upstream.target import Origin
from proxy.upstream.timeouts import Timeouts
from tests.proxy.endings import (
    LENGTH_9,
    PIECE,
    QUOTA,
    SHORT,
    Asked,
    Scenario,
    is_cut_off_by_the_shutdown,
    is_gone_by,
    is_gone_by_the_end,
    is_revoked_before_the_answer,
    is_revoked_in_the_answer,
    is_revoked_while_its_last_bytes_wait,
    is_revoked_while_the_upstream_is_dialled,
    leaves_before_the_answer,
    leaves_in_its_upload,
    leaves_in_the_answer,
    leaves_while_its_body_is_read,
    leaves_while_its_last_bytes_wait,
    leaves_while_its_token_is_looked_up,
    leaves_while_limits_are_decided,
    leaves_while_the_upstream_is_dialled,
    meets_a_fault_of_ours,
    never_answers,
    streams_half_an_event,
    upload_fails,
    upstream_sends,
)
from tests.proxy.planes import a_plane
from tests.proxy.scripted import HEAD_OK, a_client
from tests.proxy.upstream.conftest import PATIENT, until


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
MALFORMED = (502, "upstream_protocol_error", "upstream_broke")
TLS = "https://127.0.0.1:{port}"
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


@pytest.mark.usefixtures("both_ways")
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
        if ending.outcome != "complete" and ending.ended:
            # Nobody reads what would come on it; after a fault of ours the answer has come.
            await until(lambda: plane.upstream.left == plane.upstream.connections)
