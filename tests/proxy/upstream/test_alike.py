"""Heads that are alike are told by comparison, and are read as if none had come before."""

from __future__ import annotations

from collections.abc import Iterator
from sys import getsizeof
from time import process_time
from typing import Any, cast

import pytest

from proxy import response_lines
from proxy.bounded_memo import BoundedMemo
from proxy.upstream import alike
from proxy.upstream.alike import Alike
from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.response import ResponseReader
from tests.proxy.upstream.test_plain_head import ODD, PLAIN

HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 12:00:%02d GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Connection: keep-alive\r\nX-%%: 100%%\r\nms: %b\r\nSet-Cookie: s%d=b; Path=/\r\n"
    b"x-ratelimit-limit-requests: 9\r\nX-Request-Id: req-%d\r\nContent-Length: %d\r\nVia: a\r\n\r\n"
)
WHOLE = (
    b"HTTP/1.1 404 Not Found\r\nServer: a\r\nx-id: %d\r\ncontent-type: text/plain\r\n"
    b"content-length: %d\r\n\r\n"
)
BARE = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    alike.forget()
    response_lines.forget()


def usual(number: int, ms: bytes = b"12", size: int = 5) -> bytes:
    """One that has lines of every kind: that cross and do not, that change and stay."""
    return HEAD % (number % 10 + 10, ms, number % 10, number % 10, size)


def feed(reader: ResponseReader, *pieces: bytes) -> object:
    """All that a reader says of a response; None where it refuses it."""
    body = b""
    reader.begin(head_only=False)
    try:
        for piece in pieces:
            reader.feed(piece)
            body += reader.take()
    except ProtocolViolation as violation:
        return str(violation)
    heads = [
        (
            head.status,
            head.reason,
            head.headers,
            head.content_length,
            head.until_close,
            head.read(),
            head.block or head.read().block,
            (head.pattern or head.read()).tells_limits,
        )
        for head in reader.heads
    ]
    return heads, body, reader.complete, reader.keep_alive, reader.queued


def taught(*messages: bytes) -> tuple[ResponseReader, Alike]:
    """A reader that knows what such responses are like, and what it knows."""
    reader = ResponseReader()
    for message in messages:
        feed(reader, message)
        reader.reset()
    (known,) = reader._alike
    assert known.pattern is not None
    return reader, known


def of_a_taught_reader(known: Alike, *pieces: bytes) -> object:
    """The same of one that knows this, whatever was learned before."""
    reader = ResponseReader()
    reader._alike = [Alike(known.pattern, known.size, known._layout)]
    return feed(reader, *pieces)


def of_a_new_reader(*pieces: bytes) -> object:
    forget()
    return feed(ResponseReader(), *pieces)


def near(head: bytes) -> Iterator[bytes]:
    """Heads that differ from one in a byte or in a line."""
    for place in range(len(head)):
        yield head[:place] + head[place + 1 :]
        for byte in b"\0\t\n\r :,0A\x7f\x80":
            yield head[:place] + bytes((byte,)) + head[place + 1 :]
            yield head[:place] + bytes((byte,)) + head[place:]
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    for number, line in enumerate(lines):
        name, _, value = line.partition(b": ")
        for other in (
            [],
            [line, line],
            [line, b"Content-Length: 5"],
            [b"Transfer-Encoding: chunked"],
            [name + b": "],
            [name + b": " + value + b" "],
            [name + b": " + value + b"\r\n folded"],
            [name.swapcase() + b": " + value],
            [b"Connection: close", line],
            [line, b"Keep-Alive: timeout=5"],
        ):
            changed = [*lines[:number], *other, *lines[number + 1 :]]
            yield b"\r\n".join([first, *changed]) + b"\r\n\r\n"


@pytest.mark.parametrize("has_layout", [True, False], ids=["of one length", "of any length"])
@pytest.mark.parametrize(
    "messages",
    [
        [usual(number, size=12) + b"hello, world" for number in range(15)],
        [WHOLE % (number, 5) + b"hello" for number in range(10, 25)],
        [BARE % 5 + b"hello"] * 12,
        [BARE.replace(b"c", b"Set-Cookie: a\r\nc") % 5 + b"hello"] * 12,
    ],
    ids=["with a cookie", "that crosses whole", "bare", "bare with a cookie"],
)
def test_what_is_nearly_alike_is_read_as_by_a_reader_that_knows_none(
    messages: list[bytes], has_layout: bool
) -> None:
    _, known = taught(*messages)
    assert known._layout is not None
    if not has_layout:
        known._layout = None
    head, end, body = messages[-1].partition(b"\r\n\r\n")
    for message in near(head + end):
        expected = of_a_new_reader(message + body)
        assert of_a_taught_reader(known, message + body) == expected, message


