"""The memo: bounded in bytes whatever is put in, and of use whatever else is."""

from __future__ import annotations

from sys import getsizeof

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo, Learning

MAX_BYTES = 64 * 1024
ENTRY_MAX_BYTES = 1024


class Value:
    """Some bytes, and what they take with their key."""

    def __init__(self, key: bytes, length: int) -> None:
        self.content = bytes(length)
        self.size = getsizeof(key) + getsizeof(self.content) + PLACE_BYTES


def memo() -> BoundedMemo[Value]:
    return BoundedMemo(MAX_BYTES, entry_max_bytes=ENTRY_MAX_BYTES)


def read(remembered: BoundedMemo[Value], key: bytes, length: int = 10) -> bool:
    """Read a key as users of the memo do; whether it was known."""
    if remembered.young.get(key) or remembered.recall(key):
        return True
    remembered.offer(key, Value(key, length))
    return False


def bytes_of(remembered: BoundedMemo[Value]) -> int:
    """What it takes by the interpreter's own account, the empty memo's dictionaries left out."""
    kept = {id(one): one for part in (remembered.young, remembered._old) for one in part.values()}
    keys = {id(key): key for part in (remembered.young, remembered._old) for key in part}
    return (
        sum(getsizeof(one.content) for one in kept.values())
        + sum(map(getsizeof, keys.values()))
        + sum(getsizeof(part) for part in (remembered.young, remembered._old) if part)
        + getsizeof(remembered._noted)
    )


def test_a_key_is_kept_once_it_came_twice() -> None:
    remembered = memo()
    assert [read(remembered, b"again") for _ in range(4)] == [False, False, True, True]


class Hashed(bytes):
    """A key whose hash a test chooses: by luck, few keys have a place in common."""

    mark = 0

    def __hash__(self) -> int:
        return self.mark


def test_keys_that_always_come_together_are_all_kept() -> None:
    remembered = memo()
    keys = [Hashed(b"together %d" % number) for number in range(2)]
    for number, key in enumerate(keys):
        key.mark = number + 1 << 24 | 7
    reads = [[read(remembered, key, 1) for key in keys] for _ in range(3)]
    assert reads == [[False, False], [False, False], [True, True]]


def test_what_never_comes_again_leaves_nothing_behind() -> None:
    remembered = memo()
    for number in range(5000):
        assert not read(remembered, b"%d" % number)
    assert bytes_of(remembered) == bytes_of(memo())


def test_what_is_too_large_is_never_kept() -> None:
    remembered = memo()
    assert not any(read(remembered, b"large", ENTRY_MAX_BYTES) for _ in range(9))


def test_a_flood_of_keys_that_come_twice_does_not_evict_what_is_used() -> None:
    remembered = memo()
    used = [b"used %d" % number for number in range(5)]
    for _ in range(2):
        for key in used:
            read(remembered, key)
    for number in range(5000):
        for _ in range(2):
            read(remembered, b"flood %d" % number)
        if number % 10 == 0:
            assert [read(remembered, key) for key in used] == [True] * len(used)


def test_a_flood_of_keys_that_come_twice_stays_within_the_bound() -> None:
    remembered = memo()
    for number in range(300):
        for _ in range(2):
            read(remembered, b"flood %d" % number, 700)
        kept = [one.size for part in (remembered.young, remembered._old) for one in part.values()]
        assert sum(kept) + 8 * len(remembered._noted) <= MAX_BYTES
    # Both halves are used.
    assert sum(kept) > MAX_BYTES // 4


def test_what_was_forgotten_is_new_again() -> None:
    """In whichever generation it was."""
    remembered = memo()
    for _ in range(2):
        read(remembered, b"key")
    number = 0
    while b"key" in remembered.young:
        for _ in range(2):
            read(remembered, b"flood %d" % number)
        number += 1
    for _ in range(2):
        read(remembered, b"young")
    remembered.clear()
    for key in (b"key", b"young"):
        assert [read(remembered, key) for _ in range(3)] == [False, False, True]


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900), st.integers(1, 3)), max_size=400)
)
@settings(max_examples=60, deadline=None)
def test_its_bytes_never_exceed_the_bound(uses: list[tuple[int, int, int]]) -> None:
    remembered = memo()
    for number, length, times in uses:
        for _ in range(times):
            read(remembered, b"%d" % number * (1 + number % 7), length)
        assert bytes_of(remembered) <= MAX_BYTES


def test_what_is_learned_has_been_earned_but_for_what_there_is_at_the_beginning() -> None:
    learning = Learning(costs=8)
    learned = 0
    for _ in range(800):
        if learning.earn():
            learning.spend()
            learned += 1
    assert 64 + 800 // 8 - 1 <= learned <= 64 + 800 // 8
    # However much was read meanwhile, no more may be learned at once.
    for _ in range(10_000):
        learning.earn()
    at_once = 0
    while learning.earn():
        learning.spend()
        at_once += 1
    # Looking earns a little, too.
    assert 64 <= at_once <= 64 * 8 // 7 + 1
