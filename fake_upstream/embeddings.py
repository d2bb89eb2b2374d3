"""OpenAI's embeddings and moderations: one deterministic result per input.

https://platform.openai.com/docs/api-reference/embeddings and …/moderations
"""

from __future__ import annotations

import base64
import hashlib
from array import array
from typing import Any

from fake_upstream.answer import Answer, Request, json_answer
from fake_upstream.errors import ApiError
from fake_upstream.store import Store
from fake_upstream.tokens import count_tokens

_DIMENSIONS = 16
_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def create_embedding(request: Request, store: Store) -> Answer:
    payload = request.json()
    inputs = _inputs(payload)
    dimensions = payload.get("dimensions")
    size = dimensions if isinstance(dimensions, int) and 0 < dimensions <= 8192 else _DIMENSIONS
    packed = payload.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(_vector(item, size), packed)}
        for index, item in enumerate(inputs)
    ]
    answer: dict[str, Any] = {"object": "list", "data": data, "model": request.model(payload)}
    if not request.fake.nousage:
        prompt = request.fake.usage[0] if request.fake.usage else count_tokens(payload["input"])
        answer["usage"] = {"prompt_tokens": prompt, "total_tokens": prompt}
    return json_answer(answer)


def _inputs(payload: dict[str, Any]) -> list[Any]:
    """One entry per result: a text, several texts, a list of token numbers, or several of those."""
    given = payload.get("input")
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given:
        return [given] if isinstance(given[0], int) else given
    raise ApiError(400, "Missing required parameter: 'input'.", param="input")


def _vector(item: Any, size: int) -> list[float]:
    # Eighths are exact in a float32, so that both encodings carry equal numbers.
    seed = hashlib.sha256(repr(item).encode()).digest()
    return [(seed[index % 32] - 128) / 128 for index in range(size)]


def _encoded(vector: list[float], packed: bool) -> list[float] | str:
    return base64.b64encode(array("f", vector).tobytes()).decode() if packed else vector


def create_moderation(request: Request, store: Store) -> Answer:
    payload = request.json()
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.0),
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    return json_answer(
        {
            "id": store.new_id("modr-"),
            "model": payload.get("model") or "omni-moderation-latest",
            "results": [result for _ in _inputs(payload)],
        }
    )
