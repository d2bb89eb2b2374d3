"""OpenAI's Responses API: create (whole, streamed, in the background), look up, cancel, delete.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from fake_upstream.answer import EVENT_STREAM, Answer, Request, json_answer
from fake_upstream.errors import ApiError
from fake_upstream.store import Store
from fake_upstream.tokens import Usage, deltas, prompt_of, reply_words, usage_of


def create_response(request: Request, store: Store) -> Answer:
    payload = request.json()
    words, cut = reply_words(payload, request.fake)
    usage = usage_of(payload, prompt_of(request.path, payload), len(words), request.fake)
    response = _response(request, payload, store, None if request.fake.nousage else usage, cut)
    message = response["output"][0]
    message["content"][0]["text"] = " ".join(words)
    if payload.get("store", True):
        store.keep(store.responses, response["id"], response)
    if payload.get("stream"):
        return Answer(headers=EVENT_STREAM, events=_stream(response, deltas(words)))
    if payload.get("background"):
        return json_answer(response | {"status": "queued", "output": [], "usage": None})
    return json_answer(response)


def retrieve_response(request: Request, store: Store, name: str) -> Answer:
    return json_answer(_find(store, name))


def delete_response(request: Request, store: Store, name: str) -> Answer:
    _find(store, name)
    del store.responses[name]
    return json_answer({"id": name, "object": "response", "deleted": True})


def cancel_response(request: Request, store: Store, name: str) -> Answer:
    response = _find(store, name) | {"status": "cancelled"}
    store.responses[name] = response
    return json_answer(response)


def list_input_items(request: Request, store: Store, name: str) -> Answer:
    _find(store, name)
    return json_answer(
        {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    )


def _find(store: Store, name: str) -> dict[str, Any]:
    try:
        return store.responses[name]
    except KeyError:
        raise ApiError(404, f"Response with id '{name}' not found.", code="not_found") from None


def responses_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def _response(
    request: Request, payload: dict[str, Any], store: Store, usage: Usage | None, cut: bool
) -> dict[str, Any]:
    status = "incomplete" if cut else "completed"
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    message = {
        "id": store.new_id("msg_"),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [part],
    }
    return {
        "id": store.new_id("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": bool(payload.get("background")),
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": payload.get("instructions"),
        "max_output_tokens": payload.get("max_output_tokens"),
        "model": request.model(payload),
        "output": [message],
        "parallel_tool_calls": True,
        "previous_response_id": payload.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": payload.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if usage is None else responses_usage(usage),
        "user": None,
        "metadata": payload.get("metadata") or {},
    }


def _stream(response: dict[str, Any], parts: tuple[str, ...]) -> Iterator[bytes]:
    """The typed events of one message, in the order OpenAI sends them."""
    sequence = -1

    def event(kind: str, **fields: Any) -> bytes:
        nonlocal sequence
        sequence += 1
        data = {"type": kind, "sequence_number": sequence, **fields}
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

    message = response["output"][0]
    part = message["content"][0]
    begun = response | {
        "status": "in_progress",
        "output": [],
        "usage": None,
        "incomplete_details": None,
    }
    where = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    started = message | {"status": "in_progress", "content": []}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    yield event("response.output_item.added", output_index=0, item=started)
    yield event("response.content_part.added", **where, part=part | {"text": ""})
    for text in parts:
        yield event("response.output_text.delta", **where, delta=text, logprobs=[])
    yield event("response.output_text.done", **where, text=part["text"], logprobs=[])
    yield event("response.content_part.done", **where, part=part)
    yield event("response.output_item.done", output_index=0, item=message)
    yield event(f"response.{response['status']}", response=response)
