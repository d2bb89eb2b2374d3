"""Messages, parts and tools: whether a prompt may have more tokens than its body has bytes.

What is known to be text is counted by its bytes; whatever else there is, a picture, a file, an id
of something stored, a part of a kind that nobody has heard of, may be as long as the context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any, Final

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder
from proxy.metering.asks import Asks, count_of
from proxy.turns import weight

#: What is decoded in one turn, as `turns.weight` counts it: some milliseconds. What weighs more is
#: not looked into, and is nearly as long as a context anyway.
LOOKED_INTO_MAX: Final = 1536 * 1024
#: Messages, parts and tools of one body that are looked into: some milliseconds, too.
_PIECES_MAX: Final = 4_096
#: Nested results of tools; no client nests them deeper.
_DEPTH_MAX: Final = 4

_RAW: Final = msgspec.Raw()


class _Message(msgspec.Struct):
    """A message, or an item of a list that has other things too."""

    type: Any = None
    content: msgspec.Raw = _RAW
    output: msgspec.Raw = _RAW
    parts: msgspec.Raw = _RAW
    audio: msgspec.Raw = _RAW
    image: msgspec.Raw = _RAW
    images: msgspec.Raw = _RAW
    files: msgspec.Raw = _RAW


class _Part(msgspec.Struct):
    type: Any = None
    text: msgspec.Raw = _RAW
    content: msgspec.Raw = _RAW
    output: msgspec.Raw = _RAW


class _Tool(msgspec.Struct):
    type: Any = None
    name: Any = None
    function: msgspec.Raw = _RAW
    input_schema: msgspec.Raw = _RAW
    parameters: msgspec.Raw = _RAW
    max_uses: Any = None


_messages: Final[Callable[[bytes], list[_Message]]] = decoder(list[_Message])
_parts: Final[Callable[[bytes], list[_Part | str]]] = decoder(list[_Part | str])
_tools: Final[Callable[[bytes], list[_Tool]]] = decoder(list[_Tool])
_prompts: Final[Callable[[bytes], list[str | int | list[int]]]] = decoder(
    list[str | int | list[int]]
)
_objects: Final[Callable[[bytes], list[dict[str, msgspec.Raw]]]] = decoder(
    list[dict[str, msgspec.Raw]]
)
_object: Final[Callable[[bytes], dict[str, msgspec.Raw]]] = decoder(dict[str, msgspec.Raw])

#: Kinds of parts and items whose tokens are those of their text, or were an answer's before.
_TEXT: Final = frozenset(
    (
        "text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal",
        "thinking", "redacted_thinking", "reasoning", "message", "tool_use", "tool_result",
        "server_tool_use", "search_result", "web_search_tool_result", "web_search_result",
        "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
        "local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output",
        "apply_patch_call", "apply_patch_call_output", "tool_call", "function",
    )
)  # fmt: skip
_MEDIA: Final = ("image", "audio", "video")
_ATTACHED: Final = ("audio", "image", "images", "files")
_NONE_ATTACHED: Final = (_RAW,) * len(_ATTACHED)
#: A file, a document or a screenshot has pictures in it.
_PICTURED: Final = ("file", "document", "pdf", "computer", "screenshot")


def _is_null(raw: msgspec.Raw) -> bool:
    if raw is _RAW:
        # It is not there.
        return True
    return memoryview(raw).nbytes <= _NULL_BYTES and bytes(raw) in (b"", b"null")


_NULL_BYTES: Final = 4


def strange(asks: Asks, kind: Any = "") -> None:
    """The prompt may have what the body only names; `kind` is what it calls that."""
    asks.grows = True
    name = kind.lower() if isinstance(kind, str) else ""
    asks.media.update(medium for medium in _MEDIA if medium in name)
    if any(word in name for word in _PICTURED):
        asks.media.add("image")


def _strange_whole(asks: Asks) -> None:
    """Nothing is known of it: it may have anything in it, but for what has no price at all."""
    asks.grows = True
    asks.media.add("image")


def _too_many(asks: Asks, listed: Sized) -> bool:
    """Whether these are more than are looked into of one body."""
    asks.looked_at += len(listed)
    if asks.looked_at <= _PIECES_MAX:
        return False
    _strange_whole(asks)
    return True


def _looks_into(asks: Asks, raw: bytes | None) -> bool:
    is_light = raw is not None and (len(raw) <= _SMALL or weight(raw) <= LOOKED_INTO_MAX)
    if is_light and asks.looked_at <= _PIECES_MAX:
        return True
    _strange_whole(asks)
    return False


_SMALL: Final = 64 * 1024


def messages(asks: Asks, raw: bytes | None) -> None:
    """A list of messages or items, or a text."""
    if not _looks_into(asks, raw) or raw is None or raw[:1] == b'"' or raw == b"null":
        return
    try:
        listed = _messages(raw)
    except Unreadable:
        _strange_whole(asks)
        return
    if _too_many(asks, listed):
        return
    for message in listed:
        kind = message.type
        if kind is not None and (not isinstance(kind, str) or kind not in _TEXT):
            strange(asks, kind)
        attached = message.audio, message.image, message.images, message.files
        if attached != _NONE_ATTACHED:
            for name, given in zip(_ATTACHED, attached, strict=True):
                if not _is_null(given):
                    strange(asks, name)
        for text in (message.content, message.output):
            if text is not _RAW:
                _content(asks, bytes(text), 0)
        if message.parts is not _RAW and not _is_null(message.parts):
            keyed_parts(asks, bytes(message.parts), PARTS_OF_GEMINI)


def content(asks: Asks, raw: bytes | None) -> None:
    """A text, a part or a list of parts."""
    if _looks_into(asks, raw) and raw is not None:
        _content(asks, raw, 0)


def _content(asks: Asks, raw: bytes, depth: int) -> None:
    raw = raw.strip()
    if raw[:1] in (b"", b'"') or raw == b"null":
        return
    if depth > _DEPTH_MAX:
        _strange_whole(asks)
        return
    if raw[:1] == b"{":
        raw = b"[" + raw + b"]"
    try:
        listed = _parts(raw)
    except Unreadable:
        _strange_whole(asks)
        return
    if _too_many(asks, listed):
        return
    for part in listed:
        if isinstance(part, str):
            continue
        if not isinstance(part.type, str) or part.type not in _TEXT:
            strange(asks, part.type)
        for inner in (part.content, part.output):
            if inner is not _RAW:
                _content(asks, bytes(inner), depth + 1)


def prompts(asks: Asks, raw: bytes | None) -> None:
    """A prompt, or a list of some: texts, or lists of tokens."""
    if raw is None or (len(raw) > _SMALL and weight(raw) > LOOKED_INTO_MAX):
        asks.unbounded = "Its prompts are too many to be counted."
    elif raw[:1] == b"[":
        try:
            listed = _prompts(raw)
        except Unreadable:
            # Pictures among them, each of which may be as long as a context.
            _strange_whole(asks)
            asks.prompts = max(asks.prompts, raw.count(b"{"), raw.count(b",") + 1)
            return
        if listed and not isinstance(listed[0], int):
            asks.prompts = max(asks.prompts, len(listed))
    elif raw[:1] == b"{":
        _strange_whole(asks)


#: Members of a text of which Vertex makes a vector.
_OF_AN_INSTANCE: Final = frozenset(("content", "tasktype", "title"))


def instances(asks: Asks, raw: bytes | None) -> None:
    """What Vertex's `predict` makes vectors of: `[{"content": "text"}]`."""
    if not _looks_into(asks, raw) or raw is None:
        return
    try:
        listed = _objects(raw)
    except Unreadable:
        _strange_whole(asks)
        return
    if _too_many(asks, listed):
        return
    for instance in listed:
        if not all(
            folded(key) in _OF_AN_INSTANCE and bytes(value)[:1] == b'"'
            for key, value in instance.items()
        ):
            _strange_whole(asks)


