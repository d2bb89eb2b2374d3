"""Content codings undone in a copy: whole, in pieces, broken, and out of proportion."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.decoding.content_coding import ALWAYS_BYTES, STEP_BYTES, CannotDecode, Decoder

TEXT = b'{"usage":{"prompt_tokens":1}}' * 2000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def flushed_gzip(data: bytes) -> bytes:
    """As a stream is sent: flushed often, so that every piece can be read at once."""
    compressor = zlib.compressobj(wbits=31)
    pieces = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    return (
        b"".join(
            compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces
        )
        + compressor.flush()
    )


def two(compress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: compress(data[:100]) + compress(data[100:])


ENCODED: dict[str, tuple[bytes, bytes]] = {
    "gzip": (b"gzip", gzip.compress(TEXT)),
    "gzip, by its old name in odd case": (b" X-GZip ", gzip.compress(TEXT)),
    "gzip, flushed": (b"gzip", flushed_gzip(TEXT)),
    "gzip of two members": (b"gzip", two(gzip.compress)(TEXT)),
    "gzip with padding": (b"gzip", gzip.compress(TEXT) + bytes(512)),
    "deflate": (b"deflate", zlib.compress(TEXT)),
    "deflate, raw": (b"deflate", raw_deflate(TEXT)),
    "br": (b"br", brotli.compress(TEXT)),
    "zstd": (b"zstd", zstandard.compress(TEXT)),
    "zstd of two frames": (b"zstd", two(zstandard.compress)(TEXT)),
}


def decoded(coding: bytes, data: bytes, size: int) -> bytes:
    decoder = Decoder(coding)
    pieces = []
    for start in range(0, len(data), size):
        pieces.append(decoder.feed(data[start : start + size]))
        while decoder.behind:
            pieces.append(decoder.feed(b""))
    return b"".join(pieces)


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize(("coding", "data"), ENCODED.values(), ids=ENCODED)
def test_every_coding_in_pieces_of_any_size(coding: bytes, data: bytes, size: int) -> None:
    assert decoded(coding, data, size) == TEXT


@pytest.mark.parametrize(("coding", "data"), ENCODED.values(), ids=ENCODED)
def test_what_has_come_is_decoded_when_the_rest_never_does(coding: bytes, data: bytes) -> None:
    assert TEXT.startswith(decoded(coding, data[:-20], 100))


@pytest.mark.parametrize(("coding", "data"), ENCODED.values(), ids=ENCODED)
def test_a_broken_coding_is_told(coding: bytes, data: bytes) -> None:
    with pytest.raises(CannotDecode):
        decoded(coding, b"\x07not encoded at all, but long enough to be sure", 5)
    with pytest.raises(CannotDecode):
        decoded(coding, data[:20] + bytes(byte ^ 0xFF for byte in data[20:60]) + data[60:], 1 << 20)


@pytest.mark.parametrize("coding", [b"", b"compress", b"gzip, br", b"gzip,gzip", b"utf-8"])
def test_an_unknown_coding_is_told(coding: bytes) -> None:
    with pytest.raises(CannotDecode):
        Decoder(coding)


def zstd_of_empty_frames(number: int) -> bytes:
    # A skippable frame of no bytes (RFC 8878 3.1.2) and a frame without content.
    return (bytes.fromhex("502a4d1800000000") + zstandard.compress(b"")) * number


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", COMPRESSED)
def test_a_bomb_is_given_up_before_memory_is_gone(coding: str) -> None:
    bomb = COMPRESSED[coding](bytes(16 * ALWAYS_BYTES))
    assert len(bomb) < 100_000
    with pytest.raises(CannotDecode, match="more than is worth"):
        decoded(coding.encode(), bomb, 4096)


@pytest.mark.parametrize("coding", COMPRESSED)
def test_an_answer_that_repeats_itself_is_no_bomb(coding: str) -> None:
    text = b"the same again, " * (ALWAYS_BYTES // 16)
    assert decoded(coding.encode(), COMPRESSED[coding](text), 4096) == text


@pytest.mark.parametrize(
    ("coding", "data"),
    {
        "gzip of empty members": (b"gzip", gzip.compress(b"") * 10_000),
        "zstd of empty frames": (b"zstd", zstd_of_empty_frames(10_000)),
        "gzip, dense": (b"gzip", gzip.compress(bytes(256 * 1024))),
        "br, dense": (b"br", brotli.compress(bytes(256 * 1024))),
        "zstd, dense": (b"zstd", zstandard.compress(bytes(256 * 1024))),
    }.values(),
    ids=lambda value: value.decode() if len(value) < 9 else "",
)
def test_one_call_does_bounded_work(coding: bytes, data: bytes) -> None:
    """However much lies in a piece: so many calls of a codec, and so many bytes."""
    decoder = Decoder(coding)
    calls: list[tuple[int, int]] = []
    codec = decoder._codec

    class Counting:
        @property
        def full(self) -> bool:
            return codec.full

        def decode(self, data: bytes, limit: int) -> bytes:
            found = codec.decode(data, limit)
            calls.append((len(data), len(found)))
            return found

    decoder._codec = Counting()  # type: ignore[assignment]
    given = data
    while True:
        calls.clear()
        decoder.feed(given)
        given = b""
        assert len(calls) <= 32
        assert all(size <= 2048 for size, _ in calls)
        assert sum(size for _, size in calls[:-1]) <= STEP_BYTES
        # Brotli gives as much as it has in a buffer of its own.
        assert calls[-1][1] <= STEP_BYTES * 2
        if not decoder.behind:
            break


def test_zstd_may_not_ask_for_a_larger_window_than_the_web_has() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(CannotDecode):
        Decoder(b"zstd").feed(compressor.compress(TEXT) + compressor.flush())


def test_what_follows_a_gzip_member_and_is_none_is_ignored_for_good() -> None:
    decoder = Decoder(b"gzip")
    assert decoder.feed(gzip.compress(b"a") + b"junk") == b"a"
    assert decoder.feed(gzip.compress(b"b")) == b""
    assert not decoder.behind


@given(st.sampled_from([b"gzip", b"deflate", b"br", b"zstd"]), st.lists(st.binary(max_size=50)))
@settings(max_examples=200, deadline=None)
def test_random_bytes_raise_nothing_else(coding: bytes, pieces: list[bytes]) -> None:
    decoder = Decoder(coding)
    with suppress(CannotDecode):
        for piece in pieces:
            decoder.feed(piece)
