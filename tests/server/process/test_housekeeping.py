"""What is too old goes, what is not stays, and only one worker is about it."""

import asyncio
import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import Database
from models import (
    AdminSession,
    AdminUser,
    Refusal,
    RefusalHour,
    UpstreamToken,
    retention,
    upstream_tokens,
)
from models.db.database import open_database
from models.errors import DatabaseUnavailable
from models.ids import first_id_at, new_id
from models.ledger import apply_batch
from models.request_log import RequestLog
from models.usage import UsageHour, UsageMinute
from server.process.housekeeping import Housekeeping
from tests.fixtures.service import RunService
from tests.models.rows import BY, RING, a_project, a_refusal, an_entry, count_refusals, sum_key


async def write(*ages: timedelta) -> None:
    """A request of each age."""
    moments = [datetime.now(UTC) - age for age in ages]
    entries = [
        an_entry(id=first_id_at(moment), at_us=int(moment.timestamp() * 1_000_000))
        for moment in moments
    ]
    await apply_batch(str(new_id()), 0, 1, entries)


async def counts() -> tuple[int, int, int]:
    """Requests, minutes and hours that are there."""
    tables = (RequestLog, UsageMinute, UsageHour)
    requests, minutes, hours = [await table.all().count() for table in tables]
    return requests, minutes, hours


async def test_only_what_is_too_old_goes(database: Database, tmp_path: Path) -> None:
    async with open_database(database):
        await _only_what_is_too_old_goes(tmp_path)


async def _only_what_is_too_old_goes(tmp_path: Path) -> None:
    await write(timedelta(days=8), timedelta(days=6), timedelta(hours=47))
    user = await AdminUser.create_with_password(username="a", password="p" * 12, by=BY)
    for left in (-1, 1):
        await AdminSession.create(
            digest=f"{left:064}",
            user=user,
            created_at=datetime.now(UTC),
            last_seen_at=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(hours=left),
        )

    (key,) = await (await a_project()).keys.all()
    await upstream_tokens.save(key.id, "s", "ended", RING, fetched_at=0.0, expires_at=1.0)
    assert await UpstreamToken.exists()

    for age in (8, 6):
        moment = datetime.now(UTC) - timedelta(days=age)
        one = a_refusal(id=str(first_id_at(moment)), at=moment.timestamp())
        await count_refusals({sum_key(one): 1}, [one])

    await Housekeeping(tmp_path, log_days=7, pause=0).sweep()

    assert not await UpstreamToken.exists()
    assert await Refusal.all().count() == await RefusalHour.all().count() == 1
    assert await counts() == (2, 1, 3)
    assert [session.digest for session in await AdminSession.all()] == [f"{1:064}"]


async def test_one_worker_of_a_machine_is_enough(sqlite_database: Database, tmp_path: Path) -> None:
    housekeeping = Housekeeping(tmp_path, log_days=7)
    other = os.open(tmp_path / "housekeeping.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    async with open_database(sqlite_database):
        await write(timedelta(days=8))
        await housekeeping.sweep()
        assert await counts() == (1, 1, 1)
        # The kernel lets go of the lock with the process that held it.
        os.close(other)
        await housekeeping.sweep()
        assert await counts() == (0, 0, 1)


async def test_an_outage_puts_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = asyncio.Queue[None]()

    async def away(_: datetime) -> int:
        rounds.put_nowait(None)
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(retention, "prune_request_log", away)
    housekeeping = Housekeeping(tmp_path, log_days=7, first_after=0, every=0)
    housekeeping.open()
    await rounds.get()
    await rounds.get()
    await housekeeping.close()


async def test_a_service_keeps_house_by_itself(
    run_service: RunService, sqlite_database: Database
) -> None:
    async with open_database(sqlite_database):
        await write(timedelta(days=3), timedelta(hours=1))
    run_service(sqlite_database, WEB_CONCURRENCY="2", REQUEST_LOG_RETENTION_DAYS="2")
    async with open_database(sqlite_database), asyncio.timeout(60):
        while await counts() != (1, 1, 2):
            await asyncio.sleep(0.05)
