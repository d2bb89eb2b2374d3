"""Heads whose lines came before are read as those that did not: the same result, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from sys import getsizeof
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import secrets
from proxy import errors
from proxy.access import authentication
from proxy.access.authentication import authenticate, check_alive
from proxy.access.grant import Grant
from proxy.access.grants import Grants
from proxy.downstream import RequestHead
from server.http import framing
from server.http.downstream import read_head
from server.http.faults import FramingError
from server.http.framing import MAX_FIELDS, parse_head
from tests.proxy.access.caches import Cache, Database, token_of
from tests.server.http.test_framing import LINE, nearly_heads, said

SECRET = secrets.generate()
DIGEST = secrets.digest(SECRET)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    framing.forget()
    yield
    framing.forget()


def outcome(data: bytes) -> object:
    """All that comes of reading a head: what it says and its size, why it is refused, or None."""
    try:
        found = parse_head(data)
    except FramingError as error:
        return type(error), str(error)
    return None if found is None else (said(found[0]), found[1])


def plainly(data: bytes) -> object:
    """The same without a memo: the head is matched as a whole."""
    with mock.patch.object(framing, "_LINES_MAX", 0):
        return outcome(data)


def remembered() -> list[tuple[bytes, object]]:
    memos = (framing._LINES, framing._KINDS, framing._REQUEST_LINES)
    return [entry for memo in memos for part in (memo.young, memo._old) for entry in part.items()]


RARE = st.sampled_from(
    [
        (b"Expect", b"100-continue"),
        (b"Expect", b"x"),
        (b"Upgrade", b"websocket"),
        (b"Upgrade", b"h2c"),
        (b"Connection", b"keep-alive"),
        (b"connection", b"Keep-Alive, x-a"),
        (b"Content-Length", b"-1"),
        (b"content-length", b"7"),
        (b"Host", b"a b"),
        (b"host", b"b"),
        (b"X-LLM-Proxy-Hops", b"3"),
        (b"Authorization", b"Bearer a"),
        (b"x-api-key", b"b"),
        (b"content-type", b"application/json"),
        (b"Content-Type", b"text/plain"),
        (b"X-Forwarded-For", b"192.0.2.7"),
        (b"x-a", b"\xe9"),
    ]
)


@st.composite
def whole_heads(draw: st.DrawFn) -> bytes:
    """A head of lines that come again in other heads."""
    lines = [(b"Host", b"a"), *draw(st.lists(RARE | LINE, max_size=12))]
    head = b"POST /v1/chat/completions HTTP/1.%d\r\n" % draw(st.sampled_from([0, 1, 1, 1]))
    between = draw(st.sampled_from([b": ", b":", b":\t ", b" :"]))
    return head + b"".join([n + between + v + b" \r\n" for n, v in lines]) + b"\r\n"


@given(st.lists(whole_heads() | nearly_heads(), min_size=1, max_size=6), st.data())
@settings(max_examples=150, deadline=None)
def test_memoised_and_plain_reading_agree_in_any_order_of_repetition(
    heads: list[bytes], data: st.DataObject
) -> None:
    framing.forget()
    expected = [plainly(head) for head in heads]
    order = data.draw(st.lists(st.integers(0, len(heads) - 1), max_size=12))
    for index in [*order, *range(len(heads)), *range(len(heads)), *order]:
        assert outcome(heads[index]) == expected[index]


@pytest.mark.parametrize("count", [0, 6, 7, 63, 64, 65, MAX_FIELDS - 1, MAX_FIELDS, 10_000])
def test_many_lines_are_read_as_few_are(count: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"x%d: 1\r\n" % n for n in range(count))
    for _ in range(3):
        assert outcome(head + b"\r\n") == plainly(head + b"\r\n")


def test_a_client_that_comes_again_is_read_from_memory() -> None:
    head = b"POST /v1/x HTTP/1.1\r\nHost: a\r\n" + b"".join(
        b"X-%d: some value\r\n" % number for number in range(20)
    )
    for _ in range(2):
        parse_head(head + b"\r\n")
    texts = {key for key, _ in remembered()}
    assert {line + b"\r" for line in head.split(b"\r\n") if line} <= texts


def test_a_flood_of_new_lines_does_not_keep_a_clients_from_being_remembered() -> None:
    known = b"GET /v1/x HTTP/1.1\r\nHost: a\r\nX-Id: %d\r\n\r\n"
    fresh = b"".join(b"X-%d: some value\r\n" % number for number in range(20))
    for number in range(3000):
        flood = b"".join(b"Y-%d: %d\r\n" % (n, number) for n in range(20))
        parse_head(b"GET /v1/x HTTP/1.1\r\nHost: a\r\n%b\r\n" % flood)
    # The flood has used up what heads may cost; others earn it again.
    for number in range(300):
        parse_head(known % number)
    # More often than twice: of lines whose hashes share both places, one waits for the other.
    for _ in range(4):
        parse_head(b"GET /v1/x HTTP/1.1\r\nHost: a\r\n%b\r\n" % fresh)
    texts = {key for key, _ in remembered()}
    assert {line + b"\r" for line in fresh.split(b"\r\n") if line} <= texts


def test_a_flood_of_new_lines_is_seldom_read_line_by_line() -> None:
    with mock.patch.object(framing, "_read_line", wraps=framing._read_line) as reading:
        for number in range(10_000):
            flood = b"".join(b"Y-%d: %d\r\n" % (n, number) for n in range(20))
            parse_head(b"GET /v1/x HTTP/1.1\r\nHost: a\r\n%b\r\n" % flood)
    assert reading.call_count < 21 * (10_000 / 128 + 100)


def test_lines_that_are_all_new_leave_nothing_behind() -> None:
    for number in range(2000):
        lines = b"".join(b"X-%d-%d: %d\r\n" % (number, n, number) for n in range(number % 30))
        parse_head(b"GET /v1/%d HTTP/1.1\r\nHost: a%d\r\n%b\r\n" % (number, number, lines))
    assert {key for key, _ in remembered()} <= {b"Host"}


def test_memory_stays_within_its_bound_whatever_comes_twice() -> None:
    for number in range(3000):
        lines = b"".join(
            b"X-%d: %d%b\r\n" % (n if number % 2 else number, number, b"a" * (number % 900))
            for n in range(6)
        )
        for _ in range(2):
            parse_head(b"GET /v1/%d HTTP/1.1\r\nHost: a\r\n%b\r\n" % (number, lines))
        if number % 100 == 0:
            taken = sum(
                getsizeof(key)
                + getsizeof(value)
                + sum(
                    getsizeof(part)
                    for field in value.__struct_fields__
                    if isinstance(part := getattr(value, field), bytes)
                )
                for key, value in remembered()
                if hasattr(value, "__struct_fields__")
            )
            assert taken < (1024 + 256 + 256) * 1024
    assert len(remembered()) > 100


@pytest.mark.parametrize(
    "line",
    [b"Authorization: Bearer %b", b"x-api-key: %b", b"Cookie: a=%b", b"X-My-Token: %b",
     b"Proxy-Authorization: Basic %b"],
)  # fmt: skip
def test_no_memory_holds_a_secret_once_its_request_is_over(line: bytes) -> None:
    line = line % SECRET.encode()
    for target in (b"/v1/models", b"/v1/models?key=" + SECRET.encode()):
        head = b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % (target, line)
        for _ in range(5):
            parse_head(head)
    assert SECRET.encode() not in repr(remembered()).encode()
    assert b"GET /v1/models HTTP/1.1\r" in {key for key, _ in remembered()}


def test_a_head_that_is_logged_does_not_show_its_values() -> None:
    lines = b"".join(b"X-%d: 1\r\n" % number for number in range(100))
    for head in (HEAD, HEAD[:-2] + lines + b"\r\n"):
        found = parse_head(head)
        assert found is not None
        for shown in (repr(found), repr(read_head(head, "192.0.2.1"))):
            assert SECRET not in shown
            assert "Authorization" in shown
        line = found[0].lines.line(b"authorization")
        assert line is None or SECRET not in repr(line)


# The token of a remembered head


HEAD = b"GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %b\r\n\r\n" % SECRET.encode()


@pytest.fixture
async def cache() -> Cache:
    """A cache that knows the token, whose head has come a few times."""
    database = Database()
    database.create(DIGEST)
    cache = Cache(database)
    for _ in range(3):
        await authenticate(read_head(HEAD, ""), cache.grants)
    return cache


def known_now(head: RequestHead, grants: Grants) -> tuple[Grant, str] | None:
    """What a request's credential stands for and may be used for, without a look at it."""
    known = grants.recognised(head)
    if known is not None:
        check_alive(known[0])
    return known


