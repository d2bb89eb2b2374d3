"""A response's header lines read once: what is found in them, and what crosses, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from sys import getsizeof

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy import response_lines
from proxy.bounded_memo import PLACE_BYTES
from proxy.downstream import ResponseHead
from proxy.header_rules import for_downstream
from proxy.headers import RawHeaders, value_of, values_of
from proxy.response_lines import NOTABLE, lines_of
from tests.proxy.test_header_rules import HEADERS


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    response_lines.forget()
    yield
    response_lines.forget()


def formatted(headers: RawHeaders) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in headers])


CODINGS = st.sampled_from([(b"Content-Encoding", b"GZIP"), (b"content-encoding", b"br")])
LIMITS = st.just((b"X-RateLimit-Limit-Requests", b"60"))
OFTEN = st.lists(HEADERS | st.lists(CODINGS | LIMITS, max_size=3), min_size=1, max_size=4)


@given(OFTEN.map(lambda parts: [[field for part in parts for field in part], *parts]), st.data())
@settings(max_examples=200, deadline=None)
def test_lines_are_read_the_same_however_often_their_names_came(
    responses: list[RawHeaders], data: st.DataObject
) -> None:
    response_lines.forget()
    order = data.draw(st.lists(st.integers(0, len(responses) - 1), max_size=8))
    for index in [*order, *order, *range(len(responses))]:
        headers = responses[index]
        lines = lines_of(headers)
        crossing = for_downstream(headers)
        assert lines.block == formatted(crossing)
        assert lines.first == {
            name: value for name in NOTABLE if (value := value_of(headers, name)) is not None
        }
        assert lines.has_repeated is any(len(values_of(headers, name)) > 1 for name in NOTABLE)
        told = value_of(crossing, b"x-ratelimit-limit-requests") is not None
        assert lines.tells_limits is told
        codings = values_of(headers, b"content-encoding")
        assert lines.content_coding == b",".join(codings).lower()


@pytest.mark.parametrize("first", [b"", b"close", b"keep-alive"])
def test_a_second_connection_line_may_name_a_field(first: bytes) -> None:
    headers = [(b"Connection", first), (b"connection", b"X-A"), (b"x-a", b"1"), (b"B", b"2")]
    for _ in range(3):
        assert lines_of(headers).block == b"B: 2\r\n"


def test_responses_whose_names_are_all_new_leave_nothing_behind() -> None:
    for number in range(2000):
        lines_of([(b"X-%d" % number, b"1")])
    assert not response_lines._SHAPES.young


@given(st.lists(st.text("abX-", min_size=1, max_size=30), max_size=300))
@settings(max_examples=50, deadline=None)
def test_a_shape_says_no_less_than_it_takes(names: list[str]) -> None:
    response_lines.forget()
    headers = [(name.encode(), b"") for name in [*names, "Connection", "Content-Type"]]
    for _ in range(3):
        lines_of(headers)
    for key, shape in response_lines._SHAPES.young.items():
        pairs = [getsizeof(pair) for pair in shape.notable]
        taken = getsizeof(key) + getsizeof(shape) + getsizeof(shape.notable) + sum(pairs)
        taken += getsizeof(shape.crossing) + 28 * len(shape.crossing or ())
        assert shape.size >= taken + PLACE_BYTES


@given(HEADERS)
@settings(max_examples=100, deadline=None)
def test_a_head_shows_its_lines_in_either_form(fields: RawHeaders) -> None:
    fields = [(name, value.replace(b"\r\n", b"")) for name, value in fields]
    as_list, as_block = (ResponseHead(200, b"OK", one, 0) for one in (fields, formatted(fields)))
    assert as_list.headers == as_block.headers == fields
    assert as_list.block == as_block.block == formatted(fields)


def test_a_limit_that_its_connection_names_is_not_told() -> None:
    limit = (b"x-ratelimit-limit-requests", b"9")
    assert lines_of([limit]).tells_limits
    assert not lines_of([(b"connection", limit[0]), limit]).tells_limits
