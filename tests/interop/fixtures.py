"""The proxy and the fake upstream that the checks of `make interop` share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from config import Database
from fake_upstream import FakeUpstream
from tests.fixtures.service import UPSTREAM_KEY, Service


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all checks of a module."""
    directory = tmp_path_factory.mktemp("proxy")
    database = Database(dialect="sqlite", path=directory / "data" / "llm-proxy.db")
    service = Service(directory, database)
    try:
        service.start()
        yield service
        service.stop()
    finally:
        service.tear_down()


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """A fake upstream that lets in the key that projects have here."""
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        yield upstream
