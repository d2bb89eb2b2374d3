"""Preflights: which origins are let ask, and how soon a change of them is known."""

from __future__ import annotations

import asyncio

import pytest

from models.errors import DatabaseUnavailable
from proxy import errors
from proxy.access.cors import Origins, answer, is_preflight
from proxy.headers import value_of
from tests.proxy.rows import a_request
from tests.proxy.virtual_time import in_virtual_time

ASKS = ("Origin: https://a.example", "Access-Control-Request-Method: POST")


class Projects:
    """The origins that projects allow; `ticks` moves with the changes made on this machine."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = list(allowed)
        self.ticks = 0
        self.reads = 0
        self.away = False
        self.origins = Origins(self._load, lambda: self.ticks)

    async def _load(self) -> list[str]:
        self.reads += 1
        if self.away:
            raise DatabaseUnavailable("away")
        return self.allowed

    async def allow(self, origin: str = "https://a.example") -> bool:
        return await self.origins.allow(origin)


@in_virtual_time
async def test_a_change_on_this_machine_is_known_at_once() -> None:
    projects = Projects()
    assert not await projects.allow()
    projects.allowed = ["https://a.example"]
    projects.ticks += 1
    assert await projects.allow()
    projects.allowed = ["https://b.example"]
    projects.ticks += 1
    assert not await projects.allow()


@in_virtual_time
async def test_a_change_on_another_machine_is_known_within_a_second() -> None:
    projects = Projects("https://a.example")
    assert await projects.allow()
    projects.allowed = []
    await asyncio.sleep(1.01)
    assert not await projects.allow()


@in_virtual_time
async def test_origins_are_read_once_a_second_however_many_ask() -> None:
    projects = Projects("https://a.example")
    for _ in range(100):
        assert await projects.allow()
        assert not await projects.allow("https://b.example")
    assert projects.reads == 1
    # Not: a second after the last one asked.
    for _ in range(4):
        await asyncio.sleep(0.3)
        assert await projects.allow()
    assert projects.reads == 2


@in_virtual_time
async def test_while_the_database_is_away_browsers_are_told_to_come_back() -> None:
    projects = Projects("https://a.example")
    projects.away = True
    with pytest.raises(errors.AccessUndecided) as caught:
        await projects.allow()
    assert caught.value.retry_after == 1.0
    projects.away = False
    assert await projects.allow()


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("OPTIONS", ASKS, True),
        ("GET", ASKS, False),
        ("OPTIONS", ASKS[:1], False),
        ("OPTIONS", ASKS[1:], False),
    ],
)
def test_what_is_a_preflight(method: str, fields: tuple[str, ...], *, expected: bool) -> None:
    assert is_preflight(a_request(method, "/v1/models", *fields)) is expected


@in_virtual_time
async def test_an_allowed_origin_may_send_what_it_asks_for() -> None:
    head = a_request("OPTIONS", "/v1/models", *ASKS, "Access-Control-Request-Headers: x-a, x-b")
    told = await answer(head, Projects("https://a.example").origins, b"id")
    assert (told.status, told.content_length) == (204, 0)
    assert value_of(told.headers, b"access-control-allow-origin") == b"https://a.example"
    assert value_of(told.headers, b"access-control-allow-headers") == b"x-a, x-b"
    assert value_of(told.headers, b"x-llm-proxy-request-id") == b"id"
    # What one origin was told must not be kept for another.
    assert b"Origin" in (value_of(told.headers, b"vary") or b"")
    without = await answer(
        a_request("OPTIONS", "/v1/models", *ASKS), Projects("https://a.example").origins, b"id"
    )
    assert value_of(without.headers, b"access-control-allow-headers") is None


@in_virtual_time
async def test_any_other_origin_is_refused() -> None:
    for projects in (Projects(), Projects("https://b.example")):
        with pytest.raises(errors.OriginNotAllowed):
            await answer(a_request("OPTIONS", "/v1/models", *ASKS), projects.origins, b"id")
