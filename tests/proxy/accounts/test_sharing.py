"""Keys that rest or are suspended: known to every worker and machine on the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from time import time
from typing import Any, Final
from uuid import UUID

import pytest

from models import KeyRest, KeyState, UpstreamKey, changes, generation, key_states
from models.bindings import binding
from models.key_states import MOST_SHARED
from models.polling import Polling
from models.projects import Project
from proxy.access.grant import Grant
from proxy.access.targets import target_of
from proxy.accounts.rests import Rests, Scope
from proxy.accounts.sharing import _SCOPES_MAX, Sharing
from proxy.providers.provider import Provider
from proxy.upstream.pool import Pool
from proxy.upstream.target import Target
from proxy.upstream_auth.presenting import UpstreamAuth
from tests.models.rows import BY, a_project
from tests.proxy.rows import UPSTREAMS, a_grant, a_key, a_record
from tests.proxy.scripted import Upstream
from tests.proxy.upstream.conftest import PATIENT, no_authorities, until

CHAT: Final = Scope("gpt-4o", "")
KEY: Final = UUID(int=7)


@asynccontextmanager
async def a_worker(
    found: tuple[Provider, Target] | None = None,
) -> AsyncIterator[tuple[Rests, Sharing]]:
    async def find(_key_id: UUID) -> tuple[Provider, Target] | None:
        return found

    rests, pool = Rests(), Pool(PATIENT, no_authorities())
    sharing = Sharing(rests, pool, find)
    pool.open()
    sharing.open()
    try:
        yield rests, sharing
    finally:
        await sharing.close()
        await pool.close()


@pytest.mark.usefixtures("connected")
async def test_two_workers_agree_on_a_rest_and_no_grant_is_dropped_for_it() -> None:
    before = await generation.current()
    async with a_worker() as (here, sharing), a_worker() as (there, _):
        ends = time() + 60
        sharing.rests(KEY, CHAT, ends, "429 slow_down")
        await until(lambda: there.fit_at(KEY, CHAT) > time())
        assert there.fit_at(KEY, CHAT) == pytest.approx(ends, abs=0.01)
        assert there.fit_at(KEY, Scope("other", "")) == 0
        await until(lambda: here.fit_at(KEY, CHAT) > time())
    assert await generation.current() == before
    # Those that are over are not read, and removed in time.
    later = changes.now() + timedelta(hours=1)
    assert (await key_states.shared(later)).rests == []
    await key_states.forget(later)
    assert not await KeyRest.exists()


@pytest.mark.usefixtures("connected")
async def test_what_others_have_learnt_is_read_where_there_may_be_any() -> None:
    nothing, rests = True, Rests()
    sharing = Sharing(rests, Pool(PATIENT, no_authorities()), _nobody, lacks=lambda _: nothing)
    ends = changes.now() + timedelta(seconds=60)
    await key_states.rest(KEY, CHAT.model, CHAT.endpoint, ends, "429")
    await sharing._hear()
    assert rests.fit_at(KEY, CHAT) == 0
    nothing = False
    await sharing._hear()
    assert rests.fit_at(KEY, CHAT) > time()
    # What it had heard is over.
    nothing = True
    await sharing._hear()
    assert rests.fit_at(KEY, CHAT) == 0


async def test_where_polls_find_nothing_it_looks_only_when_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("proxy.accounts.sharing._EVERY_S", 0.0)
    looks = 0

    class Counted(Rests):
        def learn(self, *what: Any) -> None:
            nonlocal looks
            looks += 1
            super().learn(*what)

    sharing = Sharing(Counted(), Pool(PATIENT, no_authorities()), _nobody, lacks=lambda _: True)
    sharing.open()
    for number in range(1, 4):
        for _ in range(50):
            await asyncio.sleep(0)
        assert looks == number
        sharing.look_again()
    await sharing.close()


@pytest.mark.usefixtures("connected")
async def test_a_poll_before_it_was_written_takes_nothing_back() -> None:
    polling, rests = Polling(), Rests()
    lacks = partial(polling.lacks, "rests")
    sharing = Sharing(rests, Pool(PATIENT, no_authorities()), _nobody, lacks=lacks)
    await polling.changes_since(0)
    sharing.rests(KEY, CHAT, time() + 60, "429 slow_down")
    await sharing._say()
    await sharing._hear()
    assert polling.lacks("rests")
    assert rests.fit_at(KEY, CHAT) > time()
    await polling.changes_since(0)
    await sharing._hear()
    assert rests.fit_at(KEY, CHAT) > time()


async def _nobody(_: UUID) -> None:
    return None


@pytest.mark.usefixtures("connected")
async def test_a_key_that_rests_says_so_and_until_when() -> None:
    project = await a_project()
    (key,) = await project.current_keys()
    assert (key.state, key.resting_until, key.last_error) == ("active", None, None)
    ends = changes.now() + timedelta(seconds=60)
    await key_states.rest(key.id, "gpt-4o", "", ends, "429 slow_down")
    await key_states.rest(key.id, "gpt-4o\x00", "", ends - timedelta(seconds=9), "429 again")
    (key,) = await project.current_keys()
    assert (key.state, key.resting_until, key.last_error) == ("resting", ends, "429 again")


@asynccontextmanager
async def an_upstream(*answers: bytes) -> AsyncIterator[Upstream]:
    upstream = Upstream()

    async def script(peer: object) -> None:
        for answer in answers:
            await peer.request()  # type: ignore[attr-defined]
            await peer.send(answer)  # type: ignore[attr-defined]
        await peer.gone()  # type: ignore[attr-defined]

    upstream.follow(script)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


def _said(status: str, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


def _target(grant: Grant, key_id: UUID, url: str) -> Target:
    record = a_record(base_url=url)
    key = a_key(key_id=key_id, bound_to=binding("openai", url))
    made = target_of(key, record, grant.known, UPSTREAMS, UpstreamAuth())
    assert made is not None
    return made


async def _first_key(project: Project) -> UpstreamKey:
    return (await project.current_keys())[0]


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("tested", "suspended"),
    [
        (_said("401 No"), True),
        (_said("400 No", b'{"error":{"code":"invalid_api_key"}}'), True),
        (_said("200 OK"), False),
        (_said("500 Oops"), False),
        (_said("429 Slow"), False),
    ],
)
async def test_only_a_key_that_a_test_is_refused_too_is_suspended(
    tested: bytes, suspended: bool
) -> None:
    """One token's 401 for what the key's scope lacks takes the key from nobody."""
    async with an_upstream(tested) as upstream, a_worker() as (rests, sharing):
        project = await a_project()
        key = await _first_key(project)
        grant = a_grant(keys=(a_key(key_id=key.id),))
        assert grant.provider is not None
        target = _target(grant, key.id, upstream.url)
        sharing.blamed(grant, target, "401 invalid_api_key")
        # A second answer meanwhile asks for no second test.
        sharing.blamed(grant, target, "401 invalid_api_key")
        await asyncio.gather(*sharing._tests)
        assert upstream.connections == 1
        assert (key.id in rests.suspended) is suspended
        assert ((await _first_key(project)).state == "suspended") is suspended


@pytest.mark.usefixtures("connected")
async def test_what_was_read_before_a_key_was_suspended_does_not_end_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, has_read, may_go_on = key_states.shared, asyncio.Event(), asyncio.Event()

    async def slow(present: datetime) -> key_states.Shared:
        found = await real(present)
        has_read.set()
        await may_go_on.wait()
        return found

    monkeypatch.setattr(key_states, "shared", slow)
    async with an_upstream(_said("401 No")) as upstream, a_worker() as (rests, sharing):
        key = await _first_key(await a_project())
        grant = a_grant(keys=(a_key(key_id=key.id),))
        await has_read.wait()
        sharing.blamed(grant, _target(grant, key.id, upstream.url), "401 invalid_api_key")
        await asyncio.gather(*sharing._tests)
        learnt: list[bool] = []
        learn = rests.learn

        def noting(*what: Any) -> None:
            learn(*what)
            learnt.append(key.id in rests.suspended)

        monkeypatch.setattr(rests, "learn", noting)
        may_go_on.set()
        await until(lambda: len(learnt) > 1)
        assert learnt[:2] == [True, True]


@pytest.mark.usefixtures("connected")
async def test_a_suspended_key_is_tested_again_and_released_once_it_works() -> None:
    project = await a_project()
    key = await _first_key(project)
    await key_states.suspend(key.id, "401 invalid_api_key")
    shown = await _first_key(project)
    assert (shown.state, shown.last_error) == ("suspended", "401 invalid_api_key")
    async with an_upstream(_said("401 No"), _said("200 OK")) as upstream:
        grant = a_grant()
        assert grant.provider is not None
        target = _target(grant, key.id, upstream.url)
        async with a_worker((grant.provider, target)) as (rests, sharing):
            await until(lambda: key.id in rests.suspended)
            # It was changed: it is tested at once, and refused.
            await key.change(by=BY, label="mended")
            sharing.look_again()
            await _until_tested(key.id, 2)
            await key.change(by=BY, label="mended again")
            sharing.look_again()
            await until(lambda: key.id not in rests.suspended)
    assert (await _first_key(project)).state == "active"


async def _until_tested(key_id: UUID, times: int) -> None:
    while (await KeyState.get(key_id=key_id)).failed_tests < times:
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("connected")
async def test_one_of_all_workers_tests_and_later_each_time() -> None:
    await key_states.suspend(KEY, "401")
    waits = []
    for _ in range(6):
        state = await KeyState.get(key_id=KEY)
        assert state.test_at is not None
        present = state.test_at
        assert not await key_states.claim_test(KEY, present - timedelta(seconds=1))
        claims = [await key_states.claim_test(KEY, present) for _ in range(2)]
        assert claims == [True, False]
        state = await KeyState.get(key_id=KEY)
        assert state.test_at is not None
        waits.append(round((state.test_at - present).total_seconds() / 60))
    assert waits == [2, 4, 8, 10, 10, 10]


@pytest.mark.usefixtures("connected")
async def test_a_key_that_is_gone_is_tested_no_more() -> None:
    await key_states.suspend(KEY, "401")
    await KeyState.filter(key_id=KEY).update(test_at=changes.now())
    async with a_worker(None):
        while (await KeyState.get(key_id=KEY)).suspended_at is not None:
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("connected")
async def test_clients_that_name_any_models_have_only_so_many_rests_told() -> None:
    other = UUID(int=8)
    async with a_worker() as (_, sharing):
        for number in range(200):
            sharing.rests(KEY, Scope(f"model-{number}", ""), time() + 60, "429")
        sharing.rests(other, CHAT, time() + 60, "429")
        await until(lambda: not sharing._unsaid)
    assert await KeyRest.filter(key_id=KEY).count() == _SCOPES_MAX
    assert await KeyRest.filter(key_id=other).count() == 1


@pytest.mark.usefixtures("connected")
async def test_a_rest_is_told_again_only_where_its_end_has_moved() -> None:
    async with a_worker() as (_, sharing):
        ends = time() + 60
        for moved in (0.0, 1.0, 4.0, 20.0, 19.0, 2.0):
            sharing.rests(KEY, CHAT, ends + moved, f"429 {moved}")
            said = [why for _, why in sharing._unsaid.values()]
            # The longer one, then the shorter one.
            assert said == ([f"429 {moved}"] if moved in (0.0, 20.0, 2.0) else [])
            await until(lambda: not sharing._unsaid)


@pytest.mark.usefixtures("connected")
async def test_only_so_many_rests_are_read_at_once() -> None:
    ends = changes.now() + timedelta(seconds=60)
    await KeyRest.bulk_create(
        KeyRest(key_id=KEY, model=f"m{number}", endpoint="", until=ends, reason="429")
        for number in range(MOST_SHARED + 5)
    )
    assert len((await key_states.shared(changes.now())).rests) == MOST_SHARED
