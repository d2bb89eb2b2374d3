"""HTTP/1.1 request framing, sans-io: bytes in, a parsed head or body pieces out, never an await.

The grammar is RFC 9112's and is matched as a whitelist: whatever the expressions below do not
describe is refused, and a refused connection is closed, so that no byte of it can be read as a
second request. Two readings of one message are how requests are smuggled; there is only one here.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final, NamedTuple
from urllib.parse import unquote_to_bytes

HEAD_MAX_BYTES: Final = 32 * 1024
MAX_FIELDS: Final = 200
CHUNK_LINE_MAX_BYTES: Final = 1024
TRAILERS_MAX_BYTES: Final = 16 * 1024

Fields = list[tuple[bytes, bytes]]

# Repetitions are possessive (`++`), and a search starts only where a line does: an expression that
# tries a hostile line in more than one way takes seconds for what a client sends in one packet.
_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_REQUEST_LINE: Final = re.compile(rb"(" + _TOKEN + rb") (/[\x21-\x7e]*+|\*) HTTP/1\.([01])\r\n")
# Every octet a value may hold: no CR, LF or NUL; obs-text is allowed and passed on.
_FIELD: Final = re.compile(rb"^(" + _TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*+)\r\n", re.MULTILINE)
_STARTS_LIKE_A_METHOD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}+")
_QUOTED: Final = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
_CHUNK_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15}+)"
    rb"(?:[ \t]*+;[ \t]*+%(token)b(?:[ \t]*+=[ \t]*+(?:%(token)b|%(quoted)b))?+)*+\r\n"
    % {b"token": _TOKEN, b"quoted": _QUOTED}
)
_HOST: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*+")
# An empty segment, or `.` or `..` in any mixture of encoded dots, also between encoded slashes, in
# front of a `;` (`..;x` is `..` to some) and with spaces or control characters beside the dots,
# which some trim: a hop behind us would resolve it, and the allowlist is matched against the path
# as it stands.
_TRIMMED: Final = rb"(?:[\x00-\x20\x7f]|%(?:[01][0-9A-Fa-f]|20|7[fF]))*+"
_ESCAPING_SEGMENT: Final = re.compile(
    rb"(?:/|%2[fF])(?:"
    + _TRIMMED
    + rb"(?:(?:\.|%2[eE])"
    + _TRIMMED
    + rb"){1,2}+(?:[/;?#]|%2[fF]|%3[bBfF]|%23|\Z)|/|%2[fF])"
)
#: How often a path may be encoded over; a hop behind us may decode it as often.
_DECODED_MAX: Final = 3


#: What nearly every target is: nothing in it can be read in two ways.
_PLAIN_PATH: Final = re.compile(rb"(?:/[0-9A-Za-z_-][0-9A-Za-z_.-]*+)++")


class FramingError(Exception):
    """The message is malformed or ambiguous: answer `status` and close."""

    status: ClassVar[bytes] = b"400 Bad Request"
    code: ClassVar[str] = "invalid_request"
    headers: ClassVar[Fields | None] = None
    """Field lines of the answer, in place of the advice not to try again."""


class HeadTimeout(FramingError):
    """The head did not arrive within its deadline; another try may be faster."""

    status = b"408 Request Timeout"
    code = "request_timeout"
    headers: ClassVar[Fields | None] = []


class UpgradeRequired(FramingError):
    """The client asks for WebSocket, which is not spoken here: SDKs then do without at once."""

    status = b"426 Upgrade Required"
    code = "upgrade_required"
    headers: ClassVar[Fields | None] = [
        (b"x-should-retry", b"false"),
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade, close"),
    ]


class ParsedHead(NamedTuple):
    """A request head. `content_length` is None when the body is chunked.

    `hops` is how many proxies like this one it has passed, as the last of them says.
    """

    method: str
    target: bytes
    minor_version: int
    fields: Fields
    content_length: int | None
    expects_continue: bool
    keep_alive: bool
    hops: int = 0


def parse_head(buffer: bytearray) -> tuple[ParsedHead, int] | None:
    """The head at the front of `buffer` and how many bytes it took; None if it is incomplete."""
    # RFC 9112 2.2: one empty line before the request line is to be ignored.
    start = 2 if buffer.startswith(b"\r\n") else 0
    end = buffer.find(b"\r\n\r\n", start)
    if end == -1:
        _refuse_hopeless(buffer, start)
        return None
    if end > HEAD_MAX_BYTES:
        raise FramingError("The request head is larger than 32 KiB.")
    line = _REQUEST_LINE.match(buffer, start)
    if line is None:
        raise FramingError("The request line is malformed.")
    method, target, minor = line.groups()
    if target == b"*" and method != b"OPTIONS":
        raise FramingError("The request target * is for OPTIONS only.")
    check_path(target)
    fields = parse_fields(bytes(buffer[line.end() : end + 2]))
    return _frame(method.decode("ascii"), target, int(minor), fields), end + 4


def parse_fields(block: bytes) -> Fields:
    """Field lines, each ended by CRLF. Raises FramingError unless every byte is accounted for."""
    fields = []
    matched = 0
    for name, value in _FIELD.findall(block):
        matched += len(name) + len(value) + 3
        fields.append((name, value.strip(b" \t")))
    if matched != len(block):
        raise FramingError("A header line is malformed.")
    if len(fields) > MAX_FIELDS:
        raise FramingError("There are more than 200 header lines.")
    return fields


def check_path(target: bytes) -> None:
    """Raise FramingError where a hop behind us might read another path than we do."""
    if _PLAIN_PATH.fullmatch(target):
        return
    path = target.partition(b"?")[0]
    if b"#" in target:
        raise FramingError("The request target has a fragment.")
    for _ in range(1 + _DECODED_MAX):
        if b"\\" in path or b"%5c" in path.lower():
            raise FramingError("The path has a backslash.")
        if _ESCAPING_SEGMENT.search(path):
            raise FramingError("The path has an empty or a dot segment.")
        encoded, path = path, unquote_to_bytes(path)
        if path == encoded:
            return
    raise FramingError("The path is percent-encoded over and over.")


def _refuse_hopeless(buffer: bytearray, start: int) -> None:
    """Refuse at once what no further byte can mend, rather than wait for a deadline."""
    if len(buffer) > HEAD_MAX_BYTES:
        raise FramingError("The request head is larger than 32 KiB.")
    # A lone CR may be the first half of the empty line that is ignored.
    begun = len(buffer) > start and buffer != b"\r"
    if begun and not _STARTS_LIKE_A_METHOD.match(buffer, start):
        raise FramingError("The request line is malformed.")
    if _has_bare_lf(buffer):
        raise FramingError("A line ends with LF rather than CRLF.")


def _has_bare_lf(buffer: bytearray) -> bool:
    return buffer.count(b"\n") != buffer.count(b"\r\n")


def _frame(method: str, target: bytes, minor: int, fields: Fields) -> ParsedHead:
    """Decide where the body ends, and refuse a head that leaves any doubt (RFC 9112 6.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        lowered = name.lower()
        if lowered not in _DECISIVE:
            continue
        if lowered not in found:
            found[lowered] = value
        elif lowered in _SINGLE:
            raise FramingError(f"There is more than one {name.decode('ascii')}.")
        else:
            found[lowered] += b"," + value
    _check_host(found.get(b"host"), minor, target)
    content_length = _body_length(
        found.get(b"content-length"), found.get(b"transfer-encoding"), minor
    )
    expectation = found.get(b"expect")
    if expectation is not None and expectation.lower() != b"100-continue":
        raise FramingError("The expectation is not 100-continue.")
    if minor == 1 and b"upgrade" in found:
        _refuse_websocket(found[b"upgrade"])
    return ParsedHead(
        method,
        target,
        minor,
        fields,
        content_length,
        # RFC 9110 10.1.1: ignored over HTTP/1.0, and pointless without a body.
        expectation is not None and minor == 1 and content_length != 0,
        _persists(found.get(b"connection"), minor),
        _hops(found.get(b"x-llm-proxy-hops")),
    )


def _refuse_websocket(protocols: bytes) -> None:
    """Any other upgrade is ignored, as RFC 9110 7.8 allows, and the request is served."""
    if b"websocket" not in protocols.lower():
        return
    names = (name.partition(b"/")[0].strip(b" \t") for name in protocols.lower().split(b","))
    if b"websocket" in names:
        raise UpgradeRequired("WebSocket is not served here. Send the request over plain HTTP.")


def _hops(value: bytes | None) -> int:
    """The number that a proxy like this one has set; a client's own text counts for nothing."""
    if value is None:
        return 0
    return max(int(part) if _HOPS.fullmatch(part) else 0 for part in value.split(b","))


_SINGLE: Final = frozenset(
    (b"authorization", b"content-length", b"expect", b"host", b"transfer-encoding")
)
_DECISIVE: Final = _SINGLE | {b"connection", b"upgrade", b"x-llm-proxy-hops"}
_HOPS: Final = re.compile(rb"[ \t]*+[0-9]{1,9}[ \t]*+")
_WITHOUT_HOST: Final = (b"/", b"/health", b"/ready", b"/metrics")


def _check_host(host: bytes | None, minor: int, target: bytes) -> None:
    if host is None:
        if minor == 1 or target.partition(b"?")[0] not in _WITHOUT_HOST:
            raise FramingError("There is no Host.")
    elif not _HOST.fullmatch(host):
        raise FramingError("The Host is malformed.")


def _body_length(length: bytes | None, codings: bytes | None, minor: int) -> int | None:
    if codings is not None:
        if length is not None:
            raise FramingError("There are both Content-Length and Transfer-Encoding.")
        if minor == 0:
            raise FramingError("HTTP/1.0 has no Transfer-Encoding.")
        if codings.lower() != b"chunked":
            raise FramingError("The transfer coding is not chunked.")
        return None
    if length is None:
        return 0
    if not _DIGITS.fullmatch(length):
        raise FramingError("The Content-Length is malformed.")
    return int(length)


def _persists(connection: bytes | None, minor: int) -> bool:
    """Whether the connection may serve another request (RFC 9112 9.3); `close` wins."""
    if connection is None:
        return minor == 1
    options = {option.strip(b" \t") for option in connection.lower().split(b",")}
    return b"close" not in options and (minor == 1 or b"keep-alive" in options)


class ChunkedBody:
    """Takes a chunked body apart (RFC 9112 7.1), cut at any byte.

    `trailers` are there once `ended` is true.
    """

    __slots__ = ("_left", "_state", "ended", "trailers")

    def __init__(self) -> None:
        self._state = "size"
        self._left = 0
        self.ended = False
        self.trailers: Fields = []

    def take(self, buffer: bytearray) -> bytes:
        """Remove and return the next piece of data; b"" when more input is needed or at the end."""
        while not self.ended:
            if self._state == "size":
                if not self._read_size(buffer):
                    return b""
            elif self._state == "data":
                piece = bytes(buffer[: self._left])
                if piece:
                    del buffer[: len(piece)]
                    self._left -= len(piece)
                    if not self._left:
                        self._state = "terminator"
                return piece
            elif self._state == "terminator":
                if not self._read_terminator(buffer):
                    return b""
            elif not self._read_trailers(buffer):
                return b""
        return b""

    def _read_size(self, buffer: bytearray) -> bool:
        end = buffer.find(b"\n", 0, CHUNK_LINE_MAX_BYTES)
        if end == -1:
            if len(buffer) >= CHUNK_LINE_MAX_BYTES:
                raise FramingError("A chunk's size line is too long.")
            return False
        line = _CHUNK_LINE.fullmatch(buffer, 0, end + 1)
        if line is None:
            raise FramingError("A chunk's size is malformed.")
        self._left = int(line[1], 16)
        del buffer[: end + 1]
        self._state = "data" if self._left else "trailers"
        return True

    def _read_terminator(self, buffer: bytearray) -> bool:
        if not b"\r\n".startswith(bytes(buffer[:2])):
            raise FramingError("A chunk's data is not followed by CRLF.")
        if len(buffer) < 2:
            return False
        del buffer[:2]
        self._state = "size"
        return True

    def _read_trailers(self, buffer: bytearray) -> bool:
        if buffer.startswith(b"\r\n"):
            del buffer[:2]
        else:
            end = buffer.find(b"\r\n\r\n", 0, TRAILERS_MAX_BYTES)
            if end == -1:
                if len(buffer) >= TRAILERS_MAX_BYTES or _has_bare_lf(buffer):
                    raise FramingError("The trailers are malformed or too long.")
                return False
            self.trailers = parse_fields(bytes(buffer[: end + 2]))
            del buffer[: end + 4]
        self.ended = True
        return True