@pytest.mark.parametrize("body", [b"", b"hel", b"hello", b"hello\r\n", b"hello!"])
def test_whatever_part_of_a_response_comes_it_is_read_the_same(body: bytes) -> None:
    _, known = taught(*(usual(number) + b"hello" for number in range(12)))
    message = usual(7) + body
    for cut in range(len(message) + 1):
        pieces = message[:cut], message[cut:]
        assert of_a_taught_reader(known, *pieces) == of_a_new_reader(*pieces), cut


@pytest.mark.parametrize("head", [*PLAIN.values(), *ODD.values()], ids=[*PLAIN, *ODD])
def test_other_heads_are_read_the_same_behind_some_that_were_alike(head: bytes) -> None:
    reader, _ = taught(*(usual(number) + b"hello" for number in range(12)))
    said = feed(reader, head + b"hello")
    assert said == of_a_new_reader(head + b"hello")


def test_values_of_any_length_are_told_and_the_lines_are_there() -> None:
    reader, known = taught(*(usual(number) + b"hello" for number in range(12)))
    for number, ms in enumerate([b"1", b"12", b"12", b"1234", b"x \xff\ty", b"12", b"1"] * 3):
        body = b"x" * (number + 8)
        message = usual(number, ms, len(body)) + body
        said = feed(reader, message)
        assert reader.heads[0].pattern is known.pattern is not None or ms == b"1"
        assert said == of_a_new_reader(message)
        reader.reset()


def test_a_line_that_changes_once_is_learned_by_all_connections() -> None:
    readers = [ResponseReader(), ResponseReader()]
    for number in range(4):
        for reader in readers:
            feed(reader, usual(number) + b"hello")
            reader.reset()
    # The first tells it, and both know it from then on.
    for reader in readers:
        feed(reader, usual(5, b"34") + b"hello")
        has_pattern = [head.pattern is not None for head in reader.heads]
        assert has_pattern == [reader is readers[1]]
        reader.reset()


def test_two_kinds_of_heads_by_turns_are_both_known() -> None:
    reader = ResponseReader()
    known = []
    for number in range(12):
        message = WHOLE % (number, 5) if number % 2 else usual(number)
        feed(reader, message + b"hello")
        known.append(reader.heads[0].pattern is not None)
        reader.reset()
    assert all(known[6:])


def test_no_secret_is_kept() -> None:
    secret = b"one-that-comes-again"
    fields = b"".join(
        b"%b: %b\r\n" % (name, secret)
        for name in (
            b"Set-Cookie", b"Authentication-Info", b"X-Api-Key", b"x-session-token",
            b"Location", b"Operation-Location", b"Link", b"X-Goog-Upload-URL",
        )
    )  # fmt: skip
    message = BARE.replace(b"content-length", fields + b"content-length") % 5 + b"hello"
    _, known = taught(*[message] * 4)
    assert secret in message
    assert secret.decode() not in repr(known)
    arrived = known.read(message)
    assert arrived is not None
    assert arrived.body == b"hello"
    assert repr(arrived) == "Arrived(UpstreamHead(200))"


def test_heads_that_are_all_new_leave_nothing_behind() -> None:
    reader = ResponseReader()
    for number in range(3000):
        feed(reader, b"HTTP/1.1 200 OK\r\nX-%d: 1\r\nContent-Length: 0\r\n\r\n" % number)
        reader.reset()
    assert not alike._KNOWN.young
    assert not reader._alike


def test_a_flood_of_new_heads_is_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    class Counted(BoundedMemo[Alike]):
        def came_before(self, key: bytes) -> bool:
            nonlocal asked
            asked += 1
            return False

    monkeypatch.setattr(alike, "_KNOWN", Counted(64 * 1024, entry_max_bytes=1024))
    reader = ResponseReader()
    for number in range(512):
        feed(reader, b"HTTP/1.1 200 OK\r\nX-%d: 1\r\nContent-Length: 0\r\n\r\n" % number)
        reader.reset()
    # What is there at the beginning, and what 512 of them earn.
    assert asked <= 64 + 512 / 32


