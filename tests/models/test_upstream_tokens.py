"""Short-lived tokens in the database, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time
from uuid import UUID, uuid4

import pytest

from models import UpstreamToken, upstream_tokens
from models.crypto import KeyRing
from tests.models.rows import BY, RING, a_project

pytestmark = pytest.mark.usefixtures("connected")


async def a_key(name: str = "Search") -> UUID:
    project = await a_project(name)
    return (await project.keys.all())[0].id


async def keep(key: UUID, text: str, *, life: float = 3600.0, source: str = "s") -> None:
    now = time()
    await upstream_tokens.save(key, source, text, RING, fetched_at=now, expires_at=now + life)


async def test_a_token_is_found_by_the_others_and_is_encrypted() -> None:
    key = await a_key()
    await keep(key, "ya29.secret")
    row = await UpstreamToken.get(key_id=key)
    assert "ya29" not in row.ciphertext
    found = await upstream_tokens.load(key, "s", RING)
    assert found is not None
    text, fetched_at, expires_at = found
    assert text == "ya29.secret"
    assert expires_at - fetched_at == pytest.approx(3600, abs=0.01)


async def test_a_token_for_something_else_or_of_another_ring_is_not_taken() -> None:
    key = await a_key()
    await keep(key, "one")
    assert await upstream_tokens.load(key, "other", RING) is None
    assert await upstream_tokens.load(uuid4(), "s", RING) is None
    assert await upstream_tokens.load(key, "s", KeyRing([b"x" * 32])) is None


async def test_the_one_that_ends_last_stays() -> None:
    key = await a_key()
    await keep(key, "long", life=3600)
    await keep(key, "short", life=60)
    found = await upstream_tokens.load(key, "s", RING)
    assert found is not None
    assert found[0] == "long"
    # What was fetched with something else is good for nothing any more.
    await keep(key, "changed", life=60, source="t")
    assert await upstream_tokens.load(key, "s", RING) is None
    assert await upstream_tokens.load(key, "t", RING) is not None


async def test_nothing_is_kept_of_a_key_that_is_gone() -> None:
    project = await a_project()
    (key,) = await project.keys.all()
    await keep(key.id, "one")
    await key.remove(by=BY)
    assert not await UpstreamToken.exists()
    await keep(key.id, "late")
    assert not await UpstreamToken.exists()


async def test_what_has_ended_is_removed() -> None:
    key, other = await a_key(), await a_key("Other")
    await keep(key, "ended", life=-1)
    await keep(other, "good")
    await upstream_tokens.purge(datetime.now(UTC))
    assert [row.key_id for row in await UpstreamToken.all()] == [other]


async def test_a_rotation_drops_what_an_older_key_encrypted() -> None:
    key = await a_key()
    await keep(key, "one")
    await upstream_tokens.forget_other_rings(RING)
    assert await UpstreamToken.exists()
    await upstream_tokens.forget_other_rings(KeyRing([b"x" * 32, b"0" * 32]))
    assert not await UpstreamToken.exists()
