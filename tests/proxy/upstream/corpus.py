"""Responses as an upstream may send them: those that are refused, and those that are not.

Each stands for itself, in bytes; the tests feed them whole, cut at every byte, and over sockets.
"""

from dataclasses import dataclass

from proxy.headers import RawHeaders
from proxy.upstream.response import HEAD_MAX_BYTES, INTERIM_MAX

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SECOND = OK + b"Content-Length: 4\r\n\r\nevil"

MALFORMED: dict[str, bytes] = {
    # Status line
    "no-http": b"ICY 200 OK\r\n\r\n",
    "lower-case-http": b"http/1.1 200 OK\r\n\r\n",
    "html": b"<html>502 Bad Gateway</html>\r\n\r\n",
    "http-0.9-version": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "http-1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "http-2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version-without-minor": b"HTTP/1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two-spaces": b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    "tab-for-space": b"HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n",
    "status-000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status-0": b"HTTP/1.1 0 OK\r\nContent-Length: 0\r\n\r\n",
    "status-99": b"HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n",
    "status-099": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "status-1000": b"HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n",
    "status-negative": b"HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
    "status-not-a-number": b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "status-glued-to-reason": b"HTTP/1.1 200OK\r\nContent-Length: 0\r\n\r\n",
    "nul-in-reason": b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    "control-in-reason": b"HTTP/1.1 200 O\x1bK\r\nContent-Length: 0\r\n\r\n",
    "del-in-reason": b"HTTP/1.1 200 O\x7fK\r\nContent-Length: 0\r\n\r\n",
    "bare-cr-in-reason": b"HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n",
    "bare-lf-after-status": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw",
    "101-without-upgrade": b"HTTP/1.1 101 Switching\r\n\r\n" + SECOND,
    # Header lines
    "no-colon": OK + b"Nothing\r\nContent-Length: 0\r\n\r\n",
    "empty-name": OK + b": x\r\nContent-Length: 0\r\n\r\n",
    "space-before-colon": OK + b"Content-Length : 0\r\n\r\n",
    "space-in-name": OK + b"X Y: z\r\nContent-Length: 0\r\n\r\n",
    "non-ascii-name": OK + b"X\xe9: z\r\nContent-Length: 0\r\n\r\n",
    "space-before-first-line": OK + b" X: y\r\nContent-Length: 0\r\n\r\n",
    "obs-fold": OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "obs-fold-tab": OK + b"X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n",
    "nul-in-name": OK + b"X\0: a\r\nContent-Length: 0\r\n\r\n",
    "nul-in-value": OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "control-in-value": OK + b"X: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "bare-cr-in-value": OK + b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
    "bare-lf-after-value": OK + b"X: a\nContent-Length: 0\r\n\r\n",
    "bare-lf-ends-head": OK + b"Content-Length: 0\r\n\n",
    "bare-cr-ends-head": OK + b"Content-Length: 0\r\n\rX",
    # Content-Length
    "length-empty": OK + b"Content-Length:\r\n\r\n",
    "length-negative": OK + b"Content-Length: -2\r\n\r\nok",
    "length-plus": OK + b"Content-Length: +2\r\n\r\nok",
    "length-hexadecimal": OK + b"Content-Length: 0x2\r\n\r\nok",
    "length-fraction": OK + b"Content-Length: 2.0\r\n\r\nok",
    "length-word": OK + b"Content-Length: two\r\n\r\nok",
    "length-with-space": OK + b"Content-Length: 2 2\r\n\r\nok",
    "length-huge": OK + b"Content-Length: 99999999999999999999999\r\n\r\nok",
    "length-beyond-us": OK + b"Content-Length: 9223372036854775807\r\n\r\nok",
    "length-list": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "two-lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\noks",
    "two-equal-lengths": OK + b"Content-Length: 2\r\ncontent-length: 2\r\n\r\nok",
    "length-after-coding": CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "length-before-coding": OK
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Transfer-Encoding
    "coding-gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nx",
    "coding-identity": OK + b"Transfer-Encoding: identity\r\n\r\nx",
    "coding-gzip-chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding-chunked-twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "coding-chunked-identity": OK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding-xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding-empty": OK + b"Transfer-Encoding:\r\n\r\nx",
    "coding-parameter": OK + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "two-codings": CHUNKED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding-in-http-1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Chunks
    "chunk-size-0x": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "chunk-size-plus": CHUNKED + b"+2\r\nok\r\n0\r\n\r\n",
    "chunk-size-negative": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "chunk-size-space-before": CHUNKED + b" 2\r\nok\r\n0\r\n\r\n",
    "chunk-size-space-after": CHUNKED + b"2 \r\nok\r\n0\r\n\r\n",
    "chunk-size-missing": CHUNKED + b"\r\nok\r\n0\r\n\r\n",
    "chunk-size-word": CHUNKED + b"two\r\nok\r\n0\r\n\r\n",
    "chunk-size-overflow": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nok",
    "chunk-size-bare-lf": CHUNKED + b"2\nok\r\n0\r\n\r\n",
    "chunk-size-two-cr": CHUNKED + b"2\r\r\nok\r\n0\r\n\r\n",
    "chunk-extension-nul": CHUNKED + b"2;\0\r\nok\r\n0\r\n\r\n",
    "chunk-extension-bare-lf": CHUNKED + b"2;a\nb\r\nok\r\n0\r\n\r\n",
    "chunk-longer-than-size": CHUNKED + b"2\r\noks\r\n0\r\n\r\n",
    "chunk-end-bare-lf": CHUNKED + b"2\r\nok\n0\r\n\r\n",
    "chunk-end-missing": CHUNKED + b"2\r\nok0\r\n\r\n",
    "chunk-end-wrong": CHUNKED + b"2\r\nokXX0\r\n\r\n",
    "last-chunk-bare-lf": CHUNKED + b"0\r\n\n",
    "trailer-no-colon": CHUNKED + b"0\r\nNothing\r\n\r\n",
    "trailer-space-before-colon": CHUNKED + b"0\r\nX : y\r\n\r\n",
    "trailer-obs-fold": CHUNKED + b"0\r\nX: y\r\n z\r\n\r\n",
    "trailer-length": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
    # Interim responses
    "interim-with-length": b"HTTP/1.1 103 Early\r\nContent-Length: 4\r\n\r\n" + SECOND,
    "interim-with-coding": b"HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n" + SECOND,
    "interim-without-end": b"HTTP/1.1 103 Early\r\n\r\n" * (INTERIM_MAX + 1),
    # A body where none can be, and more than the response
    "204-with-length": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    "204-with-coding": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "204-with-body": b"HTTP/1.1 204 No Content\r\n\r\nok",
    "304-with-body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
    "longer-than-length": OK + b"Content-Length: 2\r\n\r\noks",
    "longer-than-length-and-closing": OK + b"Content-Length: 2\r\nConnection: close\r\n\r\noks",
    "second-response": OK + b"Content-Length: 2\r\n\r\nok" + SECOND,
    "second-response-after-chunks": CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + SECOND,
    "one-byte-more": CHUNKED + b"2\r\nok\r\n0\r\n\r\nH",
}