async def test_a_token_that_is_cached_is_known_at_once(cache: Cache) -> None:
    asked = len(cache.database.queries)
    known = known_now(read_head(HEAD, ""), cache.grants)
    assert known is not None
    assert (known[0].record.token_id, known[1]) == (token_of(DIGEST), DIGEST)
    assert len(cache.database.queries) == asked


async def test_a_revoked_token_is_refused_at_once_though_its_head_came_before(
    cache: Cache,
) -> None:
    cache.database.revoke(DIGEST)
    cache.database.tick()
    assert known_now(read_head(HEAD, ""), cache.grants) is None
    grant, _ = await authenticate(read_head(HEAD, ""), cache.grants)
    with pytest.raises(errors.TokenRevoked):
        check_alive(grant)
    await authenticate(read_head(HEAD, ""), cache.grants)
    with pytest.raises(errors.TokenRevoked):
        known_now(read_head(HEAD, ""), cache.grants)


async def test_a_changed_token_is_read_anew_though_its_head_came_before(cache: Cache) -> None:
    cache.database.change(DIGEST)
    cache.database.tick()
    assert known_now(read_head(HEAD, ""), cache.grants) is None
    grant, _ = await authenticate(read_head(HEAD, ""), cache.grants)
    assert grant.record.quota_epoch == 1


