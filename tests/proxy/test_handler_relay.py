"""What passes through: interim answers, bodies, trailers, back-pressure; and what is measured."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from config import Database
from models.entry import Entry
from proxy import errors, handler
from proxy.exchange import Exchange
from proxy.forward import Outgoing
from proxy.header_lines import HeaderLines, kind_of, line_of
from proxy.upstream.pool import Pool
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import CHAT, HEAD_OK, Peer, a_client
from tests.proxy.upstream.conftest import until

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


async def answers(peer: Peer) -> None:
    await peer.request()
    await peer.answer()


class Clock:
    """What `perf_counter` says everywhere in the data path; only the test turns it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for name, module in list(sys.modules.items()):
        if name.startswith("proxy.") and hasattr(module, "perf_counter"):
            monkeypatch.setattr(module, "perf_counter", clock)
    # A struct's own clock is not looked up anew.
    monkeypatch.setattr(
        handler, "Exchange", lambda head, method, run: Exchange(head, method, run, began=clock())
    )
    return clock


async def test_overhead_is_what_we_add_and_not_what_we_wait_for(plane: Plane, clock: Clock) -> None:
    """Neither the client's body nor the upstream is ours; looking the token up is."""
    _, secret = await plane.token()

    async def look_up() -> None:
        clock.now += 2

    async def send_slowly() -> None:
        clock.now += 10

    async def script(peer: Peer) -> None:
        await peer.request()
        clock.now += 7
        await peer.send(HEAD_OK + b"Content-Length: 9\r\n\r\nbegun")
        await until(lambda: client.content == b"begun")
        clock.now += 30
        await peer.send(b"done")

    plane.source.at["load"] = look_up
    plane.upstream.follow(script)
    client = a_client("POST", CHAT, send_slowly, secret=secret)
    await plane.serve(client)
    (entry,) = plane.entries()
    assert entry.overhead_us == 2_000_000
    assert entry.ttfb_us == 19_000_000
    assert entry.duration_us == 49_000_000
    assert client.field(b"server-timing") == b"upstream;dur=7000.0, proxy;dur=2000.0"


async def test_the_overhead_of_a_refusal_has_no_body_in_it_either(
    plane: Plane, clock: Clock
) -> None:
    _, secret = await plane.token(allowed_models=["gpt-5"])

    async def send_slowly() -> None:
        clock.now += 10

    client = await plane.serve(a_client("POST", CHAT, send_slowly, secret=secret))
    assert client.code == "model_not_allowed"
    assert client.field(b"server-timing") == b"upstream;dur=0.0, proxy;dur=0.0"


class Watched(Pool):
    """Says when its clock has looked at the deadlines."""

    looked: asyncio.Event

    def _retire_idle(self, now: float) -> None:
        super()._retire_idle(now)
        self.looked.set()


