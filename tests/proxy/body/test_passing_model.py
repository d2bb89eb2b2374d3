"""The model of a body that streams through, whatever the pieces in which it comes."""

from __future__ import annotations

import pytest

from proxy.body.multipart import PARTS_MAX
from proxy.body.passing_model import PassingModel
from proxy.turns import Turns
from tests.proxy.body.test_multipart import field, form
from tests.proxy.body.test_reading import FORM, JSON

FILE = b'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n' + b"x" * 200_000


async def model_of(content_type: tuple[bytes, bytes], body: bytes, step: int) -> str:
    passing = PassingModel([content_type], Turns())
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


async def test_a_compressed_body_is_not_looked_at() -> None:
    passing = PassingModel([JSON, (b"content-encoding", b"gzip")], Turns())
    await passing.take(b'{"model":"m"}')
    assert passing.model == ""
