"""A large body without its long strings names the same ids, however it was cut."""

from __future__ import annotations

import json
import random

import pytest

from proxy.objects import skeleton
from proxy.objects.named import named_in
from proxy.objects.skeleton import Shortened

LONG = 'x\\"' * 700 + "\\\\"
BODY = json.dumps(
    {
        "file_id": "file-1",
        "text": LONG,
        LONG: "file_id",
        "input": [{"image_url": "data:" + "A" * 5000, "file_id": 'f"\\2'}, {"text": "\\" * 999}],
        "container": "cntr_1",
    }
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 399, 400, 401, 1000, 100_000])
def test_ids_are_the_same_however_it_was_cut(size: int) -> None:
    shortened = Shortened()
    for at in range(0, len(BODY), size):
        shortened.feed(BODY[at : at + size])
    assert len(shortened.text()) < len(BODY) / 5
    assert set(named_in(shortened.text())) == set(named_in(BODY)) == {"file-1", 'f"\\2', "cntr_1"}


def test_it_is_json_where_the_text_was_at_any_cut() -> None:
    rng = random.Random(7)
    for _ in range(50):
        shortened, at = Shortened(), 0
        while at < len(BODY):
            step = rng.choice((1, 5, 300, 900))
            shortened.feed(BODY[at : at + step])
            at += step
        json.loads(shortened.text())


def test_one_that_stays_large_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skeleton, "SKELETON_MAX_BYTES", 1000)
    shortened = Shortened()
    shortened.feed(b'["aaaaaaaaaa"' + b',"aaaaaaaaaa"' * 100 + b"]")
    assert shortened.too_large
    monkeypatch.setattr(skeleton, "STRUCTURE_MAX", 10)
    shortened = Shortened()
    shortened.feed(b"[[],[],[],[],[],[]]")
    assert shortened.too_large
