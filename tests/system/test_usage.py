"""What a request used ends up in the request log and the counters, and not in its answer."""

import json
from typing import Any

import httpx
import pytest

from fake_upstream import FakeUpstream, Usage, expected_usage
from models import UsageHour, UsageMinute
from tests.fixtures.service import Issued, Service

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Count these six words for me."}]

REQUESTS: list[tuple[str, dict[str, Any]]] = [
    (CHAT, {"model": "gpt-4o", "messages": MESSAGES}),
    (CHAT, {"model": "gpt-4o", "messages": MESSAGES, "stream": True}),
    (CHAT, {"model": "o3-mini", "messages": MESSAGES, "n": 2}),
    ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is it"}),
    (
        "/v1/completions",
        {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is it", "stream": True},
    ),
    ("/v1/embeddings", {"model": "text-embedding-3-small", "input": ["one two", "three"]}),
    ("/v1/responses", {"model": "gpt-5", "input": "Think, then answer"}),
    ("/v1/responses", {"model": "gpt-5", "input": "Think, then answer", "stream": True}),
]


@pytest.mark.parametrize(
    ("path", "payload"),
    REQUESTS,
    ids=[
        f"{p.removeprefix('/v1/')}-{b['model']}{'-stream' * ('stream' in b)}" for p, b in REQUESTS
    ],
)
async def test_usage_is_logged_and_counted(
    service: Service, issued: Issued, http: httpx.AsyncClient, path: str, payload: dict[str, Any]
) -> None:
    answer = await http.post(path, json=payload)
    expected = expected_usage(path, payload)

    (entry,) = await service.entries(issued.token.id, 1)
    assert answer.status_code == 200
    assert str(entry.id) == answer.headers["x-llm-proxy-request-id"]
    assert entry.project_id == issued.project.id
    assert (entry.provider, entry.endpoint, entry.method) == ("openai", path, "POST")
    assert (entry.model, entry.status, entry.outcome) == (payload["model"], 200, "complete")
    assert entry.usage == "exact"
    assert as_usage(entry) == expected
    assert entry.bytes_in == len(answer.request.content)
    assert entry.bytes_out == len(answer.content)
    assert entry.cost_nanos is not None
    assert entry.cost_nanos > 0
    async with service.models():
        for counters in (UsageMinute, UsageHour):
            (counter,) = await counters.filter(token_id=issued.token.id)
            assert (counter.requests, counter.errors) == (1, 0)
            assert counter.unknown_usage_requests == 0
            assert (counter.model, counter.endpoint) == (payload["model"], path)
            assert as_usage(counter) == expected
            assert counter.cost_nanos == entry.cost_nanos
        await issued.token.refresh_from_db()
        assert issued.token.request_count == 1
        assert issued.token.last_used_at == entry.at


async def test_many_requests_add_up(
    service: Service, issued: Issued, http: httpx.AsyncClient
) -> None:
    for path, payload in REQUESTS:
        await http.post(path, json=payload)

    await service.entries(issued.token.id, len(REQUESTS))
    async with service.models():
        counters = await UsageHour.filter(token_id=issued.token.id)
    expected = [expected_usage(path, payload) for path, payload in REQUESTS]
    assert sum(counter.requests for counter in counters) == len(REQUESTS)
    assert sum(counter.prompt_tokens for counter in counters) == sum(u.prompt for u in expected)
    assert sum(c.completion_tokens for c in counters) == sum(u.completion for u in expected)


async def test_error_of_the_upstream_is_an_entry_without_usage(
    service: Service, issued: Issued, http: httpx.AsyncClient
) -> None:
    payload = {"model": "gpt-4o", "messages": MESSAGES}
    answer = await http.post(CHAT, json=payload, headers={"x-fake": "status=429"})

    (entry,) = await service.entries(issued.token.id, 1)
    assert answer.status_code == 429
    assert (entry.status, entry.outcome, entry.usage) == (429, "complete", "unknown")
    assert entry.prompt_tokens is None


async def test_usage_that_is_not_reported_is_unknown_and_not_estimated(
    service: Service, issued: Issued, http: httpx.AsyncClient
) -> None:
    payload = {"model": "gpt-4o", "messages": MESSAGES, "stream": True}
    await http.post(CHAT, json=payload, headers={"x-fake": "nousage"})

    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.usage) == ("complete", "unknown")
    assert entry.prompt_tokens is None
    async with service.models():
        (counter,) = await UsageHour.filter(token_id=issued.token.id)
    assert (counter.unknown_usage_requests, counter.prompt_tokens) == (1, 0)


