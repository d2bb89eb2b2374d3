"""What a request's body decides: its models, whether it can be metered, and no turn of the loop."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator
from typing import Any

import brotli  # type: ignore[import-untyped]  # It has no types.
import httpx
import pytest
import pytest_asyncio
import zstandard

from models import Actor, Project, Token
from tests.proxy.decoding.test_json_scanner import HOSTILE
from tests.server.door import Door

BY = Actor("cli:tester")
CHAT = "/v1/chat/completions"
JSON = {"content-type": "application/json"}
STREAM = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":true}'


def client(door: Door, secret: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{door.port}",
        headers={"authorization": f"Bearer {secret}"},
        timeout=60,
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def project(modules_door: Door) -> Project:
    """That of the door's token."""
    return await Project.all().get()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def limited(modules_door: Door, project: Project) -> AsyncIterator[httpx.AsyncClient]:
    """Whose token may use only some models."""
    secret = (await Token.issue(project, by=BY, allowed_models=["gpt-4o*", "whisper-1"]))[1]
    async with client(modules_door, secret) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def free(modules_door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """Whose token may use any model."""
    async with client(modules_door, modules_door.secret) as opened:
        yield opened


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        (("POST", CHAT), {"model": "gpt-4o", "messages": []}, 200),
        (("POST", CHAT), {"model": "o3", "messages": []}, 403),
        (("POST", CHAT), {"model": "gpt-4o", "models": ["gpt-4o-mini", "o3"]}, 403),
        (("POST", CHAT), {"model": "gpt-4o", "fallbacks": [{"model": "o3"}]}, 403),
        (("POST", CHAT), {"model": "gpt-4o", "tools": [{"type": "x", "model": "o3"}]}, 403),
        (("POST", CHAT), {"model": "gpt-4o", "route": "o3"}, 400),
        (("POST", CHAT), {"model": "gpt-4o" + "o" * 1024}, 400),
        (("POST", "/v1/batches"), {"input_file_id": "file-1"}, 403),
        (("PUT", "/v1/responses"), {"model": "o3", "input": "hi"}, 403),
        (("PATCH", "/v1/images/generations"), {"prompt": "hi"}, 400),
        (("GET", "/v1/responses/resp_1"), {"model": "o3"}, 403),
    ],
)
async def test_models_of_a_limited_token(
    door: Door, limited: httpx.AsyncClient, request_line: tuple[str, str], body: Any, status: int
) -> None:
    answer = await limited.request(*request_line, json=body)
    assert answer.status_code == status
    assert door.up.heads == (status == 200)
    if status == 403:
        assert refused(answer) == (403, "model_not_allowed")


async def test_a_model_that_the_api_takes_where_none_is_named(
    door: Door, limited: httpx.AsyncClient, project: Project
) -> None:
    answer = await limited.post("/v1/moderations", json={"input": "hi"})
    assert refused(answer) == (403, "model_not_allowed")
    secret = (await Token.issue(project, by=BY, allowed_models=["omni-moderation-*"]))[1]
    async with client(door, secret) as moderating:
        assert (await moderating.post("/v1/moderations", json={"input": "hi"})).status_code == 200
        assert (await moderating.post("/v1/embeddings", json={"input": "hi"})).status_code == 400


@pytest.mark.parametrize("include", [b"true", b"false"])
async def test_usage_that_the_client_asked_for_in_another_way_is_not_withheld(
    door: Door, free: httpx.AsyncClient, include: bytes
) -> None:
    body = STREAM[:-1] + b',"usage":{"include":%b}}' % include
    answer = await free.post(CHAT, content=body, headers=JSON)
    assert b"stream_options" in door.up.last.body
    assert (b'"prompt_tokens"' in answer.content) is (include == b"true")


async def test_why_a_limited_token_cannot_create_batches(limited: httpx.AsyncClient) -> None:
    answer = await limited.post("/v1/batches", json={"input_file_id": "file-1"})
    assert "file may name any model" in answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/yaml"])
