"""What of a body may stand in the log, and how."""

import asyncio
import gzip
import io
import json
from typing import Any, cast

import pytest

from proxy.body_capture import BodyCopies, Copy
from proxy.downstream import RequestHead, ResponseHead
from proxy.exchange import Exchange
from proxy.header_lines import HeaderLines
from telemetry.body_log_lines import MARGIN, BodyLines
from telemetry.request_log_lines import WAITING_MAX, RequestLines
from tests.models.rows import an_entry
from tests.proxy.rows import a_grant, a_key, an_exchange

KEY = "0af1c2/plain-upstream-key"
JSON = b"application/json"


class Nobody:
    """A client of whom only the head is asked."""

    def __init__(self, head: RequestHead) -> None:
        self.head = head


async def _exchange(head: RequestHead) -> Exchange:
    """An exchange is of a task."""
    return an_exchange(head)


def line(
    body: bytes,
    *fields: tuple[bytes, bytes],
    bound: int = 100,
    form: Any = "json",
    pieces: int = 1,
    answer: bytes = b"",
) -> str:
    """The log line of a request with this body."""
    head = RequestHead(
        "POST", b"/v1/x", "1.1", HeaderLines.of(list(fields)), len(body), "127.0.0.1"
    )
    exchange = asyncio.run(_exchange(head))
    exchange.grant = a_grant(keys=(a_key(secret=KEY),))
    copies = BodyCopies(cast(Any, Nobody(head)), bound + MARGIN)
    copies.response_head = ResponseHead(200, b"OK", [(b"content-type", JSON)], None)
    step = max(1, len(body) // pieces)
    for start in range(0, len(body), step):
        copies.request.take(body[start : start + step])
    copies.response.take(answer)
    return BodyLines(form, bound, ("metrics-secret",)).of(exchange, copies)


def shown(body: bytes, kind: bytes = JSON, **more: Any) -> str:
    """The request body as the log has it."""
    return str(json.loads(line(body, (b"Content-Type", kind), **more))["request_body"])


def test_a_copy_ends_where_its_room_does() -> None:
    copy = Copy(5)
    for piece in (b"abc", b"", b"def", b"g"):
        copy.take(piece)

    assert (bytes(copy.content), copy.size, copy.whole) == (b"abcde", 7, False)


def test_a_line_names_its_request_and_the_sizes() -> None:
    said = json.loads(line(b'{"a": 1}', (b"content-type", JSON), answer=b"[]"))

    assert said["request_id"]
    assert (said["level"], said["message"]) == ("DEBUG", "bodies")
    assert (said["request_body"], said["request_body_bytes"]) == ('{"a": 1}', 8)
    assert (said["response_body"], said["response_body_bytes"]) == ("[]", 2)
    assert line(b"") == ""


@pytest.mark.parametrize("length", range(95, 104))
def test_a_body_is_cut_between_characters(length: int) -> None:
    body = ("x" * (length % 3) + "語" * length).encode()

    said = shown(body)

    assert said.encode() == body[: len(said.encode())]
    assert 97 < len(said.encode()) <= 100
    assert shown(body * 1000) == said


@pytest.mark.parametrize("begins", [*range(60, 100, 3), 99, 100])
@pytest.mark.parametrize("secret", [KEY, "llmp_" + "a1" * 23, "metrics-secret"])
def test_a_secret_is_not_cut_in_two(begins: int, secret: str) -> None:
    body = b"x" * (begins - 1) + b" " + secret.encode() + b" " + b"y" * 30_000

    said = shown(body, pieces=7)

    assert said[:begins] == "x" * (begins - 1) + " "
    assert ("[redacted] " + "y" * 40).startswith(said[begins:])


def test_escapes_do_not_bring_the_end_of_the_copy_near() -> None:
    # 15,000 bytes are 2,500 characters, and the copy ends five bytes into the key.
    bound = 16_000
    body = b"\\u0061" * 2500 + b" " * (bound + MARGIN - 15_005) + KEY.encode()

    said = shown(body, bound=bound)

    assert said.startswith("a" * 2500 + " ")
    assert KEY[0] not in said


def test_text_that_looks_odd_is_shown() -> None:
    assert shown(rb'{"a": "\ud800 \u0000"}') == r'{"a": "\ud800 \u0000"}'
    assert shown(b'{"a": "\xf0\x9f\x99\x82"}', b"") == '{"a": "🙂"}'


@pytest.mark.parametrize(
    ("body", "kind", "instead"),
    [
        (b"\x89PNG\r\n\x1a\n", b"image/png", "(image/png)"),
        (b"\xff{}", JSON, "(application/json)"),
        (b"\xed\xa0\x80 lone", b"text/plain", "(text/plain)"),
        ("sk-utf-16-secret".encode("utf-16-le"), b"text/plain", "(text/plain)"),
        (b"ab\x00", b"", "(of no type)"),
        (b"\x00", b"text/llmp_abc", "(text/[redacted])"),
        (b"nothing of a form", b"multipart/form-data; boundary=x", "(multipart/form-data)"),
    ],
)
def test_what_is_no_text_is_named(body: bytes, kind: bytes, instead: str) -> None:
    assert shown(body, kind) == instead


def test_what_is_compressed_is_named() -> None:
    fields = ((b"content-type", JSON), (b"Content-Encoding", b"GZIP"))

    said = json.loads(line(gzip.compress(b"{}"), *fields))

    assert said["request_body"] == "(gzip of application/json)"


def test_a_form_is_its_fields() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="private.mp3"\r\n\r\n'
        b"\x00\x01\x02\r\n--b--\r\n"
    )

    assert shown(body, b"multipart/form-data; boundary=b") == "(form: model 9 bytes, file 3 bytes)"
    assert shown(body * 400, b"multipart/form-data; boundary=b") == "(multipart/form-data)"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_body_is_one_line_and_steers_no_terminal(form: Any) -> None:
    body = '{"a": "\u2028\x9b2J\u202e"}\n2026-11-23 INFO forged'.encode()

    said = line(body, (b"content-type", JSON), form=form)

    assert said.endswith("\n")
    assert said[:-1].isprintable()
    if form == "json":
        assert json.loads(said)["request_body"] == body.decode()


async def test_where_requests_come_too_fast_the_oldest_go_without() -> None:
    stream = io.StringIO()
    lines = RequestLines(stream, "json", 1.0, BodyLines("json", 100, ()))
    head = RequestHead(
        "POST", b"/v1/x", "1.1", HeaderLines.of([(b"content-type", JSON)]), 2, "127.0.0.1"
    )
    exchanges = [an_exchange(head) for _ in range(WAITING_MAX + 2)]
    for exchange in exchanges:
        exchange.copies = BodyCopies(cast(Any, Nobody(head)), MARGIN)
        exchange.copies.request.take(b"{}")
        lines.note(exchange)
    lines.write([an_entry(id=exchange.id) for exchange in exchanges], ())
    written = len(stream.getvalue())

    while lines.write_bodies():
        pass

    said = [json.loads(one) for one in stream.getvalue()[written:].splitlines()]
    assert [one["request_id"] for one in said] == [str(one.id) for one in exchanges[2:]]
