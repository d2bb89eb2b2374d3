"""When keys were last used, on both backends."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from config import Database
from models.ledger import apply_batch
from models.reports import key_use
from tests.manage.entries import entry

NOW = datetime.now(UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)


async def test_each_key_has_the_last_hour_in_which_it_was_used(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, first, second = uuid4(), uuid4(), uuid4()
    rows = [
        entry(NOW - timedelta(days=40), project_id=project, key_id=str(first)),
        entry(NOW - timedelta(days=3), project_id=project, key_id=str(first)),
        entry(NOW - timedelta(days=9), project_id=project, key_id=str(second)),
        entry(NOW, project_id=uuid4(), key_id=str(first)),
    ]
    await apply_batch("j", 0, 1, rows)
    assert await key_use.last_used(project) == {
        first: HOUR - timedelta(days=3),
        second: HOUR - timedelta(days=9),
    }
    # What lies further back is not looked for.
    monkeypatch.setattr(key_use, "_MOST_ROWS", 1)
    assert await key_use.last_used(project) == {first: HOUR - timedelta(days=3)}
