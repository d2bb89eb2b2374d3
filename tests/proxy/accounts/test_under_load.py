"""Many tokens at once behind three accounts, one of which fails: who sees it, and who is billed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from config import Database
from models import Project, Token, secrets
from models.failover import FailoverRule
from models.upstream_keys import UpstreamKeyPlace
from tests.models.rows import BY, RING
from tests.proxy.accounts.several import Behaviour, Several, answering, lost, well
from tests.proxy.planes import a_plane
from tests.proxy.scripted import Peer, a_client

RULE: Final[dict[str, Any]] = FailoverRule(max_attempts=3).model_dump()
TOKENS: Final = 12
EACH: Final = 4


class Loaded(Several):
    """Three accounts of one priority; `worked` counts what each did, and would bill."""

    worked: Counter[int]

    async def begin(self, failing: Behaviour, place: UpstreamKeyPlace) -> list[str]:
        """The secrets of tokens, a third of which have each account for their own."""
        self.worked = Counter()
        self.behave = [failing, self._works(1), self._works(2)]
        token, _ = await self.plane.token(
            project={"failover": RULE, "api_key": "sk-account-1"}, max_requests=EACH
        )
        project = await Project.get(id=token.project_id)
        await project.add_key(api_key="sk-account-2", ring=RING, by=BY)
        await project.add_key(api_key="sk-account-0", ring=RING, by=BY, **place)
        self.plane.upstream.follow(self._serve)
        by_key: dict[UUID, list[str]] = {key.id: [] for key in await project.keys.all()}
        while any(len(mine) < TOKENS // 3 for mine in by_key.values()):
            _, secret = await Token.issue(project, by=BY, max_requests=EACH)
            grant = await self.plane.grants.find(secrets.digest(secret.encode()))
            assert grant is not None
            by_key[grant.targets[0].key_id].append(secret)
        return [secret for mine in by_key.values() for secret in mine[: TOKENS // 3]]

    def _works(self, number: int) -> Behaviour:
        async def work(peer: Peer) -> None:
            self.worked[number] += 1
            await well(peer)

        return work


@pytest.fixture
async def loaded(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Loaded]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Loaded(plane)


async def _statuses(loaded: Loaded, held: list[str]) -> Counter[int | None]:
    clients = [a_client(secret=secret) for secret in held for _ in range(EACH)]
    await asyncio.gather(*map(loaded.plane.serve, clients))
    return Counter(client.status for client in clients)


@pytest.mark.parametrize("failing", ["answers 429", "refuses connections"])
async def test_no_client_sees_an_account_that_is_limited_or_not_there(
    loaded: Loaded, failing: str, unused_tcp_port: int
) -> None:
    away: UpstreamKeyPlace = {"base_url": f"http://127.0.0.1:{unused_tcp_port}"}
    held = await loaded.begin(answering(429), away if failing != "answers 429" else {})
    assert await _statuses(loaded, held) == {200: TOKENS * EACH}
    entries = loaded.plane.entries()
    assert len(entries) == loaded.worked.total() == TOKENS * EACH
    # Some were tried at the one that fails, or nothing would have been shown.
    assert any(entry.attempts for entry in entries)
    for secret in held:
        assert await loaded.plane.admitted(secret) == 0


async def test_what_was_under_way_at_an_account_that_dies_is_sent_to_no_other(
    loaded: Loaded,
) -> None:
    held = await loaded.begin(lost, {})
    statuses = await _statuses(loaded, held)
    assert set(statuses) == {200, 502}
    assert statuses[502] == loaded.asked.count(0)
    assert loaded.worked.total() == statuses[200]
    assert statuses.total() == len(loaded.plane.entries()) == TOKENS * EACH
    for secret in held:
        assert await loaded.plane.admitted(secret) == 0
