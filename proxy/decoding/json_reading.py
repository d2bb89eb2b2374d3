"""Decoders of JSON that others wrote, sans-io: one exception for whatever is wrong with it.

Half a character written as an escape (`\\ud83d` alone, as JavaScript writes a cut emoji) is no
Unicode, and msgspec refuses the document for it. Most upstreams and clients do not, so it is
replaced here: we only look for a few plain fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
#: Escapes are not replaced in a longer document: one call may not hold the event loop for long.
_REPAIRED_MAX_BYTES: Final = 1024 * 1024
#: What msgspec raises of a text: malformed or of another form, not UTF-8, nested too deeply.
WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Unreadable(Exception):
    """It is no JSON, or not of the form that was expected."""


def decoder(form: Any, *, repair: bool = True) -> Callable[[bytes], Any]:
    """A decoder of JSON texts of the type `form` (whatever msgspec takes). It raises Unreadable.

    With `repair`, escaped halves of characters are replaced rather than refused.
    """
    decode = msgspec.json.Decoder(form).decode

    def read(text: bytes) -> Any:
        try:
            return decode(text)
        except WRONG as exc:
            if not repair or not _repairable(text):
                raise Unreadable(str(exc)) from exc
        try:
            return decode(_SURROGATE.sub(rb"\\ufffd", text))
        except WRONG as exc:
            raise Unreadable(str(exc)) from exc

    return read


def _repairable(text: bytes) -> bool:
    # `text` may be a msgspec.Raw, which has no length.
    size = memoryview(text).nbytes
    return size <= _REPAIRED_MAX_BYTES and _SURROGATE.search(text) is not None


#: Any JSON value.
decode_any: Final = decoder(Any)
