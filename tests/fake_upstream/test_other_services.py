"""Gemini's, Bedrock's and Ollama's endpoints, and the proxy's own readers of their answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.eventstream import EventStreamBuffer

from fake_upstream import FakeUpstream, Usage, expected_text
from proxy.decoding.event_stream import FrameScanner
from proxy.usage.meter import Meter, meter_for

WORDS = {"contents": [{"role": "user", "parts": [{"text": "Say hello to me."}]}]}
MESSAGES = {"messages": [{"role": "user", "content": [{"text": "Say hello to me."}]}]}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Say hello to me."}]}
BEDROCK = "/model/us.anthropic.claude-x-v1%3A0"
SAID: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("gemini", "/v1beta/models/m:generateContent", WORDS, "m"),
    ("gemini", "/v1/models/m:streamGenerateContent?alt=sse", WORDS, "m"),
    ("gemini", "/v1/models/m:streamGenerateContent", WORDS, "m"),
    (
        "gemini",
        "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
        WORDS,
        "m",
    ),
    ("converse", f"{BEDROCK}/converse", MESSAGES, None),
    ("converse", f"{BEDROCK}/converse-stream", MESSAGES, None),
    ("invoke", f"{BEDROCK}/invoke", MESSAGES, "us.anthropic.claude-x-v1:0"),
    ("invoke", f"{BEDROCK}/invoke-with-response-stream", MESSAGES, "us.anthropic.claude-x-v1:0"),
    ("ollama", "/api/chat", CHAT, "m"),
    ("ollama", "/api/chat", {**CHAT, "stream": False}, "m"),
    ("ollama", "/api/generate", {"model": "m", "prompt": "Say hello to me."}, "m"),
]
EMBEDDED: list[tuple[str, str, dict[str, Any]]] = [
    ("gemini", "/v1/models/m:embedContent", {"content": {"parts": [{"text": "a b"}]}}),
    (
        "gemini",
        "/v1/models/m:batchEmbedContents",
        {"requests": [{"content": {"parts": [{"text": "a"}]}}] * 2},
    ),
    ("invoke", f"{BEDROCK}/invoke", {"inputText": "a b"}),
    ("ollama", "/api/embed", {"model": "m", "input": "a b"}),
]


async def metered(http: httpx.AsyncClient, dialect: Any, path: str, body: dict[str, Any]) -> Meter:
    answer = await http.post(path, json=body)
    assert answer.status_code == 200
    meter = meter_for(answer.headers.raw, asked_for_usage=False, counted=True, dialect=dialect)
    meter.relay(answer.content)
    meter.end()
    return meter


@pytest.mark.parametrize(("dialect", "path", "body", "model"), SAID)
async def test_an_answer_states_its_usage(
    http: httpx.AsyncClient, dialect: str, path: str, body: dict[str, Any], model: str | None
) -> None:
    meter = await metered(http, dialect, path, body)
    assert meter.exact
    assert meter.usage is not None
    cached = 0 if dialect == "ollama" else 2
    assert meter.usage[:3] == (4, len(expected_text({}).split()), cached)
    assert meter.model == model


@pytest.mark.parametrize(("dialect", "path", "body"), EMBEDDED)
async def test_an_embedding_states_its_prompt(
    http: httpx.AsyncClient, dialect: str, path: str, body: dict[str, Any]
) -> None:
    usage = (await metered(http, dialect, path, body)).usage
    assert usage is not None
    assert usage[:2] == (2, 0)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/models/m:generateContent", "RESOURCE_EXHAUSTED"),
        (f"{BEDROCK}/converse", "ThrottlingException"),
        ("/api/chat", "error"),
    ],
)
async def test_an_error_has_its_services_shape(
    up: FakeUpstream, http: httpx.AsyncClient, path: str, code: str
) -> None:
    up.behave("status=429", times=1)
    answer = await http.post(path, json={})
    assert answer.status_code == 429
    meter = meter_for(answer.headers.raw, asked_for_usage=False, status=429)
    meter.relay(answer.content)
    meter.end()
    assert meter.code == code


async def test_what_is_asked_for_is_reported(up: FakeUpstream, http: httpx.AsyncClient) -> None:
    up.behave("usage=40/30/20/10, model=other", times=1)
    meter = await metered(http, "gemini", "/v1/models/m:generateContent", WORDS)
    assert meter.usage is not None
    assert Usage(*(count or 0 for count in meter.usage[:4])) == Usage(40, 30, 20, 10)
    assert meter.model == "other"


async def test_botocore_and_the_proxy_find_the_same_frames(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{BEDROCK}/converse-stream", json=MESSAGES)
    theirs = EventStreamBuffer()
    theirs.add_data(answer.content)
    scanner, at = FrameScanner(), 0
    for message in theirs:
        at, ours = scanner.take(answer.content, at)
        assert ours is not None
        assert ours.payload == message.payload
        assert {name.decode(): value.decode() for name, value in ours.headers.items()} == (
            message.headers
        )
    assert at == len(answer.content)
    assert scanner.between


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/openai/v1/chat/completions", CHAT),
        ("/openai/deployments/gpt%204/chat/completions?api-version=2024-10-21", CHAT),
        ("/openai/responses?api-version=2025-04-01-preview", {"model": "m", "input": "Hello."}),
        ("/openai/v1/responses", {"model": "m", "input": "Hello."}),
        ("/anthropic/v1/messages", CHAT | {"max_tokens": 9}),
    ],
)
async def test_what_clouds_put_before_a_path_is_passed_over(
    http: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    answer = await http.post(path, json=body)
    assert answer.status_code == 200
    assert answer.json()["usage"]


async def test_another_path_below_them_is_unknown(http: httpx.AsyncClient) -> None:
    assert (await http.post("/openai/chat/completions", json=CHAT)).status_code == 404
