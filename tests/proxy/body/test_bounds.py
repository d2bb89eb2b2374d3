"""What is looked into is bounded, and what lies beyond a bound is never guessed."""

from __future__ import annotations

import pytest
import zstandard

from proxy.body.kept_body import KeptBody
from proxy.body.request_body import JsonReader, whole
from proxy.decoding.content_coding import ALWAYS_BYTES, CannotDecode, Decoder
from proxy.decoding.json_reading import Unreadable, decode_any
from proxy.decoding.json_scanner import MEMBERS_MAX, TopLevelScanner


def reader(body: bytes) -> JsonReader:
    return whole(KeptBody(body))


ASKS = b'"stream_options":{"include_usage":true}'


@pytest.mark.parametrize(("times", "looked_into"), [(8, True), (9, False)])
def test_options_repeated_too_often_are_neither_read_nor_changed(
    times: int, looked_into: bool
) -> None:
    found = reader(b'{"stream":true,' + b",".join([ASKS] * times) + b"}")
    assert found.inspected().asks_for_usage is looked_into
    assert (found.splices() is not None) is looked_into


def test_options_of_too_many_members_are_not_changed() -> None:
    """Another `include_usage` may stand among those that were not followed."""
    for members, changed in ((MEMBERS_MAX, True), (MEMBERS_MAX + 1, False)):
        options = b"{" + b",".join([b'"a":0'] * members) + b"}"
        found = reader(b'{"stream":true,"stream_options":' + options + b"}")
        assert (found.splices() is not None) is changed


def test_who_asks_and_does_not_ask_does_not_ask() -> None:
    """Readers differ on which of the two counts."""
    for inner in (
        b'"include_usage":true,"include_usage":false',
        b'"include_usage":false,"Include_usage":true',
    ):
        found = reader(b'{"stream":true,"stream_options":{%b}}' % inner)
        assert not found.inspected().asks_for_usage


def test_one_slice_of_zstd_may_not_decode_to_much() -> None:
    """It cannot be stopped in the middle: all of it is in memory before it can be counted."""
    bomb = zstandard.compress(bytes(16 * ALWAYS_BYTES))
    with pytest.raises(CannotDecode):
        Decoder(b"zstd").feed(bomb)


def test_half_characters_are_replaced_in_short_documents_only() -> None:
    """Replacing them is one call, which holds the loop."""
    assert decode_any(b'"\\ud800"') == "\N{REPLACEMENT CHARACTER}"
    with pytest.raises(Unreadable):
        decode_any(b'["' + b"x" * 1024 * 1024 + b'","\\ud800"]')


def test_a_document_that_is_not_followed_or_has_not_ended_is_not_complete() -> None:
    scanner = TopLevelScanner((b"a",))
    for piece, complete in ((b'{"a":[1', False), (b"]", False), (b"}", True)):
        scanner.feed(piece)
        assert scanner.complete is complete
    many = TopLevelScanner((b"a",))
    many.feed(b'{"a":1,' + b",".join([b'"b":0'] * MEMBERS_MAX) + b"}")
    assert not many.complete
    assert many.found == {}


def test_a_long_nesting_is_skipped_in_windows_that_stay_small() -> None:
    """A window is one call, and its end is searched for again in halves."""
    nested = b"[" + b'"x",' * 300_000 + b"0]"
    text = b'{"a":' + nested + b',"b":1}'
    scanner = TopLevelScanner((b"b",))
    scanner.feed(text)
    assert scanner.found == {b"b": b"1"}
    # At most 32 KiB each, and halving at its end.
    assert len(text) / (32 * 1024) <= scanner.steps <= len(text) / (32 * 1024) + 60
