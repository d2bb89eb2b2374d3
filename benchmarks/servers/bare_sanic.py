"""Sanic answering by itself: what its request machinery costs before anything is proxied."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

from sanic import HTTPResponse, Request, Sanic

# An answer of the fake upstream, byte for byte as long.
_ANSWER = b"""{"id": "chatcmpl-000000000000000000000001", "object": "chat.completion", \
"created": 1750000000, "model": "gpt-4o-mini", "service_tier": "default", \
"system_fingerprint": "fp_fake", "choices": [{"index": 0, "message": {"role": "assistant", \
"content": "Hello from the fake upstream that is bundled with LLM Proxy: no model was asked, \
nothing was charged, and your request arrived just as you sent it.", "refusal": null, \
"annotations": []}, "logprobs": null, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, \
"completion_tokens": 27, "total_tokens": 36, "prompt_tokens_details": {"cached_tokens": 0, \
"audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, \
"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}}"""

app: Sanic[Any, SimpleNamespace] = Sanic("bare", configure_logging=False)


@app.post("/v1/chat/completions")
async def answer(_: Request) -> HTTPResponse:
    """The body has been read by then."""
    return HTTPResponse(_ANSWER, content_type="application/json")


if __name__ == "__main__":
    app.run(
        host="127.0.0.1", port=int(sys.argv[1]), single_process=True, access_log=False, motd=False
    )
