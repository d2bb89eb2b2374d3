"""What goes through is unchanged: each case is sent both ways, and `differences` is the judge."""

import asyncio
import gzip
import json
import zlib
from dataclasses import replace

import brotli  # type: ignore[import-untyped]  # It has no types.
import pytest
import zstandard

from fake_upstream import generated
from tests.differential.conftest import Both, Compare, issue
from tests.differential.differences import compare_responses
from tests.differential.wire import PATIENCE, Ask, wired
from tests.fixtures.service import UPSTREAM_KEY

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("both_ways")]

JSON = (b"Content-Type", b"application/json")
CHAT = Ask(
    "POST",
    b"/v1/chat/completions",
    (JSON,),
    body=[b'{"model": "gpt-4o",  "messages": [{"role":"user","content":"\xc3\xa9\\u00e9"}]}\n'],
)
STREAM = replace(
    CHAT,
    body=[
        b'{"stream" : true, "stream_options":{"include_usage":true}, "model":"gpt-4o",'
        b'"messages":[{"role":"user","content":"Hello"}]}'
    ],
)
UPLOAD = Ask(
    "POST", b"/v1/files", ((b"Content-Type", b"application/octet-stream"),), fake="bytes=5"
)
MEBIBYTE = bytes(range(256)) * 4096
FIFTY = 50_000_000


# Targets


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/models",
        b"/v1/models?",
        b"/v1/models?limit=2&limit=3&after=",
        b"/v1/models?q=%20+%2B%2f%2F&=&&;,%",
        b"/v1/models?u=http://x/?y=//../z",
        b"/v1/models?q={}[]|^`\"<>'",
        b"/v1/models?e=%c3%A9%00%ff",
        b"/v1/models/gpt-4o%2Dmini",
        b"/v1/models/org%2Fmodel%3Av1",
        b"/v1/models/%E6%A8%A1",
        b"/v1/models/a:b@c!d$e&f'(g)*+,;=~h",
        b"/v1/files/file-1/content?x=1",
    ],
)
async def test_targets_arrive_as_they_were_sent(compare: Compare, target: bytes) -> None:
    _, request = await compare(Ask(target=target, fake="bytes=5"))
    assert request.target == target


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_methods(compare: Compare, method: str) -> None:
    await compare(Ask(method, b"/v1/files/file-1", fake="bytes=5"))


async def test_a_prefix_and_a_port_in_the_base_url(both: Both) -> None:
    secret = await issue(f"{both.up.url}/gateway/openai")
    await both.proxied(Ask(target=b"/v1/models?x=1", fake="bytes=5"), secret)
    assert both.up.last.target == b"/gateway/openai/v1/models?x=1"
    assert both.up.last.header_list("host") == [f"127.0.0.1:{both.up.port}".encode()]


# Fields


async def test_fields_keep_their_case_order_and_number(compare: Compare) -> None:
    fields = (
        (b"X-Repeated", b"1"),
        (b"accept", b"*/*"),
        (b"x-repeated", b"2, 3"),
        (b"X-EMPTY", b""),
        (b"X-Latin", b"caf\xe9 \x80\xff"),
        (b"User-Agent", b"OpenAI/Python 9.9"),
        (b"X-Repeated", b"1"),
        (b"Accept-Encoding", b"gzip, br;q=0.5"),
        (b"OpenAI-Beta", b"org-1"),
        (b"Idempotency-Key", b"once"),
        (b"X-Stainless-Arch", b"x64"),
        (b"Origin", b"https://app.example"),
        (b"Trailer", b"X-Sum"),
    )
    _, request = await compare(Ask(fields=fields, fake="bytes=5"))
    assert [field for field in request.headers if field in fields] == list(fields)


