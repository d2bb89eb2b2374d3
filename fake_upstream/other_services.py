"""Gemini's, Bedrock's and Ollama's own endpoints, whole and streamed.

https://ai.google.dev/api/generate-content, Amazon Bedrock's "InvokeModel" and "Converse", and
https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fake_upstream.answer import EVENT_STREAM, JSON, Answer, Request, json_answer
from fake_upstream.behaviour import Field
from fake_upstream.frames import chunk, frame
from fake_upstream.messages import anthropic_usage
from fake_upstream.store import Store
from fake_upstream.tokens import Usage, count_tokens, deltas, reply_words, usage_of

_FRAMES: tuple[Field, ...] = ((b"content-type", b"application/vnd.amazon.eventstream"),)
_LINES: tuple[Field, ...] = ((b"content-type", b"application/x-ndjson"),)
_VECTOR = [0.25, -0.5]


def _used(payload: dict[str, Any], prompt: Any, words: int, request: Request) -> Usage | None:
    return None if request.fake.nousage else usage_of(payload, prompt, words, request.fake)


# Gemini


def generate_content(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    words, cut = reply_words(payload, request.fake)
    return json_answer(
        _gemini(request, payload, model, " ".join(words), len(words), finish=_reason(cut))
    )


def stream_generate_content(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    words, cut = reply_words(payload, request.fake)
    texts = deltas(words)
    chunks = [
        _gemini(
            request, payload, model, text, number,
            finish=_reason(cut) if number == len(texts) else "",
        )
        for number, text in enumerate(texts, 1)
    ]  # fmt: skip
    if request.query("alt", "json") == "sse":
        events = (b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in chunks)
        return Answer(headers=EVENT_STREAM, events=events)
    return Answer(headers=(JSON,), events=_array(chunks))


def _array(chunks: list[dict[str, Any]]) -> Iterator[bytes]:
    for number, one in enumerate(chunks):
        before = b",\r\n" if number else b"["
        after = b"]" if number == len(chunks) - 1 else b""
        yield before + json.dumps(one, indent=2).encode() + b"\n" + after


def embed_content(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    prompt = _parts(payload.get("content"))
    answer: dict[str, Any] = {"embedding": {"values": _VECTOR}}
    return json_answer(answer | _embedded(payload, prompt, request))


def batch_embed_contents(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    prompt = [_parts(one.get("content")) for one in payload.get("requests", [])]
    answer: dict[str, Any] = {"embeddings": [{"values": _VECTOR} for _ in prompt]}
    return json_answer(answer | _embedded(payload, prompt, request))


def count_content_tokens(request: Request, store: Store, model: str) -> Answer:
    return json_answer({"totalTokens": count_tokens(_contents(request.json()))})


def _embedded(payload: dict[str, Any], prompt: Any, request: Request) -> dict[str, Any]:
    usage = _used(payload, prompt, 0, request)
    return {} if usage is None else {"usageMetadata": {"promptTokenCount": usage.prompt}}


def _reason(cut: bool) -> str:
    return "MAX_TOKENS" if cut else "STOP"


def _parts(content: Any) -> Any:
    return content.get("parts") if isinstance(content, dict) else content


def _contents(payload: dict[str, Any]) -> list[Any]:
    contents = payload.get("contents")
    return [_parts(one) for one in contents] if isinstance(contents, list) else []


def _gemini(
    request: Request, payload: dict[str, Any], model: str, text: str, words: int, *, finish: str
) -> dict[str, Any]:
    """A whole answer, or a chunk, whose usage is that of all words so far."""
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    answer: dict[str, Any] = {
        "candidates": [candidate],
        "modelVersion": request.fake.model or model,
        "responseId": "fake",
    }
    usage = _used(payload, _contents(payload), words, request)
    if usage is not None:
        answer["usageMetadata"] = {
            "promptTokenCount": usage.prompt,
            "cachedContentTokenCount": usage.cached,
            "candidatesTokenCount": usage.completion - usage.reasoning,
            "thoughtsTokenCount": usage.reasoning,
            "totalTokenCount": usage.total,
        }
    return answer


# Bedrock


def converse(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    words, cut = reply_words(payload, request.fake)
    message = {"role": "assistant", "content": [{"text": " ".join(words)}]}
    ending = {"stopReason": "max_tokens" if cut else "end_turn"}
    return json_answer(
        {"output": {"message": message}} | ending | _metadata(request, payload, len(words))
    )


def converse_stream(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    words, cut = reply_words(payload, request.fake)

    def frames() -> Iterator[bytes]:
        yield frame("messageStart", {"role": "assistant", "p": "abc"})
        for text in deltas(words):
            yield frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})
        yield frame("contentBlockStop", {"contentBlockIndex": 0})
        yield frame("messageStop", {"stopReason": "max_tokens" if cut else "end_turn"})
        yield frame("metadata", _metadata(request, payload, len(words)))

    return Answer(headers=_FRAMES, events=frames())


def _metadata(request: Request, payload: dict[str, Any], words: int) -> dict[str, Any]:
    said: dict[str, Any] = {"metrics": {"latencyMs": 1}}
    usage = _used(payload, payload.get("messages"), words, request)
    if usage is not None:
        said["usage"] = {
            "inputTokens": usage.prompt - usage.cached,
            "outputTokens": usage.completion,
            "totalTokens": usage.total,
            "cacheReadInputTokens": usage.cached,
            "cacheWriteInputTokens": 0,
        }
    return said


def invoke(request: Request, store: Store, model: str) -> Answer:
    """Of Claude, or of Titan's embeddings where the body is a text to embed."""
    payload = request.json()
    if "inputText" in payload:
        usage = _used(payload, payload["inputText"], 0, request)
        counted = {} if usage is None else {"inputTextTokenCount": usage.prompt}
        return json_answer({"embedding": _VECTOR} | counted)
    message, _, _ = _claude(request, payload, model)
    return json_answer(message)


