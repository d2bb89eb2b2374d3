"""The front door against everything that could be read in two ways, over a raw socket.

Every refused message is followed at once by inert text that must never be answered: a connection
whose message was not understood is closed, and what comes behind it is dropped.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final
from uuid import UUID

import pytest

from admin.web.assets import Assets
from proxy import hops
from proxy.providers.near_misses import SHOWN_MAX
from proxy.upstream.target import address_of
from tests.server.corpus import (
    AUTH,
    CHUNKED,
    CLOSING,
    END,
    GET,
    HOST,
    INERT,
    REFUSED,
    SERVED,
    chunked,
    fields,
)  # fmt: skip
from tests.server.door import Door


def test_the_corpus_is_as_large_as_it_was_meant_to_be() -> None:
    assert len(REFUSED) >= 60


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED)
async def test_refused_and_nothing_behind_it_is_read(door: Door, message: bytes) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(message + INERT))
        answer = await client.answer()
        rest = await client.end()

    assert (answer.status, answer.code, rest) == (400, "invalid_request", b"")
    assert answer.header("connection") == b"close"
    assert answer.header("x-should-retry") == b"false"
    assert UUID((answer.header("x-llm-proxy-request-id") or b"").decode()).version == 7
    assert door.up.heads == 0


@pytest.mark.parametrize("path", [b"/v1/responses", b"/v1/nothing", b"/admin/login"])
async def test_websocket_is_refused_at_once(door: Door, path: bytes) -> None:
    """Before the token is looked at; SDKs that try it first go on without."""
    asked = b"GET %b HTTP/1.1\r\n" % path + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    async with await door.connect() as client:
        await client.send(asked + END + INERT)
        answer = await client.answer()
        assert await client.end() == b""
    assert (answer.status, answer.code) == (426, "upgrade_required")
    assert answer.header("upgrade") == b"websocket"
    assert answer.header("connection") == b"Upgrade, close"
    assert answer.header("x-should-retry") == b"false"
    assert door.up.heads == 0


async def test_an_upgrade_stands_between_framing_and_overload(door: Door) -> None:
    asked = GET[:-2].replace(AUTH, b"") + b"Upgrade: websocket\r\n"
    plane = door.app.ctx.data_plane
    assert plane is not None
    plane.draining = True
    try:
        codes = []
        for message in (asked + b"Content-Length: +1\r\n", asked, GET[:-2].replace(AUTH, b"")):
            async with await door.connect() as client:
                await client.send(message + END)
                codes.append((await client.answer()).code)
    finally:
        plane.draining = False
    assert codes == ["invalid_request", "upgrade_required", "shutting_down"]


async def test_another_upgrade_is_ignored_with_its_settings(door: Door) -> None:
    lines = b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with await door.connect() as client:
        await client.send(door.with_token(GET[:-2] + lines + END))
        assert (await client.answer()).status == 200
    assert door.up.last.header("upgrade") is door.up.last.header("http2-settings") is None


async def test_the_absolute_form_goes_up_as_a_path(door: Door) -> None:
    asked = b"GET http://named.example:81/%b HTTP/1.1\r\n" + HOST + AUTH + END
    async with await door.connect() as client:
        await client.send(door.with_token(asked % b"v1/models?a=b"))
        assert (await client.answer()).status == 200
    assert door.up.last.target == b"/v1/models?a=b"


@pytest.mark.parametrize("length", [b"017", b"00000000000000017", b"17"])
async def test_a_length_goes_up_in_its_plain_form(door: Door, length: bytes) -> None:
    body = b'{"model":"gpt-4"}'
    async with await door.connect() as client:
        await client.send(
            door.with_token(fields(b"Content-Length: %b\r\n" % length, body=body) + GET)
        )
        await client.answer()
        assert (await client.answer()).status == 200
    assert door.up.requests[0].header_list("content-length") == [b"17"]


async def test_what_the_server_can_do_is_told_without_a_token(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(b"OPTIONS * HTTP/1.1\r\n" + HOST + END)
        answer = await client.answer()
    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", b"0")
    assert b"POST" in (answer.header("allow") or b"")
    assert UUID((answer.header("x-llm-proxy-request-id") or b"").decode()).version == 7
    assert door.up.heads == 0


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (b"GET /manage/tokens HTTP/1.1\r\n\r\n", 400, "invalid_request"),
        (b"\r\nPOST /manage HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400, "invalid_request"),
        (b"GET http://a/manage?x HTTP/1.1\r\n\r\n", 400, "invalid_request"),
        (b"GET /manage/../x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_request"),
        (
            b"GET /manage/tokens HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
            426,
            "upgrade_required",
        ),
    ],
)
async def test_manage_is_refused_in_its_own_shape(
    door: Door, asked: bytes, status: int, code: str
) -> None:
    async with await door.connect() as client:
        await client.send(asked)
        answer = await client.answer()
        assert await client.end() == b""
    error = json.loads(answer.body)
    assert (answer.status, error["error"].pop("code")) == (status, code)
    assert {*error} == {"error"}
    assert {*error["error"]} == {"message"}


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (b"/model/m/converse", {"message", "code"}),
        (b"/v1beta/models", {"error"}),
        (b"/api/chat", {"error"}),
        (b"/anthropic/v1/messages", {"type", "error"}),
    ],
)
async def test_a_path_that_one_kind_of_client_asks_for_is_refused_in_its_shape(
    door: Door, path: bytes, named: set[str]
) -> None:
    async with await door.connect() as client:
        await client.send(b"POST %b HTTP/1.1\r\n\r\n" % path)
        answer = await client.answer()
    assert {*json.loads(answer.body)} == named
    by_field = b"ValidationException" if path.startswith(b"/model/") else None
    assert answer.header("x-amzn-errortype") == by_field
    assert answer.header("x-llm-proxy-error") == b"invalid_request"


@pytest.mark.parametrize("path", [b"/manager", b"/v1/manage", b"/v1/models?x=/manage"])
async def test_what_only_looks_like_manage_is_refused_as_others_are(
    door: Door, path: bytes
) -> None:
    async with await door.connect() as client:
        await client.send(b"GET %b HTTP/1.1\r\n\r\n" % path)
        answer = await client.answer()
    assert {*json.loads(answer.body)["error"]} == {"message", "type", "param", "code"}


async def test_a_request_knows_how_many_proxies_it_has_passed(door: Door) -> None:
    async with await door.connect() as client:
        for given, sent in ((b"", b"1"), (b"x-llm-proxy-hops: 3\r\n", b"4"), (b"", b"1")):
            await client.send(door.with_token(GET[:-2] + given + END))
            assert (await client.answer()).status == 200
            assert door.up.last.header_list("x-llm-proxy-hops") == [sent]
        # Before the token is looked at, as a circle is full of them.
        await client.send(GET[:-2].replace(AUTH, b"") + b"x-llm-proxy-hops: 4\r\n" + END)
        answer = await client.answer()
    assert (answer.status, answer.code) == (508, "loop_detected")
    assert answer.header("x-should-retry") == b"false"
    assert door.up.heads == 3


def test_a_providers_own_address_learns_of_no_proxy() -> None:
    for url, line in (
        ("https://api.openai.com", b""),
        ("https://api.anthropic.com", b""),
        ("https://api.openai.com:8443", b"x-llm-proxy-hops: 1\r\n"),
        ("http://api.openai.com", b"x-llm-proxy-hops: 1\r\n"),
    ):
        assert hops.line(0, address_of(url).origin) == line


@pytest.mark.parametrize(
    "path",
    [
        b"/health", b"/ready", b"/metrics", b"/", b"/v1/models", b"/admin/login", b"/manage/docs",
        Assets().url("theme.js").encode(),
    ],
)  # fmt: skip
async def test_head_is_answered_wherever_get_is(door: Door, path: bytes) -> None:
    async with await door.connect() as client:
        answers = []
        for method in (b"GET", b"HEAD"):
            sent = b"%b %b HTTP/1.1\r\n" % (method, path) + HOST + AUTH + END
            await client.send(door.with_token(sent))
            answers.append(await client.answer(head_only=method == b"HEAD"))
    got, head = answers
    assert head.status == got.status != 405
    assert head.header("content-type") == got.header("content-type")
    assert head.body == b""


NOWHERE: Final = b"/projects/p/locations/l/publishers/google/models/m:generateContent"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        # As Google's SDK asks that was told of neither a project nor a key.
        (b"POST /", 405, {"type": "invalid_request_error", "code": "method_not_allowed"}),
        (b"PUT /health", 405, {"type": "invalid_request_error", "code": "method_not_allowed"}),
        (b"GET /nowhere", 404, {"type": "invalid_request_error", "code": "endpoint_not_allowed"}),
        (b"POST " + NOWHERE, 404, {"status": "NOT_FOUND", "code": 404}),
    ],
)
async def test_what_no_plane_serves_is_refused_as_a_plane_would(
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
    asked: bytes,
    status: int,
    said: dict[str, object],
) -> None:
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(door.app.ctx, "unserved", lambda *what: told.append(what))
    async with await door.connect() as client:
        sent = asked + b"?key=secret HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n" + END
        await client.send(sent)
        answer = await client.answer()
    error = json.loads(answer.body)["error"]
    assert answer.status == status
    assert asked.decode() in error["message"]
    assert error.items() >= said.items()
    assert answer.header("x-should-retry") == b"false"
    assert answer.header("allow") == (b"GET, HEAD" if status == 405 else None)
    method, path = asked.split()
    request_id = (answer.header("x-llm-proxy-request-id") or b"").decode()
    assert UUID(request_id).version == 7
    code = (answer.header("x-llm-proxy-error") or b"").decode()
    assert told == [(request_id, code, status, method.decode(), path)]


@pytest.mark.parametrize("path", [b"/nowhere", b"/health"])
async def test_of_a_method_as_long_as_a_head_only_its_beginning_is_told(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: bytes
) -> None:
    told: list[str] = []
    monkeypatch.setattr(door.app.ctx, "unserved", lambda *what: told.append(what[3]))
    async with await door.connect() as client:
        await client.send(b"M" * 30_000 + b" %b HTTP/1.1\r\n" % path + HOST + END)
        answer = await client.answer()
    assert answer.status in (404, 405)
    assert len(answer.body) < 1000
    assert [len(method) for method in told] == [SHOWN_MAX + 1]


# An empty line between two requests is another case, and fine.
BEHIND_ANOTHER = {name: sent for name, sent in REFUSED.items() if sent[:1] not in b"\r\n"}


@pytest.mark.parametrize("message", BEHIND_ANOTHER.values(), ids=BEHIND_ANOTHER)
async def test_refused_after_a_good_request_was_answered(door: Door, message: bytes) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(GET + message + INERT))
        answers = [await client.answer(), await client.answer()]
        rest = await client.end()

    assert [answer.status for answer in answers] == [200, 400]
    assert rest == b""
    assert [request.target for request in door.up.requests] == [b"/v1/models"]


@pytest.mark.parametrize(("sent", "statuses"), SERVED.values(), ids=SERVED)
async def test_served_in_order_over_one_connection(
    door: Door, sent: bytes, statuses: list[int]
) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(sent))
        answers = [await client.answer() for _ in statuses]
        # The connection lives on, and exactly these answers have come.
        await client.send(door.with_token(GET))
        assert (await client.answer()).status == 200

    assert [answer.status for answer in answers] == statuses
    assert len(door.up.requests) <= len(statuses) + 1


@pytest.mark.parametrize("message", ["good", "refused"])
async def test_a_message_in_single_bytes_is_the_same_message(door: Door, message: str) -> None:
    sent = chunked(CHUNKED) if message == "good" else REFUSED["chunk size ended by LF"]
    async with await door.connect() as client:
        await client.drip(door.with_token(sent))
        answer = await client.answer()
    assert answer.status == (200 if message == "good" else 400)
    assert door.up.heads == (1 if message == "good" else 0)


@pytest.mark.parametrize("sent", CLOSING.values(), ids=CLOSING)
async def test_closed_after_the_answer(door: Door, sent: bytes) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(sent + INERT))
        answer = await client.answer()
        assert (answer.status, answer.header("connection")) == (200, b"close")
        assert await client.end() == b""
    assert door.up.count == 1


@pytest.mark.parametrize(
    ("path", "status"), [(b"/health", 200), (b"/ready", 200), (b"/", 302), (b"/plain", 400)]
)
async def test_http_1_0_without_host(door: Door, path: bytes, status: int) -> None:
    async with await door.connect() as client:
        await client.send(b"GET %b HTTP/1.0\r\n\r\n" % path)
        assert (await client.answer()).status == status
        assert await client.end() == b""


@pytest.mark.parametrize(
    "cut",
    [
        GET[:-2],
        fields(b"Content-Length: 100\r\n", body=b"hello"),
        chunked(b"5\r\nhel"),
        chunked(b"5\r\nhello\r\n"),
        chunked(b"5\r\nhello\r\n0\r\nX: 1\r\n"),
    ],
    ids=["head", "body", "chunk", "between chunks", "trailers"],
)
async def test_a_message_that_is_never_finished_is_never_served(door: Door, cut: bytes) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(cut))
        await asyncio.sleep(0.05)
        client.writer.write_eof()
        assert await client.end() == b""
    assert door.up.count == 0


async def test_sanics_own_handlers_stand_behind_the_same_door(door: Door) -> None:
    async with await door.connect() as client:
        for body in (
            b"Content-Length: 5\r\n\r\nhello",
            b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
        ):
            await client.send(b"POST /plain HTTP/1.1\r\nHost: a\r\n" + body)
            assert (await client.answer()).status == 200
        await client.send(
            b"POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc"
        )
        assert (await client.answer()).status == 400
        assert await client.end() == b""


async def test_a_streamed_upload_with_a_bad_chunk_never_arrives_whole(door: Door) -> None:
    upload = b"POST /v1/files HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + AUTH + END
    async with await door.connect() as client:
        await client.send(door.with_token(upload + b"5\r\nhello\r\n"))
        await door.up.wait_until(lambda: door.up.heads == 1)
        await client.send(door.with_token(b"5\r\nhelloXX" + INERT))
        answer = await client.answer()
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert await client.end() == b""
    recorded = await door.up.wait_for(1)
    assert (recorded.complete, door.up.heads) == (False, 1)


async def test_requests_sent_ahead_are_answered_one_in_a_turn_of_the_loop(door: Door) -> None:
    """No token is needed for as many as one packet holds, and none of them waits for anything."""
    many, turns, done = 500, 0, asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    async with await door.connect() as client:
        await client.send(b"GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n" * many)
        codes = {(await client.answer()).code for _ in range(many)}
    done.set()
    await counting
    assert codes == {"missing_token"}
    assert turns >= many
