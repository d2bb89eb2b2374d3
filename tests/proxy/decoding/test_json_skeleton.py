"""Whether a text is JSON, found piece by piece: held against the standard library's decoder."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.decoding.json_skeleton import SKELETON_MAX_BYTES, JsonCheck
from tests.proxy.decoding.test_json_scanner import JSON

TOKENS = st.sampled_from(
    ['"', "\\", "\\\\", '\\"', "\\u00e9", "\\ud83d", "\\x", "\\n", "{", "}", "[", "]", ":", ",",
     "1", "-", "1e5", "01", " ", "a", '"a"', "é", "\x01", "\t", "true", "null", '"a":1', "\\u12"]
)  # fmt: skip


def is_json(text: bytes, *cuts: int) -> bool:
    check = JsonCheck()
    for start, end in itertools.pairwise([0, *sorted(cuts), len(text)]):
        check.feed(text[start:end])
    return check.ends_well()


def refuse(constant: str) -> None:
    raise ValueError(constant)


def is_strictly_json(text: bytes) -> bool:
    try:
        json.loads(text.decode(), parse_constant=refuse)
    except ValueError:
        return False
    return True


@given(st.lists(TOKENS, max_size=12).map("".join) | JSON.map(json.dumps), st.data())
@settings(max_examples=400, deadline=None)
def test_any_text_cut_anywhere(text: str, draw: st.DataObject) -> None:
    encoded = text.encode("utf-8", "surrogatepass")
    cuts = draw.draw(st.lists(st.integers(0, len(encoded)), max_size=4))
    assert is_json(encoded, *cuts) is is_strictly_json(encoded)


@pytest.mark.parametrize(
    "text", [b'"\xff"', b'"\xc0\xa2"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", b'{"a":1} x', b""]
)
def test_what_is_no_json_of_utf_8(text: bytes) -> None:
    assert not is_json(text)
    assert not is_json(text, *range(len(text)))


def test_the_size_of_strings_does_not_matter_and_that_of_the_rest_does() -> None:
    pieces = [b'{"image":"', *[b"A" * 65_536] * 40, b'"}']
    check = JsonCheck()
    for piece in pieces:
        check.feed(piece)
    assert check.ends_well()
    assert not is_json(b"[" + b"1," * (SKELETON_MAX_BYTES // 2) + b"1]")
