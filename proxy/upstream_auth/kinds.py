"""The kinds of authentication that are a header field."""

from __future__ import annotations

import base64


def field_line(kind: str, secret: str) -> bytes:
    """The header line that presents a string; b"" for `none`, and for one that is no field."""
    text = secret.encode("latin-1")
    if kind == "bearer":
        return b"Authorization: Bearer %b\r\n" % text
    if kind == "basic":
        # A name without a password, where there is no colon.
        pair = text if b":" in text else text + b":"
        return b"Authorization: Basic %b\r\n" % base64.b64encode(pair)
    if kind in ("x-api-key", "api-key"):
        return b"%b: %b\r\n" % (kind.encode("ascii"), text)
    name, _, field = kind.partition(":")
    return b"%b: %b\r\n" % (field.encode("ascii"), text) if name == "header" else b""
