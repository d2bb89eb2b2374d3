"""Answers in dialects of their own, as their services send them, and what is to be read of each."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from fake_upstream.frames import chunk, frame
from proxy.usage.accumulator import Usage


class Answer(NamedTuple):
    """An answer's text, and what is read of it. `terminal`: its last event ends it."""

    dialect: str
    text: bytes
    usage: Usage | None
    model: str | None = None
    terminal: bool = False


def sse(*events: Any, end: bytes = b"\r\n") -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + end + end for one in events)


def lines(*documents: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in documents)


def gemini_chunk(
    text: str, usage: dict[str, Any] | None = None, **candidate: Any
) -> dict[str, Any]:
    part = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **candidate}
    said: dict[str, Any] = {"candidates": [part], "modelVersion": "gemini-2.5-flash"}
    return said | ({"usageMetadata": usage} if usage is not None else {})


FIRST = {"promptTokenCount": 90, "totalTokenCount": 90}
LAST = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 64,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 30,
    "toolUsePromptTokenCount": 7,
    "totalTokenCount": 157,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 60},
        {"modality": "AUDIO", "tokenCount": 25},
        {"modality": "IMAGE", "tokenCount": 15},
    ],
    "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 4}],
    "trafficType": "ON_DEMAND",
}
GEMINI: Final = Usage(
    107,
    50,
    64,
    30,
    audio_input=25,
    image_input=15,
    image_output=4,
    service_tier="ON_DEMAND",
    cached_audio=10,
)
GEMINI_CHUNKS: Final = (
    gemini_chunk('He said "usageMetadata": {"promptTokenCount": 5}', FIRST),
    gemini_chunk("llo"),
    gemini_chunk("", LAST, finishReason="STOP"),
)

CONVERSE_USAGE = {
    "inputTokens": 10,
    "outputTokens": 3,
    "totalTokens": 25,
    "cacheReadInputTokens": 8,
    "cacheWriteInputTokens": 4,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 3}, {"ttl": "5m", "inputTokens": 1}],
}
CONVERSE: Final = Usage(
    22, 3, 8, 0, cache_write=4, cache_write_1h=3, service_tier="priority", speed="standard"
)
CONVERSE_END = {
    "usage": CONVERSE_USAGE,
    "metrics": {"latencyMs": 551},
    "serviceTier": {"type": "priority"},
    "performanceConfig": {"latency": "standard"},
}
CONVERSE_STREAM: Final = (
    frame("messageStart", {"role": "assistant", "p": "abc"}),
    frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}}),
    frame("contentBlockStop", {"contentBlockIndex": 0}),
    frame("messageStop", {"stopReason": "end_turn"}),
    frame("metadata", CONVERSE_END),
)
METRICS = {
    "inputTokenCount": 7,
    "outputTokenCount": 12,
    "cacheReadInputTokenCount": 50,
    "cacheWriteInputTokenCount": 100,
    "invocationLatency": 900,
    "firstByteLatency": 300,
}
ANTHROPIC = {
    "input_tokens": 7,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 50,
    "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40},
    "output_tokens": 1,
}
CLAUDE_STREAM: Final = (
    chunk({"type": "message_start", "message": {"model": "claude-x", "usage": ANTHROPIC}}),
    chunk({"type": "content_block_delta", "index": 0, "delta": {"text": "Hel\nlo"}}),
    chunk({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 12}}),
    chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}),
)
CLAUDE: Final = Usage(157, 12, 50, 0, cache_write=100, cache_write_1h=40)

OLLAMA_LINES: Final = (
    {"model": "llama3.2", "message": {"role": "assistant", "content": "Hi"}, "done": False},
    {
        "model": "llama3.2",
        "message": {"content": ""},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 26,
        "eval_count": 9,
    },
)


def prediction(tokens: int) -> dict[str, Any]:
    statistics = {"truncated": False, "token_count": tokens}
    return {"embeddings": {"statistics": statistics, "values": [0.1, -2e-5]}}


