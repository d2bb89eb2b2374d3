"""What the start says of what ENCRYPTION_KEY does not open."""

from collections.abc import Iterator

import pytest
from loguru import logger

from models import Destination, UpstreamKey
from models.crypto import KeyRing
from setup.prepare import CannotServe, check_keys
from tests.models.rows import BY, RING, a_project

pytestmark = pytest.mark.usefixtures("connected")
OTHER = KeyRing([b"o" * 32])


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The warnings that are logged."""
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


async def test_secrets_of_a_destination_that_do_not_open_are_told_and_stop_no_start(
    said: list[str],
) -> None:
    await a_project()
    row, _ = await Destination.make(
        kind="webhook", ring=OTHER, by=BY, name="ops", url="https://ops.example.com"
    )
    await check_keys(RING)
    assert len(said) == 1
    assert "the secrets of the destination ops do not open" in said[0]
    await row.reencrypt(KeyRing([b"k" * 32, b"o" * 32]))
    await check_keys(RING)
    assert len(said) == 1


async def test_an_upstream_key_that_does_not_open_stops_the_start(said: list[str]) -> None:
    await a_project()
    with pytest.raises(CannotServe, match=RING.newest):
        await check_keys(OTHER)
    await UpstreamKey.all().update(ciphertext="v1:cut")
    with pytest.raises(CannotServe, match="ENCRYPTION_KEY: an upstream key"):
        await check_keys(RING)
    assert said == []
