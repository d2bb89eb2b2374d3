"""What the entries of a batch say in a field, in their order.

Most batches are of few kinds of requests, so that most columns say the same all the way down, which
one pass in C finds. What is then asked of one is not asked of each.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar, cast

import msgspec

T = TypeVar("T")

#: What all entries say, in their order, by the name of the field.
Columns: TypeAlias = Mapping[str, Sequence[Any]]

_MICRO: Final = 1_000_000
#: Each costs a search of all times, and is written once. So near to one another that no second's
#: digits begin another's.
_SECONDS_MAX: Final = 8
#: From here on they begin no year either, as one that is written does.
_SECONDS_FROM: Final = 10_000
_encoder: Final = msgspec.json.Encoder()


def is_one(column: Sequence[Any]) -> bool:
    """Whether all say the same; at least one."""
    return column.count(column[0]) == len(column)


def kinds(columns: Columns, names: Iterable[str]) -> set[tuple[Any, ...]]:
    """What entries say in these fields together, each once."""
    told = [columns[name] for name in names]
    if all(map(is_one, told)):
        return {tuple(column[0] for column in told)}
    return set(zip(*told, strict=True))


def of_known(function: Callable[[Sequence[int]], T], column: Sequence[int | None]) -> T:
    """`function`, which raises TypeError for None, of the numbers that are known."""
    try:
        return function(cast(Sequence[int], column))
    except TypeError:
        return function([number for number in column if number is not None])


def fit_32_bits(column: Sequence[int | None]) -> bool:
    """Whether no number is negative or takes more."""
    try:
        # By a function of C, which takes these alone.
        of_known(_unsigned, column)
    except OverflowError:
        return False
    return True


_unsigned: Final = partial(array, "I")


def times(at_us: Sequence[int], write: Callable[[datetime], str], end: str) -> str:
    """Times in microseconds since 1970 as text: what `write` makes of the second, a point, six
    digits and `end`, with a comma between two times. Neither text may have a comma."""
    first, last = min(at_us) // _MICRO, max(at_us) // _MICRO
    if first < _SECONDS_FROM or last - first >= _SECONDS_MAX:
        written = {s: write(datetime.fromtimestamp(s, UTC)) for s in {us // _MICRO for us in at_us}}
        return ",".join(f"{written[us // _MICRO]}.{us % _MICRO:06}{end}" for us in at_us)
    # The digits behind the second stand in the number already.
    told = "," + _encoder.encode(at_us)[1:-1].decode()
    for second in range(first, last + 1):
        told = told.replace(f",{second}", f"{end},{write(datetime.fromtimestamp(second, UTC))}.")
    return told[len(end) + 1 :] + end


def spread(bounds: Sequence[int], numbers: Iterable[int]) -> Iterator[int]:
    """How many of them come to each bound at most, and not to the one before, and to none."""
    # Sorted once and looked through by bounds, of which there are fewer.
    ordered, before = sorted(numbers), 0
    for bound in bounds:
        within = bisect_right(ordered, bound, before)
        yield within - before
        before = within
    yield len(ordered) - before
