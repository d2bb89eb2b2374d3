"""Entries of requests that differ from an earlier one in an id, times and numbers alone.

That are most. Such an entry is kept as its own values beside what it is like: its line in a journal
and its place in a batch's columns are made of them in a fraction of the steps. Whoever asks for the
`Entry` is given one that is made then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, Self, TypeAlias, overload

import msgspec

from models.columns import Columns, is_one
from models.entry import LINE_MAX_BYTES, Entry, encode_lines, line_of

#: In the order of `Entry`, where two of them stand first and the others on end.
VARYING: Final = (
    "id", "at_us", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
    "cost_nanos", "bytes_in", "bytes_out", "ttfb_us", "duration_us", "overhead_us",
)  # fmt: skip
Values: TypeAlias = tuple[
    str, int, int | None, int | None, int | None, int | None, int | None, int, int, int | None, int,
    int,
]  # fmt: skip

_FIELDS: Final = Entry.__struct_fields__
_BEGINS: Final = _FIELDS.index("id")
_REST: Final = _FIELDS.index("prompt_tokens")
_ENDS: Final = _FIELDS.index("overhead_us") + 1
_encode: Final = msgspec.json.Encoder().encode
_values_of: Final = attrgetter(*VARYING)
#: More than the values of a line can take.
_VALUES_BYTES: Final = 1024


class Like:
    """What entries have in common that differ in `VARYING` alone."""

    __slots__ = ("before", "behind", "between", "entry", "told")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        #: All that it says, `VARYING` included.
        self.told: tuple[Any, ...] = msgspec.structs.astuple(entry)
        #: What a line has before, between and behind those.
        self.before = _raw(self.told[:_BEGINS])
        self.between = _raw(self.told[_BEGINS + 2 : _REST])
        self.behind = _raw(self.told[_ENDS:])

    @classmethod
    def of(cls, entry: Entry) -> Self | None:
        """None where a line of it is not all that it says."""
        try:
            like = cls(entry)
        except UnicodeEncodeError:
            return None
        line = Again(like, _values_of(entry)).line()
        # It is shortened where it is long, and a word that the release before does not know is not
        # written as it is.
        is_told = len(line) <= LINE_MAX_BYTES - _VALUES_BYTES and line == line_of(entry)[0]
        return like if is_told else None


def _raw(values: tuple[Any, ...]) -> msgspec.Raw:
    """Some members of an array, as JSON has them between its brackets."""
    return msgspec.Raw(_encode(values)[1:-1])


class Again(msgspec.Struct, frozen=True):
    """An entry that is `like` another but for its own values, in the order of `VARYING`."""

    like: Like
    values: Values

    @property
    def id(self) -> str:
        """As in `Entry`."""
        return self.values[0]

    def line(self) -> bytes:
        """As `models.entry.line_of` has it."""
        like, values = self.like, self.values
        members = (like.before, values[0], values[1], like.between, *values[2:], like.behind)
        return encode_lines([members])

    @property
    def entry(self) -> Entry:
        """The same in full, made anew."""
        said = dict(zip(VARYING, self.values, strict=True))
        return msgspec.structs.replace(self.like.entry, **said)


#: An entry, either way.
Recorded: TypeAlias = Entry | Again


class Told(Sequence[Entry]):
    """Entries, each made when it is asked for."""

    __slots__ = ("_recorded",)

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._recorded = recorded

    def __len__(self) -> int:
        return len(self._recorded)

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> Told: ...

    def __getitem__(self, at: int | slice) -> Entry | Told:
        if isinstance(at, slice):
            return Told(self._recorded[at])
        return self._recorded[at].entry

    def __iter__(self) -> Iterator[Entry]:
        return iter([one.entry if isinstance(one, Again) else one for one in self._recorded])

    def some(self, places: Iterable[int]) -> Told:
        """Those that stand there."""
        return Told([self._recorded[place] for place in places])

    def columns(self) -> Columns:
        """What they say by column; at least one."""
        rows: list[tuple[Any, ...]] = []
        values: list[Values] = []
        for one in self._recorded:
            if isinstance(one, Again):
                rows.append(one.like.told)
                values.append(one.values)
            else:
                rows.append(msgspec.structs.astuple(one))
                values.append(_values_of(one))
        if is_one(rows):
            columns = {n: (said,) * len(rows) for n, said in zip(_FIELDS, rows[0], strict=True)}
        else:
            columns = dict(zip(_FIELDS, zip(*rows, strict=True), strict=True))
        return columns | dict(zip(VARYING, zip(*values, strict=True), strict=True))
