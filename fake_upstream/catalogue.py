"""The models list, in OpenAI's shape and in Anthropic's."""

from __future__ import annotations

from typing import Any

from fake_upstream.answer import Answer, Request, json_answer
from fake_upstream.errors import ApiError
from fake_upstream.store import Store

OPENAI_MODELS = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-5",
    "gpt-5-mini",
    "o3-mini",
    "gpt-3.5-turbo-instruct",
    "text-embedding-3-small",
    "text-embedding-3-large",
    "omni-moderation-latest",
    "gpt-image-1",
    "whisper-1",
    "tts-1",
)
ANTHROPIC_MODELS = ("claude-sonnet-5-5", "claude-haiku-5-5")
_CREATED = 1_735_689_600


def list_models(request: Request, store: Store) -> Answer:
    if request.speaks_anthropic:
        data = [_anthropic(name) for name in ANTHROPIC_MODELS]
        page = {"has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
        return json_answer({"data": data, **page})
    return json_answer({"object": "list", "data": [_openai(name) for name in OPENAI_MODELS]})


def retrieve_model(request: Request, store: Store, name: str) -> Answer:
    if request.speaks_anthropic:
        if name in ANTHROPIC_MODELS:
            return json_answer(_anthropic(name))
        raise ApiError(404, f"model: {name}")
    if name in OPENAI_MODELS:
        return json_answer(_openai(name))
    raise ApiError(404, f"The model '{name}' does not exist", code="model_not_found", param="model")


def _openai(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "fake-upstream"}


def _anthropic(name: str) -> dict[str, Any]:
    title = name.replace("-", " ").title()
    return {
        "type": "model",
        "id": name,
        "display_name": title,
        "created_at": "2025-01-01T00:00:00Z",
        "lifecycle": "active",
    }
