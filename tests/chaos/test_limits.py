"""Limits over real workers: exact under load, on one machine and on two."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest

from fake_upstream import FakeUpstream
from models import Token
from models.crypto import KeyRing
from tests.chaos.client import PLAIN, Answer, Client
from tests.chaos.conftest import on_one_and_on_two
from tests.fixtures.service import BY, UPSTREAM_KEY, Issued, Service

#: More of them by hand: CHAOS_RUNS=200.
_RUNS: Final = int(os.environ.get("CHAOS_RUNS", "10"))

_SPENT: Final = "budget_exceeded"


async def attempts(service: Service, issued: Issued, count: int) -> list[Answer]:
    """What so many requests of one client were answered."""
    async with Client(service, issued.secret) as client:
        return [await client.get() for _ in range(count)]


async def all_attempts(
    machines: Sequence[Service], issued: Issued, *, clients: int, each: int
) -> list[Answer]:
    """What all clients were answered, who share the machines evenly."""
    answers = await asyncio.gather(
        *(attempts(machines[n % len(machines)], issued, each) for n in range(clients))
    )
    return [answer for those in answers for answer in those]


@on_one_and_on_two
async def test_a_quota_lets_in_exactly_its_number(
    machines: list[Service], up: FakeUpstream
) -> None:
    issued = await machines[0].make_token(up.url, max_requests=1000)

    answers = await all_attempts(machines, issued, clients=50, each=100)

    assert Counter(answer.status for answer in answers) == {200: 1000, 429: 4000}
    assert up.count == 1000
    refused = next(answer for answer in answers if answer.status == 429)
    assert (refused.code, refused.headers["x-should-retry"]) == ("quota_exceeded", "false")
    assert len(await machines[0].entries(issued.token.id, 1000)) == 1000


@on_one_and_on_two
async def test_a_budget_is_spent_nearly_all_and_by_not_a_nano_dollar_more(
    machines: list[Service], up: FakeUpstream
) -> None:
    budget = {"limit": "usd", "amount": 0.1, "period": "month"}
    issued = await machines[0].make_token(up.url, budgets=[budget])

    async def spend(service: Service) -> int:
        """One client asks until nothing is left; how many answers it got."""
        answered = 0
        async with Client(service, issued.secret) as client:
            while (answer := await client.post({**PLAIN, "max_tokens": 20})).code != _SPENT:
                assert answer.code in ("", "budget_held")
                answered += answer.status == 200
        return answered

    answered = sum(await asyncio.gather(*(spend(machines[n % len(machines)]) for n in range(50))))

    rows = await machines[0].entries(issued.token.id, answered)
    assert answered == up.count == len(rows)
    assert {row.charge for row in rows} == {"used"}
    spent = sum(row.cost_nanos or 0 for row in rows)
    assert 95_000_000 <= spent <= 100_000_000


@on_one_and_on_two
async def test_workers_and_machines_agree_on_an_account_that_rests(
    machines: list[Service], up: FakeUpstream
) -> None:
    """Whoever does not know of it yet asks the first account, which would answer by now."""
    issued = await machines[0].make_token(up.url)
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as other:
        async with machines[0].models():
            ring = KeyRing(machines[0].settings.encryption_keys)
            await issued.project.add_key(
                api_key=UPSTREAM_KEY, ring=ring, by=BY, priority=1, base_url=other.url
            )
        up.behave("status=429,retry-after=600", times=1)
        assert (await _asked(machines[0], issued)) == 429
        agreed = 0
        while agreed < 3:
            before = up.count
            statuses = await asyncio.gather(
                *(_asked(machines[n % len(machines)], issued) for n in range(12))
            )
            assert set(statuses) == {200}
            agreed = agreed + 1 if up.count == before else 0
        assert other.count >= 3 * 12


async def _asked(service: Service, issued: Issued) -> int:
    """The answer to a request on a connection of its own, to whichever worker that leads."""
    async with Client(service, issued.secret) as client:
        return (await client.post()).status


@on_one_and_on_two
async def test_a_projects_rate_is_shared_by_its_tokens(
    machines: list[Service], up: FakeUpstream
) -> None:
    """So slow a rate that nothing runs back in while this takes place."""
    issued = await machines[0].make_token(up.url, project={"requests_per_minute": 100})
    async with machines[0].models():
        _, secret = await Token.issue(issued.project, by=BY)
    sister = Issued(secret, issued.token, issued.project)
    began = asyncio.get_running_loop().time()

    both = await asyncio.gather(
        *(all_attempts(machines, token, clients=10, each=20) for token in (issued, sister))
    )

    took = asyncio.get_running_loop().time() - began
    admitted = sum(answer.status == 200 for answers in both for answer in answers)
    assert admitted == up.count
    assert 100 <= admitted <= 100 + took * 100 / 60 + 1
    refused = next(answer for answers in both for answer in answers if answer.status == 429)
    assert refused.code == "rate_limit_exceeded"
    assert int(refused.headers["retry-after"]) >= 1


class Run:
    """Clients that ask without end, under limits that change beneath them."""

    def __init__(self, service: Service, issued: Issued, up: FakeUpstream) -> None:
        self._service = service
        self._issued = issued
        self._up = up
        self._gate = asyncio.Event()
        self._gate.set()
        self._in_flight = 0
        self._peak = 0
        self.answered = self.admitted = 0
        self.exhausted = False

    async def client(self) -> None:
        """Ask until cancelled."""
        async with Client(self._service, self._issued.secret) as client:
            while True:
                await self._gate.wait()
                self._in_flight += 1
                answer = await client.get()
                self._in_flight -= 1
                self.answered += 1
                self.admitted += answer.status == 200
                self.exhausted |= answer.code == "quota_exceeded"
                assert answer.status in {200, 429}, answer

    async def watch(self) -> None:
        """Note how many requests are at the upstream at once."""

        def look() -> bool:
            self._peak = max(self._peak, self._up.heads - self._up.finished)
            return False

        await self._up.wait_until(look, timeout=600)

    async def change(self, quota: int, parallel: int) -> None:
        """Change both limits while requests run, which are let finish before others begin."""
        async with self._service.models():
            token = await Token.get(id=self._issued.token.id)
            await token.change(by=BY, max_requests=quota, max_parallel_requests=parallel)
        await self._pause()
        # Nothing from before decides any more.
        self.exhausted, self._peak = False, 0
        self._gate.set()

    async def _pause(self) -> None:
        self._gate.clear()
        while self._in_flight:
            await asyncio.sleep(0.001)

    async def phase(self, chance: random.Random, *, last: bool) -> None:
        """New limits, some requests, and what must be true of them; the last until it is over."""
        quota, parallel = chance.randint(0, 80), chance.randint(1, 4)
        await self.change(quota, parallel)
        before = self.admitted
        goal = self.answered + chance.randint(1, 60)
        while not self.exhausted if last else self.answered < goal:
            await asyncio.sleep(0.001)
        if last:
            await self._pause()
            assert self.admitted == max(quota, before)
        assert self.admitted <= max(quota, before)
        assert self._peak <= parallel


@pytest.mark.parametrize("seed", range(_RUNS))
@on_one_and_on_two
async def test_limits_that_change_under_load_let_in_never_one_too_many(
    machines: list[Service], up: FakeUpstream, seed: int
) -> None:
    chance = random.Random(seed)
    up.behave("delay=0.002")
    issued = await machines[0].make_token(up.url, max_requests=0, max_parallel_requests=1)
    run = Run(machines[0], issued, up)
    async with asyncio.TaskGroup() as load:
        tasks = [load.create_task(run.client()) for _ in range(10)]
        tasks.append(load.create_task(run.watch()))
        for number in range(4):
            await run.phase(chance, last=number == 3)
        for task in tasks:
            task.cancel()
    assert up.count == run.admitted
