"""The members of a small body that is written as common encoders write one.

A scanner that follows every byte of a body is exact for whatever a client may send, and costs more
than all else that is done for a small one. Nearly all bodies come out of an encoder that writes no
member twice, no key with an escape and always the same between two members: they are decoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from proxy.body.request_body import Field
from proxy.decoding.json_reading import Unreadable, decoder

_decode: Final[Callable[[bytes], dict[str, msgspec.Raw]]] = decoder(
    dict[str, msgspec.Raw], repair=False
)
#: What stands between two members, and behind a key: compact, and as Python writes it.
_WRITTEN: Final = ((b",", b":"), (b", ", b": "))
#: A body with more is for the scanner, which has bounds of its own.
_MEMBERS_MAX: Final = 64
_KEY_MAX: Final = 64


class PlainMembers:
    """Top-level members in order, as `JsonReader` has them once it was fed all of a body."""

    __slots__ = ("_fields", "_texts")

    #: All of them are known.
    followed: Final = True

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._texts = list(members.values())
        self._fields = [Field(key, b"", at, at) for at, key in enumerate(members)]

    def is_object(self) -> bool:
        """Whether the text begins as an object does."""
        return True

    def fields(self) -> list[Field]:
        """The top-level members, in order."""
        return self._fields

    def raw(self, field: Field, bound: int) -> bytes | None:
        """The text of a value; None where it is longer than `bound`."""
        text = self._texts[field.start]
        return None if len(text) > bound else text


def plain_members(body: bytes) -> PlainMembers | None:
    """Those of a small body; None where it is written in any other way, or is no object."""
    try:
        raw = _decode(body)
    except Unreadable:
        return None
    if len(raw) > _MEMBERS_MAX or any(len(key) > _KEY_MAX for key in raw):
        return None
    found = {key: bytes(text) for key, text in raw.items()}
    for between, behind in _WRITTEN:
        # Of a member that stands there twice one is missing here, and an escape is one character:
        # put together again, both are shorter than the body.
        members = [b'"%b"%b%b' % (key.encode(), behind, text) for key, text in found.items()]
        if b"{%b}" % between.join(members) == body:
            return PlainMembers(found)
    return None
