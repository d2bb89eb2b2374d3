"""Small answers in memory: bounded in bytes, those asked for last."""

from proxy.cache.kept import Kept
from proxy.cache.memory import _ENTRY_BYTES, SMALL_BYTES, Memory
from tests.proxy.cache.made import DOCUMENT, key


def kept(size: int) -> Kept:
    return Kept(DOCUMENT, (bytes(size),), size, 0.0, None)


def numbers(memory: Memory) -> list[int]:
    return [int.from_bytes(one, "big") for one in memory._entries]


def test_those_asked_for_last_stay_within_its_bytes() -> None:
    cost = 1000 + len(DOCUMENT.block) + _ENTRY_BYTES
    memory = Memory(3 * cost)
    for number in range(3):
        memory.put(key(number), kept(1000), 0, 0.0)
    assert memory.get(key(0)) is not None
    memory.put(key(3), kept(1000), 0, 0.0)
    assert (numbers(memory), memory.bytes) == ([2, 0, 3], 3 * cost)
    memory.put(key(4), kept(3000), 0, 0.0)
    assert numbers(memory) == [3, 4]
    assert memory.bytes <= 3 * cost


def test_an_answer_takes_the_place_of_the_one_before_it() -> None:
    memory = Memory(10_000)
    memory.put(key(1), kept(5000), 0, 0.0)
    memory.put(key(1), kept(10), 7, 0.0)
    found = memory.get(key(1))
    assert found is not None
    assert (found.kept.size, found.renewal) == (10, 7)
    memory.drop(key(1))
    memory.drop(key(1))
    assert (memory.get(key(1)), memory.bytes) == (None, 0)


def test_large_ones_are_not_remembered_and_void_what_was() -> None:
    memory = Memory(10 * SMALL_BYTES)
    memory.put(key(1), kept(10), 0, 0.0)
    memory.put(key(1), kept(SMALL_BYTES + 1), 0, 0.0)
    assert (memory.get(key(1)), memory.bytes) == (None, 0)


def test_one_that_does_not_fit_at_all_leaves_nothing_wrong() -> None:
    memory = Memory(100)
    memory.put(key(1), kept(1000), 0, 0.0)
    assert (numbers(memory), memory.bytes) == ([], 0)