def test_large_heads_are_not_kept() -> None:
    for more in (b"X-A: b\r\n" * 70, b"X-A: %b\r\n" % (b"b" * 5000)):
        reader = ResponseReader()
        for _ in range(5):
            feed(reader, usual(1).replace(b"Via", more + b"Via") + b"hello")
            reader.reset()
        assert not reader._alike
    assert not alike._KNOWN.young


def test_heads_of_which_too_much_changes_are_given_up() -> None:
    reader = ResponseReader()
    for number in range(6):
        fields = b"".join(b"X-%d: %d\r\n" % (one, number) for one in range(20))
        feed(reader, BARE.replace(b"content-length", fields + b"content-length") % 0)
        assert reader.heads[0].pattern is None
        reader.reset()
    (known,) = reader._alike
    assert known.pattern is None


def test_a_reader_of_heads_that_are_unlike_seldom_compares_them() -> None:
    reader, known = taught(*(usual(number) + b"hello" for number in range(12)))
    compared = 0

    class Counted(Alike):
        def read(self, data: bytes) -> None:
            nonlocal compared
            compared += 1

    reader._alike = [Counted(known.pattern, 0)]
    for number in range(80):
        feed(reader, b"HTTP/1.1 200 OK\r\nX-%d: 1\r\nContent-Length: 0\r\n\r\n" % number)
        reader.reset()
    assert compared < 20


@pytest.mark.parametrize("name", [b"X-Field", b"X-Trace"], ids=["stay", "change"])
def test_what_is_known_says_no_less_than_it_takes(name: bytes) -> None:
    fields = [b"%b-%d: %b\r\n" % (name, one, b"v" * (one + 1)) for one in range(60)]
    for count in (0, 5, 15, 60):
        if name == b"X-Trace" and count == 60:
            continue
        head = BARE.replace(b"content-length", b"".join(fields[:count]) + b"content-length") % 0
        _, known = taught(*[head] * 12)
        pattern, layout = known.pattern, known._layout
        assert pattern is not None
        assert layout is not None
        parts: list[object] = [known, pattern, pattern.first, pattern.fields, pattern.texts]
        parts += [*pattern.texts, *(part for field in pattern.fields for part in (field, *field))]
        parts += [*pattern.first.items(), layout, layout.shape]
        parts += [pattern.crossing, *(pattern.crossing or ()), pattern.passing]
        for made_by_c in (layout.texts, layout.values, layout.runs, pattern.match):
            parts += [made_by_c, cast(Any, made_by_c).__self__]
        parts.append(cast(Any, pattern.match).__self__.pattern)
        taken = sum(map(getsizeof, parts))
        assert known.size >= taken


def layouts_of(reader: ResponseReader, *sizes: int) -> list[bool]:
    """Whether there is a layout behind each head that announces so many bytes."""
    known = []
    for number, size in enumerate(sizes):
        message = usual(number, size=size) + b"x" * size
        assert feed(reader, message) == of_a_new_reader(message)
        known.append(reader._alike[0]._layout is not None)
        reader.reset()
    return known


def test_heads_that_are_of_one_length_for_long_get_a_layout_and_others_take_it() -> None:
    reader, _ = taught(*(usual(number) + b"hello" for number in range(5)))
    assert not any(layouts_of(reader, *[1, 10] * 20))
    assert layouts_of(reader, *[10] * 8) == [False] * 6 + [True] * 2
    assert all(layouts_of(reader, *[1, 100, 10] * 10))
    assert not layouts_of(reader, *[1, 100] * 32)[-1]


@pytest.mark.parametrize(
    "name",
    [
        b"x-ratelimit-limit-tokens", b"X-RateLimit-Limit-Tokens",
        b"anthropic-ratelimit-input-tokens-limit", b"Strict-Transport-Security",
    ],
)  # fmt: skip
def test_counts_of_tokens_are_no_secrets(name: bytes) -> None:
    assert alike._is_kept(name)


@pytest.mark.parametrize("name", [b"x-token", b"x-ratelimit-token", b"x-tokens", b"x-file-url"])
def test_tokens_and_addresses_are(name: bytes) -> None:
    assert not alike._is_kept(name)


def test_a_name_of_any_form_is_looked_through_in_no_time() -> None:
    for name in (b"ratelimit-" * 20_000, b"ratelimit-" + b"a-" * 100_000, b"link" * 50_000):
        began = process_time()
        alike._is_kept(name)
        # Where it takes as long as the square of its length, it takes several seconds.
        assert process_time() - began < 1.0, name[:20]
