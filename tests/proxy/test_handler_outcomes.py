"""How requests are recorded whose answers say in themselves how they ended."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from config import Database
from models import Token
from proxy import tails
from proxy.exchange import Exchange
from proxy.questions import Question
from tests.models.rows import BY
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.upstream.conftest import until
from tests.proxy.usage.test_readers import CHAT_STREAM, sse

pytestmark = pytest.mark.usefixtures("both_ways")

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
CHUNKED = EVENTS + b"Transfer-Encoding: chunked\r\n\r\n"
ASKS = b'{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}'
STREAMS = b'{"model":"gpt-4o","stream":true,"messages":[]}'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


async def served(plane: Plane, *pieces: bytes, body: bytes = ASKS) -> Client:
    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            await peer.send(piece)

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", body, secret=secret)
    async with asyncio.timeout(30):
        await plane.serve(client)
    return client


@pytest.mark.parametrize(
    "failure",
    [
        sse({"error": {"message": "x", "code": 1302}}),
        b"event: error\n" + sse({"message": "x", "code": "1302"}),
        sse({"type": "error", "error": {"type": "1302"}}),
    ],
)
async def test_an_answer_that_says_that_it_failed_is_an_error(plane: Plane, failure: bytes) -> None:
    client = await served(plane, CHUNKED + chunk(sse(CHAT_STREAM[0])), chunk(failure) + chunk(b""))
    assert client.ended == "finish"
    (entry,) = plane.entries()
    assert (entry.outcome, entry.status, entry.usage) == ("upstream_error", 200, "unknown")
    assert entry.upstream_code == "1302"


async def test_a_refusal_of_the_upstream_is_complete_and_used_nothing(plane: Plane) -> None:
    body = b'{"error":{"message":"x","code":"no_model"}}'
    head = b"HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    await served(plane, head % len(body) + body)
    (entry,) = plane.entries()
    assert (entry.outcome, entry.status, entry.usage) == ("complete", 404, "unknown")
    assert (entry.upstream_code, entry.prompt_tokens) == ("no_model", None)
    assert entry.used_nothing


async def test_a_chat_that_the_connections_end_frames_and_that_is_not_whole_broke(
    plane: Plane,
) -> None:
    client = await served(plane, EVENTS + b"\r\n" + sse(CHAT_STREAM[0]))
    assert client.ended == "abort"
    (entry,) = plane.entries()
    assert (entry.outcome, entry.usage) == ("upstream_broke", "unknown")


@pytest.mark.parametrize("ending", [sse(CHAT_STREAM[1]), sse(b"[DONE]")])
async def test_one_that_is_whole_did_not(plane: Plane, ending: bytes) -> None:
    client = await served(plane, EVENTS + b"\r\n" + sse(CHAT_STREAM[0]) + ending)
    assert client.ended == "finish"
    assert [entry.outcome for entry in plane.entries()] == ["complete"]


async def test_nor_did_one_that_something_else_frames(plane: Plane) -> None:
    client = await served(plane, CHUNKED + chunk(sse(CHAT_STREAM[0])) + chunk(b""))
    assert client.ended == "finish"
    assert [entry.outcome for entry in plane.entries()] == ["complete"]


async def test_a_stream_without_a_label_is_read_and_what_we_asked_for_stays_back(
    plane: Plane,
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = await served(plane, head + chunk(sse(*CHAT_STREAM)) + chunk(b""), body=STREAMS)
    assert client.content == sse(*CHAT_STREAM[:2], CHAT_STREAM[3])
    (entry,) = plane.entries()
    assert (entry.usage, entry.prompt_tokens, entry.completion_tokens) == ("exact", 20, 9)
    assert entry.answer_model == "gpt-4o-2024"


def _has_more_than(client: Client, size: int) -> bool:
    return len(client.content) > size


def _has_ended(exchange: Exchange) -> bool:
    return exchange.meter is not None and exchange.meter.terminal_seen


async def left_at(plane: Plane, *pieces: bytes, tail: bytes | None, body: bytes = ASKS) -> Client:
    """A client that leaves as soon as it has the last of `pieces`; the tail comes after that."""
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(b"".join(pieces)))
        await gone.wait()
        if tail is None:
            await peer.gone()
        else:
            await peer.send(tail)
            await peer.request()
            await peer.answer()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", body, secret=secret)
    task = plane.begin(client)
    async with asyncio.timeout(30):
        await until(lambda: bool(client.content))
        await plane.leave(client, task)
        gone.set()
        await plane.plane._tails.all_read()
    return client


@pytest.mark.parametrize("body", [ASKS, STREAMS])
async def test_a_client_that_leaves_with_its_last_event_has_all_of_it(
    plane: Plane, body: bytes
) -> None:
    """With the usage, too, whether it asked for it or we did."""
    await left_at(plane, sse(*CHAT_STREAM[:3]), tail=chunk(sse(b"[DONE]")) + chunk(b""), body=body)
    (entry,) = plane.entries()
    assert (entry.outcome, entry.usage, entry.completion_tokens) == ("complete", "exact", 9)
    # Its connection carries another request.
    _, secret = await plane.token()
    async with asyncio.timeout(30):
        other = await plane.serve(a_client("POST", body, secret=secret))
    assert other.content == b"{}"
    assert plane.upstream.connections == 1


async def test_so_has_one_that_is_found_gone_behind_its_last_event(plane: Plane) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(sse(*CHAT_STREAM)))
        await until(lambda: client.content.endswith(b"[DONE]\n\n"))
        client.gone = True
        await peer.send(chunk(b": still there\n\n"))

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", ASKS, secret=secret)
    async with asyncio.timeout(30):
        await plane.serve(client)
    assert client.ended == "abort"
    assert [entry.outcome for entry in plane.entries()] == ["complete"]


@pytest.mark.parametrize(
    ("asked", "written", "outcome"),
    [
        (ASKS, 1, "client_left"),
        (ASKS, 2, "client_left"),
        (ASKS, 3, "complete"),
        (STREAMS, 1, "client_left"),
        # The usage was never for it.
        (STREAMS, 2, "complete"),
        (STREAMS, 3, "complete"),
    ],
)
async def test_one_to_which_its_last_event_could_not_be_written_has_not(
    plane: Plane, asked: bytes, written: int, outcome: str
) -> None:
    pieces = [sse(event) for event in CHAT_STREAM[:3]] + [sse(b"[DONE]")]

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for count, piece in enumerate(pieces):
            client.gone = count >= written
            before = len(client.content)
            await peer.send(chunk(piece))
            if asked is STREAMS and count == 2:
                # Nothing of it goes out.
                (exchange,) = plane.plane.active
                await until(partial(_has_ended, exchange))
            elif client.gone:
                await peer.gone()
            else:
                await until(partial(_has_more_than, client, before))

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", asked, secret=secret)
    async with asyncio.timeout(30):
        await plane.serve(client)
    (entry,) = plane.entries()
    assert entry.outcome == outcome


async def test_one_that_leaves_before_has_not(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing more of its answer is read.
    monkeypatch.setattr(tails, "TAIL_S", 3600)
    await left_at(plane, sse(*CHAT_STREAM[:1]), tail=None)
    assert [entry.outcome for entry in plane.entries()] == ["client_left"]
    async with asyncio.timeout(30):
        await until(lambda: plane.upstream.left == plane.upstream.connections)


async def test_usage_that_was_seen_is_kept_of_an_answer_that_was_left(plane: Plane) -> None:
    running = {"choices": [{"delta": {"content": "a"}}], "usage": CHAT_STREAM[2]["usage"]}
    await left_at(plane, sse(running), tail=None)
    (entry,) = plane.entries()
    assert (entry.outcome, entry.usage, entry.prompt_tokens) == ("client_left", "unknown", 20)


async def test_an_upstream_that_never_ends_is_not_waited_for(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "TAIL_S", 0.05)
    await left_at(plane, sse(*CHAT_STREAM), tail=None)
    assert [entry.outcome for entry in plane.entries()] == ["complete"]
    await until(lambda: plane.upstream.left == 1)


async def test_of_a_tail_no_more_is_read_than_a_tail(plane: Plane) -> None:
    flood = chunk(b"x" * tails.TAIL_MAX_BYTES) * 4
    await left_at(plane, sse(*CHAT_STREAM), tail=flood)
    assert [entry.outcome for entry in plane.entries()] == ["complete"]
    await until(lambda: plane.upstream.left == 1)


REFUSES = b"HTTP/1.1 422 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
NAMED = b'{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}'


async def asked_of_one_that_refuses(
    plane: Plane, *, body: bytes = STREAMS, refusal: bytes = NAMED, project: object = None
) -> tuple[list[bytes], list[Client]]:
    """What it got of three requests, and what came back."""
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            _, _, asked = (await peer.request()).partition(b"\r\n\r\n")
            got.append(asked)
            if b"stream_options" in asked:
                await peer.send(REFUSES % (len(refusal), refusal))
            else:
                await peer.send(CHUNKED + chunk(sse(CHAT_STREAM[0], b"[DONE]")) + chunk(b""))

    plane.upstream.follow(script)
    _, secret = await plane.token(project=project)  # type: ignore[arg-type]
    clients = [a_client("POST", body, secret=secret) for _ in range(3)]
    async with asyncio.timeout(30):
        for client in clients:
            await plane.serve(client)
    return got, clients


async def test_an_upstream_that_refuses_our_question_is_asked_without_it(plane: Plane) -> None:
    got, clients = await asked_of_one_that_refuses(plane)
    assert [client.status for client in clients] == [200] * 3
    assert {client.content for client in clients} == {sse(CHAT_STREAM[0], b"[DONE]")}
    # Once, and then it is known of this key and model.
    assert [b"stream_options" in body for body in got] == [True, False, False, False]
    assert got[1:] == [STREAMS] * 3
    assert [entry.outcome for entry in plane.entries()] == ["complete"] * 3


async def test_one_token_does_not_take_the_question_from_others(plane: Plane) -> None:
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            _, _, asked = (await peer.request()).partition(b"\r\n\r\n")
            got.append(asked)
            if b"stream_options" in asked and b"odd" in asked:
                await peer.send(REFUSES % (len(NAMED), NAMED))
            else:
                said = CHAT_STREAM if b"stream_options" in asked else CHAT_STREAM[:1]
                await peer.send(CHUNKED + chunk(sse(*said, b"[DONE]")) + chunk(b""))

    plane.upstream.follow(script)
    token, secret = await plane.token()
    _, other = await Token.issue(await token.project, by=BY)
    odd = STREAMS.replace(b"[]", b'["odd"]')
    async with asyncio.timeout(30):
        for body, by in ((odd, secret), (STREAMS, secret), (STREAMS, other)):
            await plane.serve(a_client("POST", body, secret=by))
    # Its own streams have no usage for an hour; those of the other token do.
    assert [b"stream_options" in body for body in got] == [True, False, False, True]
    assert [entry.usage for entry in plane.entries()] == ["unknown", "unknown", "exact"]


@pytest.mark.parametrize(
    ("body", "refusal", "project"),
    [
        (STREAMS.replace(b"{", b'{"stream_options":{},', 1), NAMED, None),
        (STREAMS, b'{"error":{"message":"No such model."}}', None),
        (STREAMS, NAMED + b" " * 70_000, None),
        (STREAMS, NAMED, {"unmetered": "refuse"}),
    ],
    ids=["options of its own", "another reason", "too long", "may not go unmetered"],
)
async def test_any_other_refusal_is_the_clients(
    plane: Plane, body: bytes, refusal: bytes, project: object
) -> None:
    got, clients = await asked_of_one_that_refuses(
        plane, body=body, refusal=refusal, project=project
    )
    assert [client.status for client in clients] == [422] * 3
    assert {client.content for client in clients} == {refusal}
    assert len(got) == 3


async def test_a_body_that_may_be_sent_again_counts_as_kept_until_the_answer_begins(
    plane: Plane,
) -> None:
    body = STREAMS.replace(b"[]", b'["' + b"x" * 50_000 + b'"]')
    kept: list[int] = []
    bodies: list[object] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await until(lambda: plane.plane.body_budget.kept <= len(body))
        kept.append(plane.plane.body_budget.kept)
        await peer.send(CHUNKED + chunk(sse(CHAT_STREAM[0])))
        await until(lambda: client.content != b"")
        kept.append(plane.plane.body_budget.kept)
        # The answer may run for an hour.
        bodies.extend(one for one in gc.get_objects() if isinstance(one, Question))
        await peer.send(chunk(sse(b"[DONE]")) + chunk(b""))

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", body, secret=secret)
    async with asyncio.timeout(30):
        await plane.serve(client)
    assert client.ended == "finish"
    assert kept == [len(body), 0]
    assert bodies == []


@pytest.mark.parametrize("room", [-1, 0])
async def test_what_may_be_sent_again_leaves_half_of_the_room_to_what_has_to_be_kept(
    tmp_path: Path, sqlite_database: Database, room: int
) -> None:
    async with a_plane(
        tmp_path, sqlite_database, buffered_bodies_max_bytes=4 * len(STREAMS) + room
    ) as plane:
        got, clients = await asked_of_one_that_refuses(plane)
    again = room == 0
    assert [client.status for client in clients] == [200 if again else 422] * 3
    assert [b"stream_options" in body for body in got] == [True, not again, not again] + [
        False
    ] * again
    assert plane.is_idle()


async def test_nothing_stays_kept_of_a_body_whose_client_leaves(plane: Plane) -> None:
    _, secret = await plane.token()

    async def script(peer: Peer) -> None:
        await peer.request()
        await plane.leave(client, served)

    plane.upstream.follow(script)
    client = a_client("POST", STREAMS, secret=secret)
    served = plane.begin(client)
    await asyncio.gather(served, return_exceptions=True)
    await until(plane.is_idle)


@pytest.mark.parametrize(
    ("second", "status", "outcome"),
    [
        ("dies", 502, "upstream_unreachable"),
        ("refuses", 422, "complete"),
        ("is left by its client", None, "client_left"),
    ],
)
async def test_a_request_that_was_sent_again_ends_once(
    plane: Plane, second: str, status: int | None, outcome: str
) -> None:
    _, secret = await plane.token(max_requests=5, max_parallel_requests=1)

    async def script(peer: Peer) -> None:
        while True:
            answers_again = b"stream_options" not in await peer.request()
            if answers_again and second == "is left by its client":
                await plane.leave(client, served)
            if answers_again and second != "refuses":
                return
            await peer.send(REFUSES % (len(NAMED), NAMED))

    plane.upstream.follow(script)
    client = a_client("POST", STREAMS, secret=secret)
    served = plane.begin(client)
    async with asyncio.timeout(30):
        await asyncio.gather(served, return_exceptions=True)
        await until(plane.is_idle)
    assert client.status == status
    assert [entry.outcome for entry in plane.entries()] == [outcome]
    assert await plane.admitted(secret) == 4


# what every request has in the ledger


@pytest.mark.parametrize("answer", [b"{}more", b"{}" + OK + b"{}"], ids=["bytes", "a response"])
async def test_an_answer_with_more_than_its_length_is_malformed(
    plane: Plane, answer: bytes
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    client = await served(plane, head + answer)
    assert (client.status, client.code) == (502, "upstream_protocol_error")
    assert [entry.outcome for entry in plane.entries()] == ["upstream_broke"]


FORM = (
    b'--frontier\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n'
    b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    b"%b\r\n--frontier--\r\n"
)


@pytest.mark.parametrize(
    ("path", "model", "usage"),
    [
        ("/v1/audio/transcriptions", b"whisper-1", {"type": "duration", "seconds": 60}),
        (
            "/v1/images/edits",
            b"gpt-image-1",
            {
                "input_tokens": 100,
                "output_tokens": 200,
                "input_tokens_details": {"text_tokens": 40, "image_tokens": 60},
            },
        ),
    ],
    ids=["transcription", "edit"],
)
async def test_a_form_of_an_unlimited_token_has_a_model_and_a_cost(
    plane: Plane, path: str, model: bytes, usage: dict[str, object]
) -> None:
    answer = json.dumps({"text": "x", "usage": usage}).encode()

    async def script(peer: Peer) -> None:
        await peer.request()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        await peer.send(head % len(answer) + answer)

    plane.upstream.follow(script)
    _, secret = await plane.token()
    form = "Content-Type: multipart/form-data; boundary=frontier"
    body = FORM % (model, bytes(range(256)) * 64)
    client = a_client("POST", body, secret=secret, path=path, fields=(form,))
    async with asyncio.timeout(30):
        await plane.serve(client)
    assert client.status == 200
    (entry,) = plane.entries()
    assert (entry.model, entry.usage) == (model.decode(), "exact")
    assert entry.cost_nanos
