"""Header lines read once: what is found in them, and that they cross as the rules say."""

from __future__ import annotations

from sys import getsizeof

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.bounded_memo import PLACE_BYTES
from proxy.downstream import RequestHead
from proxy.header_lines import NOTABLE, HeaderLines, kind_of, line_of
from proxy.header_rules import for_upstream
from proxy.headers import RawHeaders, value_of, values_of, wire_lines
from tests.proxy.test_header_rules import HEADERS


@given(HEADERS)
@settings(max_examples=200, deadline=None)
def test_a_list_is_read_as_its_fields_are(fields: RawHeaders) -> None:
    lines = HeaderLines.of(fields)
    assert lines.fields == fields
    assert lines.crossing == wire_lines(for_upstream(fields))
    for name in [*NOTABLE, b"accept", b"x-a"]:
        assert lines.value(name) == value_of(fields, name)
        assert lines.values(name) == values_of(fields, name)


@given(HEADERS)
@settings(max_examples=200, deadline=None)
def test_a_line_crosses_by_its_own_name_as_it_does_among_others(fields: RawHeaders) -> None:
    apart = [line_of(name, value, kind_of(name), 0).wire for name, value in fields]
    plain = [(name, value) for name, value in fields if name.lower() != b"connection"]
    crossing = b"".join(
        wire for wire, (name, _) in zip(apart, fields, strict=True) if (name, _) in plain
    )
    assert crossing == wire_lines(for_upstream(plain))


@given(st.text("abcX-", min_size=1, max_size=70).map(str.encode), st.binary(max_size=700))
@settings(max_examples=200, deadline=None)
def test_a_line_and_a_kind_say_no_less_than_they_take(name: bytes, value: bytes) -> None:
    kind = kind_of(name)
    line = line_of(name, value, kind, 0)
    text = b"%b:%b\r" % (name, value)
    parts = (text, line, line.name, line.lowered, line.value, line.wire)
    assert line.size >= sum(map(getsizeof, parts)) + PLACE_BYTES
    assert kind.size >= sum(map(getsizeof, (name, kind, kind.lowered))) + PLACE_BYTES


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-api-key", "API-Key", "Cookie", "Proxy-Authorization", "X-Goog-Api-Key",
     "x-auth-request", "X-Vault-Token", "X-Amz-Security-Token", "x-session-id", "X-Hub-Signature",
     "X-My-Secret", "x-password", "x-credential", "X" * 65],
)  # fmt: skip
def test_lines_that_may_hold_a_secret_are_not_remembered(name: str) -> None:
    assert not kind_of(name.encode()).may_be_remembered


@pytest.mark.parametrize(
    "name",
    ["X-Client-Request-Id", "x-requestid", "traceparent", "X-Amzn-Trace-Id", "x-correlation-id",
     "x-b3-spanid", "Date"],
)  # fmt: skip
def test_lines_that_are_others_with_each_request_are_not_looked_for(name: str) -> None:
    assert not kind_of(name.encode()).may_be_remembered


@pytest.mark.parametrize(
    "name", ["User-Agent", "x-stainless-lang", "Content-Type", "X-Updated", "X" * 64]
)
def test_lines_that_every_request_brings_may_be(name: str) -> None:
    assert kind_of(name.encode()).may_be_remembered


def test_every_field_is_found_among_lines_that_were_read_once() -> None:
    line = line_of(b"X-Other", b"1", kind_of(b"X-Other"), 0)
    lines = HeaderLines({}, False, [line])
    assert lines.values(b"x-other") == [b"1"]
    assert lines.value(b"x-other") == b"1"


@given(HEADERS)
@settings(max_examples=100, deadline=None)
def test_what_is_let_go_is_read_anew(fields: RawHeaders) -> None:
    lines = [line_of(name, value, kind_of(name), 0) for name, value in fields]
    for made in (HeaderLines(None, False, lines), HeaderLines.of(fields)):
        head = RequestHead("GET", b"/", "1.1", made, 0, "192.0.2.1")
        before = head.headers
        head.let_go()
        assert head.headers == before == fields


def test_nothing_of_the_fields_is_kept_beside_their_lines() -> None:
    lines = HeaderLines(None, False, [line_of(b"Accept", b"*/*", kind_of(b"Accept"), 0)])
    first = lines.fields
    assert lines.fields is first
    lines.let_go()
    assert lines.fields is not first