#: What Gemini's parts have beside text. Their keys are read in either spelling.
PARTS_OF_GEMINI: Final = frozenset(
    ("text", "thought", "thoughtsignature", "functioncall", "functionresponse", "executablecode",
     "codeexecutionresult")
)  # fmt: skip
#: Of Bedrock's Converse.
BLOCKS: Final = frozenset(
    ("text", "tooluse", "toolresult", "cachepoint", "reasoningcontent", "json", "guardcontent")
)


def folded(key: str) -> str:
    """A key as every reader may take it."""
    return key.casefold().replace("_", "")


def keyed(asks: Asks, raw: bytes | None, inner: str, known: frozenset[str]) -> None:
    """Messages, or one, whose member `inner` has parts that are told by their keys."""
    if not _looks_into(asks, raw) or raw is None or raw == b"null":
        return
    try:
        listed = [_object(raw)] if raw[:1] == b"{" else _objects(raw)
    except Unreadable:
        _strange_whole(asks)
        return
    if _too_many(asks, listed):
        return
    for message in listed:
        for key, value in message.items():
            if folded(key) == inner:
                keyed_parts(asks, bytes(value), known)


def keyed_parts(asks: Asks, raw: bytes, known: frozenset[str], depth: int = 0) -> None:
    """Parts that are told by their keys: `text`, `inlineData`, `image`."""
    raw = raw.strip()
    if raw[:1] == b'"' or raw == b"null":
        return
    try:
        listed = [_object(raw)] if raw[:1] == b"{" else _objects(raw)
    except Unreadable:
        _strange_whole(asks)
        return
    if _too_many(asks, listed) or any(_too_many(asks, part) for part in listed):
        return
    for part in listed:
        for key, value in part.items():
            name = folded(key)
            if name not in known:
                _stored(asks, name, bytes(value))
            elif name in ("toolresult", "functionresponse"):
                _result(asks, bytes(value), known, depth)
            elif name == "guardcontent" and b'"image"' in bytes(value):
                strange(asks, "image")


