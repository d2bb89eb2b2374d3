"""Allow lists: entries that may use `*`, compiled once and matched per request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

#: Characters. Paths and origins stand in the head of a request, and names of models are short.
TEXT_MAX: Final = 64 * 1024
#: Characters of a text that all entries of a list together look at, for some 3 ms; no entry reads a
#: name of a model, or a path of a usual length, any shorter for it.
_STEPS_MAX: Final = 1 << 20
_LEAST: Final = 1024


class Pattern(NamedTuple):
    """An allow list. `*` in an entry stands for any text; everything else is literal."""

    expression: re.Pattern[str]
    longest: int = TEXT_MAX
    """No entry matches a text of more characters: a client would hold up all others with it."""

    @classmethod
    def of(cls, entries: Iterable[str] | None) -> Pattern | None:
        """None for None: anything is allowed."""
        if entries is None:
            return None
        listed = _once(entries) or ()
        searching = sum("*" in entry[:-1] for entry in listed)
        longest = min(TEXT_MAX, max(_LEAST, _STEPS_MAX // max(1, searching)))
        return cls(re.compile("|".join(map(_expression, listed)), re.DOTALL), longest)

    def allows(self, text: str) -> bool:
        """Whether some entry matches all of `text`; none matches a text beyond its bound."""
        return len(text) <= self.longest and self.expression.fullmatch(text) is not None


def patterns(*lists: Iterable[str] | None) -> tuple[Pattern, ...]:
    """The lists that restrict anything at all: one that has `*` in it does not."""
    listed = (None if one is None or "*" in one else one for one in map(_once, lists))
    return tuple(pattern for one in listed if (pattern := Pattern.of(one)) is not None)


def _once(entries: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if entries is None else tuple(entries)


def _expression(entry: str) -> str:
    first, *rest = map(re.escape, entry.split("*"))
    if not rest:
        return first
    *between, last = rest
    # Atomic, because the first place where a part is found serves as well as any later one: a long
    # text that nearly matches must not cost the square of its length.
    return first + "".join(f"(?>.*?{part})" for part in between) + ".*" + last
