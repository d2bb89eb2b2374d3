"""Protobuf's wire format, against the library of those who made it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from delivery.protobuf import Malformed, block, double, fields_of, integer, text


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert AnyValue.FromString(integer(3, number)).int_value == number
    assert dict(fields_of(integer(3, number))) == {3: number % 2**64}


@given(st.floats(allow_nan=False))
def test_every_double_is_read_back(number: float) -> None:
    assert AnyValue.FromString(double(4, number)).double_value == number


@given(st.text())
def test_every_text_is_read_back(content: str) -> None:
    clean = content.encode("utf-8", "replace").decode()
    message = KeyValue.FromString(text(1, content) + block(2, text(1, content)))
    assert (message.key, message.value.string_value) == (clean, clean)


@given(st.binary(max_size=64))
def test_whatever_a_receiver_answers_is_read_or_malformed(content: bytes) -> None:
    try:
        read = list(fields_of(content))
    except Malformed:
        return
    assert sum(len(value) for _, value in read if isinstance(value, bytes)) <= len(content)


@pytest.mark.parametrize("content", [b"\x0a\x05abc", b"\x80" * 12, b"\x0b", b"\x0a"])
def test_what_is_no_message_is_said(content: bytes) -> None:
    with pytest.raises(Malformed):
        list(fields_of(content))
