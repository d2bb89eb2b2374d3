"""The corpus: malformed messages that the front door refuses, and those it takes as they are meant.

Behind a malformed message comes inert text: what is tested is that we refuse the message and close,
not what another server would have read.

`$AUTH` and `$SECRET` stand for the line that presents a valid token and for the token itself.
"""

from __future__ import annotations

HOST = b"Host: proxy.example\r\n"
AUTH = b"$AUTH\r\n"
END = b"\r\n"
JSON = b"Content-Type: application/json\r\n"

GET = b"GET /v1/models HTTP/1.1\r\n" + HOST + AUTH + END
#: What follows a malformed message. It is no request, and nobody may look at it.
INERT = b"inert text behind it\r\n\r\n"
#: A body that looks like lines of a head.
LINES = b"a line\r\nand: another\r\n\r\n"
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}'


def line(request_line: bytes) -> bytes:
    """A request that is fine but for its first line."""
    return request_line + HOST + AUTH + END


def target(path: bytes) -> bytes:
    """A request that is fine but for its target."""
    return line(b"GET %b HTTP/1.1\r\n" % path)


def fields(*lines: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A POST with these field lines beside a good host and credential; line ends are theirs."""
    start = b"POST /v1/chat/completions HTTP/%b\r\n" % version
    return start + HOST + AUTH + JSON + b"".join(lines) + END + body


def chunked(body: bytes) -> bytes:
    """A POST with this chunked body."""
    return fields(b"Transfer-Encoding: chunked\r\n", body=body)


CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)

REFUSED: dict[str, bytes] = {
    # Request line
    "lower-case version": line(b"GET /v1/models http/1.1\r\n"),
    "HTTP/2.0": line(b"GET /v1/models HTTP/2.0\r\n"),
    "HTTP/1.2": line(b"GET /v1/models HTTP/1.2\r\n"),
    "HTTP/1.10": line(b"GET /v1/models HTTP/1.10\r\n"),
    "HTTP/0.9": line(b"GET /v1/models\r\n"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two spaces before the target": line(b"GET  /v1/models HTTP/1.1\r\n"),
    "two spaces before the version": line(b"GET /v1/models  HTTP/1.1\r\n"),
    "space behind the version": line(b"GET /v1/models HTTP/1.1 \r\n"),
    "space before the method": line(b" GET /v1/models HTTP/1.1\r\n"),
    "tabs for spaces": line(b"GET\t/v1/models\tHTTP/1.1\r\n"),
    "method that is no token": line(b"GE(T /v1/models HTTP/1.1\r\n"),
    "no method": line(b"/v1/models HTTP/1.1\r\n"),
    "request line ended by LF": line(b"GET /v1/models HTTP/1.1\n"),
    "request line ended by CR": line(b"GET /v1/models HTTP/1.1\r"),
    "NUL in the method": line(b"GE\0T /v1/models HTTP/1.1\r\n"),
    "two empty lines first": b"\r\n\r\n" + GET,
    "a bare LF first": b"\n" + GET,
    "TLS ClientHello": bytes.fromhex("160301006a010000660303") + bytes(95),
    "SSH banner": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "PROXY protocol": b"PROXY TCP4 10.0.0.1 10.0.0.2 1234 80\r\n" + GET,
    # Target
    "absolute form with user information": target(b"http://u@proxy.example/v1/models"),
    "absolute form without a host": target(b"http:///v1/models"),
    "absolute form of another scheme": target(b"ftp://proxy.example/v1/models"),
    "absolute form with dot segments": target(b"http://proxy.example/v1/../x"),
    "absolute form without a Host field": b"GET http://a/v1/models HTTP/1.1\r\n" + AUTH + END,
    "authority form": line(b"CONNECT api.openai.com:443 HTTP/1.1\r\n"),
    "asterisk form": target(b"*"),
    "relative target": target(b"v1/models"),
    "dot segments": target(b"/v1/../x"),
    "dot segments at the end": target(b"/v1/models/.."),
    "single dot": target(b"/v1/./models"),
    "encoded dots": target(b"/v1/%2e%2e/x"),
    "encoded dots in mixed case": target(b"/v1/.%2E/x"),
    "dots between encoded slashes": target(b"/v1/models/x%2f..%2f..%2fx"),
    "dots with a path parameter": target(b"/v1/models/..;x=1/y"),
    "empty segment": target(b"/v1//models"),
    "empty first segment": target(b"//v1/models"),
    "empty encoded segment": target(b"/v1/models/%2F"),
    "backslash": target(b"/v1\\..\\x"),
    "encoded backslash": target(b"/v1/models/..%5cx"),
    "fragment": target(b"/v1/models#x"),
    "space in the target": target(b"/v1/models/a b"),
    "bytes beyond ASCII": target("/v1/models/é".encode()),
    "control character in the target": target(b"/v1/models/\x7f"),
    # Field lines
    "space before the colon": fields(b"Content-Length : 0\r\n"),
    "Transfer-Encoding with a space before the colon": fields(
        b"Content-Length: 5\r\n", b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n"
    ),
    "tab before the colon": fields(b"X-A\t: 1\r\n"),
    "folded line": fields(b"X-A: 1\r\n", b" 2\r\n"),
    "folded Transfer-Encoding": fields(b"Transfer-Encoding:\r\n", b" chunked\r\n"),
    "first line folded": b"GET /v1/models HTTP/1.1\r\n X: 1\r\n" + HOST + AUTH + END,
    "line ended by LF": fields(b"X-A: 1\n"),
    "LF inside a value": fields(b"X-A: 1\ninert\r\n"),
    "CR in a value": fields(b"X-A: 1\rinert\r\n"),
    "NUL in a value": fields(b"X-A: 1\0\r\n"),
    "control character in a value": fields(b"X-A: 1\x01\r\n"),
    "name with a space": fields(b"X A: 1\r\n"),
    "name beyond ASCII": fields("X-É: 1\r\n".encode()),
    "empty name": fields(b": 1\r\n"),
    "line without a colon": fields(b"X-A\r\n"),
    "head of more than 32 KiB": fields(b"X-A: " + b"a" * 33_000 + b"\r\n"),
    "more than 200 fields": fields(*[b"X-%d: 1\r\n" % number for number in range(201)]),
    "missing Host": b"GET /v1/models HTTP/1.1\r\n" + AUTH + END,
    "missing Host over HTTP/1.0": b"GET /v1/models HTTP/1.0\r\n" + AUTH + END,
    "two Hosts": fields(b"Host: other.example\r\n"),
    "two equal Hosts": fields(HOST),
    "Host with a path": b"GET /v1/models HTTP/1.1\r\nHost: a/b\r\n" + AUTH + END,
    "Host with user information": b"GET /v1/models HTTP/1.1\r\nHost: u@a\r\n" + AUTH + END,
    "two Authorizations": fields(b"Authorization: Bearer other\r\n"),
    "two equal Authorizations": fields(AUTH),
    "expectation other than 100-continue": fields(b"Expect: 200-ok\r\n"),
    "expectation twice": fields(b"Expect: 100-continue\r\n" * 2),
    # Where the body ends
    "Content-Length with plus": fields(b"Content-Length: +5\r\n", body=b"hello"),
    "Content-Length with minus": fields(b"Content-Length: -5\r\n", body=b"hello"),
    "Content-Length with underscore": fields(b"Content-Length: 1_0\r\n", body=b"0123456789"),
    "Content-Length in hexadecimal": fields(b"Content-Length: 0x5\r\n", body=b"hello"),
    "Content-Length with a fraction": fields(b"Content-Length: 5.0\r\n", body=b"hello"),
    "Content-Length in digits of another script": fields("Content-Length: \u0665\r\n".encode()),
    "Content-Length in superscript": fields(b"Content-Length: \xb2\r\n", body=b"hi"),
    "empty Content-Length": fields(b"Content-Length:\r\n"),
    "Content-Length beyond any machine": fields(b"Content-Length: " + b"9" * 30 + b"\r\n"),
    "Content-Length as a list": fields(b"Content-Length: 5, 5\r\n", body=b"hello"),
    "two Content-Lengths": fields(
        b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", body=b"hello"
    ),
    "two equal Content-Lengths": fields(b"Content-Length: 5\r\n" * 2, body=b"hello"),
    "Content-Length and Transfer-Encoding": fields(
        b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", body=CHUNKED
    ),
    "Transfer-Encoding and Content-Length": fields(
        b"Transfer-Encoding: chunked\r\n", b"content-length: 5\r\n", body=CHUNKED
    ),
    "two Transfer-Encodings": fields(b"Transfer-Encoding: chunked\r\n" * 2, body=CHUNKED),
    "Transfer-Encoding identity": fields(b"Transfer-Encoding: identity\r\n"),
    "Transfer-Encoding gzip, chunked": fields(b"Transfer-Encoding: gzip, chunked\r\n"),
    "Transfer-Encoding chunked twice": fields(b"Transfer-Encoding: chunked, chunked\r\n"),
    "Transfer-Encoding chunked, identity": fields(b"Transfer-Encoding: chunked, identity\r\n"),
    "Transfer-Encoding xchunked": fields(b"Transfer-Encoding: xchunked\r\n", body=CHUNKED),
    "Transfer-Encoding quoted": fields(b'Transfer-Encoding: "chunked"\r\n', body=CHUNKED),
    "Transfer-Encoding with a parameter": fields(b"Transfer-Encoding: chunked;a=b\r\n"),
    "Transfer-Encoding with a vertical tab": fields(b"Transfer-Encoding: \x0bchunked\r\n"),
    "empty Transfer-Encoding": fields(b"Transfer-Encoding:\r\n"),
    "Transfer-Encoding over HTTP/1.0": fields(
        b"Transfer-Encoding: chunked\r\n", body=CHUNKED, version=b"1.0"
    ),
    # Chunks
    "chunk size with 0x": chunked(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "chunk size with a space before it": chunked(b" 3\r\nabc\r\n0\r\n\r\n"),
    "chunk size with a space behind it": chunked(b"3 \r\nabc\r\n0\r\n\r\n"),
    "negative chunk size": chunked(b"-1\r\nabc\r\n0\r\n\r\n"),
    "chunk size with plus": chunked(b"+3\r\nabc\r\n0\r\n\r\n"),
    "chunk size with underscore": chunked(b"0_3\r\nabc\r\n0\r\n\r\n"),
    "empty chunk size": chunked(b"\r\nabc\r\n0\r\n\r\n"),
    "chunk size beyond any machine": chunked(b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"),
    "chunk size ended by LF": chunked(b"3\nabc\r\n0\r\n\r\n"),
    "chunk data ended by nothing": chunked(b"3\r\nabc0\r\n\r\n"),
    "chunk data ended by LF": chunked(b"3\r\nabc\n0\r\n\r\n"),
    "chunk data longer than announced": chunked(b"3\r\nabcd\r\n0\r\n\r\n"),
    "chunk extension with a control character": chunked(b"3;a=\x01\r\nabc\r\n0\r\n\r\n"),
    "chunk extension without a name": chunked(b"3;=a\r\nabc\r\n0\r\n\r\n"),
    "endless chunk extension": chunked(b"3;" + b"a" * 2000),
    "last chunk ended by LF": chunked(b"3\r\nabc\r\n0\n\n"),
    "trailer without a colon": chunked(b"0\r\nX\r\n\r\n"),
    "trailer with a space before its colon": chunked(b"0\r\nX : 1\r\n\r\n"),
    "folded trailer": chunked(b"0\r\nX: 1\r\n 2\r\n\r\n"),
    "trailer ended by LF": chunked(b"0\r\nX: 1\n\r\n"),
    "text in place of a trailer": chunked(b"0\r\n" + INERT),
}

SERVED: dict[str, tuple[bytes, list[int]]] = {
    "an empty line first": (b"\r\n" + GET, [200]),
    "an empty line between two": (GET + b"\r\n" + GET, [200, 200]),
    "two pipelined": (GET + fields(b"Content-Length: 62\r\n", body=BODY) + GET, [200, 200, 200]),
    "chunked body": (chunked(CHUNKED) + GET, [200, 200]),
    "chunked body with extensions and trailers": (
        chunked(b'3E;a;b="c;d"\r\n' + BODY + b"\r\n00;x\r\nX-A: 1\r\n\r\n") + GET,
        [200, 200],
    ),
    "Transfer-Encoding in odd case": (
        fields(b"tRANSFER-eNCODING:  CHUNKED\t\r\n", body=CHUNKED) + GET,
        [200, 200],
    ),
    "lines inside a body": (
        fields(b"Content-Length: %d\r\n" % len(LINES), body=LINES) + GET,
        # The upstream's 400 for a body that is no JSON, and a body nonetheless.
        [400, 200],
    ),
    "lines inside a chunk": (
        chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(LINES), LINES)) + GET,
        [400, 200],
    ),
    "empty body": (fields(b"Content-Length: 0\r\n") + GET, [400, 200]),
    "upgrade to h2c is not taken up": (
        b"GET /v1/models HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n" + HOST + AUTH + END + GET,
        [200, 200],
    ),
    "HTTP/1.0 that asks to be kept": (
        b"GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n" + HOST + AUTH + END + GET,
        [200, 200],
    ),
    "200 fields": (
        b"GET /v1/models HTTP/1.1\r\n" + HOST + AUTH + b"X-A: 1\r\n" * 198 + END + GET,
        [200, 200],
    ),
    "IPv6 host": (b"GET /v1/models HTTP/1.1\r\nHost: [::1]:8080\r\n" + AUTH + END, [200]),
    "encoded slash in a model": (target(b"/v1/models/org%2Fname") + GET, [404, 200]),
    "a path off the list": (target(b"/v1/organization/users") + GET, [404, 200]),
    "the right token in another field": (
        b"GET /v1/models HTTP/1.1\r\nx-api-key: $SECRET\r\n" + HOST + END + GET,
        [200, 200],
    ),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\n" + HOST + END + GET, [200, 200]),
    "OPTIONS of the server in absolute form": (
        b"OPTIONS http://proxy.example HTTP/1.1\r\n" + HOST + END + GET,
        [200, 200],
    ),
    "absolute form": (target(b"http://proxy.example/v1/models") + GET, [200, 200]),
    "absolute form over https in odd case": (
        target(b"HTTPS://proxy.example:443/v1/models?limit=1") + GET,
        [200, 200],
    ),
    "absolute form of another path": (target(b"http://proxy.example/health"), [200]),
    "empty Host": (b"GET /v1/models HTTP/1.1\r\nHost:\r\n" + AUTH + END + GET, [200, 200]),
    "empty Host elsewhere": (b"GET /health HTTP/1.1\r\nHost:\r\n" + END + GET, [200, 200]),
    "empty last segment": (target(b"/v1/models/") + GET, [400, 200]),
    "encoded empty last segment": (target(b"/v1/models/a%2F") + GET, [400, 200]),
    "another tool's key beside the token": (
        b"GET /v1/models HTTP/1.1\r\nx-api-key: other\r\n" + HOST + AUTH + END + GET,
        [200, 200],
    ),
}

CLOSING: dict[str, bytes] = {
    "HTTP/1.1 with close": b"GET /v1/models HTTP/1.1\r\nConnection: close\r\n" + HOST + AUTH + END,
    "HTTP/1.1 with close among others": (
        b"GET /v1/models HTTP/1.1\r\nConnection: keep-alive\r\nConnection: x, Close\r\n"
        + HOST + AUTH + END
    ),
    "HTTP/1.0": b"GET /v1/models HTTP/1.0\r\n" + HOST + AUTH + END,
    "HTTP/1.0 with both": (
        b"GET /v1/models HTTP/1.0\r\nConnection: keep-alive, close\r\n" + HOST + AUTH + END
    ),
}  # fmt: skip
