"""Of an upstream's head, what holds for whoever asks the same is kept, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.cache.kept_head import BLOCK_MAX_BYTES, kept_head, revived, status_lines
from proxy.headers import RawHeaders
from proxy.upstream.heads import UpstreamHead

TYPE = (b"Content-Type", b"application/json")


def kept(*fields: tuple[bytes, bytes], **more: Any) -> RawHeaders | None:
    """What a client gets of a head that had these fields; None where it is not kept."""
    made = kept_head(UpstreamHead(200, b"OK", [TYPE, *fields], 2), **more)
    return None if made is None else revived(made.reason, made.block, None).headers


@pytest.mark.parametrize(
    "name",
    [
        b"Set-Cookie", b"Age", b"Cache-Status", b"X-RateLimit-Remaining-Requests", b"Retry-After",
        b"retry-after-ms", b"anthropic-ratelimit-tokens-reset", b"x-ms-ratelimit-reset",
        b"RateLimit", b"Content-Length", b"Connection", b"Keep-Alive", b"Trailer", b"Server-Timing",
        b"X-LLM-Proxy-Request-Id", b"x-llm-proxy-budget-remaining", b"Alt-Svc",
        b"x-should-retry",
    ],
)  # fmt: skip
def test_what_was_said_to_one_client_or_of_one_moment_is_not_kept(name: bytes) -> None:
    assert kept((name, b"1")) == [TYPE]


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Encoding", b"X-Request-Id", b"openai-model", b"Date", b"ETag", b"Vary",
        b"cache-control", b"Warning",
    ],
)  # fmt: skip
def test_other_fields_are_kept_as_they_came(name: bytes) -> None:
    assert kept((name, b"a, B"), (name, b"c")) == [TYPE, (name, b"a, B"), (name, b"c")]


def test_fields_of_a_connection_are_not_kept() -> None:
    assert kept((b"X-Hop", b"1"), (b"Connection", b"x-hop")) == [TYPE]


def test_fields_that_do_not_hold_of_what_was_sent_are_not_kept() -> None:
    assert kept((b"ETag", b"1"), voids=(b"content-length", b"etag")) == [TYPE]


@pytest.mark.parametrize("status", [201, 203, 204, 206, 301, 400, 429, 500])
def test_only_200_is_kept(status: int) -> None:
    assert kept_head(UpstreamHead(status, b"OK", [TYPE], 2)) is None


@pytest.mark.parametrize(
    "field",
    [
        (b"Vary", b"*"),
        (b"Vary", b"accept-encoding, User-Agent"),
        (b"vary", b"traceparent"),
        (b"Vary", b"x-stainless-lang"),
        (b"Content-Range", b"bytes 0-1/2"),
        (b"x-long", b"a" * BLOCK_MAX_BYTES),
    ],
)
def test_what_depends_on_more_than_the_key_has_is_not_kept(field: tuple[bytes, bytes]) -> None:
    assert kept(field) is None


def test_its_age_goes_on_where_another_cache_gave_it() -> None:
    ages = {b"7": 7, b"x": 0, b"-1": 0, b"9" * 9: 999_999_999, b"9" * 99: 2**31}
    for said, age in ages.items():
        made = kept_head(UpstreamHead(200, b"OK", [(b"Age", said)], 2))
        assert made is not None
        assert made.age == age


def test_it_comes_back_with_the_length_that_is_known() -> None:
    made = kept_head(UpstreamHead(200, b"Fine", [TYPE, (b"x", b"a: b")], 2))
    assert made is not None
    head = revived(made.reason, made.block, 2)
    assert (head.status, head.reason, head.content_length) == (200, b"Fine", 2)
    assert head.headers == [(b"content-length", b"2"), TYPE, (b"x", b"a: b")]
    assert head.read().block == b"content-length: 2\r\n" + made.block
    assert revived(b"", b"", None).headers == []


def test_clients_are_told_in_the_words_of_rfc_9211() -> None:
    assert status_lines("hit", 5) == b"age: 5\r\ncache-status: llm-proxy; hit\r\n"
    assert status_lines("hit", -5).startswith(b"age: 0\r\n")
    assert status_lines("collapsed") == b"cache-status: llm-proxy; fwd=miss; collapsed\r\n"
    assert status_lines("miss") == b"cache-status: llm-proxy; fwd=miss\r\n"
    assert status_lines("request") == b"cache-status: llm-proxy; fwd=request\r\n"
    assert status_lines("bypass") == b"cache-status: llm-proxy; fwd=bypass\r\n"
