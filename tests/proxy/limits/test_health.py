"""A worker knows whether the limits' file can be written, whatever its requests are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import LimitsUnavailable
from tests.proxy.limits.stores import Stores, eventually
from tests.proxy.limits.test_sqlite import QUOTA, answered


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    made = Stores(tmp_path, None)
    yield made
    await made.close()


async def test_a_worker_that_has_written_before_finds_out_as_well(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.limits.health._PROBE_S", 0.01)
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    assert store._connection is not None
    await store.decide(QUOTA)
    store._connection.execute("PRAGMA query_only = ON")
    await eventually(lambda: answered(not store.healthy))


async def test_the_end_of_the_trouble_is_looked_for_more_often(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.limits.health._PROBE_S", 3600.0)
    monkeypatch.setattr("proxy.limits.health._PROBE_AGAIN_S", 0.01)
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    assert store._connection is not None
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(LimitsUnavailable):
        await store.decide(QUOTA)
    assert not store.healthy
    store._connection.execute("PRAGMA query_only = OFF")
    await eventually(lambda: answered(store.healthy))
