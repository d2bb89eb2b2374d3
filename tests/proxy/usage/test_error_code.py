"""The upstream's own code of an error, in the shapes in which real servers say it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.usage.meter import meter_for
from tests.proxy.usage.test_readers import sse

_TYPE = "invalid_request_error"
REFUSALS: dict[str, tuple[Any, str]] = {
    "OpenAI's": ({"error": {"message": "x", "type": "t", "code": "no_model"}}, "no_model"),
    "without a code": ({"error": {"message": "x", "type": _TYPE, "code": None}}, _TYPE),
    "Anthropic's": ({"type": "error", "error": {"type": "overloaded"}}, "overloaded"),
    "llama.cpp's": ({"error": {"code": 503, "type": "unavailable_error"}}, "503"),
    "mlx's": ({"error": "Model not found: a b c"}, "error"),
    "a word": ({"error": "invalid_request"}, "invalid_request"),
    "FastAPI's": ({"detail": [{"type": "extra_forbidden", "loc": ["body"]}]}, "extra_forbidden"),
    "FastAPI's text": ({"detail": "Not Found"}, "detail"),
    "Mistral's": ({"object": "error", "message": {"detail": []}, "type": _TYPE}, _TYPE),
    "Google's": ({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, "INVALID_ARGUMENT"),
    "AWS's": ({"__type": "ThrottlingException", "message": "x"}, "ThrottlingException"),
    "a key in the place of a code": ({"error": {"code": "sk-proj-abcdef", "type": "a"}}, "a"),
    "too long a code": ({"error": {"code": "c" * 65}}, "error"),
    "true": ({"error": {"code": True}}, "error"),
    "nothing": ({}, ""),
    "a list": ([1], ""),
}


@pytest.mark.parametrize(("answer", "code"), REFUSALS.values(), ids=REFUSALS)
def test_of_a_refusal(answer: Any, code: str) -> None:
    meter = meter_for([(b"content-type", b"application/json")], asked_for_usage=False, status=400)
    meter.relay(json.dumps(answer).encode())
    meter.end()
    assert (meter.code, meter.failed) == (code, False)


STREAMS: dict[str, tuple[bytes, str]] = {
    "LiteLLM's, which just ends then": (sse({"error": {"message": "x", "code": "500"}}), "500"),
    "by name": (b"event: error\n" + sse({"error": {"code": "1302", "message": "x"}}), "1302"),
    "Anthropic's": (
        b"event: error\n" + sse({"type": "error", "error": {"type": "overloaded_error"}}),
        "overloaded_error",
    ),
    "a text": (sse({"error": "it broke down"}), "error"),
    "bare": (b"event: error\n" + sse({"message": "x", "code": 1302}), "1302"),
    "OpenAI's for responses": (
        sse({"type": "error", "code": "server_error", "message": "x"}),
        "server_error",
    ),
    "a response that failed": (
        sse({"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded"}}}),
        "rate_limit_exceeded",
    ),
    "no JSON": (b"event: error\ndata: overloaded\n\n", ""),
}


@pytest.mark.parametrize(("stream", "code"), STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("done", [b"", b"data: [DONE]\n\n"])
def test_of_a_stream_that_says_that_it_failed(stream: bytes, code: str, done: bytes) -> None:
    meter = meter_for([(b"content-type", b"text/event-stream")], asked_for_usage=False)
    meter.relay(sse({"choices": [{"delta": {"content": "a"}}]}) + stream + done)
    meter.end()
    assert (meter.code, meter.failed, meter.exact) == (code, True, False)


def test_an_answer_of_200_that_is_an_error_failed() -> None:
    meter = meter_for([(b"content-type", b"application/json")], asked_for_usage=False)
    meter.relay(b'{"error": {"code": 502, "message": "x"}}')
    meter.end()
    assert (meter.code, meter.failed) == ("502", True)


def test_an_answer_whose_error_is_null_did_not_fail() -> None:
    meter = meter_for([(b"content-type", b"application/json")], asked_for_usage=False)
    meter.relay(b'{"error": null, "usage": {"input_tokens": 3}}')
    meter.end()
    assert (meter.code, meter.failed, meter.exact) == ("", False, True)
