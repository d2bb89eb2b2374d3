"""The members of a small body that is written as common encoders write one.

A scanner that follows every byte of a body is exact for whatever a client may send, and costs more
than all else that is done for a small one. Nearly all bodies come out of an encoder that writes no
member twice, no key with an escape and always the same between two members, nothing or, as Python
does, a space behind each comma and colon: they are decoded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder

_decode: Final[Callable[[bytes], dict[str, msgspec.Raw]]] = decoder(
    dict[str, msgspec.Raw], repair=False
)
#: A body with more is for the scanner, which has bounds of its own.
_MEMBERS_MAX: Final = 64
_KEY_MAX: Final = 64
#: What a member has beside its key and value: quotes, a colon, and what stands before it.
_AROUND: Final = 4

#: The text of each value, by its key as it is written.
PlainMembers: TypeAlias = dict[str, bytes]


def plain_members(body: bytes) -> PlainMembers | None:
    """Those of a small body; None where it is written in any other way, or is no object."""
    try:
        raw = _decode(body)
    except Unreadable:
        return None
    if len(raw) > _MEMBERS_MAX or (raw and max(map(len, raw)) > _KEY_MAX):
        return None
    found = dict(zip(raw, map(bytes, raw.values())))  # noqa: B905  (of one dictionary)
    keys = len("".join(found).encode())
    # Of a member that stands there twice one is missing here, and an escape is one character: put
    # together again, both are shorter than the body. So is whatever has a space in it.
    if keys + sum(map(len, found.values())) + _AROUND * len(found) + 1 == len(body):
        return found
    members = [b'"%b": %b' % (key.encode(), text) for key, text in found.items()]
    return found if b"{%b}" % b", ".join(members) == body else None
