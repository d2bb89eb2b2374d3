"""The model of a body that streams through, whatever the pieces in which it comes."""

from __future__ import annotations

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # It has no types.
import pytest
import zstandard

from proxy.body import passing_model
from proxy.body.multipart import PARTS_MAX
from proxy.body.passing_model import PassingModel
from proxy.decoding.content_coding import ALWAYS_BYTES
from proxy.turns import Turns
from tests.proxy.body.test_multipart import field, form
from tests.proxy.body.test_reading import FORM, JSON

FILE = b'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n' + b"x" * 200_000


async def model_of(
    content_type: tuple[bytes, bytes], body: bytes, step: int, *more: tuple[bytes, bytes]
) -> str:
    passing = PassingModel([content_type, *more], Turns())
    for start in range(0, len(body), step):
        await passing.take(body[start : start + step])
    return passing.model


@pytest.mark.parametrize("step", [7, 1000, 1_000_000])
@pytest.mark.parametrize(
    ("content_type", "body", "model"),
    [
        (FORM, form(field(b"model", b"m"), FILE), "m"),
        (FORM, form(FILE, field(b"model", b"m")), "m"),
        (FORM, form(FILE), ""),
        (FORM, b"no form", ""),
        (FORM, form(*[field(b"x", b"")] * (PARTS_MAX + 1), field(b"model", b"m")), ""),
        ((b"Content-Type", b"multipart/mixed"), form(field(b"model", b"m")), ""),
        (JSON, b'{"input":"' + b"x" * 200_000 + b'","model":"m"}', "m"),
        (JSON, b'{"model":"' + b"m" * 5000 + b'"}', ""),
        (JSON, b'{"model":7}', ""),
        (JSON, b"no JSON", ""),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else None,
)
async def test_the_model_of_a_body_that_passes(
    content_type: tuple[bytes, bytes], body: bytes, model: str, step: int
) -> None:
    assert await model_of(content_type, body, step) == model


LARGE = b'{"input":"' + b"x" * 200_000 + b'","model":"m"}'
CODINGS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("step", [7, 1_000_000])
async def test_the_model_of_a_compressed_body_that_passes(coding: bytes, step: int) -> None:
    body = CODINGS[coding](LARGE)
    assert await model_of(JSON, body, step, (b"content-encoding", coding)) == "m"
    assert await model_of(JSON, body[: len(body) // 2], step, (b"content-encoding", coding)) == ""


@pytest.mark.parametrize(
    ("field_", "content_type", "body"),
    [
        # Said to be compressed, and is not; twice; in a way that nobody knows; a form.
        (b"gzip", JSON, b'{"model":"m"}'),
        (b"gzip, gzip", JSON, zlib.compress(zlib.compress(b'{"model":"m"}', wbits=31), wbits=31)),
        (b"compress", JSON, b'{"model":"m"}'),
        (b"gzip", FORM, zlib.compress(form(field(b"model", b"m")), wbits=31)),
    ],
    ids=["plain", "twice", "unknown", "form"],
)
async def test_what_cannot_be_decoded_is_not_looked_at(
    field_: bytes, content_type: tuple[bytes, bytes], body: bytes
) -> None:
    assert await model_of(content_type, body, 100, (b"content-encoding", field_)) == ""


async def test_a_passing_body_is_decoded_up_to_a_size_and_a_ratio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was read before stands; nothing behind the bound is decoded any more."""
    bomb = gzip.compress(b'{"model":"m","x":"' + b"0" * 20_000_000 + b'","model":"n"}')
    assert len(bomb) * 100 + ALWAYS_BYTES < 20_000_000
    packed = (b"content-encoding", b"gzip")
    assert await model_of(JSON, bomb, 4096, packed) == "m"
    small = gzip.compress(b'{"model":"m","x":"' + b"0" * 500_000 + b'","model":"n"}')
    assert await model_of(JSON, small, 64, packed) == "n"
    monkeypatch.setattr(passing_model, "BODY_MAX_BYTES", 400_000)
    assert await model_of(JSON, small, 64, packed) == "m"
