"""An event too large to be decoded in one call, scanned in turns for the same few members, sans-io.

Images come in such events, and the answer that ends a stream of OpenAI's responses repeats all that
was in it, with its usage behind.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from proxy.decoding.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT, weight

_TOP: Final = (b"model", b"usage", b"choices", b"type", b"error")
_ANSWER: Final = (b"model", b"usage")
_ANSWERS: Final = (b"response", b"message")
#: Stands for a value that is there and too long to be one that we look for.
_SOMETHING: Final = b"[0]"


def members_of(text: bytes) -> Generator[None, None, dict[str, bytes]]:
    """The members of an event's data that usage is read from, as JSON; a turn at each `yield`.

    Of an answer in it (`response`, `message`) only the members that are looked for.
    """
    top = yield from _scanned(text, _TOP)
    members = {key.decode(): value for key, value in top.found.items()}
    places = {member.key: member for member in top.members}
    if b"choices" in places:
        members.setdefault("choices", _SOMETHING)
    for key in _ANSWERS:
        if key in places:
            answer = text[places[key].start : places[key].end]
            inner = yield from _scanned(answer, _ANSWER)
            listed = b",".join(b'"%b":%b' % found for found in inner.found.items())
            members[key.decode()] = b"{%b}" % listed if inner.complete else b"null"
    return members


def _scanned(text: bytes, wanted: tuple[bytes, ...]) -> Generator[None, None, TopLevelScanner]:
    scanner, heavy = TopLevelScanner(wanted), 0
    for start in range(0, len(text), PART_BYTES):
        part = text[start : start + PART_BYTES]
        heavy += weight(part)
        if heavy > TURN_WEIGHT:
            yield
            heavy = weight(part)
        scanner.feed(part)
    return scanner
