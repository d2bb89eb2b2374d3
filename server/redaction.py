"""Secrets taken out of text before it is written down, so that none is there in part either.

Taken out are

- our own secrets (`llmp_…`, `llmpm_…`), keys that begin with `sk-`, and what follows `Bearer`;
- the value after a name that holds `api_key`, `authorization`, `credential`, `passphrase`,
  `password`, `private_key`, `secret` or `token`, unless it is a number, a list or an object;
- secrets that the caller knows, also where JSON or a URL has escaped them.

It is a net under careless logging, not a proof: what somebody wrote in Base64 or spread over
several events is not recognised.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from config import Settings

REDACTED: Final = "[redacted]"
#: A known secret is no longer than this, however it was escaped.
LONGEST_SECRET: Final = 3 * 4096
#: Shorter ones are nobody's secret, and would blot out words.
_SHORTEST_SECRET: Final = 4

# Whatever repeats is bounded or possessive: texts are as long and as odd as a client likes.
_OURS: Final = re.compile(r"llmpm?_[0-9A-Za-z]*+")
_USUAL: Final = re.compile(r"(?<![0-9A-Za-z])sk[-_][0-9A-Za-z_-]{6,}+")
# These are asked of small letters: that is several times faster than to ignore the case.
_BEARER: Final = re.compile(r"bearer[ \t]{1,8}+([^\s\"'\\,;<>]++)")
_NAMED: Final = re.compile(
    r"(?:api[_-]?key|authorization|credential|passphrase|passw(?:or)?d|private[_-]?key|secret|token)"
    r"[\w-]{0,32}+\\{0,15}+[\"']?+\s{0,8}+[:=]\s{0,8}+(?:(\\{0,15}+)([\"']))?+"
)
_BARE: Final = re.compile(
    r"(?:(?:basic|bearer|digest|token)[ \t]{1,8}+)?+[^\s\"'\\,;&<>{}()\[\]]++"
)
_NUMBER: Final = re.compile(r"-?[0-9][0-9.e+-]{0,30}+|true|false|null|none")
_ESCAPED: Final = re.compile(r"(\\\\)|\\u00([2-7][0-9a-fA-F])|\\(/)")


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """What the configuration holds, as it could be written down."""
    keys = [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in settings.encryption_keys]
    return escaped(
        settings.management_token,
        settings.admin_password,
        settings.openai_api_key,
        settings.metrics_token,
        settings.database.password,
        *keys,
    )


def escaped(*secrets: str | None) -> tuple[str, ...]:
    """Secrets as they are, in JSON and in a URL."""
    found = [one for one in secrets if one and len(one) >= _SHORTEST_SECRET]
    return tuple({form for one in found for form in (one, json.dumps(one)[1:-1], quote(one, ""))})


def plain(text: str) -> str:
    """`text` without JSON's escapes of characters that need none, behind which a secret hides."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def redact(text: str, known: Iterable[str] = (), end: int | None = None) -> str:
    """The characters of `text` before `end`, without secrets.

    One that begins there and goes on behind `end` is taken out whole, as far as `text` has it.
    """
    end = len(text) if end is None else end
    pieces: list[str] = []
    at = 0
    for start, stop in sorted(_secrets(text, known)):
        if start >= end:
            break
        if start >= at:
            pieces += [text[at:start], REDACTED]
        at = max(at, stop)
    return "".join([*pieces, text[at:end]])


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return found[0]
    if found[3]:
        return "/"
    character = chr(int(found[2], 16))
    return found[0] if character in '"\\\x7f' else character


def _secrets(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where secrets begin and end."""
    for shape in (_OURS, _USUAL):
        for found in shape.finditer(text):
            yield found.span()
    # ASCII's alone, so that every character keeps its place.
    small = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
    for found in _BEARER.finditer(small):
        yield found.span(1)
    yield from _named(small)
    for secret in known:
        at = text.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = text.find(secret, at + len(secret))


def _named(text: str) -> Iterator[tuple[int, int]]:
    """Values whose name says that they are secret, in a text of small letters."""
    at = 0
    while (name := _NAMED.search(text, at)) is not None:
        at = name.end()
        if name[2]:
            stop = _closing(text, at, name[2], len(name[1]))
            yield at, stop
            at = stop
        elif (value := _BARE.match(text, at)) and not _NUMBER.fullmatch(value[0]):
            yield value.span()
            at = value.end()


def _closing(text: str, start: int, mark: str, depth: int) -> int:
    """Where the quoted text ends that begins at `start`.

    JSON within JSON opens and closes with a quotation mark behind `depth` backslashes; one that
    is part of the text has more of them.
    """
    at = text.find(mark, start)
    while at >= 0:
        escapes = 0
        while at - escapes > start and text[at - escapes - 1] == "\\":
            escapes += 1
        if escapes % (2 * depth + 2) == depth:
            return at - depth
        at = text.find(mark, at + 1)
    return len(text)
