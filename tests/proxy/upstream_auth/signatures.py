"""Whether what arrived at an upstream bears the signature that botocore's own code makes of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from botocore import auth as botocore_auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

#: A project's key.
AWS: Final = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG",
    "session_token": "a/session+token==",
    "region": "eu-west-1",
}


def verify(line: str, fields: HTTPHeaders, body: bytes, service: str = "bedrock") -> None:
    """Compare a signature with the one that botocore's own code makes of what arrived."""
    method, target, _ = line.split(" ")
    given = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,"
        r" SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        fields["Authorization"],
    )
    assert given is not None
    key_id, day, region, named, names, _ = given.groups()
    assert (key_id, region, named) == (AWS["access_key_id"], AWS["region"], service)
    sent_at = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert sent_at.strftime("%Y%m%d") == day
    assert abs((datetime.now(UTC) - sent_at).total_seconds()) < 60
    signed = names.split(";")
    amazons = {name.lower() for name in fields if name.lower().startswith("x-amz-")}
    assert {"host", "x-amz-date", "x-amz-security-token", *amazons} == set(signed)
    asked = AWSRequest(method, f"http://{fields['Host']}{target}", data=body)
    asked.headers = HTTPHeaders()
    for name in signed:
        for value in fields.get_all(name) or []:
            asked.headers.add_header(name, value)
    asked.context["timestamp"] = fields["X-Amz-Date"]
    credentials = Credentials(key_id, AWS["secret_access_key"], AWS["session_token"])
    signer = botocore_auth.SigV4Auth(credentials, service, region)
    text = signer.string_to_sign(asked, signer.canonical_request(asked))
    assert given[6] == signer.signature(text, asked)


def fields_of(lines: list[str]) -> HTTPHeaders:
    """Header lines as botocore has them."""
    fields = HTTPHeaders()
    for name, value in (line.split(": ", 1) for line in lines):
        fields.add_header(name, value)
    return fields
