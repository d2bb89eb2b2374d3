"""AWS Signature Version 4, sans-io: the field lines that sign one request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Path and query are signed as they are sent, byte for byte, as the SDKs of AWS do it. The body is
always hashed: of the services here none takes `UNSIGNED-PAYLOAD`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes

from proxy.headers import RawHeaders

ALGORITHM: Final = b"AWS4-HMAC-SHA256"
#: What the signature is made of is ours to say, so that a client's own never goes up beside it.
OURS: Final = frozenset(
    (b"authorization", b"x-amz-date", b"x-amz-security-token", b"x-amz-content-sha256")
)
_SPACES: Final = re.compile(rb"[ \t]++")


class SigningKey:
    """What signs for one access key in one region and service; it is derived anew each day."""

    __slots__ = ("_day", "_key", "_secret", "access_key_id", "region", "service", "session_token")

    def __init__(
        self,
        access_key_id: str,
        secret: str,
        *,
        region: str,
        service: str,
        session_token: str | None = None,
    ) -> None:
        self.access_key_id = access_key_id.encode("ascii")
        self.region = region.encode("ascii")
        self.service = service.encode("ascii")
        self.session_token = None if session_token is None else session_token.encode("ascii")
        self._secret = b"AWS4" + secret.encode("ascii")
        self._day = b""
        self._key = b""

    def __repr__(self) -> str:
        return f"SigningKey({self.region.decode()}, {self.service.decode()})"

    def for_day(self, day: bytes) -> bytes:
        """The derived key of a day, `20261128`."""
        if day != self._day:
            key = self._secret
            for part in (day, self.region, self.service, b"aws4_request"):
                key = hmac.digest(key, part, "sha256")
            self._day, self._key = day, key
        return self._key


class Signed(NamedTuple):
    """What is signed of a request. `target` is path and query as they are sent."""

    method: bytes
    host: bytes
    target: bytes
    headers: RawHeaders
    """The fields that are sent; of these only `x-amz-*` are signed."""
    body_hash: bytes
    """SHA-256 in lower-case hexadecimal."""


def field_lines(key: SigningKey, request: Signed, now: datetime) -> bytes:
    """The lines that sign `request` at `now`."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ").encode("ascii")
    signed = [(b"host", request.host), (b"x-amz-date", stamp)]
    if key.session_token is not None:
        signed.append((b"x-amz-security-token", key.session_token))
    signed += [
        (name.lower(), value)
        for name, value in request.headers
        if name[:6].lower() == b"x-amz-" and name.lower() not in OURS
    ]
    scope = b"/".join((stamp[:8], key.region, key.service, b"aws4_request"))
    names, canonical = canonical_request(request, signed)
    to_sign = b"\n".join(
        (ALGORITHM, stamp, scope, hashlib.sha256(canonical).hexdigest().encode("ascii"))
    )
    signature = hmac.new(key.for_day(stamp[:8]), to_sign, "sha256").hexdigest().encode("ascii")
    lines = [b"X-Amz-Date: " + stamp]
    if key.session_token is not None:
        lines.append(b"X-Amz-Security-Token: " + key.session_token)
    lines.append(
        b"Authorization: %b Credential=%b/%b, SignedHeaders=%b, Signature=%b"
        % (ALGORITHM, key.access_key_id, scope, names, signature)
    )
    return b"\r\n".join([*lines, b""])


def canonical_request(
    request: Signed, signed: Sequence[tuple[bytes, bytes]]
) -> tuple[bytes, bytes]:
    """The names of the signed fields, and the text whose hash is signed."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in signed:
        values.setdefault(name, []).append(_SPACES.sub(b" ", value.strip(b" \t")))
    ordered = sorted(values)
    names = b";".join(ordered)
    lines = b"".join(b"%b:%b\n" % (name, b",".join(values[name])) for name in ordered)
    path, _, query = request.target.partition(b"?")
    canonical = b"\n".join(
        (
            request.method,
            canonical_path(path),
            canonical_query(query),
            lines,
            names,
            request.body_hash,
        )
    )
    return names, canonical


def canonical_path(path: bytes) -> bytes:
    """The path as it is sent, escaped once more, without empty and dot segments."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    last = b"/" if kept and path.endswith(b"/") else b""
    return quote_from_bytes(b"/" + b"/".join(kept) + last, safe="/~").encode("ascii")


def canonical_query(query: bytes) -> bytes:
    """The parameters as they are sent, in order of their names and then of their values."""
    if not query:
        return b""
    pairs = [pair.partition(b"=")[::2] for pair in query.split(b"&")]
    return b"&".join(b"%b=%b" % pair for pair in sorted(pairs))
