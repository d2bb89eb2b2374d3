"""HTTP/1.1 request framing, sans-io: bytes in, a parsed head or body pieces out, never an await.

The grammar is RFC 9112's and is matched as a whitelist: whatever the expressions below do not
describe is refused, and a refused connection is closed, so that no byte of it can be read as a
second request. Two readings of one message are how requests are smuggled; there is only one here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from proxy import hops
from proxy.bounded_memo import PLACE_BYTES, BoundedMemo, Learning
from proxy.header_lines import (
    CHANGES,
    IS_NOTABLE,
    IS_ODD,
    NOTABLE,
    HeaderLines,
    Kind,
    Line,
    kind_of,
    line_of,
)
from proxy.headers import with_value
from server.http import alike
from server.http.faults import Fields, FramingError, refuse_websocket
from server.http.heads import HEAD_MAX_BYTES, PLAIN_LENGTH, ParsedHead, RequestLine
from server.http.paths import origin_form, path_fault

MAX_FIELDS: Final = 200

# Repetitions are possessive (`++`), and a search starts only where a line does: an expression that
# tries a hostile line in more than one way takes seconds for what a client sends in one packet.
#: What RFC 9110 5.6.2 calls a token.
TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_REQUEST_LINE: Final = re.compile(
    rb"(" + TOKEN + rb") ((?:[hH][tT][tT][pP][sS]?+://|/)[\x21-\x7e]*+|\*) HTTP/1\.([01])\r"
)
# Every octet a value may hold: no CR, LF or NUL; obs-text is allowed and passed on.
_ONE_FIELD: Final = rb"(" + TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*+)"
_LINE: Final = re.compile(_ONE_FIELD + rb"\r")
_FIELD: Final = re.compile(rb"^" + _ONE_FIELD + rb"\r\n", re.MULTILINE)
_IN_VALUES: Final = bytes((0x09, *range(0x20, 0x7F), *range(0x80, 0x100)))
_SPACE: Final = 0x20
_STARTS_LIKE_A_METHOD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}+")
_HOST: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*+")


#: Lines that came before, as read. Lines that may hold a secret are never among them.
_LINES: Final[BoundedMemo[Line]] = BoundedMemo(1024 * 1024, entry_max_bytes=2048)
_REQUEST_LINES: Final[BoundedMemo[RequestLine]] = BoundedMemo(256 * 1024, entry_max_bytes=1024)
_REQUEST_LINE_BYTES: Final = 4 * 56 + 88 + PLACE_BYTES
_KINDS: Final[BoundedMemo[Kind]] = BoundedMemo(256 * 1024, entry_max_bytes=512)
#: More lines are read as a whole, which costs less than line by line.
_LINES_MAX: Final = 64
#: So is one with more new lines, where such heads have used up what the others have earned them:
#: a new client's lines are to be remembered, but a flood of new lines must not cost more than that.
_NEW_LINES_MAX: Final = 6
_learning: Final = Learning(costs=128)


def forget() -> None:
    """Remember no line any more."""
    _LINES.clear()
    _KINDS.clear()
    _REQUEST_LINES.clear()
    alike.forget()
    _learning.forget()


_NO_LINES: Final[Mapping[bytes, Line]] = {}


def parse_head(
    buffer: bytes | bytearray, credentials: Mapping[bytes, Line] = _NO_LINES
) -> tuple[ParsedHead, int] | None:
    """The head at the front of `buffer` and how many bytes it took; None if it is incomplete.

    `credentials` are lines as read that hold secrets, remembered by whoever knows for how long.
    """
    # RFC 9112 2.2: one empty line before the request line is to be ignored.
    start = 2 if buffer.startswith(b"\r\n") else 0
    end = buffer.find(b"\r\n\r\n", start)
    if end == -1:
        _refuse_hopeless(buffer, start)
        return None
    if end > HEAD_MAX_BYTES:
        raise FramingError("The request head is larger than 32 KiB.")
    # Split at LF, which is quickest: each text is a line with its CR.
    texts = bytes(buffer[start : end + 1]).split(b"\n", _LINES_MAX + 1)
    text = texts.pop(0)
    line = _REQUEST_LINES.young.get(text) or _read_request_line(text)
    if len(texts) <= _LINES_MAX:
        read: list[Any] = list(map(_LINES.young.get, texts))
        # Not by `in`, `index` or `count`, which compare each line with None by calls.
        new = [place for place, known in enumerate(read) if known is None]
        if new and credentials and (known := credentials.get(texts[new[0]])) is not None:
            read[new.pop(0)] = known
        # The memo of likenesses is not asked about what cannot be in it.
        may_be_alike = _read_lines(texts, read, new) if new else True
        if may_be_alike is not None:
            return _frame_lines(line, read, (text, texts) if may_be_alike else None), end + 4
    fields = parse_fields(bytes(buffer[start + len(text) + 1 : end + 2]))
    return _frame(line, fields), end + 4


def _read_request_line(text: bytes) -> RequestLine:
    known = _REQUEST_LINES.recall(text)
    if known is not None:
        return known
    match = _REQUEST_LINE.fullmatch(text)
    if match is None:
        raise FramingError("The request line is malformed.")
    method, target, minor = match.groups()
    target, authority = origin_form(method, target)
    if authority is not None and not (authority and _HOST.fullmatch(authority)):
        raise FramingError("The host of the request target is malformed.")
    if target == b"*" and method != b"OPTIONS":
        raise FramingError("The request target * is for OPTIONS only.")
    check_path(target)
    path, query, _ = target.partition(b"?")
    size = _REQUEST_LINE_BYTES + 4 * len(text)
    plain = authority is None and minor == b"1"
    line = RequestLine(method.decode("ascii"), target, path, int(minor), size, authority, plain)
    if not query:
        # A query may hold anything, a secret too.
        _REQUEST_LINES.offer(text, line)
    return line


def _read_lines(texts: list[bytes], read: list[Line | None], new: list[int]) -> bool | None:
    """Fill the gaps of `read`, lines that have not come before, at the places `new`, where they are
    few; whether these are lines that change. None where there are too many."""
    may_learn = _learning.earn()
    if len(new) > _NEW_LINES_MAX:
        if not may_learn:
            return None
        _learning.spend()
    changing = CHANGES
    for place in new:
        line = read[place] = _read_line(texts[place])
        changing &= line.role
    return changing != 0


def _read_line(text: bytes) -> Line:
    name, _, value = text.partition(b":")
    kind = _KINDS.young.get(name)
    if kind is None or value.translate(None, _IN_VALUES) != b"\r" or value[-1:] != b"\r":
        kind = _kind_of_line(text, name)
    line = _LINES.recall(text) if kind.may_be_remembered else None
    if line is None:
        raw, value = value, value.strip(b" \t\r")
        role = kind.role
        if kind.lowered in _DECISIVE:
            role |= _role(kind.lowered, value)
        if role & CHANGES and (len(raw) != len(value) + 2 or raw[0] != _SPACE or not value):
            role |= IS_ODD
        line = line_of(name, value, kind, role)
        if kind.may_be_remembered:
            _LINES.offer(text, line)
    return line


def _kind_of_line(text: bytes, name: bytes) -> Kind:
    if _LINE.fullmatch(text) is None:
        raise FramingError("A header line is malformed.")
    kind = _KINDS.recall(name)
    if kind is None:
        kind = kind_of(name)
        _KINDS.offer(name, kind)
    return kind


# Lines that frame the request, as bits of `Line.role`: those that may come once and are
# well-formed, and those that need a closer look.
_HOST_LINE: Final = 2
_LENGTH_LINE: Final = 4
_AUTHORIZATION_LINE: Final = 8
_ONCE: Final = _HOST_LINE | _LENGTH_LINE | _AUTHORIZATION_LINE
_RARE: Final = 16


def _role(lowered: bytes, value: bytes) -> int:
    """How a line of one of the decisive fields frames the request."""
    if lowered == b"host":
        return _HOST_LINE if _HOST.fullmatch(value) else _RARE
    if lowered == b"content-length":
        return _LENGTH_LINE | CHANGES if PLAIN_LENGTH.fullmatch(value) else _RARE
    if lowered == b"authorization":
        return _AUTHORIZATION_LINE
    # What nearly every client sends, and what HTTP/1.1 takes for granted.
    return 0 if lowered == b"connection" and value in (b"keep-alive", b"Keep-Alive") else _RARE


def _frame_lines(
    request: RequestLine, lines: list[Line], read: tuple[bytes, list[bytes]] | None
) -> ParsedHead:
    """`_frame` of lines that were read one by one: nearly every head has nothing rare in it.

    `read` is what was read as `request` and `lines`, where others may have come that are alike.
    """
    first: dict[bytes, bytes] = {}
    seen, has_repeated = 0, False
    for line in lines:
        role = line.role
        if role:
            if role & (seen | _RARE):
                return _frame(request, [(line.name, line.value) for line in lines])
            seen |= role & _ONCE
            if role & IS_NOTABLE:
                if line.lowered in first:
                    has_repeated = True
                else:
                    first[line.lowered] = line.value
    if not seen & _HOST_LINE or not request.plain:
        return _frame(request, [(line.name, line.value) for line in lines])
    likeness, credential = None, b""
    if read is not None and not has_repeated:
        likeness = alike.likeness_of(request, read, lines, first)
        if likeness is not None and likeness.credential is not None:
            credential = first[b"authorization"]
    return ParsedHead(
        request,
        HeaderLines(first, has_repeated, lines),
        int(first[b"content-length"]) if seen & _LENGTH_LINE else 0,
        expects_continue=False,
        keep_alive=True,
        likeness=likeness,
        credential=credential,
    )


def parse_fields(block: bytes) -> Fields:
    """Field lines, each ended by CRLF. Raises FramingError unless every byte is accounted for."""
    found = _FIELD.findall(block)
    # Each match is one whole line.
    if len(found) != block.count(b"\n") or block[-1:] not in (b"", b"\n"):
        raise FramingError("A header line is malformed.")
    if len(found) > MAX_FIELDS:
        raise FramingError("There are more than 200 header lines.")
    return [(name, value.strip(b" \t")) for name, value in found]


def check_path(target: bytes) -> None:
    """Raise FramingError where a hop behind us might read another path than we do."""
    fault = path_fault(target)
    if fault is not None:
        raise FramingError(fault)


def _refuse_hopeless(buffer: bytes | bytearray, start: int) -> None:
    """Refuse at once what no further byte can mend, rather than wait for a deadline."""
    if len(buffer) > HEAD_MAX_BYTES:
        raise FramingError("The request head is larger than 32 KiB.")
    # A lone CR may be the first half of the empty line that is ignored.
    begun = len(buffer) > start and buffer != b"\r"
    if begun and not _STARTS_LIKE_A_METHOD.match(buffer, start):
        raise FramingError("The request line is malformed.")
    if has_bare_lf(buffer):
        raise FramingError("A line ends with LF rather than CRLF.")


def has_bare_lf(buffer: bytes | bytearray) -> bool:
    """Whether some line ends with LF alone."""
    return buffer.count(b"\n") != buffer.count(b"\r\n")


def _frame(request: RequestLine, fields: Fields) -> ParsedHead:
    """Decide where the body ends, and refuse a head that leaves any doubt (RFC 9112 6.3)."""
    found: dict[bytes, bytes] = {}
    first: dict[bytes, bytes] = {}
    for name, value in fields:
        lowered = name.lower()
        if lowered not in _READ:
            continue
        if lowered not in found:
            found[lowered] = first[lowered] = value
        elif lowered in _SINGLE:
            raise FramingError(f"There is more than one {name.decode('ascii')}.")
        else:
            found[lowered] += b"," + value
    minor = request.minor_version
    _check_host(found.get(b"host"), minor, request.path)
    content_length = _body_length(
        found.get(b"content-length"), found.get(b"transfer-encoding"), minor
    )
    expectation = found.get(b"expect")
    if expectation is not None and expectation.lower() != b"100-continue":
        raise FramingError("The expectation is not 100-continue.")
    if minor == 1 and b"upgrade" in found:
        refuse_websocket(found[b"upgrade"])
    if b"content-length" in first and not PLAIN_LENGTH.fullmatch(first[b"content-length"]):
        # Leading zeros are another number to those who read them as octal.
        first[b"content-length"] = b"%d" % (content_length or 0)
        fields = with_value(fields, b"content-length", first[b"content-length"])
    if request.authority is not None:
        fields = with_value(fields, b"host", request.authority)
    return ParsedHead(
        request,
        HeaderLines(first, True, None, fields),
        content_length,
        # RFC 9110 10.1.1: ignored over HTTP/1.0, and pointless without a body.
        expectation is not None and minor == 1 and content_length != 0,
        _persists(found.get(b"connection"), minor),
        hops.passed(found.get(b"x-llm-proxy-hops")),
    )


_SINGLE: Final = frozenset(
    (b"authorization", b"content-length", b"expect", b"host", b"transfer-encoding")
)
_DECISIVE: Final = _SINGLE | {b"connection", b"upgrade", b"x-llm-proxy-hops"}
_READ: Final = _DECISIVE | NOTABLE
_WITHOUT_HOST: Final = (b"/", b"/health", b"/ready", b"/metrics")


def _check_host(host: bytes | None, minor: int, path: bytes) -> None:
    if host is None:
        if minor == 1 or path not in _WITHOUT_HOST:
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
