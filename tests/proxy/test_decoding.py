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

from proxy.decoding import PIECE_MAX_BYTES, CannotDecode, Decoder

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
    return b"".join(decoder.feed(data[start : start + size]) for start in range(0, len(data), size))


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


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_given_up_before_memory_is_gone(coding: str) -> None:
    zeros = bytes(4 * PIECE_MAX_BYTES)
    bomb = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda data: brotli.compress(data, quality=1),
        "zstd": zstandard.compress,
    }[coding](zeros)
    assert len(bomb) < 100_000
    with pytest.raises(CannotDecode, match="more than is worth"):
        Decoder(coding.encode()).feed(bomb)


def test_zstd_may_not_ask_for_a_larger_window_than_the_web_has() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(CannotDecode):
        Decoder(b"zstd").feed(compressor.compress(TEXT) + compressor.flush())


def test_what_follows_a_gzip_member_and_is_none_is_ignored_for_good() -> None:
    decoder = Decoder(b"gzip")
    assert decoder.feed(gzip.compress(b"a") + b"junk") == b"a"
    assert decoder.feed(gzip.compress(b"b")) == b""


@given(st.sampled_from([b"gzip", b"deflate", b"br", b"zstd"]), st.lists(st.binary(max_size=50)))
@settings(max_examples=200, deadline=None)
def test_random_bytes_raise_nothing_else(coding: bytes, pieces: list[bytes]) -> None:
    decoder = Decoder(coding)
    with suppress(CannotDecode):
        for piece in pieces:
            decoder.feed(piece)
