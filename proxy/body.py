"""What the data path must know of a request body, and the one thing it may splice in, sans-io."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from proxy.errors import InvalidRequest
from proxy.json_reading import Unreadable, read
from proxy.json_scan import MEMBERS_MAX, Member, TopLevelScanner

_SPLICED: Final = b'"stream_options":{"include_usage":true}'
_INCLUDE: Final = b'"include_usage":true'
_WHITESPACE: Final = b" \t\r\n"


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Body(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


_decode: Final = msgspec.json.Decoder(_Body).decode


class Inspected(NamedTuple):
    """What a body says. `model` is '' where it names none; `readable` whether it is such JSON."""

    model: str
    streams: bool
    asks_for_usage: bool
    readable: bool


UNREAD: Final = Inspected("", False, False, False)


def inspect(body: bytes) -> Inspected:
    """Read the few fields we need. A body that is not such JSON is the upstream's to refuse."""
    try:
        said = read(_decode, body)
    except Unreadable:
        return UNREAD
    options = said.stream_options
    asks = options is not None and options.include_usage is True
    return Inspected(said.model or "", said.stream is True, asks, True)


def require_model(body: bytes, inspected: Inspected) -> str:
    """The model, where it must be known beyond doubt because only some are allowed.

    Parsers differ on repeated members, and some fold case, so a body in which another reader
    could find another model is refused. Raises InvalidRequest.
    """
    if not inspected.readable or not inspected.model:
        raise InvalidRequest("The request must name a model in a JSON body.", param="model")
    members = _members(body)
    named = [member.key for member in members if _could_mean_model(member.key)]
    # Of members past the scanner's bound nothing is known.
    if named != [b"model"] or len(members) >= MEMBERS_MAX:
        raise InvalidRequest("The request must name its model exactly once.", param="model")
    return inspected.model


def _could_mean_model(raw_key: bytes) -> bool:
    try:
        key = msgspec.json.decode(b'"' + raw_key + b'"', type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return True
    return key.casefold() == "model"


def _members(text: bytes) -> list[Member]:
    """Top-level members of an object, each with the span of its value without white space."""
    scanner = TopLevelScanner()
    scanner.feed(text)
    return [
        Member(
            key,
            end - len(text[start:end].lstrip(_WHITESPACE)),
            start + len(text[start:end].rstrip(_WHITESPACE)),
        )
        for key, start, end in scanner.members
    ]


def ask_for_usage(body: bytes) -> bytes:
    """Splice `stream_options.include_usage` into a body that streams and did not ask.

    All other bytes stay. The body has been read by `inspect`, so it is one JSON object; one of
    more members than the scanner follows stays as it is.
    """
    members = _members(body)
    if len(members) >= MEMBERS_MAX:
        return body
    spans = [member for member in members if member.key == b"stream_options"]
    if not spans:
        return _prepend(_SPLICED, body, alone=not members)
    start, end = spans[-1].start, spans[-1].end
    return body[:start] + _merge(body[start:end]) + body[end:]


def _merge(options: bytes) -> bytes:
    """Existing options with `include_usage` on; the others stay as they are."""
    if options == b"null":
        return b"{" + _INCLUDE + b"}"
    members = _members(options)
    spans = [member for member in members if member.key == b"include_usage"]
    if not spans:
        return _prepend(_INCLUDE, options, alone=not members)
    return options[: spans[-1].start] + b"true" + options[spans[-1].end :]


def _prepend(member: bytes, text: bytes, *, alone: bool) -> bytes:
    brace = text.index(b"{") + 1
    return text[:brace] + member + (b"" if alone else b",") + text[brace:]
