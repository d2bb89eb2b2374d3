"""Paths that could mean another path to a hop behind us, sans-io."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

# An empty segment, or `.` or `..` in any mixture of encoded dots, also between encoded slashes, in
# front of a `;` (`..;x` is `..` to some) and with spaces or control characters beside the dots,
# which some trim: a hop behind us would resolve it, and the allowlist is matched against the path
# as it stands.
_TRIMMED: Final = rb"(?:[\x00-\x20\x7f]|%(?:[01][0-9A-Fa-f]|20|7[fF]))*+"
_ESCAPING_SEGMENT: Final = re.compile(
    rb"(?:/|%2[fF])(?:"
    + _TRIMMED
    + rb"(?:(?:\.|%2[eE])"
    + _TRIMMED
    + rb"){1,2}+(?:[/;?#]|%2[fF]|%3[bBfF]|%23|\Z)|/|%2[fF])"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?]*+)(.*+)", re.IGNORECASE)
#: How often a path may be encoded over; a hop behind us may decode it as often.
_DECODED_MAX: Final = 3


#: What nearly every target is: nothing in it can be read in two ways.
_PLAIN_PATH: Final = re.compile(rb"(?:/[0-9A-Za-z_-][0-9A-Za-z_.-]*+)++")


def origin_form(method: bytes, target: bytes) -> tuple[bytes, bytes | None]:
    """A target as path and query, or `*`, and the authority that its absolute form names.

    RFC 9112 3.2.2: servers take that form too, and the Host field then counts for nothing.
    """
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        return target, None
    authority, rest = match.groups()
    if not rest:
        # RFC 9112 3.2.4: OPTIONS of no path is about the server.
        rest = b"*" if method == b"OPTIONS" else b"/"
    return (rest if rest[:1] != b"?" else b"/" + rest), authority


def path_fault(target: bytes) -> str | None:
    """Why a hop behind us might read another path than we do; None where none would."""
    if _PLAIN_PATH.fullmatch(target):
        return None
    path = target.partition(b"?")[0]
    if b"#" in target:
        return "The request target has a fragment."
    for _ in range(1 + _DECODED_MAX):
        if b"\\" in path or b"%5c" in path.lower():
            return "The path has a backslash."
        if _ESCAPING_SEGMENT.search(path):
            return "The path has an empty or a dot segment."
        encoded, path = path, unquote_to_bytes(path)
        if path == encoded:
            return None
    return "The path is percent-encoded over and over."
