"""Who is decided next, and who has to wait."""

import asyncio
from collections import Counter

import pytest

from proxy.limits.queue import BATCH_MAX, SHARE_MAX, FairQueue, Waiting
from proxy.limits.store import LimitsUnavailable, claims_on


def request(*keys: str) -> Waiting:
    claims = tuple(claim for key in keys for claim in claims_on(key, quota=1))
    return Waiting(claims, asyncio.get_running_loop().create_future(), 0)


def filled(*requests: Waiting, capacity: int = 10_000) -> FairQueue:
    queue = FairQueue(capacity)
    for one in requests:
        queue.add(one)
    return queue


async def test_a_batch_has_a_share_for_every_project() -> None:
    hot = [request(f"t:{n}", "p:hot") for n in range(1000)]
    calm = [request(f"t:{name}", f"p:{name}") for name in "abc"]
    queue = filled(*hot, *calm)
    batch = queue.take(set())
    assert Counter(one.queue for one in batch) == {
        "p:hot": SHARE_MAX, "p:a": 1, "p:b": 1, "p:c": 1
    }  # fmt: skip
    assert len(queue) == 1000 - SHARE_MAX


async def test_projects_that_had_no_turn_come_first() -> None:
    projects = BATCH_MAX // SHARE_MAX * 2
    queue = filled(*(request(f"p:{n % projects}") for n in range(projects * SHARE_MAX)))
    batches = [queue.take(set()), queue.take(set())]
    assert [len(batch) for batch in batches] == [BATCH_MAX, BATCH_MAX]
    assert len({one.queue for batch in batches for one in batch}) == projects
    assert not queue.take(set())


async def test_a_project_that_had_its_share_comes_behind_those_that_had_none() -> None:
    names = [f"p:{n}" for n in range(BATCH_MAX // SHARE_MAX + 1)]
    queue = filled(*(request(name) for name in names for _ in range(3 * SHARE_MAX)))
    served = [{one.queue for one in queue.take(set())} for _ in range(2)]
    assert served == [set(names[:-1]), {names[-1], names[0]}]


async def test_a_counter_in_a_call_under_way_holds_up_its_own_project() -> None:
    first, second, other = request("t:1", "p:1"), request("t:2", "p:1"), request("t:3", "p:2")
    queue = filled(first, second, other)
    assert queue.take({"t:1"}) == [other]
    assert queue.take(set()) == [first, second]


async def test_one_project_leaves_half_of_the_room_to_others() -> None:
    queue = filled(*(request("p:hot") for _ in range(50)), capacity=100)
    with pytest.raises(LimitsUnavailable):
        queue.add(request("p:hot"))
    for _ in range(25):
        queue.add(request("p:warm"))
    with pytest.raises(LimitsUnavailable):
        queue.add(request("p:warm"))
    queue.add(request("p:calm"))


async def test_there_is_room_again_once_somebody_left() -> None:
    leaving = request("p:1")
    queue = filled(leaving, capacity=2)
    with pytest.raises(LimitsUnavailable):
        queue.add(request("p:1"))
    queue.discard(leaving)
    queue.discard(leaving)
    queue.add(request("p:1"))
    assert len(queue) == 1


async def test_nobody_is_taken_who_does_not_wait_any_more() -> None:
    gone, waiting = request("p:1"), request("p:1")
    queue = filled(gone, waiting)
    gone.outcome.cancel()
    assert queue.take(set()) == [waiting]
    assert len(queue) == 0


async def test_what_was_found_locked_is_tried_apart_until_it_is_decided() -> None:
    first, second, other = request("p:1"), request("p:1"), request("p:2")
    queue = filled(first, second, other)
    batch = queue.take(set())
    queue.put_back([first, second], locked=True)
    queue.add(third := request("p:1"))
    assert queue.take(set()) == []
    assert queue.take(set(), locked=True) == [first, second, third]
    queue.unlock(batch)
    queue.add(fourth := request("p:1"))
    assert queue.take(set()) == [fourth]
