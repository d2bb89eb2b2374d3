"""Secrets taken out of text before it is written down, so that none is there in part either.

Taken out are

- our own secrets (`llmp_…`, `llmpm_…`), keys that begin with `sk-`, and what follows `Bearer`;
- the value after a name that holds `api_key`, `authorization`, `credential`, `passphrase`,
  `password`, `private_key`, `secret` or `token`, unless it is a number, a list or an object;
- private keys in PEM, tokens of Google (`ya29.…`) and JSON web tokens;
- secrets that the caller knows, also in Base64.

Of these, all but values after a name are found behind the escapes of JSON and of URLs as well,
whichever characters are escaped, in either case, and more than once.

It is a net under careless logging, not a proof: what was compressed, encrypted or spread over
several events is not recognised.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from config import Settings

REDACTED: Final = "[redacted]"
#: A known secret is no longer than this, however it was escaped.
LONGEST_SECRET: Final = 6 * 4096
#: Shorter ones are no secrets, and redacting them would blot out words.
_SHORTEST_SECRET: Final = 4

#: A character behind eight backslashes, or four times percent-encoded and more.
_LONGEST_ESCAPE: Final = 13
#: So much of a secret that is not known shows what it is, whatever is escaped.
_LEAST_SHAPE: Final = 16 * _LONGEST_ESCAPE
#: Fewer bytes in Base64 are found in too much that is no secret.
_LEAST_BASE64: Final = 9

# Whatever repeats is bounded or possessive: texts are as long and as odd as a client likes.
_OURS: Final = re.compile(r"llmpm?_[0-9A-Za-z]*+")
_USUAL: Final = re.compile(r"(?<![0-9A-Za-z])sk[-_][0-9A-Za-z_-]{6,}+")
_TOKENS: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:ya29\.[0-9A-Za-z._-]{6,}+"
    r"|eyJ[0-9A-Za-z_-]{6,}+\.[0-9A-Za-z_-]{6,}+\.[0-9A-Za-z_-]{6,}+)"
)
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*+")
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
_ANY_ESCAPE: Final = re.compile(
    r"%(?:25){0,4}([0-9a-fA-F]{2})|\\{1,8}+(?:u([0-9a-fA-F]{4})|([\"/]))"
)
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
    """Secrets as they are, in JSON, in a URL and in Base64."""
    found = [one for one in secrets if one and len(one) >= _SHORTEST_SECRET]
    return tuple(dict.fromkeys(form for one in found for form in _forms(one)))


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, json.dumps(secret)[1:-1], quote(secret, ""))
    content = secret.encode("utf-8", "surrogatepass")
    # What a URL's escapes of its bytes come to, one by one.
    yield content.decode("latin-1")
    if len(content) < _LEAST_BASE64:
        return
    for before in range(3):
        # Without the characters that also depend on the bytes around it.
        sixes = base64.b64encode(b"\0" * before + content)[(8 * before + 5) // 6 :].rstrip(b"=")
        if (before + len(content)) % 3:
            sixes = sixes[:-1]
        yield sixes.decode()
        yield sixes.decode().translate(str.maketrans("+/", "-_"))


def reach(known: Iterable[str]) -> int:
    """How many bytes the longest of these secrets may take, however it is escaped."""
    return min(
        LONGEST_SECRET, _LONGEST_ESCAPE * max((len(one.encode()) for one in known), default=0)
    )


def plain(text: str) -> str:
    """`text` without JSON's escapes of characters that need none, behind which a secret hides."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def redact(text: str, known: Iterable[str] = (), end: int | None = None) -> str:
    """The characters of `text` before `end`, without secrets.

    One that begins there and goes on behind `end` is taken out whole, as far as `text` has it.
    """
    known = tuple(known)
    end = len(text) if end is None else end
    # What begins behind the end is not shown in any case.
    text = text[: end + max(_LEAST_SHAPE, reach(known))]
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


def _secrets(text: str, known: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where secrets begin and end."""
    yield from _named(_small(text))
    yield from _shaped(text, known)
    if "%" in text or "\\" in text:
        bare, ends, shifts = _without_escapes(text)
        if ends:
            # For what stands before the first escape, which is found at -1.
            shifts.append(0)
            for span in _shaped(bare, known):
                start, stop = (at + shifts[bisect_right(ends, at) - 1] for at in span)
                yield start, stop


def _small(text: str) -> str:
    # ASCII's alone, so that every character keeps its place.
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _without_escapes(text: str) -> tuple[str, list[int], list[int]]:
    """`text` unescaped, where in that each escape ended, and how far `text` is ahead by then."""
    pieces: list[str] = []
    ends: list[int] = []
    shifts: list[int] = []
    at = length = 0
    for found in _ANY_ESCAPE.finditer(text):
        pieces += [text[at : found.start()], found[3] or chr(int(found[1] or found[2], 16))]
        length += found.start() - at + 1
        at = found.end()
        ends.append(length)
        shifts.append(at - length)
    return "".join([*pieces, text[at:]]), ends, shifts


def _shaped(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Secrets that are known, or look like one."""
    for shape in (_OURS, _USUAL, _TOKENS, _PEM):
        for found in shape.finditer(text):
            yield found.span()
    for found in _BEARER.finditer(_small(text)):
        yield found.span(1)
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
