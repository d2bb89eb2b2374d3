"""One chat by openai-python, as a line of JSON on standard output: see `check_clients.py`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import openai


def main() -> None:
    """Ask, and say what was seen."""
    client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
    if os.environ["RETRIES"] != "default":
        client = client.with_options(max_retries=0)
    question: dict[str, Any] = {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "How many words are in this question?"}],
    }
    seen: dict[str, Any] = {"text": "", "usage": None, "error": None}
    try:
        _ask(client, question, seen)
    except openai.OpenAIError as exc:
        seen["error"] = {
            "kind": type(exc).__name__,
            "status": getattr(exc, "status_code", None),
            "code": getattr(exc, "code", None),
            "message": str(exc),
        }
    sys.stdout.write(json.dumps(seen))


def _ask(client: openai.OpenAI, question: dict[str, Any], seen: dict[str, Any]) -> None:
    # Of any answer or stream.
    create: Any = client.chat.completions.create
    if os.environ["STREAM"] != "yes":
        answer = create(**question)
        seen["text"] = answer.choices[0].message.content
        seen["usage"] = answer.usage.to_dict()
        return
    options = {"stream": True, "stream_options": {"include_usage": True}}
    for chunk in create(**question, **options):
        if chunk.choices:
            seen["text"] += chunk.choices[0].delta.content or ""
        if chunk.usage is not None:
            seen["usage"] = chunk.usage.to_dict()


if __name__ == "__main__":
    main()
