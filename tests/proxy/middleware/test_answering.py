"""What middlewares see of an answer, and what the client gets of it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config import Database
from proxy.middleware import View, answering
from tests.proxy.middleware.shaped import EVENTS, Kept, shaped_plane, streamed
from tests.proxy.scripted import Peer, a_client
from tests.proxy.upstream.conftest import until

STREAM = b'{"model": "gpt-4o", "stream": true, "stream_options": {"include_usage": true}}'
TEXT = tuple(b'data: {"choices": [{"delta": {"content": "%d"}}]}\n\n' % at for at in range(3))
USAGE = (
    b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, '
    b'"total_tokens": 7}}\n\n'
)
DONE = b"data: [DONE]\n\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PLAIN = {
    "choices": [],
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
}


class Looks:
    """Keeps each piece, and returns what a test says."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.heads: list[tuple[int | None, dict[str, str]]] = []
        self.of: Callable[[bytes], Any] = lambda _: None
        self.at_head: Callable[[View], Any] = lambda _: None

    def response_head(self, view: View) -> None:
        self.heads.append((view.status, dict(view.headers)))
        return self.at_head(view)  # type: ignore[no-any-return]

    def event(self, view: View, data: bytes) -> bytes | None:
        self.pieces.append(data)
        return self.of(data)  # type: ignore[no-any-return]


def _always(answer: Any) -> Callable[[bytes], Any]:
    return lambda _: answer


def _sets(name: str) -> Callable[[View], None]:
    return lambda view: view.set_header(name, "1")


async def test_each_event_is_seen_once_and_replaced_or_left_out_as_it_says(
    tmp_path: Path, sqlite_database: Database, both_ways: None
) -> None:
    looks, whole = Looks(), b"".join((*TEXT, b": a comment\n\n", USAGE, DONE))
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        _, secret = await plane.token()
        for size in (1, 7, 1000):
            looks.pieces.clear()
            parts = [whole[start : start + size] for start in range(0, len(whole), size)]
            plane.upstream.follow(streamed(*parts))
            client = await plane.serve(a_client("POST", STREAM, secret=secret))
            assert client.content == whole
            assert looks.pieces == [*TEXT, USAGE, DONE]
            assert client.ended == "finish"
        looks.of = {TEXT[0]: TEXT[0].upper(), TEXT[1]: b"", USAGE: b""}.get
        plane.upstream.follow(streamed(whole))
        client = await plane.serve(a_client("POST", STREAM, secret=secret))
        assert client.content == b"".join((TEXT[0].upper(), TEXT[2], b": a comment\n\n", DONE))
        assert plane.is_idle()
        # What the upstream sent counts, whatever became of it.
        assert {entry.prompt_tokens for entry in plane.entries()} == {3}


async def test_an_event_goes_to_the_client_as_soon_as_it_is_whole(
    tmp_path: Path, sqlite_database: Database
) -> None:
    go_on, end = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(EVENTS + b"\r\n" + TEXT[0] + TEXT[1][:9])
        await go_on.wait()
        await peer.send(TEXT[1][9:])
        await end.wait()
        await peer.send(DONE)
        peer.close()

    async with shaped_plane(tmp_path, sqlite_database, Looks()) as plane:
        plane.upstream.follow(script)
        _, secret = await plane.token()
        client = a_client("POST", STREAM, secret=secret)
        task = plane.begin(client)
        budget = plane.plane.body_budget
        await until(lambda: client.content == TEXT[0])
        assert budget.kept == 9
        go_on.set()
        await until(lambda: client.content == TEXT[0] + TEXT[1])
        assert budget.kept == 0
        end.set()
        await task
        assert client.content == b"".join((TEXT[0], TEXT[1], DONE))


