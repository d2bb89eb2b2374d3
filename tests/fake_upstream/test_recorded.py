"""What the fake upstream remembers, and how a test waits for it."""

import asyncio
import hashlib

import httpx
import pytest

from fake_upstream import FakeUpstream
from fake_upstream.descriptors import allow_descriptors
from tests.fixtures.processes import free_port


async def test_a_request_is_kept_as_it_came(up: FakeUpstream) -> None:
    _, writer = await asyncio.open_connection(up.host, up.port)
    writer.write(
        b"POST /v1/%7e?a=1&a=%20 HTTP/1.1\r\n"
        b"HOST: x\r\nX-b: 1\r\nx-B: 2\r\nContent-Length: 7\r\n\r\n"
        b'{"a":1}'
    )
    seen = await up.wait_for(1)
    writer.close()

    assert (seen.method, seen.target, seen.path) == ("POST", b"/v1/%7e?a=1&a=%20", "/v1/%7e")
    names = [name for name, _ in seen.headers]
    assert names == [b"HOST", b"X-b", b"x-B", b"Content-Length"]
    assert seen.header_list("x-b") == [b"1", b"2"]
    assert seen.header("none") is None
    assert seen.json() == {"a": 1}
    assert seen.sha256 == hashlib.sha256(b'{"a":1}').hexdigest()
    assert (seen.connection, seen.complete) == (1, True)


@pytest.mark.parametrize("fake", ["", "echo"])
async def test_only_the_start_of_a_large_body_is_kept(fake: str) -> None:
    body = b"0123456789" * 10_000
    async with FakeUpstream(keep_body=100) as up, httpx.AsyncClient(base_url=up.url) as http:
        await http.post("/x", content=body, headers={"x-fake": fake})

        assert up.last.body == body[:100]
        assert up.last.body_length == len(body)
        assert up.last.sha256 == hashlib.sha256(body).hexdigest()


async def test_a_request_cut_short_is_marked(up: FakeUpstream) -> None:
    _, writer = await asyncio.open_connection(up.host, up.port)
    writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
    await up.wait_until(lambda: up.heads == 1)
    assert up.count == 0
    writer.close()

    seen = await up.wait_for(1)
    assert (seen.body, seen.complete) == (b"half", False)


async def test_the_history_is_bounded_and_the_count_is_not() -> None:
    async with FakeUpstream(history=2) as up, httpx.AsyncClient(base_url=up.url) as http:
        for number in range(3):
            await http.get(f"/{number}")

        assert up.count == 3
        assert [seen.path for seen in up.requests] == ["/1", "/2"]
        up.clear()
        assert (up.count, up.requests) == (0, ())


async def test_waiting_in_vain_times_out(up: FakeUpstream) -> None:
    with pytest.raises(TimeoutError):
        await up.wait_for(1, timeout=0.01)


async def test_connections_are_counted(up: FakeUpstream) -> None:
    async with httpx.AsyncClient(base_url=up.url) as http:
        await http.get("/1")
        await http.get("/2")
        assert (up.connections, up.open_connections, up.last.connection) == (1, 1, 1)
        up.disconnect()
        await up.wait_until(lambda: up.open_connections == 0)
        await http.get("/3")
    assert up.connections == 2


async def test_other_processes_can_ask(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    await http.post("/x", content=b"\xff")
    await http.get("/y")

    seen = (await http.get("/__fake/requests?last=1")).json()
    assert seen["count"] == 2
    assert [request["target"] for request in seen["requests"]] == ["/y"]
    all_seen = (await http.get("/__fake/requests")).json()["requests"]
    assert all_seen[0]["body"].encode("latin-1") == b"\xff"
    assert (await http.delete("/__fake/requests")).json()["count"] == 0
    assert (await http.get("/__fake/nothing")).status_code == 404
    assert up.count == 0


async def test_it_can_stop_and_come_back_on_its_port() -> None:
    # Of a port that any listener is given, another one could be in its place meanwhile.
    up = FakeUpstream(port=free_port())
    await up.start()
    async with httpx.AsyncClient(base_url=up.url) as http:
        await http.get("/1")
        await up.stop()
        with pytest.raises(httpx.ConnectError):
            await http.get("/2")
        await up.start()
        await http.get("/3")
    await up.stop()
    assert [seen.path for seen in up.requests] == ["/1", "/3"]


async def test_two_thousand_streams_at_once(up: FakeUpstream) -> None:
    async def one() -> bytes:
        reader, writer = await asyncio.open_connection(up.host, up.port)
        body = b'{"model": "m", "stream": true, "messages": []}'
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nx-api-key: sk-right\r\n"
            b"x-fake: hold, events=1, final\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        answer = await reader.read()
        writer.close()
        return answer

    allow_descriptors()
    running = [asyncio.create_task(one()) for _ in range(2000)]
    await up.wait_until(lambda: up.held == 2000)
    assert up.release() == 2000
    assert all(answer.endswith(b"0\r\n\r\n") for answer in await asyncio.gather(*running))
