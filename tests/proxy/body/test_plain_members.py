"""Bodies that are decoded at once, and those that only the scanner may read."""

from __future__ import annotations

import json

import pytest

from proxy.body.kept_body import KeptBody
from proxy.body.plain_members import plain_members
from proxy.body.request_body import whole

BODY = {"model": "m", "messages": [{"role": "user", "content": 'a, b": 1 \\ ü'}], "n": 1.5, "ü": {}}
NUMBERED = {f"m{number}": number for number in range(64)}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(BODY, separators=(",", ":"), ensure_ascii=False).encode(),
        json.dumps(BODY, ensure_ascii=False).encode(),
        b"{}",
        b'{"a":[1 , 2],"b":{ "a":1, "a":2 }}',
        b'{"":0}',
        '{"ü":1,"n":"ü"}'.encode(),
        json.dumps(NUMBERED).encode(),
    ],
)
def test_a_body_of_a_common_encoder_has_the_members_that_the_scanner_finds(body: bytes) -> None:
    plain, scanned = plain_members(body), whole(KeptBody(body))
    assert plain is not None
    assert [*plain.items()] == [
        (field.key, scanned.raw(field, 1_000)) for field in scanned.fields()
    ]


@pytest.mark.parametrize(
    "body",
    [
        b'{"n":1,"n":2}',
        b'{"n":1, "n":1}',
        b'{"n": 1, "n": 1}',
        b'{"n":1,"\\u006e":2}',
        b'{"\\u006e":2}',
        b'{"a\\"b":2}',
        # As long as if Python had written what is left of it.
        b'{"a":1,"b":2,"":3,"":4,"b":5}',
        b'{"a":1,"b":1,"c":1,"a":1}',
        b'{"a": 1,"b":1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"a" :1}',
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":1}{"b":2}',
        b'{"\xff":1}',
        b"[1]",
        b'"a"',
        b"",
        json.dumps({**NUMBERED, "one": 1}).encode(),
        json.dumps({"k" * 65: 1}).encode(),
    ],
)
def test_any_other_body_is_left_to_the_scanner(body: bytes) -> None:
    assert plain_members(body) is None
