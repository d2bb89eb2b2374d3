"""A quota that is set anew begins at what was let in, not at what has been counted of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from config import Database, Settings, load
from models import admissions
from models.tokens import Token
from proxy.admissions import NodeFiles
from proxy.journal.consumer import JournalConsumer
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.writer import Journal
from proxy.limits.engines import limit_records, open_limits
from proxy.limits.store import LimitExceeded, LimitStore, claims_on, token_key
from tests.models.rows import BY, a_project, an_entry


@pytest.fixture
def settings(connected: Database, tmp_path: Path) -> Iterator[Settings]:
    found = replace(load({}, None), database=connected, data_dir=tmp_path)
    admissions.configure(NodeFiles(tmp_path, limit_records(found)))
    yield found
    admissions.configure(None)


@pytest.fixture
async def limits(settings: Settings) -> AsyncIterator[LimitStore]:
    store = await open_limits(settings, "test")
    yield store
    await store.close()


@pytest.fixture
def journal(settings: Settings) -> Journal:
    """What a worker writes, and no consumer reads."""
    return Journal(settings.data_dir / "journal")


@pytest.fixture
async def token(settings: Settings) -> Token:
    made, _ = await Token.issue(await a_project(), by=BY)
    return made


async def admitted(limits: LimitStore, token: Token, most: int) -> int:
    """How many of so many requests are let in."""
    claims = claims_on(
        token_key(token.id),
        quota=token.max_requests,
        quota_base=token.quota_base,
        quota_epoch=token.quota_epoch,
    )
    for count in range(most):
        try:
            limits.settle(await limits.decide(claims))
        except LimitExceeded:
            return count
    return most


def ended(journal: Journal, token: Token, times: int) -> None:
    """So many requests of the token come to their end, and others besides."""
    for _ in range(times):
        journal.append(an_entry(token_id=token.id, project_id=token.project_id))
        # Names it, and is not its own.
        journal.append(an_entry(token_id=uuid4(), model=str(token.id)))


async def test_a_quota_set_removed_and_set_again_lets_in_what_it_says(
    limits: LimitStore, journal: Journal, token: Token
) -> None:
    await token.change(by=BY, max_requests=10)
    assert await admitted(limits, token, 4) == 4
    ended(journal, token, 3)  # and one still runs
    await token.change(by=BY, max_requests=None)
    await token.change(by=BY, max_requests=10)
    assert (token.request_count, token.quota_base) == (0, 4)
    assert await admitted(limits, token, 9) == 6


async def test_requests_without_a_quota_count_before_they_are_drained(
    limits: LimitStore, journal: Journal, token: Token
) -> None:
    ended(journal, token, 5)
    await token.change(by=BY, max_requests=8)
    assert await admitted(limits, token, 9) == 3
    await token.change(by=BY, max_requests=None)
    ended(journal, token, 4)
    await token.change(by=BY, max_requests=11)
    assert token.quota_base == 9
    assert await admitted(limits, token, 9) == 2


async def test_what_was_drained_counts_once(
    settings: Settings, journal: Journal, token: Token
) -> None:
    dead = Journal(settings.data_dir / "journal")
    ended(dead, token, 2)
    ended(journal, token, 3)
    assert await JournalConsumer(journal, [DatabaseSink()]).consume_once()
    ended(journal, token, 2)
    await token.change(by=BY, max_requests=100)
    assert (token.request_count, token.quota_base) == (3, 7)


async def test_a_damaged_line_and_an_unreadable_counter_stop_no_change(
    settings: Settings, journal: Journal, token: Token
) -> None:
    ended(journal, token, 1)
    (path,) = (settings.data_dir / "journal").glob("*.journal")
    with path.open("ab") as file:
        file.write(f'["{token.id}", damaged\n'.encode())
    ended(journal, token, 1)
    (settings.data_dir / "limits.db").write_bytes(b"no database at all")
    await token.change(by=BY, max_requests=100)
    assert token.quota_base == 2