async def test_an_answer_in_json_is_seen_whole_and_its_length_is_that_of_what_is_sent(
    tmp_path: Path, sqlite_database: Database, both_ways: None
) -> None:
    looks, body = Looks(), json.dumps(PLAIN).encode()
    digest = b"Content-Digest: sha-256=:x:\r\nETag: x\r\nServer-Timing: db;dur=1\r\n"
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        _, secret = await plane.token()
        for answer in (b"[]", None, b""):
            looks.of = _always(answer)
            for head in (JSON + digest, None):
                # With a length, and in chunks.
                in_chunks = streamed(body[:9], body[9:], head=JSON)
                plane.upstream.follow(in_chunks if head is None else Kept(body, head))
                client = await plane.serve(a_client(secret=secret))
                assert client.content == (body if answer is None else answer)
                assert client.answer is not None
                length = client.answer.content_length
                assert length == (None if head is None else len(client.content))
                if head is not None:
                    assert client.field(b"content-length") == b"%d" % len(client.content)
                    assert (client.field(b"etag") is None) == (answer is not None)
                timing = [
                    value for name, value in client.answer.headers if name == b"server-timing"
                ]
                assert b"middleware;dur=" in timing[-1]
        assert set(looks.pieces) == {body}
        assert plane.is_idle()
        assert {entry.completion_tokens for entry in plane.entries()} == {4}


async def test_lines_of_json_are_seen_one_by_one(tmp_path: Path, sqlite_database: Database) -> None:
    looks, head = Looks(), b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
    looks.of = {b'{"a": 1}\n': b"", b'{"c": 3}': b"end"}.get
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        plane.upstream.follow(streamed(b'{"a": 1}\n{"b"', b': 2}\n{"c": 3}', head=head))
        _, secret = await plane.token()
        client = await plane.serve(a_client(secret=secret))
    assert looks.pieces == [b'{"a": 1}\n', b'{"b": 2}\n', b'{"c": 3}']
    assert client.content == b'{"b": 2}\nend'


async def test_other_answers_are_not_looked_into(tmp_path: Path, sqlite_database: Database) -> None:
    looks, audio = Looks(), b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n"
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        _, secret = await plane.token()
        plane.upstream.follow(Kept(b"{}", audio))
        client = await plane.serve(a_client(secret=secret))
        assert (client.content, client.field(b"content-length")) == (b"{}", b"2")
        refused = await plane.serve(a_client("GET", path="/v1/models"))
        assert refused.code == "missing_token"
        plane.upstream.follow(Kept(b"", JSON))
        client = await plane.serve(a_client("HEAD", secret=secret, path="/v1/models"))
        # Whatever a GET would get, it is not of that length.
        assert (client.status, client.field(b"content-length")) == (200, None)
    assert looks.pieces == []
    # Nor are the heads of what the proxy says itself.
    assert [status for status, _ in looks.heads] == [200, 200]


async def test_heads_are_seen_and_changed(tmp_path: Path, sqlite_database: Database) -> None:
    looks, head = Looks(), JSON + b"X-Old: 1\r\nSet-Cookie: a=b\r\n"

    def change(view: View) -> None:
        view.set_header("X-Team", view.tags["team"])
        view.remove_header("x-old")
        view.state["seen"] = view.status

    looks.at_head = change
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        plane.upstream.follow(Kept(b"{}", head))
        _, secret = await plane.token(tags={"team": "a"})
        client = await plane.serve(a_client(secret=secret))
        assert (client.field(b"x-team"), client.field(b"x-old")) == (b"a", None)
        ((status, seen),) = looks.heads
        assert status == 200
        assert seen["x-old"] == "1"
        # The others look into it as the upstream declared it.
        looks.pieces.clear()
        looks.at_head = lambda view: view.set_header("content-type", "text/plain")
        client = await plane.serve(a_client(secret=secret))
        assert (client.field(b"content-type"), looks.pieces) == (b"text/plain", [b"{}"])
        for wrong in ("content-length", "set-cookie", "x-llm-proxy-request-id", "server-timing"):
            looks.at_head = _sets(wrong)
            client = await plane.serve(a_client(secret=secret))
            assert (client.status, client.code) == (500, "middleware_failed")
        for late in (
            lambda view: view.refuse(400, "no", "No."), lambda view: view.replace_body(b""),
        ):  # fmt: skip
            looks.at_head = late
            assert (await plane.serve(a_client(secret=secret))).code == "middleware_failed"