async def test_fields_that_stay_on_the_clients_side(compare: Compare) -> None:
    fields = (
        (b"Cookie", b"a=b"),
        (b"cookie", b"c=d"),
        (b"X-Kept", b"1"),
        (b"Forwarded", b"for=1.2.3.4"),
        (b"X-Forwarded-For", b"1.2.3.4"),
        (b"x-forwarded-anything", b"1"),
        (b"X-Real-IP", b"1.2.3.4"),
        (b"True-Client-IP", b"1.2.3.4"),
        (b"CF-Connecting-IP", b"1.2.3.4"),
        (b"cf-ray", b"1"),
        (b"X-Request-Start", b"t=1"),
        (b"Via", b"1.1 someone"),
        (b"X-Kept", b"2"),
    )
    _, request = await compare(Ask(fields=fields, fake="bytes=5"))
    names = [name for name, _ in request.headers]
    ours = [b"x-llm-proxy-hops", b"Authorization"]
    assert names == [b"Host", b"X-Fake", b"X-Kept", b"X-Kept", *ours]


async def test_hop_by_hop_fields_of_the_request(compare: Compare) -> None:
    fields = (
        (b"Connection", b"keep-alive, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"TE", b"trailers"),
        (b"Proxy-Connection", b"keep-alive"),
        (b"Proxy-Authorization", b"Basic eDp5"),
        (b"Connection", b"x-other"),
        (b"X-Other", b"2"),
        (b"X-End", b"3"),
    )
    _, request = await compare(Ask(fields=fields, fake="bytes=5"))
    assert request.header("x-end") == b"3"
    for name in ("x-hop", "x-other", "te", "keep-alive", "proxy-authorization"):
        assert request.header(name) is None


async def test_fields_of_the_response(compare: Compare) -> None:
    more = [
        "X-Repeated:1", "x-repeated:2", "X-EMPTY:", "Set-Cookie:a=b", "set-cookie:c=d",
        "Connection:X-Hop%2C x-other", "X-Hop:1", "X-Other:2", "Keep-Alive:timeout=9",
        "Proxy-Authenticate:Basic", "Vary:Origin", "X-Repeated:1", "x-ratelimit-limit-requests:7",
        "openai-processing-ms:12", "Access-Control-Allow-Origin:*", "Server-Timing:db;dur=1",
        "Alt-Svc:clear", "Upgrade:h2c", "Via:1.1 theirs", "Link:</a>;rel=b",
    ]  # fmt: skip
    seen, _ = await compare(Ask(fake=",".join(["bytes=3", *(f"header={each}" for each in more)])))
    assert [value for name, value in seen.headers if name.lower() == b"x-repeated"] == [
        b"1", b"2", b"1",
    ]  # fmt: skip
    assert not seen.values(b"set-cookie")
    assert not seen.values(b"x-hop")


# Bodies on their way up


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 70_000], ids=str)
async def test_bodies_up(compare: Compare, size: int, chunked: bool) -> None:
    body = [generated(size)] if size else []
    _, request = await compare(replace(UPLOAD, body=body, chunked=chunked))
    assert request.body == generated(size)


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_fifty_megabytes_up(compare: Compare, chunked: bool) -> None:
    body = [MEBIBYTE] * 47 + [MEBIBYTE[: FIFTY - 47 * len(MEBIBYTE)]]
    _, request = await compare(replace(UPLOAD, body=body, chunked=chunked))
    assert request.body_length == FIFTY


async def test_a_post_without_any_length(compare: Compare) -> None:
    await compare(replace(UPLOAD, length=False))


async def test_trailers_up(compare: Compare) -> None:
    trailers = ((b"X-Sum", b"abc"), (b"x-sum", b"d"), (b"X-Empty", b""))
    ask = replace(UPLOAD, body=[b"abc", b"d"], chunked=True, trailers=trailers)
    _, request = await compare(ask)
    assert request.trailers == trailers


async def test_private_fields_are_private_in_trailers_too(both: Both) -> None:
    forbidden = ("Authorization", "Cookie", "X-Forwarded-For", "Host", "TE", "Content-Type")
    trailers = tuple((name.encode(), b"x") for name in (*forbidden, "X-Kept"))
    await both.proxied(replace(UPLOAD, body=[b"abc"], chunked=True, trailers=trailers))
    assert both.up.last.trailers == ((b"X-Kept", b"x"),)


