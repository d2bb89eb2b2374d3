"""Decoding what others wrote, sans-io: one exception for whatever is wrong with it.

Half a character written as an escape (`\\ud83d` alone, as JavaScript writes a cut emoji) is no
Unicode, and msgspec refuses the document for it. Most upstreams and clients do not, so it is
forgiven here: we only look for a few plain fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

Decoded = TypeVar("Decoded")

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# Malformed or of another form, no UTF-8, nested past any reason.
#: Escapes are not mended in a longer document: one call may not hold the event loop for long.
_MENDED_MAX_BYTES: Final = 1024 * 1024
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Unreadable(Exception):
    """It is no JSON, or not of the form that was expected."""


def read(decode: Callable[[bytes], Decoded], text: bytes) -> Decoded:
    """`decode(text)`, where `decode` is a msgspec decoder's. Raises Unreadable."""
    try:
        return decode(text)
    except _WRONG as exc:
        if memoryview(text).nbytes > _MENDED_MAX_BYTES or _SURROGATE.search(text) is None:
            raise Unreadable(str(exc)) from exc
    try:
        return decode(_SURROGATE.sub(rb"\\ufffd", text))
    except _WRONG as exc:
        raise Unreadable(str(exc)) from exc
