"""From the credential that a client presents to its grant."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from models import errors as model_errors
from models import secrets
from models.generation import ChangeRecord
from models.grants import GrantRecord
from proxy import errors
from proxy.access.authentication import authenticate, check_alive
from proxy.access.grants import Grants
from proxy.downstream import RequestHead
from proxy.header_lines import HeaderLines
from proxy.providers.catalog import BUILT_IN
from tests.proxy.rows import UPSTREAMS, a_grant, a_record

SECRET = secrets.generate()
OTHER = secrets.generate()


class OneGrant:
    """A source that knows one digest, and keeps what was asked."""

    def __init__(self, record: GrantRecord | None = None, *, away: bool = False) -> None:
        self._record = record
        self._away = away
        self.asked: list[str] = []

    async def load(self, digests: list[str]) -> dict[str, GrantRecord | model_errors.ModelError]:
        self.asked += digests
        if self._away:
            raise model_errors.DatabaseUnavailable("away")
        known = {} if self._record is None else {secrets.digest(SECRET): self._record}
        return {digest: known[digest] for digest in digests if digest in known}

    async def generation(self) -> int:
        return 0

    async def is_cut_off(self, token_id: UUID) -> bool:
        return False

    def is_current(self, generation: int) -> bool:
        return False

    async def changes_since(self, generation: int) -> list[ChangeRecord] | None:
        return []


def grants(source: OneGrant) -> Grants:
    return Grants(source, lambda: 0, BUILT_IN, UPSTREAMS)


def bearer(secret: str) -> RequestHead:
    lines = HeaderLines.of([(b"Authorization", f"Bearer {secret}".encode())])
    return RequestHead("GET", b"/v1/models", "1.1", lines, 0, "192.0.2.1")


async def test_a_known_secret_leads_to_its_grant() -> None:
    record = a_record()
    grant, digest = await authenticate(bearer(SECRET), grants(OneGrant(record)))
    assert (grant.record, digest) == (record, secrets.digest(SECRET))


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abc",
        SECRET[:-1],
        SECRET + "0",
        SECRET[:-1] + ("0" if SECRET[-1] != "0" else "1"),
        SECRET.replace("llmp_", "llmq_"),
        SECRET.upper(),
        "llmp_" + "é" * 46,
        "llmp_" + "0" * 46,
        SECRET + "\t",
        "x" * 30_000,
    ],
    # Numbers: the secret is another one in every process that collects this.
    ids=count(),
)
async def test_a_malformed_secret_is_refused_without_a_look_up(secret: str) -> None:
    source = OneGrant(a_record())
    with pytest.raises(errors.InvalidToken):
        await authenticate(bearer(secret), grants(source))
    assert source.asked == []


async def test_a_secret_that_nobody_has() -> None:
    with pytest.raises(errors.InvalidToken):
        await authenticate(bearer(OTHER), grants(OneGrant(a_record())))


async def test_a_database_that_is_away_is_told_with_a_time_to_retry() -> None:
    with pytest.raises(errors.AccessUndecided) as caught:
        await authenticate(bearer(SECRET), grants(OneGrant(away=True)))
    assert caught.value.retry_after == 1.0
    assert caught.value.retry


# Taken when the tests are collected, which may be minutes before they run.
NOW = time.time()
DAY = 86_400


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"expires_at": NOW + DAY, "secret_expires_at": NOW + DAY}, None),
        ({"expires_at": NOW - 1}, errors.TokenExpired),
        ({"secret_expires_at": NOW - 1, "expires_at": NOW + DAY}, errors.TokenExpired),
        ({"revoked_at": NOW - 1}, errors.TokenRevoked),
        ({"revoked_at": NOW - 1, "expires_at": NOW - 1}, errors.TokenRevoked),
        ({"project_is_active": False}, errors.ProjectInactive),
        ({"project_is_deleted": True}, errors.ProjectInactive),
        ({"project_is_active": False, "expires_at": NOW - 1}, errors.TokenExpired),
    ],
)
def test_what_was_switched_off_or_is_over(
    changes: dict[str, Any], refusal: type[errors.Refusal] | None
) -> None:
    if refusal is None:
        check_alive(a_grant(**changes))
        return
    with pytest.raises(errors.Refusal) as caught:
        check_alive(a_grant(**changes))
    assert type(caught.value) is refusal


@pytest.mark.parametrize("turns", range(5))
async def test_watching_ends_however_shortly_before_something_was_heard(turns: int) -> None:
    watching = grants(OneGrant())
    watching.open()
    async with asyncio.timeout(60):
        # It has asked once, and waits for what it may hear.
        while watching.database_answers is None:
            await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    watching.look_again()
    for _ in range(turns):
        await asyncio.sleep(0)

    await asyncio.wait_for(watching.close(), 60)