async def test_json_is_not_reformatted(compare: Compare) -> None:
    _, request = await compare(replace(CHAT, fake="bytes=5"))
    assert request.body == CHAT.body[0]


async def test_a_body_that_is_no_json_after_all(compare: Compare) -> None:
    _, request = await compare(replace(CHAT, body=[b"\xff{not json"], fake="bytes=5"))
    assert request.body == b"\xff{not json"


async def test_a_multipart_upload(compare: Compare) -> None:
    boundary = b"=_boundary\xe9"
    body = (
        b"preamble\r\n--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--' + boundary + b"\r\n"
        b'content-disposition: form-data; name="file"; filename="\xc3\xa9.bin"\r\n\r\n'
        + generated(100_000) + b"\r\n--" + boundary + b"--\r\nepilogue"
    )  # fmt: skip
    fields = ((b"Content-Type", b'multipart/form-data; boundary="' + boundary + b'"'),)
    pieces = [body[:10], body[10:5000], body[5000:]]
    _, request = await compare(
        Ask("POST", b"/v1/audio/transcriptions", fields, "bytes=5", pieces, chunked=True)
    )
    assert request.body == body


async def test_a_compressed_request(compare: Compare) -> None:
    body = gzip.compress(CHAT.body[0], mtime=0)
    fields = (JSON, (b"Content-Encoding", b"gzip"))
    _, request = await compare(replace(CHAT, fields=fields, body=[body], fake="bytes=5"))
    assert request.body == body


# Bodies on their way down


@pytest.mark.parametrize("framing", ["final", "chunked", "close"])
@pytest.mark.parametrize("size", [0, 1, 300_000])
async def test_bodies_down(compare: Compare, size: int, framing: str) -> None:
    seen, _ = await compare(Ask(fake=f"bytes={size}, {framing}"))
    assert seen.body == generated(size)


@pytest.mark.parametrize("framing", ["final", "chunked"])
async def test_fifty_megabytes_down(compare: Compare, framing: str) -> None:
    ask = Ask(target=b"/v1/files/file-1/content", fake=f"bytes={FIFTY}, {framing}")
    seen, _ = await compare(ask)
    assert len(seen.body) == FIFTY


async def test_a_known_length_stays_known(compare: Compare) -> None:
    seen, _ = await compare(Ask(fake="bytes=3"))
    assert seen.values(b"content-length") == [b"3"]


@pytest.mark.parametrize("fake", ["", "bytes=70000", "bytes=70000, chunked", "status=404"])
async def test_head(compare: Compare, fake: str) -> None:
    await compare(Ask("HEAD", b"/v1/files", fake=fake))


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206, 226, 299, 300, 302, 304, 307])
async def test_statuses(compare: Compare, status: int) -> None:
    seen, _ = await compare(Ask(fake=f"status={status}, header=Location:/elsewhere"))
    assert seen.status == status


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 451, 499])
async def test_client_errors(compare: Compare, status: int) -> None:
    await compare(replace(CHAT, fake=f"status={status}, retry-after=7"))


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 529, 599])
async def test_server_errors(compare: Compare, status: int) -> None:
    await compare(replace(CHAT, fake=f"status={status}"))


async def test_an_error_body_of_the_upstreams_own(both: Both) -> None:
    page = b"<html>\xff\x00 Bad gateway</html>"
    fields = [(b"Content-Type", b"text/html"), (b"X-Should-Retry", b"true")]
    both.up.reply(CHAT.target.decode(), page, status=502, headers=fields)
    seen, _ = await both.compare(CHAT)
    assert seen.body == page


@pytest.mark.parametrize("reason", [b"", b"Fine", b"C'est \xe9gal"])
async def test_reasons(both: Both, reason: bytes) -> None:
    wire = b"HTTP/1.1 299 " + reason + b"\r\nContent-Length: 2\r\n\r\nok"
    both.up.script("/v1/models", [wire], close=False)
    seen, _ = await both.compare(Ask())
    assert seen.status_and_reason == b"299 " + reason


