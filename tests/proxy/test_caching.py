"""Kept answers on the path of a request: one flight for many, hits, and what is never kept."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from time import time
from typing import Any, Final

import pytest

from config import Database
from models.tokens import Token
from proxy import keepalive
from proxy.cache import answers as module
from proxy.cache.opening import OpenFile
from proxy.cache.spool import Spool
from proxy.handler import DataPlane
from proxy.headers import RawHeaders
from tests.models.rows import BY
from tests.proxy.cached import (
    ASKED,
    DOCUMENT,
    DONE,
    EVENTS,
    STREAMED,
    Counting,
    a_caching_plane,
    a_token,
    another_worker,
    asks,
    begins,
    chunk,
    ends,
)
from tests.proxy.planes import Plane
from tests.proxy.scripted import HEAD_OK, Peer
from tests.proxy.served import serve
from tests.proxy.upstream.conftest import until

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_caching_plane(tmp_path, sqlite_database) as made:
        yield made


async def test_the_same_request_is_answered_without_the_upstream(plane: Plane) -> None:
    upstream = Counting(plane)
    _, secret = await a_token(plane)
    first = await plane.serve(asks(secret))
    again = await plane.serve(asks(secret))
    assert (upstream.asked, again.content, again.status) == (1, DOCUMENT, 200)
    assert first.field(b"cache-status") == b"llm-proxy; fwd=miss"
    assert again.field(b"cache-status") == b"llm-proxy; hit"
    assert first.field(b"age") is None
    # Whole seconds, of which a busy machine may have taken some.
    assert (again.field(b"age") or b"").isdigit()
    asked, hit = plane.entries()
    assert (asked.cache, hit.cache, hit.outcome, hit.usage) == ("miss", "hit", "complete", "exact")
    assert (hit.cost_nanos, hit.key_id, hit.saved_nanos) == (0, "", asked.cost_nanos)
    assert hit.saved_nanos
    assert plane.is_idle()


async def test_a_hit_is_recorded_before_the_write_that_completes_it(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    Counting(plane)
    _, secret = await a_token(plane)
    await plane.serve(asks(secret))
    client = asks(secret)
    finish = client.finish
    recorded: list[tuple[str, int, int]] = []

    async def finishes(data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        hit = plane.entries()[-1]
        recorded.append((hit.cache, hit.bytes_out, len(client.content)))
        await finish(data, trailers)

    monkeypatch.setattr(client, "finish", finishes)
    await plane.serve(client)
    assert recorded == [("hit", len(DOCUMENT), 0)]
    assert client.content == DOCUMENT


async def test_a_client_that_leaves_as_its_hit_is_recorded_is_counted_once(plane: Plane) -> None:
    Counting(plane)
    _, secret = await a_token(plane)
    await plane.serve(asks(secret))
    client = asks(secret)
    client.gone = True
    await plane.serve(client)
    assert [entry.cache for entry in plane.entries()] == ["miss", "hit"]
    assert client.content == b""
    assert plane.is_idle()


async def test_a_stream_is_given_again_event_by_event(plane: Plane) -> None:
    async def stream(peer: Peer) -> None:
        await peer.send(begins() + chunk(EVENTS[0] + EVENTS[1][:9]))
        await peer.send(chunk(EVENTS[1][9:] + EVENTS[2]) + ends())

    upstream = Counting(plane, stream)
    _, secret = await a_token(plane)
    first = await plane.serve(asks(secret, STREAMED))
    written: list[bytes] = []
    client = asks(secret, STREAMED)
    write, finish = client.write, client.finish

    def noted(data: bytes) -> bool:
        written.append(data)
        return write(data)

    async def finished(data: bytes = b"", trailers: Any = None) -> None:
        written.append(data)
        await finish(data, trailers)

    client.write, client.finish = noted, finished  # type: ignore[method-assign]
    await plane.serve(client)
    assert upstream.asked == 1
    assert first.content == client.content == b"".join(EVENTS) + DONE
    assert written == [*EVENTS, DONE]
    assert client.field(b"x-own") == b"1"


def on_board(plane: DataPlane) -> int:
    """How many of its requests lead or follow a flight."""
    answers = plane._caching._answers
    assert answers is not None
    return sum(flight._users for flight in answers._flights._flights.values())


@pytest.mark.parametrize("streams", [False, True])
async def test_of_many_that_are_the_same_one_reaches_the_upstream(
    plane: Plane, tmp_path: Path, streams: bool
) -> None:
    gate = asyncio.Event()

    async def slowly(peer: Peer) -> None:
        await gate.wait()
        if streams:
            await peer.send(begins() + b"".join(map(chunk, EVENTS)) + ends())
        else:
            await peer.answer(DOCUMENT)

    upstream = Counting(plane, slowly)
    _, secret = await a_token(plane)
    body = STREAMED if streams else ASKED
    clients = [asks(secret, body) for _ in range(200)]
    with another_worker(plane, tmp_path) as twin:
        tasks = [plane.begin(client) for client in clients[:100]]
        tasks += [serve(twin, client) for client in clients[100:]]
        # Who comes once it has landed shares no flight.
        await until(lambda: upstream.asked > 0 and on_board(plane.plane) + on_board(twin) == 200)
        gate.set()
        await asyncio.gather(*tasks)
        late = asks(secret, body)
        await serve(twin, late)
        await twin._caching._answers.close()  # type: ignore[union-attr]
    assert upstream.asked == 1
    assert {client.content for client in (*clients, late)} == {clients[0].content}
    assert {client.status for client in clients} == {200}
    said = [client.field(b"cache-status") for client in clients]
    assert said.count(b"llm-proxy; fwd=miss") == 1
    assert said.count(b"llm-proxy; fwd=miss; collapsed") == 199
    assert [entry.cache for entry in plane.entries()].count("hit") == 200


def chunked(body: bytes) -> bytes:
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunk(body) + b"0\r\n\r\n"


BROKEN: Final[dict[str, bytes]] = {
    "a cut stream": begins() + chunk(EVENTS[0]),
    "a stream without its last event": begins() + chunk(EVENTS[0]) + b"0\r\n\r\n",
    "a stream that fails": begins() + chunk(b'data: {"error": {"code": "x"}}\n\n') + ends(),
    "a cut document": HEAD_OK + b"Content-Length: 900\r\n\r\n" + DOCUMENT,
    "a document that ends with its connection": HEAD_OK + b"\r\n" + DOCUMENT,
    "a document that a gateway has cut": HEAD_OK + b"Content-Length: 9\r\n\r\n" + DOCUMENT[:9],
    "a large one that is cut": HEAD_OK + chunked(b'{"a": "' + b"a" * 300_000),
    "no document": HEAD_OK + b"Content-Length: 4\r\n\r\n[{}]",
    "a compressed one that is cut": HEAD_OK.replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)
    + chunked(gzip.compress(DOCUMENT)[:-9]),
    "a compressed one that cannot be read": HEAD_OK
    + b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\nbroken",
    "a stream without its last event that is called JSON": HEAD_OK + chunked(EVENTS[0]),
    "an error": b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>",
    "a part": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("what", BROKEN)
async def test_what_is_not_whole_is_never_kept_and_each_follower_asks_for_itself(
    plane: Plane, what: str
) -> None:
    gate = asyncio.Event()

    async def badly(peer: Peer) -> None:
        if upstream.asked == 1:
            await gate.wait()
            await peer.send(BROKEN[what])
            peer.close()
            return
        await peer.answer(DOCUMENT)

    upstream = Counting(plane, badly)
    _, secret = await a_token(plane)
    clients = [asks(secret, STREAMED if "stream" in what else ASKED) for _ in range(4)]
    tasks = [plane.begin(client) for client in clients]
    await until(lambda: upstream.asked == 1)
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert upstream.asked == 4
    assert [client.content for client in clients[1:]] == [DOCUMENT] * 3
    late = await plane.serve(asks(secret, STREAMED if "stream" in what else ASKED))
    assert (upstream.asked, late.content) == (5, DOCUMENT)
    assert plane.is_idle()


async def test_what_a_client_says_of_kept_answers_is_obeyed(plane: Plane) -> None:
    async def counted(peer: Peer) -> None:
        await peer.answer(b'{"usage": {}, "number": %d}' % upstream.asked)

    upstream = Counting(plane, counted)
    _, secret = await a_token(plane)

    async def answer(*said: str) -> tuple[int, bytes | None]:
        client = await plane.serve(asks(secret, ASKED, *said))
        return json.loads(client.content)["number"], client.field(b"cache-status")

    assert await answer() == (1, b"llm-proxy; fwd=miss")
    assert await answer("Cache-Control: no-store") == (2, b"llm-proxy; fwd=request")
    assert await answer() == (1, b"llm-proxy; hit")
    assert await answer("Cache-Control: no-cache") == (3, b"llm-proxy; fwd=request")
    assert await answer() == (3, b"llm-proxy; hit")
    assert await answer("Cache-Control: max-age=60") == (3, b"llm-proxy; hit")


async def test_a_fresh_answer_is_the_one_that_other_workers_give_too(
    plane: Plane, tmp_path: Path
) -> None:
    async def counted(peer: Peer) -> None:
        await peer.answer(b'{"usage": {}, "number": %d}' % upstream.asked)

    upstream = Counting(plane, counted)
    _, secret = await a_token(plane)
    await plane.serve(asks(secret))
    with another_worker(plane, tmp_path) as twin:
        for number, said in ((1, ()), (2, ("Cache-Control: no-cache",))):
            await plane.serve(asks(secret, ASKED, *said))
            await until(lambda: not list((tmp_path / "cache" / "flights").iterdir()))
            client = asks(secret)
            await serve(twin, client)
            assert json.loads(client.content)["number"] == number


@pytest.mark.parametrize("is_remembered", [True, False])
async def test_an_answer_is_given_for_as_long_as_its_project_says(
    plane: Plane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_remembered: bool
) -> None:
    upstream = Counting(plane)
    _, secret = await a_token(plane, cache={"ttl_seconds": 100})
    await plane.serve(asks(secret))
    await until(lambda: not list((tmp_path / "cache" / "flights").iterdir()))
    for seconds, asked in ((99.0, 1), (101.0, 2)):
        if not is_remembered:
            kept = plane.plane._caching._answers
            assert kept is not None
            kept._memory.drop(next(iter(kept._memory._entries)))
        monkeypatch.setattr(module, "time", lambda after=seconds: time() + after)
        client = await plane.serve(asks(secret))
        assert upstream.asked == asked
        assert client.field(b"age") == (b"99" if asked == 1 else None)


async def test_a_restart_keeps_what_was_kept(
    tmp_path: Path, sqlite_database: Database, plane: Plane
) -> None:
    upstream = Counting(plane)
    _, secret = await a_token(plane)
    await plane.serve(asks(secret))
    await until(lambda: not list((tmp_path / "cache" / "flights").iterdir()))
    with another_worker(plane, tmp_path) as twin:
        client = asks(secret)
        await serve(twin, client)
    assert (upstream.asked, client.content) == (1, DOCUMENT)
    assert client.field(b"cache-status") == b"llm-proxy; hit"


async def test_large_answers_are_given_out_of_the_store(plane: Plane, tmp_path: Path) -> None:
    large = b'{"usage": {}, "data": "%b"}' % (b"x" * 1_000_000)

    async def at_large(peer: Peer) -> None:
        await peer.answer(large)

    upstream = Counting(plane, at_large)
    _, secret = await a_token(plane)
    for said in (b"llm-proxy; fwd=miss", b"llm-proxy; hit"):
        client = await plane.serve(asks(secret))
        assert (client.content == large, client.field(b"cache-status")) == (True, said)
        await until(lambda: not list((tmp_path / "cache" / "flights").iterdir()))
    answers = plane.plane._caching._answers
    assert answers is not None
    assert (upstream.asked, answers._lent, answers._lent_bytes) == (1, {}, 0)


async def test_a_hit_takes_of_requests_and_rates_and_not_of_budgets(plane: Plane) -> None:
    upstream = Counting(plane)
    token, secret = await a_token(plane, max_requests=3)
    budget = {"limit": "usd", "amount": 1.0, "period": "total"}
    await token.change(by=BY, budgets=[budget])
    await plane.serve(asks(secret))
    for _ in range(2):
        hit = await plane.serve(asks(secret))
        assert hit.field(b"cache-status") == b"llm-proxy; hit"
    refused = await plane.serve(asks(secret))
    assert (upstream.asked, refused.code) == (1, "quota_exceeded")
    charges = [entry.charge for entry in plane.entries()]
    assert charges == ["used", "none", "none"]
    assert not any(entry.given_back for entry in plane.entries())


async def test_where_a_leader_may_not_ask_the_next_one_leads(plane: Plane) -> None:
    upstream = Counting(plane)
    token, poor = await a_token(plane, max_requests=1)
    _, rich = await Token.issue(await token.project, by=BY)
    await plane.serve(asks(poor, ASKED, "Cache-Control: no-store"))
    clients = [asks(poor), asks(rich), asks(rich)]
    await asyncio.gather(*map(plane.begin, clients))
    assert [client.status for client in clients] == [429, 200, 200]
    assert upstream.asked == 2


async def test_projects_share_nothing_and_tokens_only_where_that_is_said(plane: Plane) -> None:
    upstream = Counting(plane)
    token, first = await a_token(plane, cache={"scope": "token"})
    _, second = await Token.issue(await token.project, by=BY)
    _, third = await a_token(plane)
    for secret in (first, second, third, first, second, third):
        await plane.serve(asks(secret))
    assert upstream.asked == 3


async def test_a_project_without_a_cache_keeps_nothing_and_says_nothing(
    plane: Plane, tmp_path: Path
) -> None:
    upstream = Counting(plane)
    _, secret = await plane.token()
    for _ in range(2):
        client = await plane.serve(asks(secret))
        assert (client.field(b"cache-status"), client.field(b"age")) == (None, None)
    assert upstream.asked == 2
    assert {entry.cache for entry in plane.entries()} == {""}
    assert not (tmp_path / "cache" / "answers.db").exists()


async def test_what_may_not_be_kept_passes_by(plane: Plane) -> None:
    upstream = Counting(plane)
    _, secret = await a_token(plane)
    for _ in range(2):
        client = await plane.serve(asks(secret, ASKED.replace(b": 0,", b": 1,")))
        assert client.field(b"cache-status") == b"llm-proxy; fwd=bypass"
    assert upstream.asked == 2
    assert {entry.cache for entry in plane.entries()} == {""}


@pytest.mark.parametrize("what", ["flights", "store", "all"])
async def test_a_directory_that_cannot_be_written_is_in_no_ones_way(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    if what in ("flights", "all"):
        monkeypatch.setattr(Spool, "create", denied)
    if what in ("store", "all"):
        monkeypatch.setattr(OpenFile, "connection", denied)
    upstream = Counting(plane)
    _, secret = await a_token(plane)
    for _ in range(2):
        client = await plane.serve(asks(secret))
        assert (client.status, client.content) == (200, DOCUMENT)
    # What is in memory still answers.
    assert upstream.asked == (1 if what == "store" else 2)


async def test_a_full_disk_in_the_midst_of_an_answer_costs_its_client_nothing(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, appended = Spool.append, 0

    def full(spool: Spool, data: bytes, now: float) -> None:
        nonlocal appended
        appended += 1
        if appended == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(spool, data, now)

    monkeypatch.setattr(Spool, "append", full)
    gate = asyncio.Event()

    async def stream(peer: Peer) -> None:
        await peer.send(begins() + chunk(EVENTS[0]))
        await gate.wait()
        await peer.send(chunk(EVENTS[1]) + ends())

    upstream = Counting(plane, stream)
    _, secret = await a_token(plane)
    clients = [asks(secret, STREAMED) for _ in range(2)]
    tasks = [plane.begin(client) for client in clients]
    await until(lambda: bool(clients[0].content))
    gate.set()
    await asyncio.gather(*tasks)
    assert [client.content for client in clients] == [EVENTS[0] + EVENTS[1] + DONE] * 2
    assert upstream.asked == 2


async def test_comments_are_each_clients_own(tmp_path: Path, sqlite_database: Database) -> None:
    async with a_caching_plane(tmp_path / "it", sqlite_database, comment_every=0.01) as plane:
        gate = asyncio.Event()

        async def stream(peer: Peer) -> None:
            await peer.send(begins() + chunk(EVENTS[0]))
            await gate.wait()
            await peer.send(ends())

        upstream = Counting(plane, stream)
        _, secret = await a_token(plane)
        client = asks(secret, STREAMED)
        task = plane.begin(client)
        await until(lambda: keepalive.COMMENT in client.content)
        gate.set()
        await task
        hit = await plane.serve(asks(secret, STREAMED))
        assert (upstream.asked, hit.content) == (1, EVENTS[0] + DONE)
