"""What SDKs are told of a refusal, and in which shape before a provider is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy import errors
from proxy.providers.error_shapes import (
    ErrorShape,
    error_body,
    error_lines,
    likely_shape,
    retry_lines,
)


def _kinds(kind: type[errors.Refusal] = errors.Refusal) -> list[type[errors.Refusal]]:
    below = [each for direct in kind.__subclasses__() for each in _kinds(direct)]
    return below if kind is errors.Refusal else [kind, *below]


KINDS = pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)


@KINDS
def test_google_has_its_own_name_for_each_status(kind: type[errors.Refusal]) -> None:
    said = json.loads(error_body("google", kind("Why.")))
    status = said["error"].pop("status")
    assert said == {"error": {"code": kind.status, "message": "Why."}}
    assert (status == "INTERNAL") is (kind.status == 500)
    assert status.isupper()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (errors.InvalidRequest, b"ValidationException"),
        (errors.MissingToken, b"AccessDeniedException"),
        (errors.ModelNotAllowed, b"AccessDeniedException"),
        (errors.EndpointNotAllowed, b"ResourceNotFoundException"),
        (errors.RateLimitExceeded, b"ThrottlingException"),
        # AWS's clients repeat 429 and 503, unless they are told that it is no use.
        (errors.QuotaExceeded, b"AccessDeniedException"),
        (errors.NoUpstreamKey, b"AccessDeniedException"),
        (errors.LoopDetected, b"AccessDeniedException"),
        (errors.Overloaded, b"ServiceUnavailableException"),
        # They have no class for these: the code of the body tells.
        (errors.UpstreamTimeout, None),
        (errors.UpstreamUnreachable, None),
        (errors.RequestTimeout, None),
    ],
)
def test_aws_is_told_by_a_field(kind: type[errors.Refusal], name: bytes | None) -> None:
    line = b"" if name is None else b"x-amzn-errortype: %b\r\n" % name
    assert error_lines("aws", kind.status, retry=kind.retry) == line
    said = json.loads(error_body("aws", kind("Why.")))
    assert said == {"message": "Why.", "code": kind.code}


@pytest.mark.parametrize("shape", ["openai", "anthropic", "google", "ollama"])
def test_no_other_shape_has_fields_of_its_own(shape: ErrorShape) -> None:
    assert error_lines(shape, 429, retry=True) == b""
    assert retry_lines(shape, 2) == b"retry-after: 2\r\n"


def test_aws_is_told_when_to_try_again_in_milliseconds() -> None:
    assert retry_lines("aws", 2) == b"retry-after: 2\r\nx-amz-retry-after: 2000\r\n"


def test_ollama_is_told_a_text() -> None:
    assert json.loads(error_body("ollama", errors.QuotaExceeded("Why."))) == {"error": "Why."}


@pytest.mark.parametrize(
    ("shape", "at"),
    [("openai", "error"), ("anthropic", "error"), ("google", "error"), ("aws", ""), ("ollama", "")],
)
def test_details_stand_beside_the_message_where_there_is_room(shape: ErrorShape, at: str) -> None:
    refused = errors.RateLimitExceeded("Why.", details={"policy": "images"})
    said = json.loads(error_body(shape, refused))
    assert (said[at] if at else said)["policy"] == "images"


@pytest.mark.parametrize(
    ("target", "key", "shape"),
    [
        (b"/v1/chat/completions", False, "openai"),
        (b"/v1/messages", False, "openai"),
        (b"/v1/models/llama3:latest", False, "openai"),
        (b"/v1/models/ft:gpt-4o:org::id", False, "openai"),
        (b"/v1/models", True, "google"),
        (b"/v1/models/gemini-2.5-flash:generateContent", False, "google"),
        (b"/v1/models/m:streamGenerateContent?alt=sse", False, "google"),
        (b"/v1/chat?x=:generateContent", False, "openai"),
        (b"/v1beta/models", False, "google"),
        (b"/v1beta1/publishers/google/models/m:generateContent", False, "google"),
        (b"/v1/projects/p/locations/l/publishers/google/models/m:predict", False, "google"),
        (b"/projects/p/locations/r/publishers/anthropic/models/m:rawPredict", False, "google"),
        (b"/model/anthropic.claude%3A0/converse", False, "aws"),
        (b"/model/m/invoke", True, "aws"),
        (b"/models", False, "openai"),
        (b"/anthropic/v1/messages", False, "anthropic"),
        (b"/openai/deployments/d/chat/completions?api-version=1", True, "openai"),
        (b"/api/chat", False, "ollama"),
        (b"/api/tags?x", False, "ollama"),
        (b"/api/v1/chat/completions", False, "openai"),
        (b"*", False, "openai"),
        (b"", False, "openai"),
    ],
)
def test_the_shape_before_a_provider_is_known(target: bytes, key: bool, shape: str) -> None:
    assert likely_shape(target, with_google_key=key) == shape


@KINDS
@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_these_say_type_and_code(kind: type[errors.Refusal], shape: ErrorShape) -> None:
    error: dict[str, Any] = json.loads(error_body(shape, kind("Why.")))["error"]
    said = error["type"], error.get("code"), error["message"]
    if kind is errors.ObjectNotFound:
        # In the provider's own words, which have no code of ours.
        type_ = kind.type if shape == "openai" else "not_found_error"
        assert said == (type_, None, "Why.")
    else:
        billing = shape == "anthropic" and kind is errors.BudgetExceeded
        assert said == ("billing_error" if billing else kind.type, kind.code, "Why.")
