"""Anthropic's batches of messages, which have ended by the time that they are looked at.

https://docs.anthropic.com/en/api/creating-message-batches
"""

from __future__ import annotations

import json
from typing import Any

from fake_upstream.answer import Answer, Request, json_answer
from fake_upstream.behaviour import Field
from fake_upstream.errors import ApiError
from fake_upstream.messages import whole_message
from fake_upstream.store import Store

_LINES: tuple[Field, ...] = ((b"content-type", b"application/x-jsonl"),)
#: Anthropic's own, whichever name it was asked by.
_RESULTS = "https://api.anthropic.com/v1/messages/batches/{}/results"
_BEGAN, _ENDED, _EXPIRES = "2026-11-01T10:00:00Z", "2026-11-01T10:05:00Z", "2026-11-02T10:00:00Z"


def create_message_batch(request: Request, store: Store) -> Answer:
    asked = request.json().get("requests")
    if not isinstance(asked, list) or not asked:
        raise ApiError(400, "requests: Field required")
    name = store.new_id("msgbatch_")
    results = [
        {
            "custom_id": one["custom_id"],
            "result": {
                "type": "succeeded",
                "message": whole_message(request, one["params"], store),
            },
        }
        for one in asked
    ]
    store.keep(store.message_batches, name, results)
    return json_answer(_description(name, results, ended=False))


def retrieve_message_batch(request: Request, store: Store, name: str) -> Answer:
    return json_answer(_description(name, _find(store, name)))


def list_message_batches(request: Request, store: Store) -> Answer:
    data = [_description(name, results) for name, results in store.message_batches.items()]
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return json_answer({"data": data, "has_more": False, "first_id": first, "last_id": last})


def message_batch_results(request: Request, store: Store, name: str) -> Answer:
    lines = (json.dumps(one) + "\n" for one in _find(store, name))
    return Answer(headers=_LINES, body="".join(lines).encode())


def _find(store: Store, name: str) -> list[dict[str, Any]]:
    try:
        return store.message_batches[name]
    except KeyError:
        raise ApiError(404, f"No message batch found with id: {name}") from None


def _description(name: str, results: list[dict[str, Any]], *, ended: bool = True) -> dict[str, Any]:
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    counts["succeeded" if ended else "processing"] = len(results)
    return {
        "id": name,
        "type": "message_batch",
        "processing_status": "ended" if ended else "in_progress",
        "request_counts": counts,
        "ended_at": _ENDED if ended else None,
        "created_at": _BEGAN,
        "expires_at": _EXPIRES,
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": _RESULTS.format(name) if ended else None,
    }
