"""A usage object with a field of an odd type, read field by field, sans-io.

A whole float counts. A fraction, a negative number, one over 2^53, a text or a list in the place of
a number loses that field, and the fields that depend on it, and no other. `[]` is how PHP writes
an object without members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from proxy.decoding.json_reading import Unreadable, decode_any, decoder
from proxy.usage.reported import (
    COUNT_MAX,
    CacheCreation,
    CachedDetails,
    CompletionDetails,
    OddlyReported,
    PromptDetails,
    Reported,
    ServerTools,
    Word,
    XaiTools,
)

#: What the price would be wrong without, by where it stands: fields of `accumulator.Usage`.
_PROMPT_PARTS: Final = {
    "cached_tokens": "cached",
    "cache_write_tokens": "cache_write",
    "cache_creation_tokens": "cache_write",
    "audio_tokens": "audio_input",
    "image_tokens": "image_input",
    "cached_tokens_details": "cached_audio",
    "cache_creation_token_details": "cache_write_1h",
}
_MEANS: Final[Mapping[type, Mapping[str, str]]] = {
    CacheCreation: {
        "ephemeral_5m_input_tokens": "cache_write",
        "ephemeral_1h_input_tokens": "cache_write_1h",
    },
    CachedDetails: {"audio_tokens": "cached_audio", "image_tokens": "cached_image"},
    PromptDetails: _PROMPT_PARTS,
    CompletionDetails: {
        "reasoning_tokens": "reasoning",
        "audio_tokens": "audio_output",
        "image_tokens": "image_output",
    },
    ServerTools: {"web_search_requests": "web_searches"},
    XaiTools: {"web_search_calls": "web_searches"},
    Reported: {
        "prompt_tokens": "prompt",
        "completion_tokens": "completion",
        "input_tokens": "prompt",
        "output_tokens": "completion",
        "prompt_tokens_details": "cached",
        "input_tokens_details": "cached",
        "input_token_details": "cached",
        "completion_tokens_details": "reasoning",
        "output_tokens_details": "reasoning",
        "output_token_details": "reasoning",
        "cache_creation_input_tokens": "cache_write",
        "cache_read_input_tokens": "cached",
        "cache_creation": "cache_write_1h",
        "server_tool_use": "web_searches",
        "service_tier": "service_tier",
        "seconds": "audio_seconds",
        "prompt_audio_seconds": "audio_seconds",
        "prompt_cache_hit_tokens": "cached",
        "cached_tokens": "cached",
        "reasoning_tokens": "reasoning",
        "num_search_queries": "web_searches",
        "speed": "speed",
        "inference_geo": "inference_geo",
    },
}
#: Of what is lost, what else cannot be known: a prompt is the sum of its parts at Anthropic.
_AND_SO: Final = {"cached": "prompt", "cache_write": "prompt"}
_ANTHROPICS: Final = ("cache_creation_input_tokens", "cache_read_input_tokens")

_decode_members: Final[Callable[[bytes], dict[str, msgspec.Raw]]] = decoder(dict[str, msgspec.Raw])
_EMPTY: Final = (b"[]", b"{}")


def read_usage(text: bytes) -> Reported | None:
    """The usage object as far as it can be read; None where it is no object or is null."""
    try:
        return _decode_usage(text)
    except Unreadable:
        pass
    lost: set[str] = set()
    try:
        values = _values(Reported, text, lost)
    except Unreadable:
        return None
    if lost and values.get("prompt_tokens") is None:
        members = _decode_members(text)
        for name in _ANTHROPICS:
            if name in members and name not in values and _says_something(members[name]):
                lost.add(_AND_SO[_MEANS[Reported][name]])
    return OddlyReported(**values, lost=frozenset(lost))


_decode_usage: Final[Callable[[bytes], Reported | None]] = decoder(Reported | None)


def _values(form: type, text: bytes, lost: set[str]) -> dict[str, Any]:
    """The fields of an object that are of their types. Raises Unreadable for no object."""
    members, values, means = _decode_members(text), {}, _MEANS[form]
    for name, kind in _KINDS[form].items():
        if name not in members:
            continue
        raw = bytes(members[name])
        try:
            if raw == b"null":
                continue
            if isinstance(kind, type):
                if raw not in _EMPTY:
                    values[name] = kind(**_values(kind, raw, lost))
            elif kind is Word:
                values[name] = _decode_word(raw)
            else:
                values[name] = count_of(raw)
        except Unreadable:
            if name in means:
                lost.add(means[name])
    return values


def count_of(raw: bytes) -> int:
    """A number of tokens. Raises Unreadable for what is none."""
    value = decode_any(raw)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise Unreadable("no count")
    return value


def _says_something(raw: msgspec.Raw) -> bool:
    return bytes(raw) != b"null"


def _kind(hint: Any) -> Any:
    """The struct that a field is, or `Word`, or None for a count."""
    if hint == Word:
        return Word
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else ()
    return next((one for one in options if one in _MEANS), None)


_KINDS: Final[Mapping[type, Mapping[str, Any]]] = {
    form: {name: _kind(hint) for name, hint in get_type_hints(form, include_extras=True).items()}
    for form in _MEANS
}
_decode_word: Final[Callable[[bytes], str | None]] = decoder(Word)
