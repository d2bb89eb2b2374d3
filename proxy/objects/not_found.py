"""An object that a request may not name, in the words that its provider has for one it lacks.

SDKs go by the status; people, and some scripts, by the text.
"""

from __future__ import annotations

from typing import Final

from models.objects import is_storable, kind_of
from proxy.access.grant import Grant
from proxy.errors import ObjectNotFound

_OPENAI: Final = {
    "file": "No such File object: {}",
    "upload": "No such Upload object: {}",
    "batch": "No batch found with id '{}'.",
    "completion": "Chat completion with id '{}' not found.",
    "vector_store": "Vector store with id '{}' not found.",
}
_SHOWN_MAX: Final = 128


def not_found(grant: Grant, kind: str, object_id: str) -> ObjectNotFound:
    """The refusal for an id; `kind` is what the path is about."""
    shape = "openai" if grant.provider is None else grant.provider.error_shape
    kind = kind_of(object_id, kind) or "object"
    shown = object_id[:_SHOWN_MAX] if is_storable(object_id) else "?"
    name = kind.replace("_", " ").capitalize()
    if shape == "anthropic":
        return ObjectNotFound(f"{name} not found: {shown}")
    words = _OPENAI.get(kind, name + " with id '{}' not found.")
    return ObjectNotFound(words.format(shown), param="id" if kind == "file" else None)