#: As above, in answer to a HEAD request.
MALFORMED_TO_HEAD: dict[str, bytes] = {
    "head-with-body": OK + b"Content-Length: 2\r\n\r\nok",
    "head-with-body-without-length": OK + b"\r\nok",
    "head-with-chunk": CHUNKED + b"2\r\nok\r\n0\r\n\r\n",
    "head-with-second-response": OK + b"Content-Length: 0\r\n\r\n" + SECOND,
}

#: What never ends and would fill the memory: a beginning, and what is repeated behind it.
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "reason": (b"HTTP/1.1 200 ", b"x" * 4096),
    "empty-lines": (b"", b"\r\n" * 2048),
    "one-header": (OK + b"X: ", b"x" * 4096),
    "one-header-name": (OK, b"x" * 4096),
    "headers": (OK, b"X-Number: 1\r\n" * 300),
    "one-trailer": (CHUNKED + b"2\r\nok\r\n0\r\nX: ", b"x" * 4096),
    "trailers": (CHUNKED + b"0\r\n", b"X-Number: 1\r\n" * 300),
    "zeros-of-a-chunk-size": (CHUNKED, b"0" * 4096),
    "chunk-extension": (CHUNKED + b"2;", b"x" * 4096),
}
ENDLESS_FEEDS = HEAD_MAX_BYTES // 3900 + 2

