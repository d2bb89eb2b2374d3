"""What an error says of the key that it was asked with, sans-io.

A status does not tell: a 401 may be about an endpoint that the key's scope lacks, a 403 about one
model, and a bad key of Gemini's is a 400. So it is the code that counts, and a provider's file says
which ones blame the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from proxy.decoding.content_coding import CannotDecode, Decoder
from proxy.decoding.json_reading import WRONG
from proxy.headers import RawHeaders, values_of
from proxy.usage.error_code import is_code

_AWS: Final = b"x-amzn-errortype"


def decoded(body: bytes, headers: RawHeaders | None = None) -> Any:
    """The body as JSON, out of the coding that `headers` name; None where it is none, or long."""
    coding = b",".join(values_of(headers or [], b"content-encoding")).strip().lower()
    try:
        if coding not in (b"", b"identity"):
            decoder = Decoder(coding)
            body = decoder.feed(body)
            if decoder.behind:
                return None
        return msgspec.json.decode(body)
    except (CannotDecode, *WRONG):
        return None


def codes(headers: RawHeaders, body: Any) -> Iterator[str]:
    """What stands in `error.code`, `.type`, `.status`, `.details[].reason` and AWS's own field."""
    for name, value in headers:
        if name.lower() == _AWS:
            yield value.partition(b":")[0].decode("latin-1").strip()
    error = error_of(body)
    for member in ("code", "type", "status"):
        if isinstance(error.get(member), str | int):
            yield str(error[member])
    details = error.get("details")
    for detail in details[:16] if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("reason"), str):
            yield detail["reason"]


def error_of(body: Any) -> dict[str, Any]:
    """The `error` of a decoded body; empty where it is no object."""
    # Google's streams answer with a list.
    whole = body[0] if isinstance(body, list) and body else body
    error = whole.get("error") if isinstance(whole, dict) else None
    return error if isinstance(error, dict) else {}


def described(status: int, headers: RawHeaders, body: Any) -> str:
    """An answer in a few words, for people: `429 rate_limit_exceeded`."""
    code = next((code for code in codes(headers, body) if not code.isdigit()), "")
    # Another text may repeat the key itself, and this goes to pages and to destinations.
    return f"{status} {code}" if is_code(code) else str(status)