def invoke_stream(request: Request, store: Store, model: str) -> Answer:
    payload = request.json()
    message, usage, words = _claude(request, payload, model)
    begun = message | {"content": [], "stop_reason": None}
    final: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    if usage is not None:
        begun["usage"] = message["usage"] | {"output_tokens": 1}
        final = {"usage": {"output_tokens": usage.completion}}
        counted = {
            "inputTokenCount": usage.prompt - usage.cached,
            "outputTokenCount": usage.completion,
            "cacheReadInputTokenCount": usage.cached,
            "cacheWriteInputTokenCount": 0,
        }
        metrics = {"amazon-bedrock-invocationMetrics": counted}

    def frames() -> Iterator[bytes]:
        yield chunk({"type": "message_start", "message": begun})
        for text in deltas(words):
            delta = {"type": "text_delta", "text": text}
            yield chunk({"type": "content_block_delta", "index": 0, "delta": delta})
        ending = {"stop_reason": message["stop_reason"]}
        yield chunk({"type": "message_delta", "delta": ending, **final})
        yield chunk({"type": "message_stop", **metrics})

    return Answer(headers=_FRAMES, events=frames())


def _claude(
    request: Request, payload: dict[str, Any], model: str
) -> tuple[dict[str, Any], Usage | None, tuple[str, ...]]:
    words, cut = reply_words(payload, request.fake)
    prompt = [payload.get("system"), payload.get("messages")]
    usage = _used(payload, prompt, len(words), request)
    message: dict[str, Any] = {
        "id": "msg_bdrk_fake",
        "type": "message",
        "role": "assistant",
        "model": request.fake.model or model,
        "content": [{"type": "text", "text": " ".join(words)}],
        "stop_reason": "max_tokens" if cut else "end_turn",
    }
    if usage is not None:
        message["usage"] = anthropic_usage(usage)
    return message, usage, words


# Ollama


def ollama_chat(request: Request, store: Store) -> Answer:
    payload = request.json()
    return _ollama(request, payload, payload.get("messages"))


def ollama_generate(request: Request, store: Store) -> Answer:
    payload = request.json()
    return _ollama(request, payload, payload.get("prompt"))


def ollama_embed(request: Request, store: Store) -> Answer:
    payload = request.json()
    answer: dict[str, Any] = {"model": request.model(payload), "embeddings": [_VECTOR]}
    usage = _used(payload, payload.get("input"), 0, request)
    return json_answer(answer if usage is None else answer | {"prompt_eval_count": usage.prompt})


def _ollama(request: Request, payload: dict[str, Any], prompt: Any) -> Answer:
    words, _ = reply_words(payload, request.fake)
    model = request.model(payload)
    is_chat = request.path.endswith("/chat")

    def line(text: str, **more: Any) -> dict[str, Any]:
        said = (
            {"message": {"role": "assistant", "content": text}} if is_chat else {"response": text}
        )
        return {"model": model, **said, "done": False, **more}

    ending: dict[str, Any] = {"done": True, "done_reason": "stop"}
    usage = _used(payload, prompt, len(words), request)
    if usage is not None:
        ending |= {"prompt_eval_count": usage.prompt, "eval_count": usage.completion}
    # Absent means that it streams.
    if payload.get("stream") is False:
        return json_answer(line(" ".join(words), **ending))
    lines = [*(line(text) for text in deltas(words)), line("", **ending)]
    return Answer(headers=_LINES, events=(json.dumps(one).encode() + b"\n" for one in lines))
