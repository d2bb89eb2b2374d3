"""Anthropic's messages, whole and streamed, and its count of tokens.

https://docs.anthropic.com/en/api/messages and …/build-with-claude/streaming
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fake_upstream.answer import EVENT_STREAM, Answer, Request, json_answer
from fake_upstream.errors import ApiError
from fake_upstream.store import Store
from fake_upstream.tokens import Usage, count_tokens, deltas, prompt_of, reply_words, usage_of


def create_message(request: Request, store: Store) -> Answer:
    payload = request.json()
    message = whole_message(request, payload, store)
    if payload.get("stream"):
        words, _ = reply_words(payload, request.fake)
        return Answer(headers=EVENT_STREAM, events=_stream(message, deltas(words)))
    return json_answer(message)


def whole_message(request: Request, payload: dict[str, Any], store: Store) -> dict[str, Any]:
    """The answer to one request, which may be one of a batch's."""
    for name in ("messages", "max_tokens"):
        if name not in payload:
            raise ApiError(400, f"{name}: Field required")
    words, cut = reply_words(payload, request.fake)
    usage = usage_of(payload, prompt_of("/v1/messages", payload), len(words), request.fake)
    message = {
        "id": store.new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": request.model(payload),
        "content": [{"type": "text", "text": " ".join(words)}],
        "stop_reason": "max_tokens" if cut else "end_turn",
        "stop_sequence": None,
        "usage": anthropic_usage(usage),
    }
    if request.fake.nousage:
        del message["usage"]
    return message


def count_message_tokens(request: Request, store: Store) -> Answer:
    payload = request.json()
    return json_answer(
        {"input_tokens": count_tokens([payload.get("system"), payload.get("messages")])}
    )


def anthropic_usage(usage: Usage) -> dict[str, Any]:
    """Here `input_tokens` leaves out what the cache served, unlike OpenAI's prompt tokens."""
    return {
        "input_tokens": usage.prompt - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.completion,
        "service_tier": "standard",
    }


def _stream(message: dict[str, Any], parts: tuple[str, ...]) -> Iterator[bytes]:
    begun = message | {"content": [], "stop_reason": None}
    final: dict[str, Any] = {}
    if "usage" in message:
        # The count at the start is that of the first token; the last delta's replaces it.
        begun["usage"] = message["usage"] | {"output_tokens": 1}
        final["usage"] = {"output_tokens": message["usage"]["output_tokens"]}
    yield _event("message_start", message=begun)
    yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield _event("ping")
    for text in parts:
        delta = {"type": "text_delta", "text": text}
        yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", delta=ending, **final)
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
