"""Top-level members found without decoding: held against the standard library's decoder."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.json_scan import MEMBERS_MAX, VALUE_MAX_BYTES, TopLevelScanner

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.text() | st.sampled_from(["usage", "model", "", '"', "\\", "a,b", "{", "}", "[", ":"])
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=6)


@st.composite
def written(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """A document, and the text of it in one of the ways JSON can be written."""
    document = draw(DOCUMENTS)
    text = json.dumps(
        document,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 3])),
        separators=draw(st.sampled_from([(",", ":"), (" , ", "\t:\r\n ")])),
    )
    space = draw(st.sampled_from(["", " ", "\r\n\t"]))
    return document, (space + text + space).encode("utf-8", "surrogatepass")


def scan(text: bytes, *cuts: int, wanted: tuple[bytes, ...] = ()) -> TopLevelScanner:
    scanner = TopLevelScanner(wanted)
    for start, end in itertools.pairwise([0, *sorted(cuts), len(text)]):
        scanner.feed(text[start:end])
    return scanner


@given(written(), st.data())
@settings(max_examples=150, deadline=None)
def test_any_document_cut_anywhere(case: tuple[dict[str, Any], bytes], draw: st.DataObject) -> None:
    document, text = case
    cuts = draw.draw(st.lists(st.integers(0, len(text)), max_size=5))
    scanner = scan(text, *cuts, wanted=(b"usage", b"model"))
    keys = [json.loads(b'"' + member.key + b'"') for member in scanner.members]
    values = [json.loads(text[member.start : member.end]) for member in scanner.members]
    assert (keys, values) == (list(document), list(document.values()))
    found = {key.decode(): json.loads(value) for key, value in scanner.found.items()}
    assert found == {key: document[key] for key in ("usage", "model") if key in document}


@given(st.lists(st.binary(max_size=20) | st.sampled_from(list('{}[]:,"\\').copy()).map(str.encode)))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_break_nothing(pieces: list[bytes]) -> None:
    scanner = TopLevelScanner((b"usage", b""))
    for piece in pieces:
        scanner.feed(piece)
    text = b"".join(pieces)
    for member in scanner.members:
        assert 0 <= member.start <= member.end <= len(text)


def test_the_last_of_a_repeated_key_is_found() -> None:
    scanner = scan(b'{"a":1,"b":2,"a":[3]}', wanted=(b"a",))
    assert scanner.found == {b"a": b"[3]"}
    assert [member.key for member in scanner.members] == [b"a", b"b", b"a"]


def test_nothing_deeper_is_found() -> None:
    assert scan(b'{"x":{"a":1},"y":[{"a":2}],"z":"\\"a\\":3"}', wanted=(b"a",)).found == {}


@pytest.mark.parametrize("size", [1000, VALUE_MAX_BYTES * 2])
def test_a_value_beyond_the_bound_is_not_kept(size: int) -> None:
    text = b'{"a":1,"a":"' + b"x" * size + b'"}'
    found = scan(text, *range(0, len(text), 100), wanted=(b"a",)).found
    assert found == ({b"a": b'"' + b"x" * size + b'"'} if size < VALUE_MAX_BYTES else {})


def test_a_key_beyond_the_bound_is_a_key_nevertheless() -> None:
    text = b'{"' + b"k" * VALUE_MAX_BYTES * 2 + b'":"a","a":2}'
    for step in (1000, len(text)):
        assert scan(text, *range(0, len(text), step), wanted=(b"a",)).found == {b"a": b"2"}


def test_members_are_counted_up_to_a_bound() -> None:
    text = b"{" + b",".join(b'"k%d":0' % number for number in range(MEMBERS_MAX * 2)) + b',"a":1}'
    scanner = scan(text, wanted=(b"a",))
    assert len(scanner.members) == MEMBERS_MAX
    assert scanner.found == {b"a": b"1"}
