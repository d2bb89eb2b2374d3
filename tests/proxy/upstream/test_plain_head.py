"""The usual response is read past the parser, and in no other way than the parser would."""

import pytest

from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.plain_head import plain_head
from proxy.upstream.response import ResponseReader

FIELDS = (
    b"Date: Sat, 28 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
    b"X-Obs: \xe4\tb\r\nSet-Cookie: a=b\r\n"
)
USUAL = b"HTTP/1.1 200 OK\r\n" + FIELDS + b"Content-Length: 5\r\n\r\n"
PLAIN = {
    "usual": USUAL,
    "kept alive": USUAL.replace(b"Date:", b"Connection: keep-alive\r\nDate:"),
    "of an error": USUAL.replace(b"200 OK", b"429 Too Many Requests"),
    "with a reason of 51 letters": USUAL.replace(b"OK", b"O" * 51),
    "of a proxy that sets no date": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
}
ODD = {
    "HTTP/1.0": USUAL.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
    "interim with a length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n",
    "without a body": b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "without fields": b"HTTP/1.1 200 OK\r\n\r\n",
    "without a length": b"HTTP/1.1 200 OK\r\nDate: now\r\n\r\n",
    "chunked": USUAL.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunked with a length": USUAL.replace(b"Date:", b"Transfer-Encoding: chunked\r\nDate:"),
    "of two lengths": USUAL.replace(b"Date:", b"Content-Length: 5\r\nDate:"),
    "of a signed length": USUAL.replace(b": 5", b": +5"),
    "of a length that is none": USUAL.replace(b": 5", b": 5, 5"),
    "of an endless length": USUAL.replace(b": 5", b": " + b"9" * 19),
    "closed": USUAL.replace(b"Date:", b"Connection: close\r\nDate:"),
    "of two connections": USUAL.replace(b"Date:", b"Connection: keep-alive\r\n" * 2 + b"Date:"),
    "naming a field": USUAL.replace(b"Date:", b"Connection: date\r\nDate:"),
    "that says how long it idles": USUAL.replace(b"Date:", b"Keep-Alive: timeout=5\r\nDate:"),
    "upgraded": USUAL.replace(b"Date:", b"Upgrade: h2c\r\nDate:"),
    "of an old proxy": USUAL.replace(b"Date:", b"Proxy-Connection: close\r\nDate:"),
    "folded": USUAL.replace(b"\r\nContent-Type", b"\r\n folded\r\nContent-Type"),
    "with a space before the colon": USUAL.replace(b"Date:", b"Date :"),
    "with no space behind the colon": USUAL.replace(b"Date: ", b"Date:"),
    "with a space at a value's end": USUAL.replace(b"GMT", b"GMT "),
    "with a tab at a value's end": USUAL.replace(b"GMT", b"GMT\t"),
    "with an empty value": USUAL.replace(b"a=b", b""),
    "with a bare LF": USUAL.replace(b"GMT\r\n", b"GMT\n"),
    "with a bare CR": USUAL.replace(b"GMT", b"G\rMT"),
    "with a NUL": USUAL.replace(b"GMT", b"G\0MT"),
    "without a reason": USUAL.replace(b"200 OK", b"200"),
    "with an odd reason": USUAL.replace(b"OK", b"O\tK"),
    "with a longer reason": USUAL.replace(b"OK", b"O" * 52),
    "with too many fields": USUAL.replace(b"Date:", b"A: b\r\n" * 200 + b"Date:"),
    "cut": USUAL[:-2],
    "empty": b"",
}


def read(*pieces: bytes) -> object:
    """What a reader makes of a response in these pieces; None where it refuses it."""
    reader, body = ResponseReader(), b""
    reader.begin(head_only=False)
    try:
        for piece in pieces:
            reader.feed(piece)
            body += reader.take()
    except ProtocolViolation:
        return None
    return reader.heads, body, reader.complete, reader.keep_alive, reader.queued


def test_bytes_behind_a_usual_head_are_counted_until_they_are_taken() -> None:
    for behind in (b"", b"hel", b"hello"):
        reader = ResponseReader()
        reader.begin(head_only=False)
        reader.feed(USUAL + behind)
        assert (reader.queued, reader.complete) == (len(behind), behind == b"hello")
        assert reader.take() == behind
        assert reader.queued == 0


@pytest.mark.parametrize("head", PLAIN.values(), ids=PLAIN)
def test_a_usual_head_is_read_at_once(head: bytes) -> None:
    found = plain_head(head + b"hello")
    assert found is not None
    assert (found.length, found.end) == (5, len(head))


@pytest.mark.parametrize("head", ODD.values(), ids=ODD)
def test_any_other_is_the_parsers(head: bytes) -> None:
    assert plain_head(head + b"hello") is None


@pytest.mark.parametrize("head", [*PLAIN.values(), *ODD.values()], ids=[*PLAIN, *ODD])
@pytest.mark.parametrize("body", [b"", b"hel", b"hello", b"hello\r\n", b"hello!", b"hello\r\n!"])
def test_both_read_the_same(head: bytes, body: bytes) -> None:
    """Byte by byte only the parser reads a head."""
    message = head + body
    by_the_parser = read(*(message[at : at + 1] for at in range(len(message))))
    for cut in {len(message), len(head), len(head) + 2}:
        assert read(message[:cut], message[cut:]) == by_the_parser, cut


def test_an_answer_to_head_has_no_body_whatever_it_says() -> None:
    reader = ResponseReader()
    reader.begin(head_only=True)
    assert reader.feed(USUAL)


def test_a_response_that_is_not_over_ends_broken() -> None:
    reader = ResponseReader()
    reader.begin(head_only=False)
    assert not reader.feed(USUAL + b"hel")
    assert not reader.end()


def test_the_next_response_is_read_by_either() -> None:
    reader = ResponseReader()
    for message in (USUAL + b"hello", ODD["chunked"] + b"0\r\n\r\n", USUAL + b"again"):
        reader.begin(head_only=False)
        assert reader.feed(message)
        reader.take()
        assert reader.heads.pop().status == 200
        reader.reset()
