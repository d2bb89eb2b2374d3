"""Raw header lists: what is found in them, and that changing one line leaves the others alone."""

from __future__ import annotations

import pytest

from proxy.headers import (
    RawHeaders,
    is_json,
    is_plain,
    value_of,
    values_of,
    wire_lines,
    with_value,
    without,
)


def test_all_values_of_a_field_are_found_in_order() -> None:
    headers = [(b"X-A", b"1"), (b"x-b", b"2"), (b"x-A", b""), (b"X-Ab", b"3")]
    assert values_of(headers, b"x-a") == [b"1", b""]
    assert values_of(headers, b"x-c") == []


def test_a_field_is_left_out_whatever_its_case() -> None:
    headers = [(b"X-A", b"1"), (b"x-b", b"2"), (b"x-a", b"3")]
    assert without(headers, b"x-a") == [(b"x-b", b"2")]
    assert len(headers) == 3


def test_lines_go_out_as_they_are() -> None:
    assert wire_lines([(b"X-A", b"1"), (b"x-a", b"")]) == b"X-A: 1\r\nx-a: \r\n"
    assert wire_lines([]) == b""


def test_values_are_found_and_replaced_in_their_place() -> None:
    headers = [(b"A", b"1"), (b"Content-LENGTH", b"5"), (b"content-length", b"6"), (b"B", b"2")]
    assert value_of(headers, b"content-length") == b"5"
    assert value_of(headers, b"c") is None
    assert with_value(headers[:2], b"content-length", b"9") == [
        (b"A", b"1"),
        (b"Content-LENGTH", b"9"),
    ]
    assert with_value(headers[:1], b"content-length", b"9") == [
        (b"A", b"1"),
        (b"content-length", b"9"),
    ]


@pytest.mark.parametrize(
    ("fields", "plain"),
    [
        ([(b"content-type", b"application/json")], True),
        ([(b"Content-Type", b" Application/JSON ; charset=utf-8")], True),
        ([(b"content-type", b"application/merge-patch+json")], True),
        ([(b"content-type", b"application/json"), (b"Content-Encoding", b"Identity")], True),
        ([(b"content-type", b"application/json"), (b"Content-Encoding", b"gzip")], False),
        (
            [
                (b"content-type", b"application/json"),
                (b"content-encoding", b"identity"),
                (b"content-encoding", b"gzip"),
            ],
            False,
        ),
        ([(b"content-type", b"text/json-ish")], False),
        ([(b"content-type", b"multipart/form-data; a=application/json")], False),
        ([], False),
    ],
)
def test_what_counts_as_plain_json(fields: RawHeaders, plain: bool) -> None:
    assert (is_json(fields) and is_plain(fields)) is plain
