"""Flights: one for a key over all workers, what followers see of it, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.cache import flights as module
from proxy.cache.flights import Flight, Led, Watched
from proxy.cache.kept import ANSWER_MAX_BYTES, encode_about
from proxy.cache.spool import Spool, State, remove_dead
from tests.proxy.cache.made import DOCUMENT, EVENTS, flights, key, led


async def until(flight: Flight, state: State) -> None:
    async with asyncio.timeout(5):
        while flight.state is not state:
            await asyncio.sleep(0.005)


async def test_one_leads_and_others_of_its_worker_and_of_others_follow(tmp_path: Path) -> None:
    here, there = flights(tmp_path), flights(tmp_path)
    leading = led(here)
    assert here.under_way(key(1)) is leading
    watched = there.begin(key(1))
    assert isinstance(watched, Watched)
    watched.use()
    assert isinstance(there.begin(key(2)), Led)
    assert leading.answered(DOCUMENT, 5.0)
    assert leading.append(b"{}")
    assert leading.land(9)
    await watched.settled()
    assert (watched.about, watched.born, watched.cost_nanos) == (DOCUMENT, 5.0, 9)
    assert watched.read(0) == b"{}"
    watched.let_go()
    leading.unname()
    leading.let_go()
    assert isinstance(there.begin(key(1)), Led)


@pytest.mark.parametrize("state", [State.FAILED, State.VOID])
async def test_one_that_fails_tells_its_followers_and_makes_room(
    tmp_path: Path, state: State
) -> None:
    here, there = flights(tmp_path), flights(tmp_path)
    leading = led(here)
    watched = there.begin(key(1))
    assert watched is not None
    watched.use()
    waiting = asyncio.gather(leading.settled(), watched.settled())
    await asyncio.sleep(0)
    leading.fail(state)
    await asyncio.wait_for(waiting, 5)
    assert (leading.state, watched.state) == (state, state)
    assert here.under_way(key(1)) is None
    assert isinstance(here.begin(key(1)), Led)


async def test_followers_of_a_stream_are_served_what_there_is_and_those_of_a_document_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIVE_AFTER", 0.0)
    here, there = flights(tmp_path), flights(tmp_path)
    for number, about in ((1, EVENTS), (2, DOCUMENT)):
        leading = led(here, number)
        watched = there.begin(key(number))
        assert watched is not None
        watched.use()
        leading.answered(about, 0.0)
        leading.append(b"data: 1\n\n")
        waiting = asyncio.gather(leading.settled(), watched.settled())
        done, _ = await asyncio.wait((waiting,), timeout=0.1)
        assert bool(done) == (about is EVENTS)
        assert (leading.live, watched.live) == (about is EVENTS,) * 2
        leading.land(None)
        await waiting
        watched.let_go()
        leading.unname()
        leading.let_go()


LEADER = """
import sys
from pathlib import Path
from proxy.cache.kept import encode_about
from proxy.cache.spool import Spool
from tests.proxy.cache.made import EVENTS
spool = Spool.create(Path(sys.argv[1]), sys.argv[2])
spool.answered(encode_about(EVENTS), 0.0)
spool.append(b"data: 1\\n\\n", 0.0)
if sys.argv[3] == "landed":
    spool.land(None)
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("when", "state"), [("cut", State.FAILED), ("landed", State.LANDED)])
async def test_a_leader_that_is_killed_has_failed_and_takes_its_name_with_it(
    tmp_path: Path, when: str, state: State
) -> None:
    there = flights(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER, str(tmp_path / "flights"), key(1).hex(), when],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    watched = there.begin(key(1))
    assert isinstance(watched, Watched)
    watched.use()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    await until(watched, state)
    assert watched.read(0) == b"data: 1\n\n"
    remove_dead(tmp_path / "flights")
    assert list((tmp_path / "flights").iterdir()) == []
    watched.let_go()
    assert isinstance(there.begin(key(1)), Led)


async def test_those_of_dead_leaders_are_removed_at_a_start_and_those_of_living_ones_are_not(
    tmp_path: Path,
) -> None:
    here = flights(tmp_path)
    leading = led(here, 1)
    (tmp_path / "flights" / key(2).hex()).touch()
    (tmp_path / "flights" / ".1.1").touch()
    flights(tmp_path)
    assert [file.name for file in (tmp_path / "flights").iterdir()] == [key(1).hex()]
    assert leading.land(None)