async def test_a_loop_that_stood_still_expires_no_deadline(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an hour, with a first byte due in a minute: what has arrived meanwhile is read first."""
    loop = asyncio.get_running_loop()
    real, skipped = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: real() + skipped)
    monkeypatch.setattr(Watched, "looked", asyncio.Event(), raising=False)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await answer.wait()
        await peer.answer()

    async with a_plane(tmp_path, sqlite_database, pool_type=Watched) as plane:
        _, secret = await plane.token()
        plane.upstream.follow(script)
        client = a_client(secret=secret)
        task = plane.begin(client)
        await asked.wait()
        Watched.looked.clear()
        skipped = 3600.0
        await Watched.looked.wait()
        skipped = 0.0
        answer.set()
        await task
        assert (client.status, client.ended) == (200, "finish")


async def test_the_entry_says_what_went_through(plane: Plane) -> None:
    token, secret = await plane.token()
    usage = b'{"model": "gpt-4o", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}'

    async def script(peer: Peer) -> None:
        assert CHAT in await peer.request()
        await peer.answer(usage)

    plane.upstream.follow(script)
    client = await plane.serve(a_client("POST", CHAT[:9], CHAT[9:], secret=secret))
    assert client.content == usage
    # Recorded before the write that completes the answer, and not sooner than with it.
    assert (client.recorded_by["start"], client.recorded_by["finish"]) == (0, 1)
    (entry,) = plane.entries()
    assert (entry.token_id, entry.project_id) == (str(token.id), str(token.project_id))
    assert (entry.endpoint, entry.method, entry.model) == ("/v1/chat/completions", "POST", "gpt-4o")
    assert (entry.bytes_in, entry.bytes_out) == (len(CHAT), len(usage))
    assert (entry.status, entry.outcome, entry.usage) == (200, "complete", "exact")
    assert (entry.prompt_tokens, entry.completion_tokens) == (3, 4)
    assert entry.cost_nanos
    assert entry.counted
    assert entry.id.encode() == client.field(b"x-llm-proxy-request-id")


async def test_the_entry_of_a_refusal_has_its_bytes(plane: Plane) -> None:
    _, secret = await plane.token()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"no head\r\n\r\n")

    plane.upstream.follow(script)
    client = await plane.serve(a_client(secret=secret))
    (entry,) = plane.entries()
    assert client.status == entry.status == 502
    assert entry.bytes_out == len(client.content) > 0


async def test_whoever_leaves_as_its_answer_is_recorded_is_observed_all_the_same(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journal and metrics count the same requests."""
    _, secret = await plane.token()
    append_then = plane.journal.append_then

    def and_leave(entry: Entry, complete: Callable[[], None]) -> None:
        append_then(entry, complete)
        client.gone = True
        task.cancel()

    monkeypatch.setattr(plane.journal, "append_then", and_leave)
    plane.upstream.follow(answers)
    task = plane.begin(client := a_client(secret=secret))
    await asyncio.gather(task, return_exceptions=True)
    assert client.ended.endswith("abort")
    assert [entry.outcome for entry in plane.entries()] == ["complete"]
    assert plane.seen.entries == plane.entries()


async def test_the_fields_of_a_request_are_not_kept_while_its_answer_lasts(plane: Plane) -> None:
    _, secret = await plane.token()
    kept: list[object] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 9\r\n\r\nbegun")
        await until(lambda: client.content == b"begun")
        kept.append(lines._fields)
        await peer.send(b" end")

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    read = client.head.lines
    each = [line_of(name, value, kind_of(name), 0) for name, value in read.fields]
    lines = HeaderLines(read.first, False, each)
    client.head = client.head.with_lines(lines, client.head.content_length)
    assert lines.fields == read.fields
    async with asyncio.timeout(30):
        await plane.serve(client)
    assert client.content == b"begun end"
    assert kept == [None]


async def test_a_refusal_in_an_answer_that_has_begun_breaks_it(plane: Plane) -> None:
    _, secret = await plane.token()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 9\r\n\r\nbegun")
        await until(lambda: client.content == b"begun")
        client.at["write"] = refuse
        await peer.send(b"mor")

    def refuse() -> None:
        raise errors.InvalidRequest("the client broke its own request meanwhile")

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    async with asyncio.timeout(30):
        await plane.serve(client)
    assert (client.content, client.ended) == (b"begun", "abort")
    assert [entry.outcome for entry in plane.entries()] == ["client_left"]


async def test_interim_answers_and_trailers_pass(plane: Plane) -> None:
    _, secret = await plane.token()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")
        await until(lambda: bool(client.interim))
        # A trailer that frames nothing any more, and is not to reach the client.
        trailers = b"Keep-Alive: timeout=5\r\nX-A: 1\r\n"
        await peer.send(
            HEAD_OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + trailers + b"\r\n"
        )

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    await plane.serve(client)
    assert client.interim == [(103, [(b"Link", b"a")])]
    assert client.content == b"{}"
    assert client.end_trailers == [(b"X-A", b"1")]


async def test_the_head_goes_out_while_the_body_keeps_us_waiting(plane: Plane) -> None:
    _, secret = await plane.token()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 2\r\n\r\n")
        await until(lambda: client.started)
        await peer.send(b"{}")

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    await plane.serve(client)
    assert client.content == b"{}"


async def test_a_stream_keeps_nothing_of_the_request_that_was_sent(plane: Plane) -> None:
    """Thousands of streams wait for their next event."""
    _, secret = await plane.token()
    # Of requests that a test's own error refers to, say.
    others = {id(one) for one in gc.get_objects() if isinstance(one, Outgoing)}
    kept: list[object] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 9\r\n\r\nbegun")
        await until(lambda: client.content == b"begun")
        now = [one for one in gc.get_objects() if isinstance(one, Outgoing)]
        kept.extend(one for one in now if id(one) not in others)
        await peer.send(b"done")

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    await plane.serve(client)
    assert client.content == b"begundone"
    assert kept == []


async def test_a_client_that_does_not_keep_up_holds_its_upstream_back(plane: Plane) -> None:
    _, secret = await plane.token()
    size = 16 * 1024 * 1024
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: %d\r\n\r\n" % size)
        while sent < size:
            await peer.send(bytes(65536))
            sent += 65536

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    client.keeps_up = False
    task = plane.begin(client)
    await until(lambda: "drain" in client.happened)
    # Until nothing more fits between the two.
    before = -1
    while before != sent:
        before = sent
        for _ in range(50):
            await asyncio.sleep(0)
    assert len(client.content) < 1024 * 1024
    assert not task.done()
    client.keeps_up = True
    client.can_write.set()
    await task
    assert len(client.content) == size


async def test_a_client_is_held_to_a_pace_while_its_body_is_kept(plane: Plane) -> None:
    _, secret = await plane.token()
    kept = await plane.serve(a_client(secret=secret))
    assert [what for what in kept.happened if "pace" in what] == [
        "keep pace: True",
        "keep pace: False",
    ]
    passed = await plane.serve(a_client("POST", b"{}", secret=secret, path="/v1/files"))
    assert passed.status == 200
    assert [what for what in passed.happened if "pace" in what] == []


@pytest.mark.parametrize("announced", [True, False])
async def test_a_kept_body_is_bounded(plane: Plane, *, announced: bool) -> None:
    _, secret = await plane.token()
    pieces = [b"[" * 65536] * 33
    length = sum(map(len, pieces)) if announced else None
    client = await plane.serve(a_client("POST", *pieces, secret=secret, length=length))
    assert (client.status, client.code) == (413, "request_too_large")
    assert plane.upstream.connections == 0
    assert plane.is_idle()


@pytest.mark.parametrize("large", [False, True])
async def test_the_model_of_a_body_is_recorded_however_large_it_is(
    plane: Plane, *, large: bool
) -> None:
    _, secret = await plane.token()
    text = b"x" * (1_200_000 if large else 10)
    body = b'{"model": "text-embedding-3-small", "input": "%b"}' % text
    pieces = [body[start : start + 65536] for start in range(0, len(body), 65536)]
    client = await plane.serve(a_client("POST", *pieces, secret=secret, path="/v1/embeddings"))
    assert client.status == 200
    (entry,) = plane.entries()
    assert (entry.model, entry.bytes_in) == ("text-embedding-3-small", len(body))


async def test_usage_that_we_asked_for_is_counted_and_withheld(plane: Plane) -> None:
    _, secret = await plane.token()
    body = b'{"model": "gpt-4o", "messages": [], "stream": true}'
    word = b'data: {"model": "gpt-4o", "choices": [{"delta": {"content": "x"}}], "usage": null}\n\n'
    usage = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\n'
    done = b"data: [DONE]\n\n"

    async def script(peer: Peer) -> None:
        assert b"include_usage" in await peer.request()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
        # More than is looked into in one turn.
        events = word * 1500 + usage + done
        await peer.send(head % len(events) + events)

    plane.upstream.follow(script)
    client = await plane.serve(a_client("POST", body, secret=secret))
    assert client.content == word * 1500 + done
    assert client.field(b"content-length") is None
    (entry,) = plane.entries()
    assert (entry.usage, entry.prompt_tokens, entry.completion_tokens) == ("exact", 3, 4)
    assert entry.bytes_out == len(client.content)


async def test_bodies_are_copied_only_for_the_log(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async with a_plane(tmp_path, sqlite_database, copied_bytes=10) as plane:
        _, secret = await plane.token()
        assert (await plane.serve(a_client(secret=secret))).content == b"{}"
        copies = plane.seen.exchanges[-1].copies
        assert copies is not None
        assert bytes(copies.request.content) == CHAT[:10]
        assert (copies.request.size, bytes(copies.response.content)) == (len(CHAT), b"{}")