async def test_a_token_expires_to_the_moment_though_its_head_came_before(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(authentication, "time", lambda: now[0])
    ending = replace(cache.grants._grants[DIGEST], expires_at=2000.0, in_force_until=2000.0)
    cache.grants._keep(DIGEST, ending)
    # What was remembered was the other grant's.
    assert cache.grants.recognised(read_head(HEAD, "")) is None
    await authenticate(read_head(HEAD, ""), cache.grants)
    for now[0], refused in ((1999.9, False), (2000.0, True), (2000.1, True)):
        with pytest.raises(errors.TokenExpired) if refused else nullcontext():
            assert known_now(read_head(HEAD, ""), cache.grants) is not None


@pytest.mark.parametrize("is_told", [True, False])
async def test_nothing_of_a_secret_outlives_its_grant(cache: Cache, *, is_told: bool) -> None:
    known = cache.grants.credentials
    assert [SECRET.encode() in text for text in known.lines] == [True]
    cache.database.change(DIGEST)
    if not is_told:
        # Any grant may be the one that changed.
        cache.database.forget_history()
    cache.database.tick()
    await cache.grants._catch_up()
    assert cache.grants.recognised(read_head(HEAD, "")) is None
    assert (known.lines, known.known, known._of_digest) == ({}, {}, {})


@pytest.mark.parametrize("name", [b"x-api-key", b"api-key", b"x-goog-api-key", b"authorization"])
async def test_a_token_beside_another_credential_is_looked_at(cache: Cache, name: bytes) -> None:
    head = HEAD.replace(b"Host:", name + b": other\r\nHost:")
    try:
        read = read_head(head, "")
    except errors.InvalidRequest:
        # Two of one field are refused before.
        assert name == b"authorization"
    else:
        assert cache.grants.recognised(read) is None


@pytest.mark.parametrize("other", [b"Bearer sk-left-over", b"Basic czpz", b"Bearer", b""])
@pytest.mark.parametrize("name", [b"x-api-key", b"api-key", b"x-goog-api-key"])
async def test_what_stood_beside_a_token_opens_nothing(
    cache: Cache, name: bytes, other: bytes
) -> None:
    """It was dropped: by itself it is still another tool's key, or none."""
    start = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n"
    beside = b"Authorization: %b\r\n" % other
    both = start + beside + b"%b: %b\r\n\r\n" % (name, SECRET.encode())
    for _ in range(2):
        grant, _digest = await authenticate(read_head(both, ""), cache.grants)
        assert grant.record.token_id == token_of(DIGEST)
    for alone in (start + beside + b"\r\n", start + b"\r\n"):
        assert cache.grants.recognised(read_head(alone, "")) is None
        with pytest.raises((errors.MissingToken, errors.InvalidToken)):
            await authenticate(read_head(alone, ""), cache.grants)


@pytest.mark.parametrize("spelling", ["%b", "%%6c%b", "%%6C%%6c%b"])
async def test_a_token_in_the_query_is_looked_at_though_the_credential_is_known(
    cache: Cache, spelling: str
) -> None:
    left = SECRET.encode()[spelling.lower().count("6c") :]
    query = b"?after=a%20b&key=" + spelling.encode() % left
    read = read_head(HEAD.replace(b"/v1/models", b"/v1/models" + query), "")
    assert cache.grants.recognised(read) is None
    with pytest.raises(errors.MissingToken):
        await authenticate(read, cache.grants)
    # Other queries with encoded characters cost no look at the credential.
    other = HEAD.replace(b"/v1/models", b"/v1/models?after=a%20b")
    assert cache.grants.recognised(read_head(other, "")) is not None


async def test_one_form_of_a_credential_is_remembered(cache: Cache) -> None:
    other = HEAD.replace(b"Bearer", b"bearer")
    assert cache.grants.recognised(read_head(other, "")) is None
    await authenticate(read_head(other, ""), cache.grants)
    assert cache.grants.recognised(read_head(other, "")) is not None
    assert cache.grants.recognised(read_head(HEAD, "")) is None
    assert len(cache.grants.credentials.lines) == 1


async def test_a_line_that_is_known_by_its_grant_is_read_as_it_was(cache: Cache) -> None:
    lines = cache.grants.credentials.lines
    read, again = parse_head(HEAD), parse_head(HEAD, lines)
    assert read is not None
    assert again is not None
    assert again[0].fields == read[0].fields
    assert again[0].lines.line(b"authorization") is next(iter(lines.values()))


async def test_a_token_in_the_query_is_looked_at_whatever_the_header_says(cache: Cache) -> None:
    head = HEAD.replace(b"/v1/models", b"/v1/models?key=" + SECRET.encode())
    assert cache.grants.recognised(read_head(head, "")) is None
