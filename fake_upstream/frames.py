"""Frames of AWS's event streams, as Bedrock sends them.

https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
"""

from __future__ import annotations

import base64
import json
import zlib
from struct import pack
from typing import Any

_NAMES = {"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}
_TEXT = 7


def frame(kind: str, payload: Any, message: str = "event") -> bytes:
    """A frame of this kind; a `message` that is no event is an exception or an error."""
    texts = {
        _NAMES[message]: kind,
        ":content-type": "application/json",
        ":message-type": message,
    }
    headers = b"".join(_header(name.encode(), text.encode()) for name, text in texts.items())
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    prelude = pack(">II", 16 + len(headers) + len(body), len(headers))
    whole = prelude + pack(">I", zlib.crc32(prelude)) + headers + body
    return whole + pack(">I", zlib.crc32(whole))


def chunk(event: Any) -> bytes:
    """A frame of an `invoke` stream: the model's own event, and padding beside it."""
    encoded = base64.b64encode(json.dumps(event).encode()).decode()
    return frame("chunk", {"bytes": encoded, "p": "abcdefgh"})


def _header(name: bytes, text: bytes) -> bytes:
    return pack(">B", len(name)) + name + pack(">BH", _TEXT, len(text)) + text