PLAIN: Final = {
    "gemini": Answer("gemini", json.dumps(GEMINI_CHUNKS[2], indent=2).encode(), GEMINI,
                     "gemini-2.5-flash", terminal=True),
    "an embedding of Gemini's": Answer(
        "gemini",
        json.dumps(
            {"embeddings": [{"values": [0.1]}], "usageMetadata": {"promptTokenCount": 9}}
        ).encode(),
        Usage(9, 0, 0, 0),
    ),
    "a prompt that Gemini blocked": Answer(
        "gemini",
        json.dumps(
            {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": FIRST}
        ).encode(),
        Usage(90, 0, 0, 0),
    ),
    "predict": Answer(
        "predict",
        json.dumps({"predictions": [prediction(6), prediction(5)], "metadata": {}}).encode(),
        Usage(11, 0, 0, 0),
    ),
    "converse": Answer(
        "converse",
        json.dumps({"output": {"message": {}}, "stopReason": "end_turn", **CONVERSE_END}).encode(),
        CONVERSE,
    ),
    "invoke": Answer(
        "invoke",
        json.dumps({"type": "message", "model": "claude-x",
                    "usage": ANTHROPIC | {"output_tokens": 12}}).encode(),
        CLAUDE,
        "claude-x",
    ),
    "an embedding of Titan's": Answer(
        "invoke",
        json.dumps({"embedding": [0.1, 0.2], "inputTextTokenCount": 5}).encode(),
        Usage(5, 0, 0, 0),
    ),
    "a text of Titan's": Answer(
        "invoke",
        json.dumps({"inputTextTokenCount": 5, "results": [{"tokenCount": 7}, {"tokenCount": 2}]})
        .encode(),
        Usage(5, 9, 0, 0),
    ),
    "Llama": Answer(
        "invoke",
        json.dumps({"generation": "x", "prompt_token_count": 5, "generation_token_count": 7})
        .encode(),
        Usage(5, 7, 0, 0),
    ),
    "Nova": Answer(
        "invoke",
        json.dumps({"output": {}, "usage": {"inputTokens": 5, "outputTokens": 7,
                                            "cacheReadInputTokenCount": 2}}).encode(),
        Usage(7, 7, 2, 0),
    ),
    "Mistral on Bedrock": Answer(
        "invoke",
        json.dumps({"choices": [{}], "usage": {"prompt_tokens": 5, "completion_tokens": 7}})
        .encode(),
        Usage(5, 7, 0, 0),
    ),
    "ollama": Answer(
        "ollama", json.dumps(OLLAMA_LINES[1]).encode(), Usage(26, 9, 0, 0), "llama3.2",
        terminal=True,
    ),
    "an embedding of Ollama's": Answer(
        "ollama",
        json.dumps({"model": "m", "embeddings": [[0.1]], "prompt_eval_count": 8}).encode(),
        Usage(8, 0, 0, 0),
        "m",
    ),
    "cohere": Answer(
        "cohere",
        json.dumps({"id": "x", "usage": {"billed_units": {"input_tokens": 3.0,
                    "output_tokens": 2.0}, "tokens": {"input_tokens": 69.0}}}).encode(),
        Usage(3, 2, 0, 0),
    ),
    "Cohere before": Answer(
        "cohere",
        json.dumps({"text": "x", "meta": {"billed_units": {"input_tokens": 3}}}).encode(),
        Usage(3, 0, 0, 0),
    ),
}  # fmt: skip

STREAMS: Final = {
    "gemini as events": Answer(
        "gemini", sse(*GEMINI_CHUNKS), GEMINI, "gemini-2.5-flash", terminal=True
    ),
    "gemini as events with line feeds": Answer(
        "gemini", sse(*GEMINI_CHUNKS, end=b"\n"), GEMINI, "gemini-2.5-flash", terminal=True
    ),
    "gemini as an array": Answer(
        "gemini",
        b"[%b\n]\n" % b"\n,\r\n".join(json.dumps(one, indent=2).encode() for one in GEMINI_CHUNKS),
        GEMINI,
        "gemini-2.5-flash",
        terminal=True,
    ),
    "gemini as an array in one line": Answer(
        "gemini", json.dumps(GEMINI_CHUNKS).encode(), GEMINI, "gemini-2.5-flash", terminal=True
    ),
    "gemini whose enums are numbers": Answer(
        "gemini",
        json.dumps([*GEMINI_CHUNKS[:2], gemini_chunk("", LAST, finishReason=1)]).encode(),
        GEMINI,
        "gemini-2.5-flash",
        terminal=True,
    ),
    "gemini whose usage comes behind the end": Answer(
        "gemini",
        sse(gemini_chunk("x", finishReason="STOP"), {"usageMetadata": LAST}),
        GEMINI,
        "gemini-2.5-flash",
        terminal=True,
    ),
    "converse": Answer("converse", b"".join(CONVERSE_STREAM), CONVERSE, terminal=True),
    "invoke": Answer("invoke", b"".join(CLAUDE_STREAM), CLAUDE, "claude-x", terminal=True),
    "invoke of Titan's": Answer(
        "invoke",
        chunk({"outputText": "x", "inputTextTokenCount": 7})
        + chunk({"outputText": "", "amazon-bedrock-invocationMetrics": METRICS}),
        Usage(157, 12, 50, 0, cache_write=100),
        terminal=True,
    ),
    "ollama": Answer("ollama", lines(*OLLAMA_LINES), Usage(26, 9, 0, 0), "llama3.2", terminal=True),
    "cohere": Answer(
        "cohere",
        sse({"type": "content-delta", "delta": {"message": {"content": {"text": "message-end"}}}})
        + sse({"type": "message-end", "delta": {"finish_reason": "COMPLETE",
               "usage": {"billed_units": {"input_tokens": 3.0, "output_tokens": 2.0}}}})
        + b"data: [DONE]\n\n",
        Usage(3, 2, 0, 0),
        terminal=True,
    ),
    "Cohere before": Answer(
        "cohere",
        lines({"event_type": "text-generation", "text": "x"},
              {"event_type": "stream-end", "response": {"meta": {"billed_units": {
                  "input_tokens": 3.0, "output_tokens": 2.0}}}}),
        Usage(3, 2, 0, 0),
        terminal=True,
    ),
}  # fmt: skip