async def test_other_kinds_of_body_are_refused_to_a_limited_token(
    door: Door, limited: httpx.AsyncClient, free: httpx.AsyncClient, kind: str
) -> None:
    body = b'{"model":"gpt-4o","messages":[]}'
    assert refused(await limited.post(CHAT, content=body, headers={"content-type": kind})) == (
        400,
        "invalid_request",
    )
    await free.post(CHAT, content=body, headers={"content-type": kind})
    assert door.up.last.body == body


async def test_reading_what_is_stored_needs_no_model(
    door: Door, limited: httpx.AsyncClient
) -> None:
    await limited.get("/v1/responses/resp_1")
    await limited.delete("/v1/responses/resp_1")
    assert [request.method for request in door.up.requests] == ["GET", "DELETE"]


async def test_a_limited_token_may_send_a_large_image(
    door: Door, limited: httpx.AsyncClient
) -> None:
    before = b'{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"'
    body = before + b"A" * 3_000_000 + b'"}}]}],"model":"gpt-4o","stream":true}'
    assert (await limited.post(CHAT, content=body, headers=JSON)).status_code == 200
    asked = b'{"stream_options":{"include_usage":true},' + body[1:]
    assert door.up.last.sha256 == hashlib.sha256(asked).hexdigest()


async def test_a_form_whose_boundary_occurs_inside_a_part_is_refused(
    door: Door, limited: httpx.AsyncClient
) -> None:
    part = b'--cut\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    whole = part % (b"model", b"whisper-1") + part % (b"file", b"%b") + b"--cut--\r\n"
    form = {"content-type": "multipart/form-data; boundary=cut"}
    path = "/v1/audio/transcriptions"
    answer = await limited.post(path, content=whole % b"a\n--cut\n", headers=form)
    assert refused(answer) == (400, "invalid_request")
    assert door.up.heads == 0
    await limited.post(path, content=whole % b"sound", headers=form)
    assert door.up.last.body == whole % b"sound"


@pytest.mark.parametrize(
    "fields",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/octet-stream"}],
    ids=["none", "text", "bytes"],
)
@pytest.mark.parametrize(
    "body",
    [STREAM, STREAM.replace(b"stream", b"s\\u0074ream"), STREAM.replace(b"true", b"1")],
    ids=["plain", "escaped", "another true"],
)
async def test_a_stream_is_asked_for_its_usage_however_it_is_written(
    door: Door, free: httpx.AsyncClient, fields: dict[str, str], body: bytes
) -> None:
    await free.post(CHAT, content=body, headers=fields)
    assert door.up.last.body == body.replace(b"{", b'{"stream_options":{"include_usage":true},', 1)


COMPRESS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", COMPRESS)
async def test_a_compressed_body_is_read_and_passes_as_it_came(
    door: Door, limited: httpx.AsyncClient, coding: str
) -> None:
    fields = {"content-encoding": coding, **JSON}
    path = "/v1/responses"
    refusal = await limited.post(
        path, content=COMPRESS[coding](b'{"model":"o3","input":"hi"}'), headers=fields
    )
    assert refused(refusal) == (403, "model_not_allowed")
    assert door.up.heads == 0
    body = COMPRESS[coding](b'{"model":"gpt-4o","input":"hi","stream":true}')
    await limited.post(path, content=body, headers=fields)
    assert door.up.last.body == body
    assert door.up.last.header("content-encoding") == coding.encode()


@pytest.mark.parametrize("coding", COMPRESS)
async def test_a_compressed_stream_goes_on_decoded_with_the_question_for_its_usage(
    door: Door, free: httpx.AsyncClient, coding: str
) -> None:
    fields = {"content-encoding": coding, **JSON}
    await free.post(CHAT, content=COMPRESS[coding](STREAM), headers=fields)
    asked = b'{"stream_options":{"include_usage":true},' + STREAM[1:]
    assert door.up.last.body == asked
    assert door.up.last.header("content-encoding") is None
    assert door.up.last.header("content-length") == b"%d" % len(asked)