async def test_spaces_around_values_and_other_shapes_of_heads(both: Both) -> None:
    wire = b"HTTP/1.1 200 OK\r\nX-a:1\r\nX-B:  two  words\t \r\ncontent-LENGTH:2\r\n\r\nok"
    both.up.script("/v1/models", [wire], close=False)
    seen, _ = await both.compare(Ask())
    assert (b"content-LENGTH", b"2") in seen.headers


async def test_a_hop_of_http_1_0(both: Both) -> None:
    both.up.script("/v1/models", [b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nuntil the end"])
    seen, _ = await both.compare(Ask())
    assert seen.body == b"until the end"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_compressed_answers(compare: Compare, coding: str) -> None:
    seen, _ = await compare(Ask(fake=f"{coding}"))
    assert seen.values(b"content-encoding") == [coding.encode()]
    assert json.loads(zlib.decompress(seen.body, wbits=47))["object"] == "list"


@pytest.mark.parametrize("coding", ["br", "zstd"])
async def test_answers_in_brotli_and_zstd(both: Both, coding: str) -> None:
    plain = json.dumps({"model": "gpt-4o", "usage": {"prompt_tokens": 3}}).encode()
    body = brotli.compress(plain) if coding == "br" else zstandard.compress(plain)
    fields = [JSON, (b"Content-Encoding", coding.encode())]
    both.up.reply(CHAT.target.decode(), body, headers=fields)
    seen, _ = await both.compare(CHAT)
    assert seen.body == body


async def test_an_undecodable_answer_is_nobodys_business(both: Both) -> None:
    fields = [JSON, (b"Content-Encoding", b"gzip")]
    both.up.reply(CHAT.target.decode(), b"this is no gzip", headers=fields)
    seen, _ = await both.compare(CHAT)
    assert seen.body == b"this is no gzip"


async def test_a_stream_that_asked_for_usage_itself(both: Both) -> None:
    """Byte for byte, usage event included. Ids and times differ from answer to answer."""
    direct, proxied = await both.direct(STREAM), await both.proxied(STREAM)
    assert both.up.last.body == STREAM.body[0]
    assert proxied.body.count(b"\n\n") == direct.body.count(b"\n\n")
    assert b'"usage": {' in proxied.body.split(b"\n\n")[-3]
    assert len(proxied.body) == len(direct.body)


@pytest.mark.parametrize("pieces", [1, 7, 4096])
async def test_event_streams_of_any_shape(both: Both, pieces: int) -> None:
    stream = (
        b": comment\r\n\r\nevent: x\ndata: {\"choices\":[]}\n\ndata:no json\r\rid: 1\ndata\n\n"
        b"data: \xff\xfe\n\ndata: [DONE]\n\ndata: not ended"
    )  # fmt: skip
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    cuts = [stream[at : at + pieces] for at in range(0, len(stream), pieces)]
    both.up.script(CHAT.target.decode(), [head % len(stream), *cuts], close=False)
    seen, _ = await both.compare(STREAM)
    assert seen.body == stream


async def test_trailers_down(compare: Compare) -> None:
    seen, _ = await compare(Ask(fake="bytes=9, trailer=X-Sum:abc, trailer=x-sum:d, trailer=X-E:"))
    assert seen.trailers == [(b"X-Sum", b"abc"), (b"x-sum", b"d"), (b"X-E", b"")]


async def test_no_field_comes_back_as_a_trailer_that_would_not_as_a_header(both: Both) -> None:
    lines = b"Set-Cookie: a=b\r\nTransfer-Encoding: chunked\r\nContent-Type: x\r\nX-Kept: 1\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    both.up.script("/v1/models", [head + b"2\r\nok\r\n0\r\n" + lines + b"\r\n"], close=False)
    seen = await both.proxied(Ask())
    assert (seen.body, seen.trailers) == (b"ok", [(b"X-Kept", b"1")])


@pytest.mark.parametrize("fake", ["1xx=103", "1xx=103, 1xx=103", "1xx=102, 1xx=103", "1xx=100"])
async def test_interim_responses(compare: Compare, fake: str) -> None:
    seen, _ = await compare(Ask(fake=fake))
    assert len(seen.interim) == fake.count("1xx=10") - fake.count("1xx=100")


async def test_an_interim_response_does_not_wait_for_the_final_one(both: Both) -> None:
    async with wired(both.door.port) as wire:
        await wire.send(Ask(fake="1xx=103, bytes=3, chunk=1, gap=0"), both.door.secret.encode())
        head = await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert head == b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"


# Both ways at once


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 20, 300_000])
async def test_a_response_before_the_request_is_whole(both: Both, size: int, chunked: bool) -> None:
    """The client holds back part of its request until it has the answer."""
    fake = f"early, bytes={size}" + (", chunked" if chunked else "")
    ask = replace(UPLOAD, fake=fake, body=[b"beginning"], holds_back=100_000)
    direct, proxied = await both.direct(ask), await both.proxied(ask)
    compare_responses(direct, proxied)
    assert proxied.body == generated(size)
    await both.up.wait_until(lambda: both.up.count == 2)


