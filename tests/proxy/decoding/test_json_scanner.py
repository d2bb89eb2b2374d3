"""Top-level members found without decoding: held against the standard library's decoder."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.decoding.json_scanner import MEMBERS_MAX, VALUE_MAX_BYTES, TopLevelScanner

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


def test_a_document_of_too_many_members_is_not_followed_to_its_end() -> None:
    text = b"{" + b",".join(b'"k%d":0' % number for number in range(MEMBERS_MAX * 2)) + b',"a":1}'
    scanner = scan(text, wanted=(b"a", b"k0"))
    assert scanner.overflowed
    assert not scanner.complete
    assert len(scanner.members) == MEMBERS_MAX
    assert scanner.found == {}


def test_as_many_members_as_allowed_are_followed() -> None:
    text = b"{" + b",".join(b'"k%d":[]' % number for number in range(MEMBERS_MAX)) + b"}"
    scanner = scan(text, wanted=(b"k0",))
    assert scanner.complete
    assert len(scanner.members) == MEMBERS_MAX
    assert scanner.found == {b"k0": b"[]"}


PIECE = 32 * 1024
#: 256 KiB of each: what made the scanner take a step of Python for every few bytes.
HOSTILE = {
    "escapes": b'{"x":"' + b"\\n" * 131_072 + b'"}',
    "escaped quotes": b'{"x":["' + b'\\"' * 131_072 + b'"]}',
    "empty strings": b'{"x":[' + b'"",' * 87_381 + b"0]}",
    "numbers": b'{"x":[' + b"1," * 131_072 + b"0]}",
    "nested members": b'{"x":{' + b'"":0,' * 52_428 + b'"":0}}',
    "empty arrays": b'{"x":[' + b"[]," * 87_381 + b"[]]}",
    "deep": b'{"x":' + b"[" * 131_072 + b"]" * 131_072 + b"}",
    "up and down": b'{"x":[' + (b"[" * 450 + b"]" * 450 + b",") * 290 + b"[]]}",
    "members": b"{" + b'"":0,' * 52_428 + b'"":0}',
    "members of arrays": b"{" + (b'"":' + b"[" * 31 + b"]" * 31 + b",") * 4_000 + b'"":0}',
    "commas": b"{" + b"," * 262_144,
    "closed": b"}" * 262_144,
    "quotes": b'"' * 262_144,
    "backslashes": b"{" + b"\\" * 262_144,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_steps_of_a_piece_do_not_depend_on_what_is_in_it(text: bytes) -> None:
    scanner = TopLevelScanner((b"model",))
    for start in range(0, len(text), PIECE):
        scanner.feed(text[start : start + PIECE])
    # About half a microsecond each, in all of the document and so in any piece of it.
    assert scanner.steps <= 32 * MEMBERS_MAX