@pytest_asyncio.fixture(loop_scope="module")
async def refusing(project: Project) -> AsyncIterator[None]:
    """The project refuses what cannot be metered."""
    await project.change(by=BY, unmetered="refuse")
    yield
    await project.change(by=BY, unmetered="allow")


UNMETERABLE: list[tuple[str, bytes, dict[str, str]]] = [
    ("/v1/batches", b'{"input_file_id":"file-1"}', JSON),
    ("/v1/responses", b'{"model":"gpt-4o","input":"hi","background":true}', JSON),
    ("/v1/responses", b"not JSON", {"content-type": "text/plain"}),
    (CHAT, STREAM[:-1] + b',"stream":false}', JSON),
    (CHAT, STREAM[:-1] + b',"stream_options":5}', JSON),
    (CHAT, b"{" + b",".join(b'"k%d":1' % one for one in range(300)) + b"}", JSON),
    (CHAT, STREAM, {"content-type": "multipart/form-data; boundary=cut"}),
    (CHAT, STREAM, {"content-encoding": "compress", **JSON}),
]


@pytest.mark.parametrize(("path", "body", "fields"), UNMETERABLE)
@pytest.mark.usefixtures("refusing")
async def test_what_cannot_be_metered_is_refused_where_the_project_says_so(
    door: Door, free: httpx.AsyncClient, path: str, body: bytes, fields: dict[str, str]
) -> None:
    answer = await free.post(path, content=body, headers=fields)
    assert refused(answer) == (403, "not_meterable")
    assert answer.json()["error"]["type"] == "permission_error"
    assert answer.headers["x-should-retry"] == "false"
    assert door.up.heads == 0


@pytest.mark.parametrize(("path", "body", "fields"), UNMETERABLE)
async def test_what_cannot_be_metered_passes_unchanged_by_default(
    door: Door, free: httpx.AsyncClient, path: str, body: bytes, fields: dict[str, str]
) -> None:
    await free.post(path, content=body, headers=fields)
    assert door.up.last.body == body


@pytest.mark.usefixtures("refusing")
async def test_what_can_be_metered_passes_in_every_project(
    door: Door, free: httpx.AsyncClient
) -> None:
    for path, body in (
        (CHAT, STREAM),
        (CHAT, STREAM.replace(b"true", b"false")),
        (CHAT, STREAM.replace(b"stream", b"s\\u0074ream")),
        ("/v1/responses", b'{"model":"gpt-4o","input":"hi","stream":true}'),
        ("/v1/embeddings", b'{"model":"text-embedding-3-small","input":"hi"}'),
    ):
        assert (await free.post(path, content=body, headers=JSON)).status_code == 200
    assert (await free.get("/v1/models")).status_code == 200


@pytest.mark.parametrize("name", ["escapes", "empty strings", "members of arrays"])
async def test_others_are_served_while_a_hostile_body_is_read(
    door: Door, limited: httpx.AsyncClient, free: httpx.AsyncClient, name: str
) -> None:
    """Turns of the loop are counted: an honest request needs some, and a body gives them away."""
    turns = 0
    reading = True

    async def count() -> None:
        nonlocal turns
        while reading:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    hostile = await limited.post(CHAT, content=HOSTILE[name] * 8, headers=JSON)
    reading = False
    await counting
    assert hostile.status_code == 400
    assert turns > len(HOSTILE[name]) * 8 // (64 * 1024)


async def test_chunks_of_one_byte_leave_turns_to_others(
    door: Door, free: httpx.AsyncClient
) -> None:
    turns = 0
    done = asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    size = 40_000
    async with await door.connect() as raw:
        counting = asyncio.create_task(count())
        head = b"POST /v1/files HTTP/1.1\r\nHost: x\r\n$AUTH\r\nTransfer-Encoding: chunked\r\n\r\n"
        await raw.send(door.with_token(head) + b"1\r\nx\r\n" * size + b"0\r\n\r\n")
        await raw.answer()
        done.set()
        await counting
    assert turns >= size // 64
