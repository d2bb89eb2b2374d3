"""Refusals in the shapes that providers' SDKs turn into their typed errors, and which one a request
expects before its provider is known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

from proxy.errors import ObjectNotFound, Refusal

ErrorShape = Literal["openai", "anthropic", "google", "aws", "ollama"]
_NONE: Final[Mapping[str, object]] = MappingProxyType({})


def error_body(shape: ErrorShape, refusal: Refusal) -> bytes:
    """The JSON of a refusal."""
    if isinstance(refusal, ObjectNotFound):
        return _of_a_missing_object(shape, refusal)
    return body_of(
        shape,
        refusal.status,
        refusal.code,
        refusal.message,
        kind=refusal.type,
        param=refusal.param,
        details=refusal.details,
    )


def _of_a_missing_object(shape: ErrorShape, refusal: Refusal) -> bytes:
    """As the provider says it, to the letter: a code of ours would tell whose the object is not."""
    message = refusal.message
    if shape == "anthropic":
        said = {"type": "error", "error": {"type": "not_found_error", "message": message}}
    elif shape == "openai":
        kind, param = refusal.type, refusal.param
        said = {"error": {"message": message, "type": kind, "param": param, "code": None}}
    else:
        return body_of(shape, refusal.status, refusal.code, message, kind=refusal.type)
    return msgspec.json.encode(said)


def body_of(
    shape: ErrorShape,
    status: int,
    code: str,
    message: str,
    *,
    kind: str,
    param: str | None = None,
    details: Mapping[str, object] = _NONE,
) -> bytes:
    """The same, of an answer that the front door gives by itself."""
    said: dict[str, Any]
    error: dict[str, Any]
    if shape == "anthropic":
        kind = _ANTHROPIC.get(status, kind)
        error = {"type": kind, "message": message, "code": code, **details}
        said = {"type": "error", "error": error}
    elif shape == "google":
        name = _GOOGLE.get(status, "INTERNAL")
        said = {"error": {"code": status, "message": message, "status": name, **details}}
    elif shape == "aws":
        said = {"message": message, "code": code, **details}
    elif shape == "ollama":
        # Its error is a text, in which there is no room.
        said = {"error": message, **details}
    else:
        error = {"message": message, "type": kind, "param": param, "code": code, **details}
        said = {"error": error}
    return msgspec.json.encode(said)


def error_lines(shape: ErrorShape, status: int, *, retry: bool) -> bytes:
    """The field lines that belong to a shape's error, beside its body."""
    if shape != "aws":
        return b""
    name = _AWS_OWN.get(status) or (_AWS_AGAIN.get(status) if retry else _AWS_NEVER)
    return b"" if name is None else b"x-amzn-errortype: %b\r\n" % name


def retry_lines(shape: ErrorShape, seconds: int) -> bytes:
    """When to try again. AWS's clients heed a field of their own alone, in milliseconds."""
    lines = b"retry-after: %d\r\n" % seconds
    return lines + b"x-amz-retry-after: %d\r\n" % (seconds * 1000) if shape == "aws" else lines


def likely_shape(target: bytes, *, with_google_key: bool = False) -> ErrorShape:
    """The shape for a request whose provider is not known, by what is certain of its path and its
    credential; else OpenAI's."""
    path = target.partition(b"?")[0]
    if path.startswith(_BEGINNINGS):
        return next(shape for root, shape in _ROOTS if path.startswith(root))
    if path in _OLLAMA:
        return "ollama"
    asks_gemini = path.startswith(b"/v1/models/") and path.rpartition(b":")[2] in _GEMINI
    return "google" if asks_gemini or with_google_key else "openai"


#: Roots that one kind of client alone asks under.
_ROOTS: Final[tuple[tuple[bytes, ErrorShape], ...]] = (
    (b"/model/", "aws"),
    (b"/anthropic/", "anthropic"),
    (b"/openai/", "openai"),
    (b"/v1beta/", "google"),
    (b"/v1beta1/", "google"),
    (b"/v1/projects/", "google"),
    (b"/v1/publishers/", "google"),
    (b"/v1/tunedModels/", "google"),
    (b"/projects/", "google"),
)
_BEGINNINGS: Final = tuple(root for root, _ in _ROOTS)
_GEMINI: Final = frozenset(
    (
        b"batchEmbedContents",
        b"batchGenerateContent",
        b"countTokens",
        b"embedContent",
        b"generateContent",
        b"streamGenerateContent",
    )
)
_OLLAMA: Final = frozenset(
    b"/api/" + name for name in (b"chat", b"generate", b"embed", b"show", b"tags", b"ps")
)

#: What Anthropic calls a status of which we have another word for everybody else.
_ANTHROPIC: Final = {402: "billing_error"}
#: Names of `google.rpc.Code` by status, https://cloud.google.com/apis/design/errors
_GOOGLE: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    426: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    508: "FAILED_PRECONDITION",
}
# Names for which AWS's clients have a class. They repeat every 429, 500, 502, 503 and 504 unless
# its name says that it is no use; what has no name here they know by the code of its body.
_AWS_OWN: Final = {
    400: b"ValidationException",
    401: b"AccessDeniedException",
    403: b"AccessDeniedException",
    404: b"ResourceNotFoundException",
}
_AWS_AGAIN: Final = {429: b"ThrottlingException", 503: b"ServiceUnavailableException"}
_AWS_NEVER: Final = b"AccessDeniedException"
