"""What a machine has of kept answers, by its setting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import time

import pytest

from proxy.cache import answers
from proxy.cache.answers import Answers, Found
from proxy.cache.answers_file import AnswersFile
from proxy.cache.directives import NOTHING_SAID, Directives
from proxy.cache.flights import Led
from proxy.cache.memory import SMALL_BYTES
from proxy.cache.spool import State
from tests.proxy.cache.made import EVENTS, key, stored, wanted

ROOM = 8 * 1024 * 1024
LARGE = SMALL_BYTES + 1
PLAIN = Directives()


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Answers]:
    opened = Answers(tmp_path / "cache", 4 * ROOM, workers=1)
    opened.open()
    yield opened
    await opened.close()


async def found(made: Answers, number: int, said: Directives = PLAIN) -> Found:
    got = made.at_hand(wanted(number), said) or await made.find(wanted(number), said)
    assert isinstance(got, Found)
    return got


async def test_a_machine_that_keeps_no_answers_has_none_of_before_either(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    first = answers.opened(directory, ROOM, workers=1)
    assert first is not None
    AnswersFile(directory, ROOM).put(stored(1, b"{}"))
    await first.close()
    again = answers.opened(directory, ROOM, workers=1)
    assert again is not None
    await again.close()
    assert AnswersFile(directory, ROOM).get(key(1)) is not None
    assert answers.opened(directory, 0, workers=1) is None
    assert not directory.exists()
    assert answers.opened(directory, answers.LEAST_BYTES - 1, workers=1) is None


async def test_large_answers_in_memory_are_bounded_and_shared(
    made: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_LENT_BYTES", LARGE)
    for number in (1, 2):
        AnswersFile(tmp_path / "cache", 3 * ROOM).put(stored(number, bytes(LARGE)))
    first, second = [await found(made, 1) for _ in range(2)]
    # There is no room for another: whoever wants it asks for itself, however many that are.
    others = await asyncio.gather(*(made.find(wanted(2), PLAIN) for _ in range(5)))
    assert others == [None] * 5
    first.source.release()
    assert await made.find(wanted(2), PLAIN) is None
    second.source.release()
    (await found(made, 2)).source.release()
    assert (made._lent, made._lent_bytes) == ({}, 0)
    assert list((tmp_path / "cache" / "flights").iterdir()) == []


@pytest.mark.parametrize(("back", "is_given"), [(5.0, True), (3600.0, False)])
async def test_a_clock_that_is_set_back_makes_no_answer_last_longer(
    made: Answers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    back: float,
    is_given: bool,
) -> None:
    AnswersFile(tmp_path / "cache", 3 * ROOM).put(stored(1, b"{}"))
    await found(made, 1)
    monkeypatch.setattr(answers, "time", lambda: time() - back)
    for said in (PLAIN, NOTHING_SAID, Directives(max_age=10)):
        assert (made.at_hand(wanted(1), said) is not None) == is_given
    got = await made.find(wanted(1), PLAIN)
    assert isinstance(got, Found) == is_given
    if isinstance(got, Led):
        got.fail(State.VOID)
        got.let_go()


async def test_one_looks_into_the_store_for_all(made: Answers, tmp_path: Path) -> None:
    AnswersFile(tmp_path / "cache", 3 * ROOM).put(stored(1, b"{}"))
    looked = 0
    get = made._store.get

    async def counted(one: bytes) -> object:
        nonlocal looked
        looked += 1
        return await get(one)

    made._store.get = counted  # type: ignore[method-assign, assignment]
    got = await asyncio.gather(*(made.find(wanted(1), PLAIN) for _ in range(20)))
    assert (looked, len(got)) == (1, 20)
    assert all(isinstance(one, Found) and not one.collapsed for one in got)


async def test_who_wants_a_younger_one_leads_and_who_wants_a_new_one_follows_nobody(
    made: Answers, tmp_path: Path
) -> None:
    old = stored(1, b"{}")
    AnswersFile(tmp_path / "cache", 3 * ROOM).put(old._replace(born=old.born - 30))
    assert (await found(made, 1, Directives(max_age=60))).age == 30
    leading = await made.find(wanted(1), Directives(max_age=5))
    assert isinstance(leading, Led)
    assert await made.find(wanted(1), Directives(no_cache=True)) is None
    following = asyncio.create_task(made.find(wanted(1), Directives(max_age=5)))
    await asyncio.sleep(0)
    leading.answered(EVENTS, old.born)
    leading.append(b"data: 1\n\n")
    leading.land(None)
    followed = await following
    assert isinstance(followed, Found)
    assert followed.collapsed
    followed.source.release()
    leading.unname()
    leading.let_go()


async def test_followers_of_one_that_asked_nobody_look_again_one_after_another(
    made: Answers,
) -> None:
    leading = await made.find(wanted(1), PLAIN)
    assert isinstance(leading, Led)
    following = [asyncio.create_task(made.find(wanted(1), PLAIN)) for _ in range(3)]
    await asyncio.sleep(0)
    leading.fail(State.VOID)
    leading.let_go()
    done, waiting = await asyncio.wait(following, return_when=asyncio.FIRST_COMPLETED)
    (led,) = (task.result() for task in done)
    assert isinstance(led, Led)
    assert len(waiting) == 2
    led.fail()
    led.let_go()
    assert await asyncio.gather(*waiting) == [None, None]


async def test_a_look_up_that_is_cancelled_leaves_nothing(made: Answers, tmp_path: Path) -> None:
    looking = [asyncio.create_task(made.find(wanted(1), PLAIN)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    await asyncio.sleep(0)
    assert list((tmp_path / "cache" / "flights").iterdir()) == []
    assert made._flights._flights == {}