#: Responses that end too soon, wherever they are cut.
CUT_SHORT: dict[str, bytes] = {
    "nothing": b"",
    "in-status-line": b"HTTP/1.1 20",
    "in-head": OK + b"Content-Len",
    "after-interim": b"HTTP/1.1 103 Early\r\n\r\n",
    "before-body": OK + b"Content-Length: 2\r\n\r\n",
    "in-body": OK + b"Content-Length: 2\r\n\r\no",
    "in-chunk-size": CHUNKED + b"2",
    "in-chunk": CHUNKED + b"2\r\no",
    "after-chunk": CHUNKED + b"2\r\nok\r\n",
    "before-last-chunk-ends": CHUNKED + b"2\r\nok\r\n0\r\n",
    "in-trailers": CHUNKED + b"2\r\nok\r\n0\r\nX: y",
    "after-a-trailer": CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\n",
}


@dataclass(frozen=True, slots=True)
class Good:
    """A response that is fine, and what is to be read out of it."""

    wire: bytes
    body: bytes = b""
    status: int = 200
    reason: bytes = b"OK"
    headers: RawHeaders | None = None
    trailers: RawHeaders | None = None
    interim: tuple[int, ...] = ()
    reusable: bool = True
    ends_by_closing: bool = False
    method: str = "GET"


GOOD: dict[str, Good] = {
    "length": Good(OK + b"Content-Length: 2\r\n\r\nok", b"ok", headers=[(b"Content-Length", b"2")]),
    "length-zero": Good(OK + b"Content-Length: 0\r\n\r\n"),
    "length-with-space-behind": Good(OK + b"Content-Length:  2 \r\n\r\nok", b"ok"),
    "length-with-zeros": Good(OK + b"Content-Length: 0002\r\n\r\nok", b"ok"),
    "chunks": Good(CHUNKED + b"1\r\no\r\n001\r\nk\r\n0\r\n\r\n", b"ok"),
    "chunk-extensions": Good(CHUNKED + b'2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n', b"ok"),
    "coding-in-capitals": Good(
        OK + b"TRANSFER-ENCODING: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok"
    ),
    "trailers": Good(
        CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: abc\r\nX-Empty:\r\nX-Sum: d\r\n\r\n",
        b"ok",
        trailers=[(b"X-Sum", b"abc"), (b"X-Empty", b""), (b"X-Sum", b"d")],
    ),
    "until-close": Good(OK + b"\r\nok", b"ok", reusable=False, ends_by_closing=True),
    "until-close-empty": Good(OK + b"\r\n", reusable=False, ends_by_closing=True),
    "http-1.0": Good(b"HTTP/1.0 200 OK\r\n\r\nok", b"ok", reusable=False, ends_by_closing=True),
    "http-1.0-with-length": Good(
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", reusable=False
    ),
    "http-1.0-kept-alive": Good(
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", b"ok"
    ),
    "connection-close": Good(
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", b"ok", reusable=False
    ),
    "connection-close-among-others": Good(
        OK + b"Connection: x-a, Close\r\nContent-Length: 2\r\n\r\nok", b"ok", reusable=False
    ),
    "headers-as-they-are": Good(
        OK + b"x-B: 2\r\nX-a:1\r\nx-b:  \xe9\t \r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
        headers=[
            (b"x-B", b"2"), (b"X-a", b"1"), (b"x-b", b"\xe9\t "), (b"X-Empty", b""),
            (b"Content-Length", b"0"),
        ],
    ),
    "no-reason": Good(b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", reason=b""),
    "no-reason-nor-space": Good(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", reason=b""),
    "another-reason": Good(
        b"HTTP/1.1 299 All \xe9 well\r\nContent-Length: 0\r\n\r\n",
        status=299,
        reason=b"All \xe9 well",
    ),
    "status-999": Good(b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", status=999, reason=b"X"),
    "204": Good(b"HTTP/1.1 204 No Content\r\n\r\n", status=204, reason=b"No Content"),
    "204-with-length-zero": Good(
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", status=204, reason=b"No Content"
    ),
    "304-with-length": Good(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        status=304,
        reason=b"Not Modified",
    ),
    "304-with-coding": Good(
        b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
        status=304,
        reason=b"Not Modified",
        reusable=False,
    ),
    "head-with-length": Good(OK + b"Content-Length: 9\r\n\r\n", method="HEAD"),
    "head-with-coding": Good(CHUNKED, method="HEAD", reusable=False),
    "head-without-length": Good(OK + b"\r\n", method="HEAD", reusable=False),
    "interim": Good(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + OK + b"Content-Length: 2\r\n\r\nok",
        b"ok",
        headers=[(b"Content-Length", b"2")],
        interim=(100, 103),
    ),
    "upgrade-offered": Good(
        OK + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok", b"ok"
    ),
}  # fmt: skip