async def test_request_and_response_stream_past_each_other(both: Both) -> None:
    """An upstream that answers every piece before the next one is sent."""

    async def duplex(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while size := int(await reader.readuntil(b"\r\n"), 16):
            piece = await reader.readexactly(size + 2)
            writer.write(b"%x\r\n%b" % (size, piece.upper()))
        writer.write(b"0\r\n\r\n")
        await reader.readuntil(b"\r\n")

    server = await asyncio.start_server(duplex, "127.0.0.1", 0)
    secret = await issue(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    ask = Ask("POST", b"/v1/files", ((b"Content-Type", b"application/octet-stream"),), chunked=True)
    async with wired(both.door.port) as wire:
        wire.writer.write(ask.head(secret.encode()))
        for number in range(5):
            wire.writer.write(b"4\r\nab%02d\r\n" % number)
            if number == 0:
                head = await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), PATIENCE)
                assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            echoed = await asyncio.wait_for(wire.reader.readuntil(b"\r\n"), PATIENCE)
            echoed += await wire.reader.readexactly(6)
            assert echoed == b"4\r\nAB%02d\r\n" % number
        wire.writer.write(b"0\r\n\r\n")
        assert await asyncio.wait_for(wire.reader.readexactly(5), PATIENCE) == b"0\r\n\r\n"
    server.close()


async def test_expect_is_answered_by_us_and_goes_no_further(both: Both) -> None:
    fields = ((b"Expect", b"100-continue"), (b"Content-Type", b"application/octet-stream"))
    ask = Ask("POST", b"/v1/files", fields, "bytes=5", holds_back=3)
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        invitation = await asyncio.wait_for(wire.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert invitation == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.writer.write(b"abc")
        seen = await wire.receive("POST")
    assert (seen.status, seen.interim) == (200, [])
    assert both.up.last.body == b"abc"
    assert both.up.last.header("expect") is None


# The one body that is changed


async def test_only_the_splice_changes_a_metered_stream(both: Both) -> None:
    body = b'{"model":"gpt-4o", "stream":true,"messages":[{"role":"user","content":"Hi"}]}'
    fields = (JSON, (b"Accept-Encoding", b"gzip"))
    ask = replace(CHAT, fields=fields, body=[body])
    direct, proxied = await both.direct(ask), await both.proxied(ask)
    request = both.up.last
    assert request.body == b'{"stream_options":{"include_usage":true},' + body[1:]
    assert request.header("content-length") == b"%d" % len(request.body)
    assert request.header("accept-encoding") == b"identity"
    assert proxied.body.count(b"data: ") == direct.body.count(b"data: ")
    assert b'"usage": {' not in proxied.body
    assert proxied.body.endswith(b"data: [DONE]\n\n")


async def test_the_key_and_the_token_stay_on_their_sides(both: Both) -> None:
    seen = await both.proxied(Ask(fake="echo"))
    assert UPSTREAM_KEY.encode() in seen.body
    assert both.door.secret.encode() not in seen.body
    assert both.door.secret.encode() not in b"".join(value for _, value in both.up.last.headers)