async def test_requests_that_create_nothing_carry_no_usage(
    service: Service, issued: Issued, http: httpx.AsyncClient
) -> None:
    await http.get("/v1/models")

    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.endpoint, entry.method, entry.usage) == ("/v1/models", "GET", "exact")
    assert entry.prompt_tokens is None
    async with service.models():
        (counter,) = await UsageHour.filter(token_id=issued.token.id)
    assert counter.unknown_usage_requests == 0


# The usage event

EVENTS = [
    b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":null}\n\n',
    b'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n',
]
USAGE_EVENT = (
    b'data: {"id":"x", "choices":[], "usage":{"prompt_tokens":7,"completion_tokens":1}}\n\n'
)
DONE = b"data: [DONE]\n\n"


def stream_of(*events: bytes) -> bytes:
    """A chunked answer of server-sent events, a chunk each."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
    return b"\r\n".join((head, b"".join(chunks) + b"0\r\n\r\n"))


async def test_client_that_did_not_ask_gets_all_but_the_usage_event(
    service: Service, issued: Issued, http: httpx.AsyncClient, up: FakeUpstream
) -> None:
    up.script(CHAT, [stream_of(*EVENTS, USAGE_EVENT, DONE)])
    body = b'{"model":"gpt-4o", "stream": true,\n "messages":[], "x":1.50}'

    answer = await http.post(CHAT, content=body, headers={"content-type": "application/json"})

    assert answer.content == b"".join((*EVENTS, DONE))
    asked = up.last.body.replace(b'"stream_options":{"include_usage":true},', b"")
    assert up.last.json()["stream_options"] == {"include_usage": True}
    assert asked == body
    assert up.last.header("accept-encoding") == b"identity"
    (entry,) = await service.entries(issued.token.id, 1)
    assert as_usage(entry) == Usage(7, 1)
    assert entry.bytes_out == len(answer.content)


async def test_client_that_asked_gets_the_usage_event_byte_for_byte(
    service: Service, issued: Issued, http: httpx.AsyncClient, up: FakeUpstream
) -> None:
    up.script(CHAT, [stream_of(*EVENTS, USAGE_EVENT, DONE)])
    payload = {"model": "gpt-4o", "stream": True, "stream_options": {"include_usage": True}}
    body = json.dumps(payload, indent=1).encode()

    answer = await http.post(CHAT, content=body, headers={"content-type": "application/json"})

    assert answer.content == b"".join((*EVENTS, USAGE_EVENT, DONE))
    assert up.last.body == body
    (entry,) = await service.entries(issued.token.id, 1)
    assert as_usage(entry) == Usage(7, 1)


async def test_no_usage_chunk_reaches_a_client_that_did_not_ask(http: httpx.AsyncClient) -> None:
    payload = {"model": "gpt-4o", "messages": MESSAGES, "stream": True}

    answer = await http.post(CHAT, json=payload)

    lines = [line for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    for line in lines[:-1]:
        chunk = json.loads(line.removeprefix("data: "))
        assert chunk["choices"]
        assert chunk.get("usage") is None


def as_usage(row: Any) -> Usage:
    """What a row of the log or a counter says, as the fake upstream puts it."""
    return Usage(
        row.prompt_tokens,
        row.completion_tokens,
        row.cached_tokens or 0,
        row.reasoning_tokens or 0,
    )
