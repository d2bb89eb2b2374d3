"""Every status and failure, before and after the first byte, with every shape of request.

For each: what the client, the ledger, the quota and both accounts saw, and whether the one rests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from config import Database
from models.failover import DEFAULT_STATUSES
from proxy.accounts.rests import Scope
from tests.proxy.accounts.several import (
    ANSWER,
    Behaviour,
    Several,
    answering,
    babbling,
    cut,
    informed,
    lost,
    silent,
    streaming_and_cut,
    well,
)
from tests.proxy.planes import a_plane
from tests.proxy.scripted import CHAT, Peer

#: May be billed twice, so that a project has to name them.
NAMED: Final = (408, 409, 504)
RULE: Final[dict[str, Any]] = {
    "max_attempts": 3, "statuses": [*DEFAULT_STATUSES, *NAMED], "first_byte_timeout": None,
}  # fmt: skip
QUOTA: Final = 5
MEBIBYTE: Final = 1024 * 1024


class Failure(NamedTuple):
    """What the first account does, and what a client gets whose request is sent to no other."""

    behave: Behaviour
    status: int
    #: Whether another account is asked, where the request may be sent again.
    moves: bool = False
    #: Whether the account rests.
    rests: bool = False
    #: In the row's attempts, where no answer came.
    word: str = ""
    #: Of our own refusal.
    code: str | None = None
    outcome: str = "complete"
    sent: bool = True
    is_cut: bool = False


def _answered(status: int, *, moves: bool) -> Failure:
    rests = status in (408, 429, 529) or status >= 500
    return Failure(answering(status), status, moves, rests)


FAILURES: Final[dict[str, Failure]] = {
    **{str(status): _answered(status, moves=True) for status in RULE["statuses"]},
    **{str(status): _answered(status, moves=False) for status in (400, 404, 422, 501)},
    "no connection": Failure(
        well,
        502,
        moves=True,
        rests=True,
        word="unreachable",
        code="upstream_unreachable",
        outcome="upstream_unreachable",
        sent=False,
    ),
    "silence": Failure(silent, 504, moves=True, word="abandoned"),
    "lost before the first byte": Failure(
        lost, 502, rests=True, code="upstream_unreachable", outcome="upstream_unreachable"
    ),
    "no HTTP": Failure(
        babbling, 502, rests=True, code="upstream_protocol_error", outcome="upstream_broke"
    ),
    "503 after an interim answer": Failure(informed, 503, rests=True),
    "cut after the first byte": Failure(cut, 200, outcome="upstream_broke", is_cut=True),
    "a stream that is cut": Failure(streaming_and_cut, 200, outcome="upstream_broke", is_cut=True),
}


class Shape(NamedTuple):
    """A request; `moves` where it may be sent to another account."""

    body: bytes = b""
    method: str = "POST"
    path: str = ""
    moves: bool = True
    fields: tuple[str, ...] = ()


def _padded(size: int) -> bytes:
    return CHAT.replace(b"[]", b"[" + b" " * (size - len(CHAT)) + b"]")


FORM: Final = (
    b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n0\r\n--x--\r\n'
)
SHAPES: Final[dict[str, Shape]] = {
    "small": Shape(CHAT),
    "for a stream": Shape(CHAT.replace(b"{", b'{"stream":true,', 1)),
    "too large for one write": Shape(_padded(100_000)),
    "of a mebibyte": Shape(_padded(MEBIBYTE)),
    "larger than a mebibyte": Shape(_padded(MEBIBYTE + 1), moves=False),
    "a form": Shape(
        FORM,
        path="/v1/audio/transcriptions",
        moves=False,
        fields=("Content-Type: multipart/form-data; boundary=x",),
    ),
    "without a body": Shape(method="GET"),
    "with an id in the body": Shape(
        b'{"model":"gpt-4o","messages":[{"content":[{"file_id":"file-1"}]}]}', moves=False
    ),
    "with an id in the path": Shape(method="GET", path="/v1/files/file-1", moves=False),
}


@pytest.fixture
async def several(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Several]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Several(plane)


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_everybody_sees_of_each_failure(
    several: Several, shape: str, unused_tcp_port: int
) -> None:
    request = SHAPES[shape]
    for name, failure in FAILURES.items():
        if failure.behave is silent and not request.moves:
            # It would be waited for as any other upstream is.
            continue
        several.asked.clear()
        several.requests.clear()
        rule = RULE | {"first_byte_timeout": 0.1} if failure.behave is silent else RULE
        away = None if failure.sent else f"http://127.0.0.1:{unused_tcp_port}"
        await several.make(failure.behave, well, failover=rule, first_at=away, max_requests=QUOTA)
        rows = len(several.plane.entries())
        await _check(several, failure, request, name)
        assert len(several.plane.entries()) == rows + 1, name
        assert several.plane.is_idle(), name


async def _check(several: Several, failure: Failure, request: Shape, name: str) -> None:
    body = (request.body,) if request.body else ()
    client = await several.ask(
        *body, method=request.method, path=request.path, fields=request.fields
    )
    moved = failure.moves and request.moves
    # Of any project, what changes nothing is sent once more over another connection.
    times = 2 if failure.behave is lost and request.method == "GET" else 1
    asked = [0] * times if failure.sent else []
    entry = several.entry
    if moved:
        assert (client.status, client.content, client.ended) == (200, ANSWER, "finish"), name
        assert client.field(b"x-llm-proxy-attempts") == b"2", name
        assert several.asked == [*asked, 1], name
        assert several.attempts() == [(0, failure.word or failure.status), (1, 200)], name
        assert (entry.key_id, entry.outcome) == (str(several.keys[1]), "complete"), name
        # Both were sent the same.
        assert len({sent.partition(b"\r\n\r\n")[2] for sent in several.requests}) == 1, name
    else:
        assert (client.status, client.code) == (failure.status, failure.code), name
        assert client.ended == ("abort" if failure.is_cut else "finish"), name
        assert client.field(b"x-llm-proxy-attempts") is None, name
        assert several.asked == asked, name
        assert (entry.key_id, entry.attempts) == (str(several.keys[0]), None), name
        assert entry.outcome == failure.outcome, name
    scopes = Scope(entry.model, ""), Scope("", entry.endpoint)
    fit_at = [
        max(several.plane.rests.fit_at(key, scope) for scope in scopes) for key in several.keys
    ]
    assert [at > 0 for at in fit_at] == [failure.rests, False], name
    used = failure.sent or moved
    assert entry.given_back is not used, name
    assert await several.plane.admitted(several.secret) == QUOTA - used, name


async def test_a_request_that_was_lost_halfway_is_sent_to_no_other_account(
    several: Several,
) -> None:
    await several.make(well, well, failover=RULE, max_requests=QUOTA)

    async def lost_halfway(peer: Peer) -> None:
        several.requests.append(await peer.head() + await peer.read(1))
        peer.break_off()

    several.plane.upstream.follow(lost_halfway)
    client = await several.ask(_padded(MEBIBYTE))
    assert (client.status, client.code) == (502, "upstream_unreachable")
    assert len(several.requests) == 1
    assert (several.entry.key_id, several.entry.attempts) == (str(several.keys[0]), None)
    assert await several.plane.admitted(several.secret) == QUOTA - 1
    assert several.plane.is_idle()