async def test_a_file_that_says_nothing_known_is_removed_at_a_start(tmp_path: Path) -> None:
    directory = tmp_path / "flights"
    directory.mkdir()
    (directory / key(1).hex()).write_bytes(b"\xff" * 4096)
    here = flights(tmp_path)
    assert list(directory.iterdir()) == []
    assert isinstance(here.begin(key(1)), Led)


async def test_a_leader_of_another_release_that_says_nothing_known_is_followed_no_longer(
    tmp_path: Path,
) -> None:
    here, there = flights(tmp_path), flights(tmp_path)
    leading = led(here)
    watched = there.begin(key(1))
    assert watched is not None
    watched.use()
    (tmp_path / "flights" / key(1).hex()).write_bytes(b"\xff" * 4096)
    async with asyncio.timeout(5):
        await watched.settled()
    assert (watched.state, watched.about) == (State.FAILED, None)
    watched.let_go()
    leading.let_go()


async def test_what_is_too_large_fails(tmp_path: Path) -> None:
    here = flights(tmp_path)
    for number, about, most in (
        (1, DOCUMENT, ANSWER_MAX_BYTES),
        (2, EVENTS, module.STREAM_MAX_BYTES),
    ):
        leading = led(here, number)
        leading.answered(about, 0.0)
        piece = bytes(1024 * 1024)
        for _ in range(most // len(piece)):
            assert leading.append(piece)
        assert not leading.append(b"x")
        assert leading.state is State.FAILED
        leading.let_go()


async def test_all_flights_of_a_worker_together_are_bounded(tmp_path: Path) -> None:
    here = flights(tmp_path, max_bytes=1000 + 2 * len(encode_about(EVENTS)))
    first, second = led(here, 1), led(here, 2)
    for leading in (first, second):
        leading.answered(EVENTS, 0.0)
    assert first.append(bytes(900))
    assert not second.append(bytes(200))
    assert second.state is State.FAILED
    second.let_go()
    first.let_go()
    assert here.bytes == 0
    bounded = module.Flights(tmp_path / "flights", max_bytes=1000, most=1)
    assert bounded.begin(key(3)) is not None
    assert bounded.begin(key(4)) is None


@pytest.mark.parametrize("at", ["answered", "append", "land"])
async def test_a_full_disk_fails_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    here = flights(tmp_path)
    leading = led(here)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, at, full)
    went_on = (
        leading.answered(EVENTS, 0.0),
        leading.append(b"x"),
        leading.land(None),
    )
    assert went_on[2] is False
    assert leading.state is State.FAILED
    assert list((tmp_path / "flights").iterdir()) == []
    leading.let_go()
    assert here.bytes == 0


async def test_an_append_that_is_cut_short_fails_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leading = led(flights(tmp_path))
    leading.answered(EVENTS, 0.0)
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: write(file, data[:5], at))
    assert not leading.append(b"data: 1\n\n")
    assert leading.state is State.FAILED


async def test_many_followers_are_told_over_turns_of_the_loop(tmp_path: Path) -> None:
    leading = led(flights(tmp_path))
    told: list[int] = []
    most = 0

    async def follow(number: int) -> None:
        await leading.settled()
        told.append(number)

    following = [asyncio.create_task(follow(number)) for number in range(200)]
    await asyncio.sleep(0)
    leading.fail()
    before = 0
    while len(told) < 200:
        await asyncio.sleep(0)
        most = max(most, len(told) - before)
        before = len(told)
    assert most <= 2 * module._TOLD_IN_A_TURN
    await asyncio.gather(*following)
    leading.let_go()


async def test_a_follower_that_leaves_is_forgotten(tmp_path: Path) -> None:
    leading = led(flights(tmp_path))
    following = asyncio.create_task(leading.settled())
    await asyncio.sleep(0)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert leading._waiting == []
    leading.fail()
    leading.let_go()


async def test_only_its_owner_can_read_a_flight(tmp_path: Path) -> None:
    leading = led(flights(tmp_path))
    (file,) = (tmp_path / "flights").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    leading.fail()
    leading.let_go()
