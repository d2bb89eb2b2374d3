"""What the database's sink adds to the ledger's own rules."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from config import Database
from models import model_names
from models.usage import UsageHour
from proxy.journal.database_sink import DatabaseSink
from tests.models.rows import an_entry


@pytest.fixture(autouse=True)
def few_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Room for one name that is not listed; nothing is remembered from the tests before."""
    monkeypatch.setattr(model_names, "UNLISTED_MAX", 1)
    model_names._placed.clear()
    yield
    model_names._placed.clear()


async def test_models_of_the_price_sheet_take_no_place_of_made_up_names(
    connected: Database,
) -> None:
    project = str(uuid4())
    names = ("made-up-1", "made-up-2", "gpt-4o", "gpt-4o-mini")
    entries = [an_entry(project_id=project, model=name) for name in names]
    assert await DatabaseSink().deliver(str(uuid4()), 0, len(names), entries) == len(names)
    rows = await UsageHour.filter(project_id=project)
    assert sorted(row.model for row in rows) == ["gpt-4o", "gpt-4o-mini", "made-up-1", "other"]
