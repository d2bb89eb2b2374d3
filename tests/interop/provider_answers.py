"""Answers of each provider's form, which say "Seven." and state 7 tokens in and 5 out."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from fake_upstream.frames import frame

_USAGE: Final = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
CHAT: Final = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Seven."},
        }
    ],
    "usage": _USAGE,
}
CLAUDE: Final = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Seven."}],
    "usage": {"input_tokens": 7, "output_tokens": 5},
}
CLAUDE_EVENTS: Final[list[dict[str, Any]]] = [
    {
        "type": "message_start",
        "message": CLAUDE | {"content": [], "usage": {"input_tokens": 7, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "Seven."},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 5},
    },
    {"type": "message_stop"},
]
GEMINI: Final = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Seven."}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12},
}
_CONVERSED: Final = {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12}
CONVERSE: Final = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Seven."}]}},
    "stopReason": "end_turn",
    "usage": _CONVERSED,
    "metrics": {"latencyMs": 1},
}
CONVERSE_FRAMES: Final = b"".join(
    (
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Seven."}}),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": "end_turn"}),
        frame("metadata", {"usage": _CONVERSED, "metrics": {"latencyMs": 1}}),
    )
)
OLLAMA: Final = {
    "model": "m",
    "created_at": "2026-11-28T00:00:00Z",
    "message": {"role": "assistant", "content": "Seven."},
    "done": True,
    "prompt_eval_count": 7,
    "eval_count": 5,
}


class Answer(NamedTuple):
    """An upstream's."""

    body: bytes
    type: str = "application/json"


def document(content: dict[str, Any]) -> Answer:
    """JSON."""
    return Answer(json.dumps(content).encode())


def frames(body: bytes) -> Answer:
    """AWS's event stream."""
    return Answer(body, "application/vnd.amazon.eventstream")


def events(*documents: dict[str, Any], named: bool = False) -> Answer:
    """Server-sent events, with their types as names."""
    names = [f"event: {one['type']}\n" if named else "" for one in documents]
    lines = zip(names, map(json.dumps, documents), strict=True)
    return Answer("".join(f"{n}data: {d}\n\n" for n, d in lines).encode(), "text/event-stream")
