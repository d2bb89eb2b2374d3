"""OpenAI's chat completions and legacy completions, whole and streamed.

https://platform.openai.com/docs/api-reference/chat and …/completions
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fake_upstream.answer import EVENT_STREAM, Answer, Request
from fake_upstream.errors import ApiError
from fake_upstream.store import Store
from fake_upstream.tokens import Usage, choices_of, deltas, prompt_of, reply_words, usage_of

_DONE = b"data: [DONE]\n\n"
_Choice = Callable[[int, str | None, str | None], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What tells the two endpoints' answers apart."""

    prefix: str
    kind: str
    chunk_kind: str
    whole: _Choice
    part: _Choice


def chat_completion(request: Request, store: Store) -> Answer:
    payload = request.json()
    if not isinstance(payload.get("messages"), list):
        raise ApiError(400, "Missing required parameter: 'messages'.", param="messages")
    return _complete(request, payload, store, _CHAT)


def completion(request: Request, store: Store) -> Answer:
    payload = request.json()
    if "prompt" not in payload:
        raise ApiError(400, "Missing required parameter: 'prompt'.", param="prompt")
    return _complete(request, payload, store, _COMPLETION)


def openai_usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _message(index: int, text: str | None, finish: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text,
        "refusal": None,
        "annotations": [],
    }
    return {"index": index, "message": message, "logprobs": None, "finish_reason": finish}


def _delta(index: int, text: str | None, finish: str | None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _text(index: int, text: str | None, finish: str | None) -> dict[str, Any]:
    return {"text": text or "", "index": index, "logprobs": None, "finish_reason": finish}


_CHAT = _Shape("chatcmpl-", "chat.completion", "chat.completion.chunk", _message, _delta)
_COMPLETION = _Shape("cmpl-", "text_completion", "text_completion", _text, _text)


def _complete(request: Request, payload: dict[str, Any], store: Store, shape: _Shape) -> Answer:
    words, cut = reply_words(payload, request.fake)
    finish = "length" if cut else "stop"
    number = choices_of(payload)
    usage = None
    if not request.fake.nousage:
        prompt = prompt_of(request.path, payload)
        usage = usage_of(payload, prompt, len(words) * number, request.fake)
    kind = shape.chunk_kind if payload.get("stream") else shape.kind
    before = (
        f'{{"id": "{store.new_id(shape.prefix)}", "object": "{kind}", '
        f'"created": {int(time.time())}, "model": {json.dumps(request.model(payload))}, '
        f'"service_tier": "default", "system_fingerprint": "fp_fake", "choices": '
    )
    if payload.get("stream"):
        options = payload.get("stream_options")
        counted = isinstance(options, dict) and options.get("include_usage")
        choices = _choices(deltas(words), range(number), finish, shape)
        events = _stream(before, choices, usage if counted else None)
        return Answer(headers=EVENT_STREAM, events=events)
    after = "}" if usage is None else f', "usage": {_encoded_usage(usage)}}}'
    return Answer(body=f"{before}{_encoded_choices(shape, words, number, finish)}{after}".encode())


# A benchmark asks for the same over and over, and encoding is most of what an answer costs.
@lru_cache(maxsize=64)
def _encoded_choices(shape: _Shape, words: tuple[str, ...], number: int, finish: str) -> str:
    text = " ".join(words)
    return json.dumps([shape.whole(index, text, finish) for index in range(number)])


@lru_cache(maxsize=1024)
def _encoded_usage(usage: Usage) -> str:
    return json.dumps(openai_usage(usage))


@lru_cache(maxsize=1024)
def _encoded_part(shape: _Shape, index: int, text: str | None, finish: str | None) -> str:
    return json.dumps(shape.part(index, text, finish))


def _choices(parts: tuple[str, ...], indexes: range, finish: str, shape: _Shape) -> Iterator[str]:
    """One encoded choice per chunk, the choices taking turns."""
    if shape is _CHAT:
        for index in indexes:
            opening = {"role": "assistant", "content": "", "refusal": None}
            yield json.dumps(shape.part(index, "", None) | {"delta": opening})
    for text in parts:
        for index in indexes:
            yield _encoded_part(shape, index, text, None)
    for index in indexes:
        yield _encoded_part(shape, index, None, finish)


def _stream(before: str, choices: Iterator[str], usage: Usage | None) -> Iterator[bytes]:
    # Each chunk has a null usage once the client asked for usage, as with OpenAI.
    after = "}\n\n" if usage is None else ', "usage": null}\n\n'
    for choice in choices:
        yield f"data: {before}[{choice}]{after}".encode()
    if usage is not None:
        yield f'data: {before}[], "usage": {_encoded_usage(usage)}}}\n\n'.encode()
    yield _DONE