def _result(asks: Asks, raw: bytes, known: frozenset[str], depth: int) -> None:
    """What a tool gave back: Converse has blocks in `content`, Gemini has parts in `parts`."""
    if depth > _DEPTH_MAX:
        _strange_whole(asks)
        return
    try:
        result = _object(raw)
    except Unreadable:
        _strange_whole(asks)
        return
    for key, value in result.items():
        if folded(key) in ("content", "parts"):
            keyed_parts(asks, bytes(value), known, depth + 1)


_MIME: Final = re.compile(rb'"mime_?type"\s*+:\s*+"(image|audio|video)/', re.IGNORECASE)


def _stored(asks: Asks, name: str, value: bytes) -> None:
    strange(asks, name)
    found = _MIME.search(value)
    if found is not None:
        asks.media.add(found[1].decode().lower())
    elif "data" in name:
        # A file that does not say what it is.
        asks.media.add("image")


#: Of Anthropic's own tools, those that run at the client: they cost what they put into the prompt.
_AT_CLIENT: Final = re.compile(r"(?:bash|text_editor|computer|memory)_\d{8}|computer_use_preview")
#: Nothing is charged for their calls beside what they find.
_FREE: Final = re.compile(
    r"(?:web_fetch|tool_search_tool_[a-z0-9]++)_\d{8}|mcp|local_shell|apply_patch|tool_search"
)
_SEARCHES: Final = re.compile(r"web_search(?:_preview)?(?:_\d{4}_\d{2}_\d{2}|_\d{8})?")
#: Anthropic's page of its tools names at most 804 tokens of instructions before them.
INSTRUCTIONS: Final = 1_024


def tools(asks: Asks, raw: bytes | None, *, instructed: bool = False) -> None:
    """Tools of OpenAI's form or Anthropic's. `instructed`: the provider adds how to use them."""
    if not _looks_into(asks, raw) or raw is None or raw in (b"null", b"[]"):
        return
    if instructed:
        asks.overhead = max(asks.overhead, INSTRUCTIONS)
    try:
        listed = _tools(raw)
    except Unreadable:
        _hosted(asks, "tools")
        return
    if _too_many(asks, listed):
        _hosted(asks, "tools")
        return
    for tool in listed:
        own = tool.function, tool.input_schema, tool.parameters
        is_own = any(not _is_null(one) for one in own)
        kind = tool.type
        if kind in ("function", "custom") or (kind is None and is_own):
            continue
        _named(asks, kind if isinstance(kind, str) else "", tool)


def _named(asks: Asks, kind: str, tool: _Tool) -> None:
    asks.grows = True
    if _AT_CLIENT.fullmatch(kind):
        asks.media.add("image")
    elif _SEARCHES.fullmatch(kind):
        uses = count_of(tool.max_uses)
        if uses is None:
            asks.searches_freely = True
        else:
            asks.searches += max(0, uses)
    elif not _FREE.fullmatch(kind):
        _hosted(asks, kind)


def _hosted(asks: Asks, kind: str) -> None:
    asks.grows = True
    asks.media.add("image")
    asks.unpriced = f"What the tool {kind[:64]!r} costs is known of no call before it is made."


def may_be_hosted(raw: bytes) -> bool:
    """Whether one of these tools runs at the provider, or may: whether it is none that the client
    describes itself and runs."""
    try:
        listed = _tools(raw)
    except Unreadable:
        return True
    return not all(_is_clients(tool) for tool in listed)


def _is_clients(tool: _Tool) -> bool:
    kind = tool.type
    if kind is None:
        return any(not _is_null(one) for one in (tool.function, tool.input_schema, tool.parameters))
    return isinstance(kind, str) and (
        kind in ("function", "custom") or _AT_CLIENT.fullmatch(kind) is not None
    )


def keyed_tools(asks: Asks, raw: bytes | None, free: Mapping[str, bool]) -> None:
    """Tools that are told by their keys; `free` says of those whose calls cost nothing beside
    tokens whether they add to the prompt."""
    if not _looks_into(asks, raw) or raw is None or raw == b"null":
        return
    try:
        listed = [_object(raw)] if raw[:1] == b"{" else _objects(raw)
    except Unreadable:
        _hosted(asks, "tools")
        return
    if _too_many(asks, listed):
        _hosted(asks, "tools")
        return
    for tool in listed:
        for key in tool:
            adds = free.get(folded(key))
            if adds is None:
                _hosted(asks, key)
            elif adds:
                strange(asks, "image")
