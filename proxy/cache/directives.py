"""What a client says of kept answers: `Cache-Control` of its request (RFC 9111 5.2.1), sans-io.

`no-cache`, `no-store` and `max-age` are obeyed, on however many lines and in whatever company; what
is none of them, or cannot be read, is ignored.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from proxy.header_lines import HeaderLines

#: A name, and what may stand behind it: a word, or a text in quotes, in which nothing is obeyed.
_DIRECTIVE: Final = re.compile(
    rb'([^\s,;="]++)[ \t]*+(?:=[ \t]*+("(?:[^"\\]++|\\.)*+"|[^\s,"]*+))?+', re.DOTALL
)
#: More is as good as for ever (RFC 9111 1.2.2).
_AGE_MAX: Final = 2**31
_DIGITS_MAX: Final = 10


class Directives(NamedTuple):
    """`no_cache`: the upstream is asked, and its answer kept. `no_store`: it is asked, and nothing
    kept. `max_age`: seconds; the upstream is asked where a kept answer is older."""

    no_cache: bool = False
    no_store: bool = False
    max_age: int | None = None

    @property
    def keeps(self) -> bool:
        """Whether the answer may be kept."""
        return not self.no_store

    @property
    def asks(self) -> bool:
        """Whether the client says anything of kept answers."""
        return self.no_cache or self.no_store or self.max_age is not None

    def allows(self, age: float) -> bool:
        """Whether a kept answer of that age, in seconds, may be served."""
        if self.no_cache or self.no_store:
            return False
        # Not by whole seconds: one that has just been given has none, and 0 asks for a new one.
        return self.max_age is None or 0 < self.max_age >= age


#: Of nearly all requests, and of no others: it is told by what it is.
NOTHING_SAID: Final = Directives()


def directives_of(lines: HeaderLines) -> Directives:
    """Those of a request."""
    first = lines.first
    if b"cache-control" not in first:
        # RFC 9111 5.4: HTTP/1.0's way, which counts where the other is not there.
        if b"pragma" not in first:
            return NOTHING_SAID
        return Directives(
            no_cache=any(b"no-cache" in value.lower() for value in lines.values(b"pragma"))
        )
    said = lines.values(b"cache-control")
    names: set[bytes] = set()
    max_age: int | None = None
    for name, argument in _DIRECTIVE.findall(b",".join(said)):
        lowered = name.lower()
        names.add(lowered)
        if lowered == b"max-age" and (digits := argument.strip(b'"')).isdigit():
            age = int(digits) if len(digits) <= _DIGITS_MAX else _AGE_MAX
            max_age = min(age, _AGE_MAX if max_age is None else max_age)
    return Directives(b"no-cache" in names, b"no-store" in names, max_age)
