"""Of two things that are wrong with a request, the one that the contract has first is told.

`test_handler` has everything wrong at once; these are the pairs that cannot be had there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from config import Database
from models import Token
from models.budgets import BudgetRule, with_budgets
from proxy import errors
from proxy.fair_share import Shares
from tests.models.rows import BY
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import CHAT, a_client

ELSEWHERE = ("Origin: https://b.example",)
STREAM = b'{"model": "gpt-4o", "messages": [], "background": true}'
STALLED = errors.RequestTimeout("The request body stalled.")


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    shares = Shares(token=0.1, project=1)
    async with a_plane(tmp_path, sqlite_database, max_active_requests=10, shares=shares) as plane:
        yield plane


async def code_of(plane: Plane, *body: Any, **wanted: Any) -> str | None:
    return (await plane.serve(a_client("POST", *body, **wanted))).code


async def test_the_share_of_a_token_stands_between_its_origin_and_its_endpoint(
    plane: Plane,
) -> None:
    _, secret = await plane.token(project={"allowed_origins": ["https://a.example"]})
    reading, forever = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reading.set()
        await forever.wait()

    client = a_client("POST", hold, secret=secret, length=9)
    task = plane.begin(client)
    await reading.wait()
    asked = {"secret": secret, "path": "/v1/nothing"}
    assert await code_of(plane, fields=ELSEWHERE, **asked) == "origin_not_allowed"
    assert await code_of(plane, **asked) == "rate_limit_exceeded"
    await plane.leave(client, task)
    assert await code_of(plane, **asked) == "endpoint_not_allowed"


async def test_a_body_that_does_not_come_stands_between_its_size_and_its_model(
    plane: Plane,
) -> None:
    token, secret = await plane.token(allowed_models=["gpt-5"], max_requests=1)
    asked = {"secret": secret, "path": "/v1/chat/completions"}
    assert await code_of(plane, STALLED, length=1 << 23, **asked) == "request_too_large"
    begun = CHAT[:-1]
    assert await code_of(plane, begun, STALLED, length=len(CHAT), **asked) == "request_timeout"
    assert await code_of(plane, CHAT, **asked) == "model_not_allowed"
    await token.change(by=BY, allowed_models=None, max_requests=1)
    assert await code_of(plane, CHAT, **asked) is None
    assert await code_of(plane, begun, STALLED, length=len(CHAT), **asked) == "request_timeout"
    assert await code_of(plane, CHAT, **asked) == "quota_exceeded"


async def test_what_cannot_be_metered_stands_between_its_model_and_the_limits(
    plane: Plane,
) -> None:
    token, secret = await plane.token(
        project={"unmetered": "refuse"}, max_requests=1, allowed_models=["gpt-5"]
    )
    asked = {"secret": secret, "path": "/v1/responses"}
    assert await code_of(plane, STREAM, **asked) == "model_not_allowed"
    await token.change(by=BY, allowed_models=None)
    assert await code_of(plane, STREAM, **asked) == "not_meterable"
    assert await code_of(plane, STREAM.replace(b"true", b"false"), **asked) is None
    assert await code_of(plane, STREAM, **asked) == "not_meterable"
    assert await code_of(plane, STREAM.replace(b"true", b"false"), **asked) == "quota_exceeded"
    assert plane.is_idle()


async def test_what_a_budget_cannot_bound_stands_before_objects_and_limits(plane: Plane) -> None:
    token, secret = await plane.token(
        project={"isolation": "token"}, max_requests=1, allowed_models=["gpt-5"]
    )
    rule = BudgetRule(limit="tokens", amount=1, period="day")
    await Token.filter(id=token.id).update(budgets=with_budgets([rule], None, 1))
    asked = {"secret": secret, "path": "/v1/responses"}
    body = b'{"model": "%b", "input": "a", "previous_response_id": "resp_%b"}'
    foreign = b"6" * 48
    assert await code_of(plane, body % (b"gpt-4o", foreign), **asked) == "model_not_allowed"
    await token.change(by=BY, allowed_models=None)
    assert await code_of(plane, body % (b"unknown", foreign), **asked) == "not_meterable"
    assert await code_of(plane, body % (b"gpt-5", foreign), **asked) == "object_not_found"
    plain = b'{"model": "gpt-5", "input": "a"}'
    assert await code_of(plane, plain, **asked) == "budget_exceeded"
