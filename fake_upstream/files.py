"""OpenAI's files and batches, as much as a client needs to upload, look up and delete.

https://platform.openai.com/docs/api-reference/files and …/batch
"""

from __future__ import annotations

import time
from typing import Any

from fake_upstream.answer import Answer, Request, json_answer
from fake_upstream.errors import ApiError
from fake_upstream.forms import read_form
from fake_upstream.store import Store, StoredFile


def upload_file(request: Request, store: Store) -> Answer:
    form = read_form(request)
    name, content = form.file("file")
    description = {
        "id": store.new_id("file-"),
        "object": "file",
        "bytes": len(content),
        "created_at": int(time.time()),
        "filename": name,
        "purpose": form.text("purpose") or "user_data",
        "status": "processed",
    }
    store.keep(store.files, str(description["id"]), StoredFile(description, content))
    return json_answer(description)


def list_files(request: Request, store: Store) -> Answer:
    return json_answer(_page([file.description for file in store.files.values()]))


def retrieve_file(request: Request, store: Store, name: str) -> Answer:
    return json_answer(_file(store, name).description)


def download_file(request: Request, store: Store, name: str) -> Answer:
    content_type = (b"content-type", b"application/octet-stream")
    return Answer(headers=(content_type,), body=_file(store, name).content)


def delete_file(request: Request, store: Store, name: str) -> Answer:
    _file(store, name)
    del store.files[name]
    return json_answer({"id": name, "object": "file", "deleted": True})


def create_batch(request: Request, store: Store) -> Answer:
    payload = request.json()
    batch = {
        "id": store.new_id("batch_"),
        "object": "batch",
        "endpoint": payload.get("endpoint", "/v1/chat/completions"),
        "input_file_id": payload.get("input_file_id", ""),
        "completion_window": payload.get("completion_window", "24h"),
        "status": "validating",
        "created_at": int(time.time()),
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": payload.get("metadata"),
    }
    store.keep(store.batches, str(batch["id"]), batch)
    return json_answer(batch)


def list_batches(request: Request, store: Store) -> Answer:
    return json_answer(_page(list(store.batches.values())))


def retrieve_batch(request: Request, store: Store, name: str) -> Answer:
    return json_answer(_batch(store, name))


def cancel_batch(request: Request, store: Store, name: str) -> Answer:
    batch = _batch(store, name) | {"status": "cancelling", "cancelling_at": int(time.time())}
    store.batches[name] = batch
    return json_answer(batch)


def _page(data: list[dict[str, Any]]) -> dict[str, Any]:
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": False}


def _file(store: Store, name: str) -> StoredFile:
    try:
        return store.files[name]
    except KeyError:
        raise ApiError(404, f"No such File object: {name}", code="not_found", param="id") from None


def _batch(store: Store, name: str) -> dict[str, Any]:
    try:
        return store.batches[name]
    except KeyError:
        raise ApiError(404, f"No batch found with id '{name}'.", code="not_found") from None
