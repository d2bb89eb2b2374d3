"""The ids of objects that a request's JSON body names, at any depth, sans-io.

All that any reader of JSON may find counts: each of repeated members, keys with escapes in them or
in another case. Texts in UTF-16 and the like are none. What a client says to a model in its own
words does not: arguments of tools, their schemas, metadata, and the annotations of an earlier
answer, none of which an upstream looks up.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

#: Members whose value is an id or a list of ids, or an object with an `id`.
MEMBERS: Final = frozenset(
    (
        "previous_response_id",
        "conversation",
        "container",
        "container_id",
        "file_id",
        "file_ids",
        "input_file_id",
        "input_file_ids",
        "training_file",
        "validation_file",
        "image_file_id",
        "vector_store_id",
        "vector_store_ids",
        "batch_id",
        "video",
        "video_id",
        # Gemini's, in both of its spellings.
        "cached_content",
        "cachedcontent",
    )
)
#: Members that are looked into for no ids.
_OWN_WORDS: Final = frozenset(
    ("metadata", "parameters", "input_schema", "schema", "arguments", "annotations")
)
#: Objects whose `input` is a tool's.
_TOOL_CALLS: Final = frozenset(("tool_use", "server_tool_use", "mcp_tool_use"))
_REFERENCE: Final = "item_reference"
#: Items that refer to a stored one by their id where they hold none of these.
_CONTENT: Final = {
    "image_generation_call": ("result",),
    "reasoning": ("content", "encrypted_content", "summary"),
}
#: Whether a body may name any: mostly it does not, and need not be taken apart. What hides the
#: letters of a key is there as well: an escape, two characters that case folding makes ASCII, and
#: the zeros of UTF-16.
_MAY_NAME: Final = re.compile(
    rb'"(?:previous_response_id|conversation|container|container_id|files?_ids?'
    rb"|input_file_ids?|training_file|validation_file|image_file_id|vector_store_ids?"
    rb'|batch_id|video|video_id|item_reference|cached_?content)"'
    rb'|\{\s*+"id"\s*+:|"type"\s*+:\s*+(?:null|"reasoning"|"image_generation_call")'
    rb"|\\u(?:00[2-7]|017[fF]|212[aA])|\xc5\xbf|\xe2\x84\xaa|\x00",
    re.IGNORECASE,
)
_CHARSET: Final = re.compile(rb'charset\s*+=\s*+"?+([^\s;"]*+)', re.IGNORECASE)
#: Whose texts have ASCII as it is.
_PLAIN: Final = (b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1")
_STORES: Final = re.compile(rb'"(?:store|deferred)"\s*+:\s*+true')
#: Ids of one request that are looked up.
NAMED_MAX: Final = 512
#: A longer one is none.
ID_MAX: Final = 512


class Unnamed(Exception):
    """What a body names cannot be known: it is no JSON, nested too deeply, or names too much."""


class _Inside:
    """What a JSON object names: itself, and through what it holds."""

    __slots__ = ("held", "id", "own", "refers")

    def __init__(self) -> None:
        self.own: list[str] = []
        #: Values in which there may be more.
        self.held: list[Any] = []
        #: Its member `id`, which is one where the object is a member's value.
        self.id: list[str] = []
        #: Whether it may be nothing but a reference to an item.
        self.refers = False


def may_name(body: bytes) -> bool:
    """Whether a body has to be taken apart; what is found in a text costs time, no more."""
    return _MAY_NAME.search(body) is not None


def is_plain(declared: bytes) -> bool:
    """Whether a body of this type is read alike by whoever heeds its label, and who does not."""
    if declared.lower().lstrip().startswith(b"application/x-www-form-urlencoded"):
        return False
    return all(name.lower() in _PLAIN for name in _CHARSET.findall(declared))


def named_in(body: bytes) -> tuple[str, ...]:
    """The ids in a JSON body, each once. Raises Unnamed."""
    try:
        # Decoded here: `json` would guess at other encodings, as some upstreams do.
        whole = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_taken,
            parse_int=_no_number,
            parse_float=_no_number,
        )
    except (ValueError, RecursionError) as exc:
        raise Unnamed from exc
    found: dict[str, None] = {}
    held = [whole]
    while held:
        value = held.pop()
        if isinstance(value, _Inside):
            found.update(dict.fromkeys(value.own))
            held += value.held
        elif isinstance(value, list):
            held += [one for one in value if isinstance(one, list | _Inside)]
    if len(found) > NAMED_MAX:
        raise Unnamed
    return tuple(found)


def _no_number(_: str) -> None:
    """Numbers are no ids, and long ones take long to be made."""


def _taken(pairs: list[tuple[str, Any]]) -> _Inside:
    """What an object names, told of its members; inner ones came before."""
    inside = _Inside()
    kinds = {value for key, value in pairs if key == "type" and isinstance(value, str)}
    calls = bool(kinds) and kinds <= _TOOL_CALLS
    plain = not kinds or _REFERENCE in kinds
    for written, value in pairs:
        key = written.casefold()
        if key in MEMBERS:
            inside.own += _ids(value)
        if key == "id":
            inside.id += _texts(value)
        elif key != "type":
            plain = plain and _REFERENCE in kinds
        if key in ("input", "items") and isinstance(value, list):
            # OpenAI's items: one that is nothing but an id refers to an earlier one.
            for item in value:
                if isinstance(item, _Inside) and item.refers:
                    inside.own += item.id
        is_own = key in _OWN_WORDS or (key == "input" and calls)
        if isinstance(value, list | _Inside) and not is_own:
            inside.held.append(value)
    inside.refers = plain and bool(inside.id)
    if _REFERENCE in kinds or not all(_holds(kind, pairs) for kind in kinds):
        inside.own += inside.id
    return inside


def _holds(kind: str, pairs: list[tuple[str, Any]]) -> bool:
    """Whether an item of this type holds its content, whichever of repeated members is read."""
    if kind not in _CONTENT:
        return True
    held: dict[str, bool] = {}
    for key, value in pairs:
        held[key] = bool(value) and held.get(key, True)
    return any(held.get(key) for key in _CONTENT[kind])


def _ids(value: Any) -> list[str]:
    """The ids that a member's value is, or that objects in it have."""
    found = _texts(value)
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, _Inside):
            found += one.id
    return found


def _texts(value: Any) -> list[str]:
    """The ids that a member's value is."""
    found = value if isinstance(value, list) else [value]
    return [one[:ID_MAX] for one in found if isinstance(one, str) and one and not _is_url(one)]


def _is_url(text: str) -> bool:
    """Whether it is an address, which some services take in an id's place."""
    return "://" in text or text[:5].lower() == "data:"


def asks_to_store(part: bytes) -> bool:
    """Whether a part of a chat's body asks for its completion to be kept, or made later."""
    return _STORES.search(part) is not None
