"""An upstream, and a service of two workers for tests that compare before and after."""

from collections.abc import AsyncIterator, Iterator

import pytest

from config import Database
from fake_upstream import FakeUpstream
from tests.fixtures.service import UPSTREAM_KEY, Issued, Service


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """An upstream that wants the projects' key."""
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers on SQLite."""
    directory = tmp_path_factory.mktemp("pair")
    database = Database(dialect="sqlite", path=directory / "data" / "llm-proxy.db")
    service = Service(directory, database, {"WEB_CONCURRENCY": "2"})
    try:
        service.start()
        yield service
        service.stop()
    finally:
        service.tear_down()


@pytest.fixture
async def issued(pair: Service, up: FakeUpstream) -> Issued:
    """An unlimited token of the two workers."""
    return await pair.make_token(up.url)
