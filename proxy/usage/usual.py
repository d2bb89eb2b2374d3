"""The usage of documents that report it as most do, decoded into just that in one step, sans-io.

A form has the fields that a dialect's answers usually report. Whatever else `reported.Reported`
knows must be absent or null, which its decoder sees to; a document in which it is not is left to
the general way (`json_usage.py`), whose rules say what any document means. So what is read here is
what those would read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

import msgspec

from proxy.decoding.json_reading import WRONG
from proxy.usage.accumulator import Used
from proxy.usage.reported import COUNT_MAX, CacheCreation, Count, Word

#: The model that an answer names, '' where it names none, and what it used.
Told: TypeAlias = tuple[str, Used]
#: Reads a document that came whole; None of one that says anything unusual.
Form: TypeAlias = Callable[[bytes], Told | None]

#: One that is a number where it is there.
_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
_NOTHING: Final = frozenset[str]()
#: How a call of a tool begins its type; some cost something (`json_usage`).
_CALL: Final = b'_call"'


# What a form does not read is of the type None there: each field of `Reported` is in each form.


class _NoneElsewhere(msgspec.Struct, frozen=True, gc=False):
    """What no form has."""

    total_tokens: Count = None
    input_token_details: None = None
    output_token_details: None = None
    seconds: None = None
    prompt_audio_seconds: None = None
    prompt_cache_hit_tokens: None = None
    cached_tokens: None = None
    reasoning_tokens: None = None
    num_search_queries: None = None
    citation_tokens: None = None
    num_sources_used: None = None
    server_tool_use: None = None
    server_side_tool_usage_details: None = None


class _NoneOfMessages(_NoneElsewhere, frozen=True, gc=False):
    """Nor what only Anthropic's have."""

    cache_creation_input_tokens: None = None
    cache_read_input_tokens: None = None
    cache_creation: None = None
    service_tier: None = None
    inference_geo: None = None
    speed: None = None


class _Into(msgspec.Struct, frozen=True, gc=False):
    cached_tokens: _Number = 0
    audio_tokens: Count = None
    image_tokens: Count = None
    cache_write_tokens: Count = None
    cache_creation_tokens: None = None
    cached_tokens_details: None = None
    cache_creation_token_details: None = None


class _Out(msgspec.Struct, frozen=True, gc=False):
    reasoning_tokens: _Number = 0
    audio_tokens: Count = None
    image_tokens: Count = None


class _ChatUsage(_NoneOfMessages, kw_only=True, frozen=True, gc=False):
    prompt_tokens: _Number
    completion_tokens: _Number = 0
    prompt_tokens_details: _Into = _Into()
    completion_tokens_details: _Out = _Out()
    input_tokens: None = None
    output_tokens: None = None
    input_tokens_details: None = None
    output_tokens_details: None = None


class _ChatAnswer(msgspec.Struct, gc=False):
    """OpenAI's chat and what is like it, completions and embeddings too."""

    usage: _ChatUsage
    model: str | None = None
    service_tier: Word = None
    output: None = None
    tools: None = None
    error: None = None


class _ResponseUsage(_NoneOfMessages, kw_only=True, frozen=True, gc=False):
    input_tokens: _Number
    output_tokens: _Number = 0
    input_tokens_details: _Into = _Into()
    output_tokens_details: _Out = _Out()
    prompt_tokens: None = None
    completion_tokens: None = None
    prompt_tokens_details: None = None
    completion_tokens_details: None = None


class _Response(msgspec.Struct, gc=False):
    """OpenAI's. Its `tools` are of no account, since it has an `output`."""

    output: msgspec.Raw
    usage: _ResponseUsage
    model: str | None = None
    service_tier: Word = None
    error: None = None


