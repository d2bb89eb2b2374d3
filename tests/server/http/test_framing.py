"""Request framing without a socket: every transcript is also cut at every byte."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.header_lines import NOTABLE
from server.http.chunked import CHUNK_LINE_MAX_BYTES, TRAILERS_MAX_BYTES, ChunkedBody
from server.http.faults import Fields, FramingError, UpgradeRequired
from server.http.framing import MAX_FIELDS, check_path, parse_fields, parse_head
from server.http.heads import HEAD_MAX_BYTES, ParsedHead

GET = b"GET /v1/models?limit=2 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"
POST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nContent-Length:5\r\n"
    b"X-Empty:\r\nX-Padded: \t caf\xe9  b \t\r\nX-Twice: 1\r\nx-twice: 2\r\n\r\n"
)


def parse(data: bytes) -> tuple[ParsedHead, int] | None:
    return parse_head(bytearray(data))


def with_fields(*lines: bytes, version: bytes = b"1.1") -> bytes:
    return (
        b"".join(
            [
                b"POST /v1/files HTTP/%b\r\nHost: a\r\n" % version,
                *[b"%b\r\n" % one for one in lines],
            ]
        )
        + b"\r\n"
    )


# Heads


def test_a_head_is_taken_apart_as_it_was_sent() -> None:
    found = parse(POST + b"hello")
    assert found is not None
    head, size = found
    assert size == len(POST)
    assert (head.method, head.target, head.minor_version) == ("POST", b"/v1/chat/completions", 1)
    assert (head.content_length, head.expects_continue, head.keep_alive) == (5, False, True)
    assert head.fields == [
        (b"host", b"a"),
        (b"Content-Length", b"5"),
        (b"X-Empty", b""),
        (b"X-Padded", b"caf\xe9  b"),
        (b"X-Twice", b"1"),
        (b"x-twice", b"2"),
    ]


@pytest.mark.parametrize("head", [GET, POST, b"\r\n" + GET], ids=["get", "post", "empty line"])
def test_a_head_that_is_cut_is_waited_for_at_every_byte(head: bytes) -> None:
    for cut in range(len(head)):
        assert parse(head[:cut]) is None, head[:cut]
    found = parse(head)
    assert found is not None
    assert found[1] == len(head)


@pytest.mark.parametrize(
    "junk", [b"\n", b"\r\n\r\n", b" ", b"\x16\x03\x01\x02\x00", b"\0", b"\x80"]
)
def test_what_can_become_no_head_is_refused_at_its_first_bytes(junk: bytes) -> None:
    with pytest.raises(FramingError):
        parse(junk)


@pytest.mark.parametrize(
    "cut", [b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\r\nHost: a\n", b"GET / HTTP/1.1\r\nHost: a\r\n\n"]
)
def test_a_bare_lf_is_refused_before_the_head_is_complete(cut: bytes) -> None:
    with pytest.raises(FramingError, match="LF"):
        parse(cut)


def test_a_head_may_be_32_kib_and_no_more() -> None:
    room = HEAD_MAX_BYTES - len(with_fields(b"X:")) + len(b"\r\n\r\n")
    assert parse(with_fields(b"X:" + b"a" * room)) is not None
    for too_long in (with_fields(b"X:" + b"a" * (room + 1)), b"A" * (HEAD_MAX_BYTES + 1)):
        with pytest.raises(FramingError, match="32 KiB"):
            parse(too_long)


def test_there_may_be_200_fields_and_no_more() -> None:
    lines = [b"X: %d" % number for number in range(MAX_FIELDS - 1)]
    assert parse(with_fields(*lines)) is not None
    with pytest.raises(FramingError, match="200"):
        parse(with_fields(*lines, b"X: 200"))


@pytest.mark.parametrize(
    ("lines", "version", "keeps"),
    [
        ([], b"1.1", True),
        ([], b"1.0", False),
        ([b"Connection: close"], b"1.1", False),
        ([b"Connection: keep-alive"], b"1.0", True),
        ([b"connection: Upgrade, CLOSE"], b"1.1", False),
        ([b"Connection: x , keep-alive"], b"1.0", True),
        ([b"Connection: keep-alive, close"], b"1.0", False),
        ([b"Connection: close", b"Connection: keep-alive"], b"1.1", False),
        ([b"Connection: keep-alive", b"Connection: close"], b"1.1", False),
    ],
)
def test_whether_the_connection_lives_on(lines: list[bytes], version: bytes, keeps: bool) -> None:
    found = parse(with_fields(*lines, version=version))
    assert found is not None
    assert found[0].keep_alive is keeps


@pytest.mark.parametrize(
    ("lines", "version", "expects"),
    [
        ([b"Expect: 100-Continue", b"Content-Length: 1"], b"1.1", True),
        ([b"Expect: 100-continue", b"Transfer-Encoding: chunked"], b"1.1", True),
        ([b"Expect: 100-continue", b"Content-Length: 1"], b"1.0", False),
        ([b"Expect: 100-continue", b"Content-Length: 0"], b"1.1", False),
        ([b"Expect: 100-continue"], b"1.1", False),
    ],
)
def test_whether_the_client_waits_for_100(
    lines: list[bytes], version: bytes, expects: bool
) -> None:
    found = parse(with_fields(*lines, version=version))
    assert found is not None
    assert found[0].expects_continue is expects


def test_a_body_is_as_long_as_it_says_or_chunked_or_absent() -> None:
    lengths = [
        found[0].content_length
        for lines in ([], [b"Content-Length: 0"], [b"CONTENT-LENGTH: 0017"])
        if (found := parse(with_fields(*lines))) is not None
    ]
    assert lengths == [0, 0, 17]
    found = parse(with_fields(b"Transfer-Encoding: Chunked"))
    assert found is not None
    assert found[0].content_length is None


def test_the_absolute_form_names_the_host() -> None:
    found = parse(b"GET http://a.example:81?x HTTP/1.1\r\nX: 1\r\nhost: b\r\n\r\n")
    assert found is not None
    assert (found[0].target, found[0].line.path) == (b"/?x", b"/")
    assert found[0].fields == [(b"X", b"1"), (b"host", b"a.example:81")]
    found = parse(b"GET HTTP://a HTTP/1.0\r\n\r\n")
    assert found is not None
    assert (found[0].target, found[0].fields) == (b"/", [(b"host", b"a")])


# Paths


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/v1/models/org%2Fname",
        b"/v1/models/a..b",
        b"/v1/models/...",
        b"/v1/models/.hidden",
        b"/v1/models/a.",
        b"/v1/models/%2e%2e%2e",
        b"/v1/files/",
        b"/v1/models?next=//x/../y\\",
        b"/v1/models/%252e%252e%252e",
        b"/v1/models/a%2520b",
        b"/v1/models/100%25",
        b"/v1/models/a%20.b",
        b"/v1/models/%20",
        b"*",
    ],
)
def test_a_path_that_means_one_thing_passes(path: bytes) -> None:
    check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        b"//",
        b"/v1//models",
        b"/v1/%2Fmodels",
        b"/v1/models/a%2F%2fb",
        b"/v1/models/a%2f/b",
        b"/.",
        b"/..",
        b"/v1/../manage",
        b"/v1/./models",
        b"/v1/models/..",
        b"/v1/models/..?x=1",
        b"/v1/%2e%2E/manage",
        b"/v1/.%2e/manage",
        b"/v1/models/%2f..%2fmanage",
        b"/v1/models/x%2F..%2F..%2fmanage",
        b"/v1/models/x%2f%2e",
        b"/v1/models/..;a=b/x",
        b"/v1/models/.%3Bx",
        b"/v1/models/%252e%252e",
        b"/v1/models/%25%32%65%252E/x",
        b"/v1/models/%25252e%25252e/x",
        b"/v1/models/x%252f%252e%252e%252fmanage",
        b"/v1/models/a%255cb",
        b"/v1/models/%2525252525",
        b"/v1/..%20/manage",
        b"/v1/%20../manage",
        b"/v1/.%20./manage",
        b"/v1/%09.%00/manage",
        b"/v1/..%2520/manage",
        b"/v1/..%3fx",
        b"/v1/..%23x",
        b"/v1\\models",
        b"/v1/models/a%5cb",
        b"/v1/models#a",
        b"/v1/models?a#b",
    ],
)
def test_a_path_that_could_mean_another_is_refused(path: bytes) -> None:
    with pytest.raises(FramingError):
        check_path(path)


# Chunked bodies


def pieces_of(stream: bytes, *cuts: int) -> tuple[bytes, ChunkedBody, bytes]:
    """Decode `stream`, which arrives cut at these places: data, body and what is left over."""
    body, buffer, decoded = ChunkedBody(), bytearray(), b""
    ends = [*sorted(cuts), len(stream)]
    start = 0
    for end in ends:
        buffer += stream[start:end]
        start = end
        while piece := body.take(buffer):
            decoded += piece
    return decoded, body, bytes(buffer)


CHUNKED = (
    b"5\r\nhello\r\n"
    b'00C ; name = value;q="a \\"; b";flag\r\n, big\r\nworld\r\n'
    b"0;last\r\nX-Digest: abc\r\nX-Other:\r\n\r\n"
)


def test_a_chunked_body_is_cut_at_every_two_bytes() -> None:
    stream = CHUNKED + b"GET /next"
    for first in range(len(stream)):
        for second in range(first, len(stream)):
            data, body, left = pieces_of(stream, first, second)
            assert (data, left, body.ended) == (b"hello, big\r\nworld", b"GET /next", True)
            assert body.trailers == [(b"X-Digest", b"abc"), (b"X-Other", b"")]


def test_a_chunked_body_waits_at_every_byte() -> None:
    for cut in range(len(CHUNKED)):
        assert not pieces_of(CHUNKED[:cut])[1].ended, CHUNKED[:cut]


MALFORMED_CHUNKS = {
    "hexadecimal prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "space before the size": b" 3\r\nabc\r\n0\r\n\r\n",
    "space behind the size": b"3 \r\nabc\r\n0\r\n\r\n",
    "minus": b"-3\r\nabc\r\n0\r\n\r\n",
    "plus": b"+3\r\nabc\r\n0\r\n\r\n",
    "underscore": b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "no digit": b"g\r\nabc\r\n0\r\n\r\n",
    "digits of another script": b"\xd9\xa3\r\nabc\r\n0\r\n\r\n",
    "size beyond any machine": b"1" * 16 + b"\r\nabc",
    "size line ended by LF": b"3\nabc\r\n0\r\n\r\n",
    "bare CR in the size line": b"3\r;a\r\nabc\r\n0\r\n\r\n",
    "data longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "data ended by LF": b"3\r\nabc\n0\r\n\r\n",
    "data ended by CR alone": b"3\r\nabc\rx0\r\n\r\n",
    "extension without a name": b"3;\r\nabc\r\n0\r\n\r\n",
    "extension without a value": b"3;a=\r\nabc\r\n0\r\n\r\n",
    "extension with a control character": b"3;a=\x01\r\nabc\r\n0\r\n\r\n",
    "extension whose quotes stay open": b'3;a="b\r\nabc\r\n0\r\n\r\n',
    "extension with NUL": b"3;a\0\r\nabc\r\n0\r\n\r\n",
    "endless size line": b"3;" + b"a" * CHUNK_LINE_MAX_BYTES,
    "trailer without a colon": b"0\r\nbroken\r\n\r\n",
    "trailer with a space before its colon": b"0\r\nX : a\r\n\r\n",
    "folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "trailer ended by LF": b"0\r\nX: a\n\r\n",
    "bare CR in a trailer": b"0\r\nX: a\rb\r\n\r\n",
    "endless trailers": b"0\r\n" + b"X: a\r\n" * (TRAILERS_MAX_BYTES // 6 + 1),
    "too many trailers": b"0\r\n" + b"X:\r\n" * (MAX_FIELDS + 1) + b"\r\n",
}


@pytest.mark.parametrize("stream", MALFORMED_CHUNKS.values(), ids=MALFORMED_CHUNKS)
def test_malformed_chunks_are_refused_however_they_are_cut(stream: bytes) -> None:
    with pytest.raises(FramingError):
        pieces_of(stream)
    with pytest.raises(FramingError):
        pieces_of(stream, *range(len(stream)))


# Properties

TOKEN = st.text("!#$%&'*+-.^_`|~0Aaz9", min_size=1, max_size=12).map(str.encode)
VALUE = st.binary(max_size=20).map(lambda raw: re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"x", raw))
TARGET = st.text('/ab.%2eEfF;?=~"<>', max_size=20).map(lambda text: b"/" + text.encode())
LINE = st.tuples(
    st.one_of(
        TOKEN,
        st.sampled_from([b"Host", b"host", b"Content-Length", b"Transfer-Encoding", b"Connection"]),
    ),
    st.one_of(VALUE, st.sampled_from([b"a", b"5", b"chunked", b"close", b" 7 "])),
)


@st.composite
def nearly_heads(draw: st.DrawFn) -> bytes:
    """A head, mostly well-formed, with at most two bytes replaced or put in anywhere."""
    lines = [(b"Host", b"a"), *draw(st.lists(LINE, max_size=5))]
    head = bytearray(b"%b %b HTTP/1.%d\r\n" % (draw(TOKEN), draw(TARGET), draw(st.integers(0, 1))))
    head += b"".join(b"%b: %b\r\n" % line for line in lines) + b"\r\n"
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(head) - 1))
        head[at : at + draw(st.integers(0, 1))] = draw(
            st.one_of(st.binary(max_size=2), st.sampled_from([b"\r\n", b"\n", b"\0", b" ", b":"]))
        )
    return bytes(head)


def serialised(head: ParsedHead) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % field for field in head.fields)
    line = b"%b %b HTTP/1.%d\r\n" % (head.method.encode(), head.target, head.minor_version)
    return line + lines + b"\r\n"


def said(head: ParsedHead) -> tuple[object, ...]:
    """All that a head says."""
    lines = head.lines
    asked = [(lines.value(name), lines.values(name)) for name in sorted(NOTABLE)]
    return (
        (head.method, head.target, head.line.path, head.minor_version, head.fields),
        (head.content_length, head.expects_continue, head.keep_alive, head.hops),
        (lines.crossing, asked),
    )


@given(nearly_heads())
@settings(max_examples=400, deadline=None)
def test_an_accepted_head_says_the_same_when_it_is_written_again(data: bytes) -> None:
    try:
        found = parse(data)
    except FramingError:
        return
    if found is None:
        return
    head, size = found
    assert data[:size].endswith(b"\r\n\r\n")
    assert data[:size].count(b"\n") == len(head.fields) + 2 + data.startswith(b"\r\n")
    for name, value in head.fields:
        assert name
        assert not re.search(rb"[\x00-\x20\x7f-\xff:]", name)
        assert not re.search(rb"[\r\n\x00]", value)
    assert not re.search(rb"[\x00-\x20\x7f-\xff]", head.target)
    again = parse(serialised(head))
    assert again is not None
    assert (said(again[0]), again[1]) == (said(head), len(serialised(head)))


@given(st.binary(max_size=300))
@example(b"\r\n\r\n")
@example(b"GET / HTTP/1.1\r\n\r\n")
@settings(max_examples=300, deadline=None)
def test_random_bytes_raise_nothing_but_a_refusal(data: bytes) -> None:
    for read in (
        lambda: parse(data),
        lambda: parse(b"POST / HTTP/1.1\r\nHost: a\r\n" + data + b"\r\n\r\n"),
        lambda: pieces_of(data),
        lambda: pieces_of(b"3\r\n" + data),
        lambda: parse_fields(data),
        lambda: check_path(data),
    ):
        with suppress(FramingError):
            read()


@st.composite
def chunked_streams(draw: st.DrawFn) -> tuple[bytes, bytes, Fields]:
    """Any legal encoding of some data, the data, and the trailers."""
    chunks = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    extension = st.sampled_from(
        [b"", b";a", b" ; a=b", b';a="\\"\r"'.replace(b"\r", b"\t"), b"\t;a;b=c"]
    )
    stream = b""
    for size, chunk in [*[(len(one), one) for one in chunks], (0, b"")]:
        digits = f"{size:x}"
        digits = draw(st.sampled_from([digits, digits.upper(), digits.zfill(15)]))
        stream += digits.encode() + draw(extension) + b"\r\n"
        stream += chunk + b"\r\n" if chunk else b""
    trailers = [(name, value.strip(b" \t")) for name, value in draw(st.lists(LINE, max_size=3))]
    stream += b"".join(b"%b: %b\r\n" % field for field in trailers) + b"\r\n"
    return stream, b"".join(chunks), trailers


@given(chunked_streams(), st.binary(max_size=20), st.data())
@settings(max_examples=200, deadline=None)
def test_a_body_chunked_in_any_legal_way_is_decoded(
    encoded: tuple[bytes, bytes, Fields], behind: bytes, draw: st.DataObject
) -> None:
    stream, data, trailers = encoded
    cuts = draw.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    decoded, body, left = pieces_of(stream + behind, *cuts)
    assert (decoded, left, body.ended, body.trailers) == (data, behind, True, trailers)


# Costs


@pytest.mark.parametrize(
    "block",
    [b"a" * 32_000, b"a:" * 16_000, b"\r" * 32_000, b"a\r\n" * 10_000, b": \r\n" * 8_000],
    ids=["one name", "many colons", "carriage returns", "names alone", "no names"],
)
def test_a_long_hostile_head_is_refused(block: bytes) -> None:
    # Quadratic work on one of these took eight seconds; pytest's timeout is the net here.
    for _ in range(20):
        with pytest.raises(FramingError):
            parse_fields(block + b"\r\n\r\n")


# Upgrades


@pytest.mark.parametrize(
    "protocols", [b"websocket", b"WebSocket", b"h2c, websocket", b"websocket/13", b"a,\twebsocket"]
)
def test_websocket_is_not_served(protocols: bytes) -> None:
    with pytest.raises(UpgradeRequired):
        parse(b"GET /v1/responses HTTP/1.1\r\nHost: a\r\nUpgrade: %b\r\n\r\n" % protocols)


def test_websocket_in_a_second_line_is_found() -> None:
    lines = b"Upgrade: h2c\r\nUpgrade: websocket\r\n"
    with pytest.raises(UpgradeRequired):
        parse(b"GET /v1/responses HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")


@pytest.mark.parametrize("version", [b"1.1\r\nUpgrade: h2c", b"1.0\r\nUpgrade: websocket"])
def test_any_other_upgrade_is_ignored(version: bytes) -> None:
    assert parse(b"GET /v1/models HTTP/" + version + b"\r\nHost: a\r\n\r\n") is not None


@pytest.mark.parametrize(
    ("value", "hops"),
    [(b"2", 2), (b" 4 ", 4), (b"1, 7", 7), (b"", 0), (b"-1", 0), (b"x", 0), (b"9" * 5000, 0)],
)
def test_hops_are_a_number_or_nothing(value: bytes, hops: int) -> None:
    found = parse(b"GET / HTTP/1.1\r\nHost: a\r\nX-LLM-Proxy-Hops: %b\r\n\r\n" % value)
    assert found is not None
    assert found[0].hops == hops
