"""What `x-fake` asks for, seen from a client: timing, bodies, headers, framing."""

import asyncio
import gzip
import hashlib
import json
import time
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from fake_upstream import Behaviour, BehaviourError, FakeUpstream, generated, generated_sha256
from fake_upstream.behaviour import parse
from tests.fake_upstream.conftest import Exchange

STREAM = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
CHAT = STREAM | {"stream": False}
PATH = "/v1/chat/completions"


def fake(text: str) -> dict[str, str]:
    return {"x-fake": text}


@pytest.mark.parametrize(
    "text",
    [
        "stauts=429",
        "status=abc",
        "status=-1",
        "hold=1",
        "gap",
        "delay=nan",
        "header=x",
        "break_head",
    ],
)
async def test_a_misspelt_behaviour_is_refused(http: httpx.AsyncClient, text: str) -> None:
    with pytest.raises(BehaviourError):
        parse(text)
    answer = await http.get("/v1/models", headers=fake(text))
    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]


def test_values_are_percent_decoded() -> None:
    assert parse("header=a:1%2C2, header=b:, nousage") == Behaviour(
        headers=((b"a", b"1,2"), (b"b", b"")), nousage=True
    )


async def test_behave_applies_to_a_path_so_many_times(
    up: FakeUpstream, http: httpx.AsyncClient
) -> None:
    up.behave("status=503", path="/v1/models", times=2)

    statuses = [(await http.get("/v1/models")).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    up.behave("status=500")
    assert (await http.get("/v1/files")).status_code == 500
    up.clear_orders()
    assert (await http.get("/v1/files")).status_code == 200


async def test_delay_and_gap(http: httpx.AsyncClient) -> None:
    started = time.monotonic()
    headers = fake("delay=0.2, gap=0.05, events=2")
    async with http.stream("POST", PATH, json=STREAM, headers=headers) as answer:
        assert time.monotonic() - started > 0.19
        await answer.aread()
    # Role, two words, the end, [DONE]: four gaps.
    assert time.monotonic() - started > 0.39


async def test_default_pace_is_for_posts_alone() -> None:
    async with FakeUpstream(latency=3600) as up, httpx.AsyncClient(base_url=up.url) as http:
        assert (await http.get("/v1/models")).status_code == 200
    async with FakeUpstream(latency=0.2) as up, httpx.AsyncClient(base_url=up.url) as http:
        started = time.monotonic()
        await http.post(PATH, json=CHAT)
        assert time.monotonic() - started > 0.19


async def test_events(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json=STREAM, headers=fake("events=100, packed"))

    assert answer.text.count('"delta": {"content": "') == 100
    assert answer.text.endswith("\n\ndata: [DONE]\n\n")


async def test_hold_lets_one_event_out(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    async with http.stream("POST", PATH, json=STREAM, headers=fake("hold")) as answer:
        events = answer.aiter_lines()
        assert (await anext(events)).startswith("data: ")
        assert await anext(events) == ""
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.1)
        assert up.held == 1
    await up.wait_until(lambda: up.aborted == 1 and up.held == 0)


async def test_release_lets_the_rest_out(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    async with http.stream("POST", PATH, json=STREAM, headers=fake("hold")) as answer:
        await up.wait_until(lambda: up.held == 1)
        assert (await http.post("/__fake/release")).json() == {"released": 1}
        assert (await answer.aread()).endswith(b"data: [DONE]\n\n")


async def test_hold_keeps_back_a_plain_answer(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    asked = asyncio.create_task(http.post(PATH, json=CHAT, headers=fake("hold")))
    await up.wait_for(1)
    await asyncio.sleep(0.05)
    assert not asked.done()
    assert up.release() == 1
    assert (await asked).status_code == 200


@pytest.mark.parametrize(
    "framing", ["", ", chunked", ", chunk=1000", ", chunked, chunk=999", ", close"]
)
async def test_bytes(http: httpx.AsyncClient, framing: str) -> None:
    answer = await http.get("/v1/files", headers=fake(f"bytes=300001{framing}"))

    assert hashlib.sha256(answer.content).hexdigest() == generated_sha256(300_001)
    assert ("content-length" in answer.headers) is (framing in ("", ", chunk=1000"))
    assert ("transfer-encoding" in answer.headers) is ("chunked" in framing)


async def test_a_large_body_waits_for_its_reader(up: FakeUpstream) -> None:
    reader, writer = await asyncio.open_connection(up.host, up.port, limit=1024)
    writer.write(
        b"GET /x HTTP/1.1\r\nHost: x\r\nx-api-key: sk-right\r\nx-fake: bytes=900000000\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.2)
    assert up.finished == 0
    writer.close()
    await up.wait_until(lambda: up.aborted == 1)


@pytest.mark.parametrize(("status", "length"), [(204, None), (304, None), (200, "7"), (201, "7")])
async def test_status_below_400(http: httpx.AsyncClient, status: int, length: str | None) -> None:
    for _ in range(2):  # Twice: a wrong framing would spoil the connection.
        answer = await http.get("/v1/files", headers=fake(f"status={status}, bytes=7"))
        assert answer.status_code == status
        assert answer.headers.get("content-length") == length


async def test_head_has_the_headers_of_get_and_no_body(http: httpx.AsyncClient) -> None:
    get = await http.get("/v1/models")
    head = await http.head("/v1/models")

    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert (await http.head("/v1/models", headers=fake("chunked"))).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_encodings(http: httpx.AsyncClient, encoding: str) -> None:
    plain = await http.get("/v1/models", headers=fake(encoding))
    streamed = await http.post(PATH, json=STREAM, headers=fake(encoding))

    assert plain.headers["content-encoding"] == encoding
    assert plain.json()["object"] == "list"
    assert streamed.text.endswith("data: [DONE]\n\n")


async def test_an_encoded_stream_can_be_followed(http: httpx.AsyncClient) -> None:
    headers = fake("gzip, hold")
    async with http.stream("POST", PATH, json=STREAM, headers=headers) as answer:
        first = await anext(answer.aiter_raw())
        assert zlib.decompressobj(31).decompress(first).endswith(b"\n\n")


async def test_a_supplied_body_keeps_its_headers(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    body = gzip.compress(b"supplied")
    up.reply("/v1/x", body, headers=[(b"Content-Encoding", b"gzip")], status=202, times=1)

    answer = await http.get("/v1/x")
    assert (answer.status_code, answer.text) == (202, "supplied")
    assert (await http.get("/v1/x")).status_code == 404


async def test_echo_tells_what_arrived(http: httpx.AsyncClient) -> None:
    body = generated(300_000)
    answer = await http.post("/any/%2e?a=%20", content=body, headers=fake("echo"))

    seen = answer.json()
    assert (seen["method"], seen["target"]) == ("POST", "/any/%2e?a=%20")
    assert (seen["body_length"], seen["body_sha256"]) == (300_000, generated_sha256(300_000))
    assert ["x-fake", "echo"] in seen["headers"]


async def test_repeated_headers(http: httpx.AsyncClient) -> None:
    asked = "header=Set-Cookie:a=1; Path=/, header=Set-Cookie:b=2, header=X-Name:x%2Cy"
    answer = await http.get("/v1/models", headers=fake(asked))

    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    assert answer.headers["x-name"] == "x,y"


async def test_usage_and_model_can_be_told(http: httpx.AsyncClient) -> None:
    told = fake("usage=10/20/3/5, model=gpt-told")
    answer = (await http.post(PATH, json=CHAT, headers=told)).json()
    none = (await http.post(PATH, json=CHAT, headers=fake("nousage"))).json()

    assert answer["model"] == "gpt-told"
    assert answer["usage"]["total_tokens"] == 30
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 3
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 5
    assert "usage" not in none


async def test_early_answers_before_the_body(up: FakeUpstream) -> None:
    reader, writer = await asyncio.open_connection(up.host, up.port)
    head = (
        b"POST /x HTTP/1.1\r\nHost: x\r\nx-api-key: sk-right\r\n"
        b"x-fake: early\r\nContent-Length: 4\r\n\r\n"
    )
    for number in (1, 2):
        writer.write(head + b"bo")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert json.loads(await reader.readexactly(15)) == {"early": True}
        assert (up.heads, up.count) == (number, number - 1)
        writer.write(b"dy")
        assert (await up.wait_for(number)).body == b"body"
    writer.close()


async def test_slowread_holds_the_sender_back(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 65536
            yield bytes(65536)

    # httpx asks for the answer even where it could not write all, so either timeout may come.
    timeout = httpx.Timeout(60, write=0.3, read=0.3)
    with pytest.raises((httpx.WriteTimeout, httpx.ReadTimeout)):
        await http.post("/x", content=body(), headers=fake("slowread=1000"), timeout=timeout)
    # The rest is in the kernel's buffers, some megabytes.
    assert sent < 500 * 65536


async def test_requests_are_answered_in_order(exchange: Exchange) -> None:
    ask = b"GET /x HTTP/1.1\r\nHost: x\r\nx-api-key: sk-right\r\nx-fake: echo%b\r\n\r\n"
    answer = await exchange(ask % b", delay=0.1" + ask % b", final")

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"delay=0.1") < answer.index(b"echo, final")
