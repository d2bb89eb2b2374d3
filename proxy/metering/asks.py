"""What a body asks for, as far as its cost depends on it, and the plain values it says it with."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from proxy.decoding.json_reading import Unreadable, decode_any

#: Longer values are no number, name or switch.
PLAIN_MAX_BYTES: Final = 256
_DIGITS_MAX: Final = 10
#: Beyond this no count is honest, and products of some of them stay within 64 bits.
COUNT_MAX: Final = 10**10


class Asks(msgspec.Struct):
    """What is known of one request. It only ever grows: of two readings the dearer one counts."""

    size: int = 0
    """Bytes of the body, of what a compressed one decodes to."""
    models: tuple[str, ...] = ()
    """Every model that it names, one of which will answer."""
    choices: int = 1
    """Answers to one prompt."""
    prompts: int = 1
    max_output: int = 0
    """Tokens of one answer, as the request bounds them; 0: it says nothing."""
    is_open: bool = False
    """Whether it says something that leaves answers as long as the model makes them."""
    answers: bool = True
    """Whether there is an answer of tokens at all: embeddings have none."""
    grows: bool = False
    """Whether the prompt may have more tokens than the body has bytes."""
    media: set[str] = msgspec.field(default_factory=set)
    """`image`, `audio`, `video`: what of the prompt may be something else than text."""
    speaks: bool = False
    """Whether the answer may be audio."""
    searches: int = 0
    """Web searches, at most."""
    searches_freely: bool = False
    """Whether a tool may search as often as all calls of tools together are bounded."""
    calls: int | None = None
    """Calls of hosted tools, as the request bounds them."""
    overhead: int = 0
    """Tokens that the provider puts before the prompt, by what is asked."""
    predicted: bool = False
    """Whether tokens of the body are charged as those of an answer, where they are not taken."""
    caches: bool = False
    """Whether the prompt, or a part of it, may be written to a cache."""
    caches_for_an_hour: bool = False
    must_price_cache: bool = False
    """Whether the client asks for it, so that the model surely has a price of it."""
    tiers: set[str] = msgspec.field(default_factory=set)
    speeds: set[str] = msgspec.field(default_factory=set)
    geos: set[str] = msgspec.field(default_factory=set)
    read: int = 0
    """Bytes of members whose values were read."""
    looked_at: int = 0
    """Messages, parts and tools that were looked into."""
    unpriced: str = ""
    """Why it has no price, whatever the model's is."""
    unbounded: str = ""
    """Why nothing bounds it."""

    def output(self, value: Any) -> None:
        """The request says how many tokens an answer may have."""
        if value is None:
            return
        count = count_of(value)
        if count is None or count <= 0:
            # 0 and -1 are "as many as there may be" in some places.
            self.is_open = True
        else:
            self.max_output = max(self.max_output, count)

    def answers_of(self, value: Any) -> None:
        """The request says how many answers there are to one prompt."""
        if value is None:
            return
        count = count_of(value)
        if count is None:
            self.unbounded = "How many answers it asks for cannot be read."
        else:
            self.choices = max(self.choices, count)

    def settle(self) -> None:
        """All has been read: what depends on more than one member."""
        if self.searches_freely and self.calls is not None:
            self.searches += self.calls
        elif self.searches_freely:
            self.unpriced = self.unpriced or _FREELY


_FREELY: Final = (
    "Nothing bounds how often it searches the web: `max_uses` of the tool or `max_tool_calls` "
    "would."
)


def count_of(value: Any) -> int | None:
    """A number as lenient servers read it; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value) if isinstance(value, str) else value
        return min(COUNT_MAX, math.ceil(number))
    except (ValueError, OverflowError):
        return None


def plain(raw: bytes | None) -> Any:
    """A short value. What is long or no JSON is an object that no reading takes for anything."""
    if raw is None or len(raw) > PLAIN_MAX_BYTES:
        return _STRANGE
    if raw.isdigit() and len(raw) < _DIGITS_MAX:
        # As nearly all of them are.
        return int(raw)
    try:
        return decode_any(raw)
    except Unreadable:
        return _STRANGE


_STRANGE: Final[dict[str, Any]] = {"": None}


def words(value: Any) -> set[str]:
    """The texts of a value that is one, or a list of some, in lower case."""
    listed = value if isinstance(value, list) else [value]
    return {one.strip().lower() for one in listed if isinstance(one, str)}
