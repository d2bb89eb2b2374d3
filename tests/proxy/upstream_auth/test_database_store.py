"""Tokens that workers and machines share through the database, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from config import Database
from models import UpstreamToken
from models.db import database as connecting
from proxy.upstream.pool import Pool
from proxy.upstream_auth.database_store import DatabaseTokens
from proxy.upstream_auth.presenting import UpstreamAuth
from proxy.upstream_auth.tokens import Tokens
from tests.models.rows import BY, RING, a_project
from tests.proxy.upstream.conftest import PATIENT, no_authorities
from tests.proxy.upstream_auth.endpoints import token_endpoint
from tests.proxy.upstream_auth.test_tokens import KEY, entra, presented, provider


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(PATIENT, no_authorities())
    yield pool
    await pool.close()


@pytest.mark.usefixtures("connected")
async def test_one_fetch_does_for_all_workers(pool: Pool) -> None:
    (key,) = await (await a_project()).keys.all()
    async with token_endpoint() as endpoint:
        place = provider(endpoint.url)
        first, second = (UpstreamAuth(pool, Tokens(DatabaseTokens(RING))) for _ in range(2))
        assert await presented(first, place, entra(), key.id) == "ya29.token-1"
        while not await UpstreamToken.filter(key_id=key.id).exists():
            # It is written beside the request.
            pass
        assert "ya29" not in (await UpstreamToken.get(key_id=key.id)).ciphertext
        assert await presented(second, place, entra(), key.id) == "ya29.token-1"
        assert len(endpoint.posts) == 1
        # A secret that is another fetches a token of its own.
        changed = entra(client_secret="another")
        assert await presented(second, place, changed, key.id) == "ya29.token-2"
        first.close()
        second.close()
        store = DatabaseTokens(RING)
        assert not await store.is_gone(key.id)
        await key.change(by=BY, is_active=False)
        assert await store.is_gone(key.id)


async def test_without_a_database_each_worker_fetches_its_own(pool: Pool) -> None:
    away = Database(
        dialect="postgres", host="127.0.0.1", port=1, user="u", password="p", database="d"
    )
    async with connecting.open_database(away), token_endpoint() as endpoint:
        auth = UpstreamAuth(pool, Tokens(DatabaseTokens(RING)))
        assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"
        assert not await DatabaseTokens(RING).is_gone(KEY)
        auth.close()
