"""A receiver, and what posts to it."""

from collections.abc import AsyncIterator

import pytest

from delivery.posting import Poster
from models.destinations import DestinationPolicy
from tests.delivery.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    one = Poster(DestinationPolicy())
    yield one
    await one.close()
