"""Header fields as a middleware sees and changes them, sans-io."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from proxy.header_rules import (
    CREDENTIAL_PARTS,
    CREDENTIALS,
    HOP_BY_HOP,
    KEEPABLE,
    may_cross_downstream,
    may_cross_upstream,
)
from proxy.headers import RawHeaders, values_of
from proxy.middleware.interface import Fields, Misused

#: RFC 9110 5.6.2 and 5.5: what else would end the line or the head.
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")
_NEVER_SEEN: Final = (
    CREDENTIALS | CREDENTIAL_PARTS | HOP_BY_HOP | {b"cookie", b"set-cookie", b"set-cookie2"}
)
#: What they say of the body is ours to say, whoever changed it.
_FRAMING: Final = frozenset((b"content-encoding", b"content-length", b"host", b"trailer"))
_OURS: Final = b"x-llm-proxy-"
_SHOWN_MAX: Final = 60


class SeenFields(Fields):
    """Of some lines, those that a middleware may see. `keys` are more names that present one."""

    __slots__ = ("_lines",)

    def __init__(self, lines: RawHeaders, keys: frozenset[bytes] = frozenset()) -> None:
        self._lines = [
            line
            for line in lines
            if line[0].lower() not in _NEVER_SEEN and (not keys or _plain(line[0]) not in keys)
        ]

    def __getitem__(self, name: str) -> str:
        found = self.get_all(name)
        if not found:
            raise KeyError(name)
        return ", ".join(found)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower().decode("latin-1") for name, _ in self._lines))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._lines})

    def __repr__(self) -> str:
        # The default would print values, some of which may be secrets, into a log.
        return f"SeenFields({list(self)})"

    def get_all(self, name: str) -> list[str]:
        """The value of each line of a field, in order."""
        wanted = name.lower().encode("latin-1", "replace")
        return [value.decode("latin-1") for value in values_of(self._lines, wanted)]


def may_be_set_upstream(name: bytes, keys: frozenset[bytes] = frozenset()) -> bool:
    """Whether a request's field of this name is a middleware's to set: those that would go
    upstream, or that a provider may keep, but for those of `keys`."""
    return (
        (may_cross_upstream(name) or name in KEEPABLE)
        and name not in _FRAMING
        and _plain(name) not in keys
    )


def may_be_set_downstream(name: bytes) -> bool:
    """Whether an answer's field of this name is a middleware's to set."""
    return (
        may_cross_downstream(name)
        and name not in _FRAMING
        and name != b"server-timing"
        and not name.startswith(_OURS)
    )


def with_field(
    lines: RawHeaders, name: str, value: str, may_be_set: Callable[[bytes], bool]
) -> RawHeaders:
    """The lines with one field set, in the place of all its lines. Raises Misused."""
    raw = _checked(name, may_be_set)
    try:
        text = value.encode("latin-1").strip(b" \t")
    except (UnicodeEncodeError, AttributeError):
        text = b"\n"
    if not _VALUE.fullmatch(text):
        raise Misused(f"the value for {name} is no text that a header field may hold")
    made: RawHeaders = []
    is_set = False
    plain = _plain(raw)
    for line in lines:
        if _plain(line[0]) != plain:
            made.append(line)
        elif not is_set and line[0].lower() == raw.lower():
            made.append((line[0], text))
            is_set = True
    return made if is_set else [*made, (raw, text)]


def without_field(lines: RawHeaders, name: str, may_be_set: Callable[[bytes], bool]) -> RawHeaders:
    """The lines without those of one field. Raises Misused."""
    plain = _plain(_checked(name, may_be_set))
    return [line for line in lines if _plain(line[0]) != plain]


def _plain(name: bytes) -> bytes:
    """CGI and WSGI servers cannot tell `X_Team` from `X-Team`, so that neither stays without the
    other."""
    return name.lower().replace(b"_", b"-")


def _checked(name: str, may_be_set: Callable[[bytes], bool]) -> bytes:
    try:
        raw = name.encode("ascii")
    except (UnicodeEncodeError, AttributeError):
        raw = b""
    if not _NAME.fullmatch(raw):
        raise Misused("a header field has no such name")
    if not may_be_set(raw.lower()):
        raise Misused(f"the header field {name[:_SHOWN_MAX]} is not a middleware's to set")
    return raw
