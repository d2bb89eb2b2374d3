"""One log line with the beginnings of a request's bodies, where LOG_BODIES asks for them.

A body is shown as text, without secrets and no longer than asked for. What is no text (compressed,
an image, sound) is named instead, and of a form only the names and sizes of its fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

import msgspec

from config import Settings
from models.credentials import secrets_in
from proxy.body import multipart
from proxy.body_capture import BodyCopies, Copy
from proxy.exchange import Exchange
from proxy.headers import RawHeaders, value_of
from telemetry.logs import form_for, stamp
from telemetry.redaction import LONGEST_SECRET, escaped, known_secrets, plain, reach, redact

#: How much more than is shown has to be looked at, so that no secret is shown in part.
MARGIN: Final = LONGEST_SECRET
#: The longest name of a secret value, with what stands between the two.
_NAME_BYTES: Final = 128
_LONGEST_TYPE: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class BodyLines:
    """Makes lines in `form`, with at most `bound` bytes of each body; `known` are secrets."""

    def __init__(self, form: Literal["text", "json"], bound: int, known: Iterable[str]) -> None:
        self._form = form
        self._bound = bound
        self._known = tuple(known)

    @classmethod
    def wanted(cls, settings: Settings, stream: TextIO) -> BodyLines | None:
        """What LOG_BODIES asks for, for `stream`."""
        if not settings.log_bodies:
            return None
        form = form_for(settings.log_format, stream)
        return cls(form, settings.log_bodies, known_secrets(settings))

    def of(self, exchange: Exchange, copies: BodyCopies) -> str:
        """The line, with its end; nothing where neither side sent a body."""
        if not copies.request.size and not copies.response.size:
            return ""
        known = self._known + _keys_of(exchange)
        answered = copies.response_head.headers if copies.response_head is not None else []
        request = self._shown(copies.request, exchange.head.headers, known)
        response = self._shown(copies.response, answered, known)
        at = datetime.fromtimestamp(exchange.at, UTC)
        if self._form == "text":
            return (
                f"{stamp(at)} DEBUG    {exchange.id}"
                f" request, {copies.request.size} bytes: {_quoted(request)}"
                f" response, {copies.response.size} bytes: {_quoted(response)}\n"
            )
        line = {
            "time": at,
            "level": "DEBUG",
            "message": "bodies",
            "request_id": exchange.id,
            "request_body": request,
            "request_body_bytes": copies.request.size,
            "response_body": response,
            "response_body_bytes": copies.response.size,
        }
        return _one_line(msgspec.json.encode(line).decode()) + "\n"

    def _shown(self, body: Copy, headers: RawHeaders, known: tuple[str, ...]) -> str:
        """The beginning of a body as it may be written down, or what it is instead."""
        if not body.size:
            return ""
        declared = value_of(headers, b"content-type") or b""
        coding = (value_of(headers, b"content-encoding") or b"identity").strip().lower()
        if coding != b"identity":
            text, room = _named(coding + b" of " + declared), self._bound
        elif declared[:10].lower() == b"multipart/":
            text, room = _fields(declared, body), self._bound
        elif (content := _text(body.content)) is None:
            text, room = _named(declared or b"of no type"), self._bound
        else:
            text, room = plain(content), self._bound
            if not body.whole:
                # What is too near the end of the copy may be the beginning of a secret.
                room = min(room, max(0, len(text.encode()) - reach(known) - _NAME_BYTES))
        return _cut(redact(text, known, end=len(_cut(text, room))), self._bound)


def _keys_of(exchange: Exchange) -> tuple[str, ...]:
    """The project's upstream keys, one of which the request went out with."""
    keys = exchange.grant.record.keys if exchange.grant is not None else ()
    return tuple(form for key in keys for form in escaped(*secrets_in(key.secret)))


def _text(content: bytearray) -> str | None:
    """The body as text; None where it is something else, to a careful eye."""
    try:
        # The last character may be cut.
        text = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        if exc.end < len(content) or len(content) - exc.start > 3:
            return None
        text = content[: exc.start].decode("utf-8")
    # UTF-16, to name one, would pass for UTF-8 and hide a secret behind its zeros.
    return None if _CONTROL.search(text) else text


def _named(what: bytes) -> str:
    return f"({what[:_LONGEST_TYPE].decode('latin-1')})"


def _fields(declared: bytes, body: Copy) -> str:
    """A form's fields: names and sizes, no values."""
    found = multipart.fields_of(declared, bytes(body.content)) if body.whole else None
    if found is None:
        return _named(declared.partition(b";")[0])
    named = ", ".join(f"{name.decode('utf-8', 'replace')} {size} bytes" for name, size in found)
    return f"(form: {named})"


def _cut(text: str, bound: int) -> str:
    """As much of `text` as there is room for in `bound` bytes of UTF-8."""
    return text.encode()[:bound].decode("utf-8", "ignore")


def _quoted(text: str) -> str:
    return _one_line(json.dumps(text, ensure_ascii=False))


def _one_line(text: str) -> str:
    """`text` without what would begin a line or steer a terminal, as JSON may write it."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)