class _MessageUsage(_NoneElsewhere, kw_only=True, frozen=True, gc=False):
    input_tokens: _Number
    cache_creation_input_tokens: _Number
    cache_read_input_tokens: _Number
    cache_creation: CacheCreation = msgspec.field(default_factory=CacheCreation)
    output_tokens: _Number = 0
    service_tier: Word = None
    inference_geo: Word = None
    speed: Word = None
    input_tokens_details: None = None
    output_tokens_details: None = None
    prompt_tokens: None = None
    completion_tokens: None = None
    prompt_tokens_details: None = None
    completion_tokens_details: None = None


class _Message(msgspec.Struct, gc=False):
    """Anthropic's."""

    usage: _MessageUsage
    model: str | None = None
    service_tier: None = None
    output: None = None
    tools: None = None
    error: None = None


_decode_chat: Final[Callable[[bytes], _ChatAnswer]] = msgspec.json.Decoder(_ChatAnswer).decode
_decode_response: Final[Callable[[bytes], _Response]] = msgspec.json.Decoder(_Response).decode
_decode_message: Final[Callable[[bytes], _Message]] = msgspec.json.Decoder(_Message).decode


def _chat(document: bytes) -> Told | None:
    try:
        answer = _decode_chat(document)
    except WRONG:
        return None
    said = answer.usage
    into, out = said.prompt_tokens_details, said.completion_tokens_details
    prompt, completion, reasoning = said.prompt_tokens, said.completion_tokens, out.reasoning_tokens
    if reasoning and said.total_tokens == prompt + completion + reasoning:
        # It is no part of the completion.
        return None
    return answer.model or "", (
        prompt, completion, into.cached_tokens, reasoning, into.cache_write_tokens, None,
        into.audio_tokens, out.audio_tokens, into.image_tokens, out.image_tokens,
        None, None, answer.service_tier, None, None, None, None, _NOTHING, _NOTHING,
    )  # fmt: skip


def _response(document: bytes) -> Told | None:
    try:
        answer = _decode_response(document)
    except WRONG:
        return None
    if _CALL in document:
        return None
    said = answer.usage
    into, out = said.input_tokens_details, said.output_tokens_details
    return answer.model or "", (
        said.input_tokens, said.output_tokens, into.cached_tokens, out.reasoning_tokens,
        into.cache_write_tokens, None,
        into.audio_tokens, out.audio_tokens, into.image_tokens, out.image_tokens,
        None, None, answer.service_tier, None, None, None, None, _NOTHING, _NOTHING,
    )  # fmt: skip


def _message(document: bytes) -> Told | None:
    try:
        answer = _decode_message(document)
    except WRONG:
        return None
    said = answer.usage
    cached, written = said.cache_read_input_tokens, said.cache_creation_input_tokens
    return answer.model or "", (
        said.input_tokens + cached + written, said.output_tokens, cached, 0,
        written, said.cache_creation.ephemeral_1h_input_tokens,
        None, None, None, None, None, None, said.service_tier or None, None, None,
        said.speed, said.inference_geo, _NOTHING, _NOTHING,
    )  # fmt: skip


def _none(_: bytes) -> None:
    return None


#: What the dialects are that have one; others have none.
FORMS: Final[dict[str, Form]] = {
    "chat": _chat,
    "completions": _chat,
    "embeddings": _chat,
    "responses": _response,
    "messages": _message,
}
#: So many more unusual documents than others, and the next are not tried: an upstream may have
#: fields of its own.
_VAIN_MAX: Final = 8
_NOT_TRIED: Final = 1_000


class Reading:
    """Reads the documents of some kind of answer by the form of their dialect, for as long as that
    is of use."""

    __slots__ = ("_form", "in_vain", "usual")

    def __init__(self, dialect: str) -> None:
        self._form = FORMS.get(dialect, _none)
        #: How many more were unusual than were not; while none is tried, how many there were.
        self.in_vain = 0
        #: Reads one.
        self.usual: Form = self._form

    def missed(self) -> None:
        """What it was asked for last was unusual."""
        self.in_vain += 1
        tried = self.usual is self._form
        if self.in_vain >= (_VAIN_MAX if tried else _NOT_TRIED):
            self.usual, self.in_vain = _none if tried else self._form, 0