async def test_an_answer_that_is_looked_into_is_asked_for_plain(
    tmp_path: Path, sqlite_database: Database
) -> None:
    looks, kept = Looks(), Kept()
    packed, part = gzip.compress(b"{}"), b"{"
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        plane.upstream.follow(kept)
        _, secret = await plane.token()
        fields = ("Accept-Encoding: gzip", "accept-encoding: br")
        await plane.serve(a_client(secret=secret, fields=fields))
        assert kept.field("accept-encoding") == ["identity"]
        looks.pieces.clear()
        partial = JSON.replace(b"200 OK", b"206 Partial Content")
        for head, body in ((JSON + b"Content-Encoding: gzip\r\n", packed), (partial, part)):
            plane.upstream.follow(Kept(body, head))
            client = await plane.serve(a_client(secret=secret))
            assert (client.status, client.code) == (502, "upstream_protocol_error")
            assert plane.entries()[-1].outcome == "upstream_broke"
        assert looks.pieces == []


class Marks(Looks):
    """Says who it is."""

    def __init__(self, mark: bytes) -> None:
        super().__init__()
        self.of = lambda data: data.replace(b"}", mark + b"}")


async def test_answers_pass_middlewares_the_other_way_round(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async with shaped_plane(tmp_path, sqlite_database, Marks(b" 1"), Marks(b" 2")) as plane:
        _, secret = await plane.token()
        client = await plane.serve(a_client(secret=secret))
    assert client.content == b"{ 2 1}"


async def test_many_events_at_once_take_turns_and_hold_the_upstream_back(
    tmp_path: Path, sqlite_database: Database, monkeypatch: Any, both_ways: None
) -> None:
    """However many come in one piece, others run meanwhile."""
    monkeypatch.setattr(answering, "TURN_S", 0.0)
    looks, stream = Looks(), b"".join(b"data: %d\n\n" % at for at in range(300)) + DONE
    async with shaped_plane(tmp_path, sqlite_database, looks) as plane:
        plane.upstream.follow(streamed(stream[:1000], stream[1000:]))
        _, secret = await plane.token()
        turns = plane.plane._turns
        client = await plane.serve(a_client("POST", STREAM, secret=secret))
        assert client.content == stream
        # One event a turn, but for the first of each piece that came.
        assert turns.taken >= 290
        assert len(looks.pieces) == 301
        assert plane.is_idle()


async def test_what_is_too_large_to_be_looked_into_does_not_pass(
    tmp_path: Path, sqlite_database: Database, monkeypatch: Any
) -> None:
    monkeypatch.setattr(answering, "PIECE_MAX_BYTES", 100)
    large, first_came = b'"' + b"x" * 3000 + b'"', asyncio.Event()

    async def apart(peer: Peer) -> None:
        await peer.request()
        await peer.send(EVENTS + b"\r\n" + TEXT[0])
        await first_came.wait()
        await peer.send(b"data: " + b"x" * 200)
        await peer.gone()

    async with shaped_plane(tmp_path, sqlite_database, Looks(), request_max_bytes=2000) as plane:
        _, secret = await plane.token()
        plane.upstream.follow(Kept(large))
        client = await plane.serve(a_client(secret=secret))
        assert (client.status, client.code) == (500, "middleware_failed")
        plane.upstream.follow(apart)
        client = a_client("POST", STREAM, secret=secret)
        task = plane.begin(client)
        await until(lambda: client.content == TEXT[0])
        first_came.set()
        await task
        assert (client.content, client.ended) == (TEXT[0], "abort")
        assert plane.is_idle()


async def test_an_answer_that_breaks_breaks_for_the_client(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async with shaped_plane(tmp_path, sqlite_database, Looks()) as plane:
        plane.upstream.follow(streamed(TEXT[0], TEXT[1][:9], cut=True))
        _, secret = await plane.token()
        client = await plane.serve(a_client("POST", STREAM, secret=secret))
        assert (client.content, client.ended) == (TEXT[0], "abort")
        plane.upstream.follow(streamed(b'{"a"', head=JSON, cut=True))
        client = await plane.serve(a_client("POST", STREAM, secret=secret))
        # None of it had gone out.
        assert (client.status, client.code) == (502, "upstream_unreachable")
        assert plane.is_idle()
