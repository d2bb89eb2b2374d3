"""The bytes themselves: framing, interim responses, broken and malformed answers, TLS."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fake_upstream.conftest import Exchange

BODY = b'{"model": "m", "stream": true, "messages": []}'


def ask(fake: str = "", method: str = "GET", path: str = "/v1/models", extra: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-right\r\n{extra}"
    return (head + (f"X-Fake: {fake}\r\n" if fake else "") + "\r\n").encode()


def stream(fake: str) -> bytes:
    length = f"Content-Length: {len(BODY)}\r\n"
    return ask(fake, "POST", "/v1/chat/completions", length) + BODY


def split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower(), body


async def test_close_ends_the_body_with_the_connection(exchange: Exchange) -> None:
    head, body = split(await exchange(ask("bytes=5, close")))

    assert b"content-length" not in head
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body == bytes(range(5))


async def test_final_announces_the_end(exchange: Exchange) -> None:
    head, body = split(await exchange(ask("bytes=5, final")))

    assert b"content-length: 5" in head
    assert b"connection: close" in head
    assert body == bytes(range(5))


async def test_drop_does_not(exchange: Exchange) -> None:
    head, body = split(await exchange(ask("bytes=5, drop")))

    assert b"connection" not in head
    assert body == bytes(range(5))


async def test_a_client_that_closes_is_closed(exchange: Exchange) -> None:
    head, _ = split(await exchange(ask(extra="Connection: close\r\n")))

    assert b"connection: close" in head


async def test_http_1_0_gets_no_chunks(exchange: Exchange) -> None:
    answer = await exchange(stream("events=1").replace(b"HTTP/1.1", b"HTTP/1.0"))

    head, body = split(answer)
    assert b"transfer-encoding" not in head
    assert body.endswith(b"data: [DONE]\n\n")


async def test_trailers(exchange: Exchange) -> None:
    head, body = split(await exchange(ask("bytes=3, final, trailer=X-Sum:abc, trailer=X-B:")))

    assert b"trailer: x-sum, x-b" in head
    assert body == b"3\r\n\x00\x01\x02\r\n0\r\nX-Sum: abc\r\nX-B: \r\n\r\n"


async def test_interim_responses(exchange: Exchange) -> None:
    answer = await exchange(ask("1xx=100, 1xx=103, final"))

    assert answer.startswith(
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n"
    )


async def test_expect_is_answered_before_the_body(up: FakeUpstream) -> None:
    reader, writer = await asyncio.open_connection(up.host, up.port)
    writer.write(ask("echo", "POST", "/x", "Expect: 100-continue\r\nContent-Length: 2\r\n"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ok")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert (await up.wait_for(1)).body == b"ok"
    writer.close()


async def test_a_chunked_request_body_and_its_trailer(up: FakeUpstream, exchange: Exchange) -> None:
    chunks = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Late: yes\r\n\r\n"
    await exchange(ask("echo, final", "POST", "/x", "Transfer-Encoding: chunked\r\n") + chunks)

    assert up.last.body == b"abcde"
    assert up.last.trailers == ((b"X-Late", b"yes"),)
    assert up.last.header("x-late") is None


@pytest.mark.parametrize("reset", ["", ", reset"])
async def test_break_before_the_head(up: FakeUpstream, exchange: Exchange, reset: str) -> None:
    if reset:
        with pytest.raises(ConnectionResetError):
            await exchange(ask("break=head, reset"))
    else:
        assert await exchange(ask("break=head")) == b""
    await up.wait_until(lambda: up.open_connections == 0)
    assert (up.count, up.finished, up.aborted) == (1, 0, 0)


async def test_break_within_the_head(exchange: Exchange) -> None:
    answer = await exchange(ask("break=midhead"))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in answer


@pytest.mark.parametrize("packed", ["", ", packed"])
async def test_break_between_events(exchange: Exchange, packed: str) -> None:
    _, body = split(await exchange(stream("break=2" + packed)))

    assert body.count(b"data: ") == 2
    assert body.endswith(b"\n\n\r\n")


async def test_break_within_an_event(exchange: Exchange) -> None:
    _, body = split(await exchange(stream("break=2.5")))

    assert body.count(b"data: ") == 3
    assert not body.endswith(b"\n")


async def test_break_after_the_last_event_leaves_out_the_last_chunk(exchange: Exchange) -> None:
    _, body = split(await exchange(stream("events=1, break=4")))

    assert body.endswith(b"data: [DONE]\n\n\r\n")


@pytest.mark.parametrize("number", [0, 1, 99_999])
async def test_break_within_a_body(exchange: Exchange, number: int) -> None:
    head, body = split(await exchange(ask(f"bytes=100000, break={number}")))

    assert b"content-length: 100000" in head
    assert len(body) == number


async def test_break_within_a_chunk(exchange: Exchange) -> None:
    _, body = split(await exchange(ask("bytes=10, chunk=4, chunked, break=6")))

    assert body == b"4\r\n\x00\x01\x02\x03\r\n4\r\n\x04\x05"


async def test_a_script_goes_out_as_it_is(up: FakeUpstream, exchange: Exchange) -> None:
    up.script("/odd", [b"HTTP/1.1 200", 0.01, b" OK\nBad : x\n\n"], times=1)

    assert await exchange(ask(path="/odd?x=1")) == b"HTTP/1.1 200 OK\nBad : x\n\n"
    assert up.last.target == b"/odd?x=1"


async def test_a_script_may_leave_the_connection_open(up: FakeUpstream) -> None:
    up.script("/odd", [b"HTTP/1.1 204 No Content\r\n\r\n"], close=False)
    async with httpx.AsyncClient(base_url=up.url) as http:
        for _ in range(2):
            assert (await http.get("/odd")).status_code == 204
    assert up.connections == 1


async def test_a_malformed_request_is_refused(up: FakeUpstream, exchange: Exchange) -> None:
    assert (await exchange(b"GET / HTTP/1.1\r\nBad : x\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert up.count == 0


async def test_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make.split(), *subject.split(), *files], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))

    async with (
        FakeUpstream(ssl_context=serving) as up,
        httpx.AsyncClient(base_url=up.url, verify=trusting) as http,
    ):
        assert up.url.startswith("https://")
        assert (await http.get("/v1/models")).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/v1/models", headers={"x-fake": "break=10"})
