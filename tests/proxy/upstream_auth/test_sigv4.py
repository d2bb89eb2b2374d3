"""Signatures of AWS, compared with those of botocore, which signs what its own clients send."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime
from typing import Final

import pytest
from botocore import auth as botocore_auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from proxy.upstream_auth.sigv4 import (
    Signed,
    SigningKey,
    canonical_path,
    canonical_query,
    field_lines,
)

NOW: Final = datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC)
ARN: Final = (
    "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123"
)
SEGMENTS: Final = (
    "model", "anthropic.claude-3-5-sonnet-20240620-v1%3A0", "anthropic.claude-v2:1", ARN, "v1",
    "%E2%82%AC", "a%20b", "a+b", "~x", "a%252Fb", "(x)", "a,b;c=d", "@y", "%7Ez", "openai", "$a",
    "!",
)  # fmt: skip
QUERIES: Final = (
    "", "a=1", "b=2&a=1", "a=2&a=1", "a", "a=&b", "api-version=2024-10-21", "x=%2F%3A", "a=b=c",
    "A=1&a=2", "a-b=1&a=2", "%24alt=json%3Benum-encoding%3Dint", "q=a+b", "&&a=1&", "a=1&&b=2",
)  # fmt: skip
FIELDS: Final = (
    ("x-amzn-bedrock-trace", "ENABLED"),
    ("X-Amz-Target", "Service.Call"),
    ("x-amz-meta-a", "  many   blanks\there "),
    ("x-amz-meta-a", "again"),
    ("X-AMZ-META-A", "and again"),
    ("content-type", "application/json"),
    ("accept", "*/*"),
)


def botocore_signature(key: SigningKey, secret: str, request: Signed, body: bytes) -> str:
    """What botocore signs of the same request, of which it is shown the fields that are signed."""
    token = None if key.session_token is None else key.session_token.decode()
    credentials = Credentials(key.access_key_id.decode(), secret, token)
    signer = botocore_auth.SigV4Auth(credentials, key.service.decode(), key.region.decode())
    asked = AWSRequest(
        method=request.method.decode(),
        url=f"http://{request.host.decode()}{request.target.decode()}",
        data=body,
    )
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name.lower().startswith(b"x-amz-"):
            headers.add_header(name.decode(), value.decode())
    headers["host"] = request.host.decode()
    asked.headers = headers
    signer.add_auth(asked)
    return str(asked.headers["Authorization"])


def authorization(lines: bytes) -> str:
    fields = dict(line.split(b": ", 1) for line in lines.removesuffix(b"\r\n").split(b"\r\n"))
    return fields[b"Authorization"].decode()


def test_each_signature_is_the_one_that_botocore_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, clock = random.Random(16), list[datetime]()
    monkeypatch.setattr(botocore_auth, "get_current_datetime", lambda: clock[-1])
    for _ in range(3_000):
        token = chance.choice((None, "a/session+token=="))
        secret = "".join(chance.choices("abc/+XYZ019", k=40))
        key = SigningKey(
            f"AKIA{chance.randrange(10**12)}",
            secret,
            region=chance.choice(("us-east-1", "eu-central-1", "us-gov-west-1")),
            service=chance.choice(("bedrock", "bedrock-mantle", "aws-external-anthropic")),
            session_token=token,
        )
        path = "/" + "/".join(chance.choices(SEGMENTS, k=chance.randrange(5)))
        query = chance.choice(QUERIES)
        body = chance.randbytes(chance.choice((0, 1, 300)))
        request = Signed(
            chance.choice((b"GET", b"POST", b"DELETE")),
            chance.choice((b"bedrock-runtime.us-east-1.amazonaws.com", b"127.0.0.1:8080")),
            f"{path}{'?' if query else ''}{query}".encode(),
            [
                (name.encode(), value.encode())
                for name, value in chance.sample(FIELDS, chance.randrange(len(FIELDS)))
            ],
            hashlib.sha256(body).hexdigest().encode(),
        )
        now = datetime.fromtimestamp(chance.randrange(2**31), UTC)
        clock.append(now)
        wanted = botocore_signature(key, secret, request, body)
        assert authorization(field_lines(key, request, now)) == wanted, request


def test_path_and_query_are_signed_as_they_are_sent() -> None:
    assert canonical_path(b"/model/a%3A0/converse") == b"/model/a%253A0/converse"
    assert canonical_path(b"/model/a:0/converse") == b"/model/a%3A0/converse"
    assert canonical_path(b"/a/../b//./c/") == b"/b/c/"
    assert canonical_path(b"") == canonical_path(b"/") == b"/"
    assert canonical_query(b"b=2&a&b=1") == b"a=&b=1&b=2"


def test_a_key_is_derived_anew_on_another_day() -> None:
    key = SigningKey("AKIDEXAMPLE", "secret", region="us-east-1", service="bedrock")
    first = key.for_day(b"20261128")
    assert key.for_day(b"20261129") != first
    assert key.for_day(b"20261128") == first


def test_a_clients_own_parts_of_a_signature_are_not_signed() -> None:
    key = SigningKey("AKIDEXAMPLE", "secret", region="us-east-1", service="bedrock")
    fields = [(b"X-Amz-Date", b"19700101T000000Z"), (b"x-amz-security-token", b"theirs")]
    bare = Signed(b"GET", b"h", b"/", [], hashlib.sha256().hexdigest().encode())
    assert field_lines(key, bare._replace(headers=fields), NOW) == field_lines(key, bare, NOW)


def test_no_secret_is_shown() -> None:
    key = SigningKey("AKIDEXAMPLE", "the-secret", region="us-east-1", service="bedrock")
    assert "the-secret" not in repr(key)
