"""The bodies of refusals, in the shapes that providers' SDKs turn into their typed errors."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from proxy.errors import Refusal

ErrorShape = Literal["openai", "anthropic", "google", "aws", "ollama"]


def error_body(shape: ErrorShape, refusal: Refusal) -> bytes:
    """The JSON of a refusal."""
    return msgspec.json.encode(_body(shape, refusal))


def _body(shape: ErrorShape, refusal: Refusal) -> dict[str, Any]:
    if shape == "anthropic":
        inner = {"type": refusal.type, "message": refusal.message, "code": refusal.code}
        return {"type": "error", "error": inner}
    if shape == "google":
        return {
            "error": {
                "code": refusal.status,
                "message": refusal.message,
                "status": _GOOGLE.get(refusal.status, "INTERNAL"),
            }
        }
    if shape == "aws":
        return {"message": refusal.message, "code": refusal.code}
    if shape == "ollama":
        return {"error": refusal.message}
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.type,
            "param": refusal.param,
            "code": refusal.code,
        }
    }


#: Names of `google.rpc.Code` by status, https://cloud.google.com/apis/design/errors
_GOOGLE: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
