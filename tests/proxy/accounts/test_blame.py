"""Codes that may blame a key, wherever an error has them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import brotli  # type: ignore[import-untyped]  # It has no types.
import pytest
import zstandard

from proxy.accounts import blame


@pytest.mark.parametrize(
    ("fields", "body", "found"),
    [
        ([], {"error": {"code": "a", "type": "b", "status": "c"}}, ["a", "b", "c"]),
        ([], {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}, 5]}},
         ["400", "API_KEY_INVALID"]),
        ([], [{"error": {"status": "PERMISSION_DENIED"}}], ["PERMISSION_DENIED"]),
        ([(b"X-Amzn-ErrorType", b"UnrecognizedClientException:http://x")], None,
         ["UnrecognizedClientException"]),
        ([], {"error": "plain"}, []),
        ([], [], []),
        ([], "text", []),
    ],
)  # fmt: skip
def test_codes_are_found(fields: Any, body: Any, found: list[str]) -> None:
    assert list(blame.codes(fields, body)) == found


def test_what_is_no_json_says_nothing() -> None:
    assert blame.decoded(b"{") is None
    assert blame.decoded(b"[" * 5000) is None
    assert blame.decoded(b'{"error": "caf\xe9"}') is None


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"gzip", gzip.compress), (b"Deflate", zlib.compress), (b"br", brotli.compress),
     (b"zstd", zstandard.compress), (b"identity", bytes)],
)  # fmt: skip
def test_a_body_is_read_out_of_its_coding(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    fields = [(b"Content-Encoding", coding)]
    assert blame.decoded(encode(b'{"error":{"code":"x"}}'), fields) == {"error": {"code": "x"}}
    assert blame.decoded(encode(b'"' + b"x" * (1 << 20) + b'"')[:-1], fields) is None
    assert blame.decoded(b"{}", [(b"content-encoding", b"unknown")]) is None


def test_an_answer_is_described_in_a_few_words() -> None:
    assert blame.described(429, [], {"error": {"code": "slow_down"}}) == "429 slow_down"
    assert blame.described(500, [], None) == "500"
    hostile = blame.described(401, [], {"error": {"code": "x\x00\n" * 500}})
    assert len(hostile) < 100
    assert hostile.isprintable()


def test_a_text_in_place_of_a_code_is_not_shown_as_it_may_repeat_the_key() -> None:
    for text in ("sk-proj-abcdefghijklmnop", "Incorrect API key provided: sk-proj-abc", "é"):
        assert blame.described(401, [], {"error": {"code": text}}) == "401"
