"""Heads that are alike are read by comparison as they are read line by line, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.downstream import RequestHead
from proxy.header_lines import HeaderLines
from server.http import alike, framing
from server.http.alike import Alike
from server.http.faults import FramingError
from server.http.framing import parse_head
from server.http.heads import HEAD_MAX_BYTES, ParsedHead
from tests.server.http.test_framing import nearly_heads, said
from tests.server.http.test_remembered_lines import plainly, whole_heads

START: Final = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
HEAD: Final = (
    START + b"Accept: */*\r\nAuthorization: Bearer secret-1\r\nConnection: keep-alive\r\n"
    b"X-100%b: 50%\r\nContent-Type: application/json\r\nX-Request-Id: r-1\r\ncontent-length: 17\r\n"
    b"traceparent: 00-ab-cd\r\nCookie: a=b; c=d\r\nOpenAI-Organization: org-1\r\n\r\n"
)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    framing.forget()
    yield
    framing.forget()


def read(data: bytes) -> ParsedHead:
    found = parse_head(data)
    assert found is not None
    return found[0]


def likeness_of(data: bytes) -> Alike:
    """Of a head that came often enough to have one: its lines twice, and then itself twice."""
    for _ in range(3):
        read(data)
    found = read(data).likeness
    assert found is not None
    return found


def warmly(data: bytes, likeness: Alike | None) -> object:
    """What comes of a head on a connection whose last head had this likeness."""
    try:
        known = likeness and likeness.read(data, "192.0.2.1")
        found = None if known else parse_head(data)
    except FramingError as error:
        return type(error), str(error)
    if known:
        return told(data, known)
    return None if found is None else (said(found[0]), found[1])


def told(data: bytes, found: tuple[RequestHead, bytes]) -> object:
    """All that a head says which was told by its likeness, in the form of `plainly`."""
    head, rest = found
    size = len(data) - len(rest)
    assert data[size:] == rest
    assert isinstance(head.likeness, Alike)
    assert head.version == "1.1"
    line = head.likeness.line
    parsed = ParsedHead(line, head.lines, head.content_length, False, True, head.hops)
    assert (head.method, head.target) == (parsed.method, parsed.target)
    return said(parsed), size


def test_a_head_that_came_before_is_told_by_its_likeness_alone() -> None:
    likeness = likeness_of(HEAD)
    found = likeness.read(HEAD + b"the next request", "192.0.2.1")
    assert found is not None
    head, rest = found
    assert rest == b"the next request"
    assert told(HEAD + rest, found) == plainly(HEAD)
    assert head.likeness is likeness
    assert (head.credential, head.content_length) == (b"Bearer secret-1", 17)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"length: 17", b"length: 0"),
        (b"length: 17", b"length: 999999999999999999"),
        (b"secret-1", b"another secret"),
        (b"r-1", b"\xe9  ~"),
        (b"00-ab-cd", b"x" * 2000),
        (b"a=b; c=d", b"a"),
    ],
)
def test_the_values_of_a_few_fields_are_read_and_the_likeness_is_the_same(
    old: bytes, new: bytes
) -> None:
    likeness = likeness_of(HEAD)
    other = HEAD.replace(old, new)
    found = likeness.read(other, "192.0.2.1")
    assert found is not None
    assert told(other, found) == plainly(other)
    # Also where it is read line by line, as on another connection.
    assert read(other).likeness is likeness
    assert read(other).credential == found[0].credential


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"length: 17", b"length: 017"),
        (b"length: 17", b"length: +17"),
        (b"length: 17", b"length: 17 "),
        (b"length: 17", b"length: 1 7"),
        (b"length: 17", b"length: \xb2"),
        (b"length: 17", b"length: "),
        (b"length: 17", b"length: 1000000000000000000"),
        (b"length: 17\r", b"length: 17"),
        (b"length: 17\r\n", b"length: 17\r\r\n"),
        (b"length: 17\r\n", b"length: 17\r\nContent-Length: 17\r\n"),
        (b"length: 17\r\n", b"length: 17\r\nTransfer-Encoding: chunked\r\n"),
        (b"secret-1", b"secret\n-1"),
        (b"secret-1", b"secret\0-1"),
        (b"secret-1", b"secret\x7f-1"),
        (b"secret-1", b"secret-1\r\nAuthorization: Bearer secret-2"),
        (b"secret-1", b"secret-1\r\nx-api-key: secret-2"),
        (b"secret-1", b"secret-1 "),
        (b"r-1", b"r-1\r\n a"),
        (b"r-1", b"r-1\r\n\r\n"),
        (b"r-1", b""),
        (b"r-1", b"\tr-1"),
        (b"r-1", b"r\t1"),
        # As long as what stood there before.
        (b"r-1", b" -1"),
        (b"r-1", b"r- "),
        (b"r-1", b"r-\r"),
        (b"r-1", b"r-\0"),
        (b"length: 17", b"length:  7"),
        (b"length: 17", b"length: 1 "),
        (b"length: 17", b"length: +7"),
        (b"length: 17", b"length: 07"),
        (b"r-1", b"x" * HEAD_MAX_BYTES),
        (b"X-Request-Id: ", b"X-Request-Id:"),
        (b"X-Request-Id: ", b"X-Request-Id : "),
        (b"X-Request-Id", b"x-request-id"),
        (b"POST", b"GET"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"completions", b"completions?key=a"),
        (b"Host: a", b"Host: b"),
        (b"*/*", b"*/*;q=1"),
        (b"org-1", b"org-2"),
        (b"keep-alive", b"close"),
        (b"keep-alive", b"x-request-id"),
        (b"50%", b"60%"),
        (b"POST", b"\r\nPOST"),
    ],
)  # fmt: skip
def test_every_other_head_is_left_to_the_reading_of_lines(old: bytes, new: bytes) -> None:
    other = HEAD.replace(old, new)
    assert other != HEAD
    likeness = likeness_of(HEAD)
    for _ in range(2):
        assert likeness.read(other, "192.0.2.1") is None
        assert warmly(other, likeness) == plainly(other)
        # From now on it is cut where this one is.
        assert likeness.read(HEAD, "192.0.2.1") is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"POST", b"GET"),
        (b"completions", b"completion"),
        (b"Host: a", b"Host: b"),
        (b"org-1", b"org-2"),
        (b"Accept", b"accept"),
        (b"X-Request-Id: r-1", b"X-Request-Id: r-1\r\nX-Request-Id: r-1"),
        (b"50%", b"60%"),
        (b"Cookie: a=b; c=d\r\n", b""),
        (b"X-Request-Id: r-1\r\n", b"X-Request-Id:\r\n"),
    ],
)
def test_heads_that_differ_in_anything_else_are_not_alike(old: bytes, new: bytes) -> None:
    likeness = likeness_of(HEAD)
    for _ in range(5):
        assert read(HEAD.replace(old, new)).likeness is not likeness
    assert read(HEAD).likeness is likeness


def test_a_head_of_which_any_byte_is_another_one_is_read_as_if_nothing_came_before() -> None:
    likeness = likeness_of(HEAD)
    for at in range(len(HEAD)):
        for byte in b"\r\n\0 :,aZ1\xe9":
            changed = HEAD[:at] + bytes((byte,)) + HEAD[at + 1 :]
            assert warmly(changed, likeness) == plainly(changed), (at, byte)
        for cut in (HEAD[:at], HEAD[:at] + HEAD[at + 1 :], HEAD[:at] + b"\r\n" + HEAD[at:]):
            assert warmly(cut, likeness) == plainly(cut), at


@given(st.lists(whole_heads() | nearly_heads(), min_size=1, max_size=5), st.data())
@settings(max_examples=150, deadline=None)
def test_a_connection_reads_any_heads_as_if_nothing_came_before(
    heads: list[bytes], data: st.DataObject
) -> None:
    framing.forget()
    expected = [plainly(head) for head in heads]
    likeness: Alike | None = None
    order = data.draw(st.lists(st.integers(0, len(heads) - 1), max_size=12))
    for number in chain(order, range(len(heads)), range(len(heads)), order):
        assert warmly(heads[number], likeness) == expected[number]
        try:
            found = parse_head(heads[number])
        except FramingError:
            continue
        if found is not None:
            likeness = found[0].likeness or likeness


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"completions", b"completions?a=b"),
        HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HEAD.replace(b"keep-alive", b"close"),
        HEAD.replace(b"content-length: 17", b"Transfer-Encoding: chunked"),
        HEAD.replace(b"content-length: 17", b"Content-Length: 17\r\nExpect: 100-continue"),
        HEAD.replace(b"Accept: */*", b"X-LLM-Proxy-Hops: 1"),
        HEAD.replace(b"Accept: */*", b"Content-Type: a/b"),
        HEAD.replace(b"Accept: */*", b"X-Api-Key: a\r\nX-Api-Key: b"),
        HEAD.replace(b"Accept: */*", b"X-Request-Id:a"),
        HEAD.replace(b"Accept: */*", b"X-Request-Id:"),
        HEAD.replace(b"Accept: */*", b"\r\n".join([b"X-Request-Id: 1"] * 9)),
        HEAD.replace(b"POST /", b"POST http://b/"),
    ],
)
def test_an_unusual_head_has_no_likeness(head: bytes) -> None:
    for _ in range(5):
        assert read(head).likeness is None


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_head_that_is_given_other_lines_has_nothing_of_its_own_left(asked_before: bool) -> None:
    found = likeness_of(HEAD).read(HEAD, "192.0.2.1")
    assert found is not None
    head = found[0]
    if asked_before:
        assert head.lines.fields == read(HEAD).fields
    other = head.with_lines(HeaderLines.of([(b"X-A", b"1")]), 3)
    assert (other.headers, other.lines.crossing) == ([(b"X-A", b"1")], b"X-A: 1\r\n")
    assert (other.content_length, other.values) == (3, ())
    assert (head.headers, head.content_length) == (read(HEAD).fields, 17)


@pytest.mark.parametrize("told", [0, 1, 17, 4095, 4096, 4097, 70_000])
@pytest.mark.parametrize("came", [0, 1, 17, 4095, 4096, 4097])
def test_a_length_is_what_it_says_however_much_comes_with_it(told: int, came: int) -> None:
    head, behind = HEAD.replace(b"length: 17", b"length: %d" % told), b"x" * came
    found = likeness_of(HEAD).read(head + behind, "192.0.2.1")
    assert found is not None
    assert (found[0].content_length, found[1]) == (told, behind)


def test_only_the_one_credential_is_told_as_such() -> None:
    for other in (b"api-key: a", b"X-Api-Key: a", b"x-goog-api-key: a"):
        for head in (
            HEAD.replace(b"Accept: */*", other),
            HEAD.replace(b"Authorization: Bearer secret-1", other),
        ):
            likeness = likeness_of(head)
            again = likeness.read(head, "192.0.2.1")
            assert again is not None
            assert again[0].credential == read(head).credential == b""
            assert told(head, again) == plainly(head)


def test_no_likeness_holds_the_value_of_a_field_that_may_hold_a_secret() -> None:
    for name in (b"Authorization", b"x-api-key", b"Cookie", b"X-Session-Token", b"session_id"):
        read(HEAD)
        likeness = likeness_of(START + name + b": Bearer tell-nobody\r\nX-A: 1\r\n\r\n")
        held = repr([getattr(likeness, name) for name in likeness.__struct_fields__])
        assert "nobody" not in held
        assert "X-A" in held
    assert "nobody" not in repr(list(alike._KNOWN.young))


def test_likenesses_stay_within_their_bound_and_new_heads_leave_none() -> None:
    for number in range(3000):
        read(START + b"X-%d: %d\r\n\r\n" % (number, number))
    assert not alike._KNOWN.young
    for number in range(3000):
        head = START + b"".join(b"X-%d: %d\r\n" % (n, number) for n in range(6)) + b"\r\n"
        for _ in range(4):
            read(head)
        assert alike._KNOWN._used <= 1024 * 1024
    assert 100 < len(alike._KNOWN.young) + len(alike._KNOWN._old) < 2000


def test_a_flood_of_heads_that_all_come_twice_is_seldom_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = 0

    def counted(*args: Any) -> Alike:
        nonlocal made
        made += 1
        return make(*args)

    make = alike._alike
    monkeypatch.setattr(alike, "_alike", counted)
    # All lines are known soon, and the heads differ in their order.
    lines = [b"X-%d: 1\r\n" % number for number in range(7)]
    flood = [START + b"".join(order) + b"\r\n" for order in islice(permutations(lines), 2000)]
    for head in flood:
        read(head)
        read(head)
    assert made <= 64 + 2 * len(flood) / 16
    # Nor does it keep others from being learned for long.
    for _ in range(32):
        read(HEAD)
    assert read(HEAD).likeness is not None


@pytest.mark.parametrize(
    "name", [b"Chatgpt-Account-Id", b"X-LLM-Proxy-Cache-Id", b"Anthropic-Workspace-Id"]
)
def test_a_value_that_a_provider_or_we_may_read_is_the_same_in_heads_that_are_alike(
    name: bytes,
) -> None:
    head = START + name + b": a\r\n\r\n"
    assert likeness_of(head) is not likeness_of(head.replace(b": a\r\n\r\n", b": b\r\n\r\n"))


def test_a_long_head_has_no_likeness() -> None:
    for _ in range(5):
        assert read(START + b"X-A: %b\r\n\r\n" % (b"a" * 5000)).likeness is None


@pytest.mark.parametrize("target", [b"/v1/llmp_" + b"a" * 40, b"/v1/%6clmp_" + b"a" * 40])
def test_a_head_whose_target_may_hold_a_token_has_no_likeness(target: bytes) -> None:
    head = HEAD.replace(HEAD.split(b" ", 2)[1], target, 1)
    assert [read(head).likeness for _ in range(9)] == [None] * 9
    likeness_of(HEAD)
