"""Whom a request is made for, as its JSON body says: where the project has it looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from models.labels import clean_end_user
from proxy.body.request_body import JsonReader
from proxy.decoding.json_reading import Unreadable, decoder

#: Of values, escaped as they may be.
_USER_MAX_BYTES: Final = 4 * 1024
_METADATA_MAX_BYTES: Final = 64 * 1024


class _Body(msgspec.Struct):
    safety_identifier: Any = None
    user: Any = None
    metadata: Any = None


_decode: Final[Callable[[bytes], _Body]] = decoder(_Body)


def in_small(body: bytes) -> str:
    """The end user of a body of at most `AT_ONCE_BYTES`; '' where it names none."""
    try:
        said = _decode(body)
    except Unreadable:
        return ""
    inner = said.metadata.get("user_id") if isinstance(said.metadata, dict) else None
    return _first(said.safety_identifier, said.user, inner)


def in_members(reader: JsonReader) -> str:
    """The same of a larger one, whose members have been read."""
    last = {field.key: field for field in reader.fields()}
    found: dict[str, Any] = {}
    for name, most in (
        ("safety_identifier", _USER_MAX_BYTES),
        ("user", _USER_MAX_BYTES),
        ("metadata", _METADATA_MAX_BYTES),
    ):
        if (field := last.get(name)) is not None:
            try:
                found[name] = reader.value(field, most)
            except Unreadable:
                continue
    metadata = found.get("metadata")
    inner = metadata.get("user_id") if isinstance(metadata, dict) else None
    return _first(found.get("safety_identifier"), found.get("user"), inner)


def _first(*named: Any) -> str:
    for value in named:
        if isinstance(value, str) and (end_user := clean_end_user(value)):
            return end_user
    return ""
