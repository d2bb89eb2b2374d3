"""What a token is shown of itself, without an upstream and whatever its limits are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models import Project, changes
from models.budgets import Budget, BudgetMode, Policy
from models.spending import BudgetUse, Limited, PolicyUse, Use
from models.tokens import Token
from models.windows import Period
from proxy.accounts.rests import Rests
from proxy.errors import LimitsUndecided
from proxy.token_page import TokenPage
from tests.models.rows import BY, RING
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import a_grant
from tests.proxy.scripted import Client, a_client

PATH: Final = "/v1/llm-proxy/token"


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


async def ask(plane: Plane, secret: str, method: str = "GET", path: str = PATH) -> Client:
    return await plane.serve(a_client(method, secret=secret, path=path))


async def test_a_token_is_shown_its_limits_and_what_is_left_of_them(plane: Plane) -> None:
    token, secret = await plane.token(
        max_requests=5,
        requests_per_minute=60,
        allowed_models=["gpt-4o*"],
        policies=[{"name": "mini", "models": ["gpt-4o-mini"], "max_requests": 3}],
    )
    for _ in range(2):
        body = b'{"model": "gpt-4o-mini"}'
        assert (await plane.serve(a_client("POST", body, secret=secret))).status == 200
    shown = await ask(plane, secret)
    assert (shown.status, shown.field(b"content-type")) == (200, b"application/json")
    assert shown.field(b"cache-control") == b"no-store"
    found = json.loads(shown.content)
    (policy,) = found.pop("policies")
    assert policy == dict.fromkeys(policy) | {
        "name": "mini", "models": ["gpt-4o-mini"], "max_requests": 3, "remaining_requests": 1,
        "budgets": [],
    }  # fmt: skip
    assert found == {
        "id": str(token.id),
        "project_id": str(token.project.id),
        "status": "active",
        "expires_at": None,
        "max_requests": 5,
        "remaining_requests": 3,
        "requests_per_minute": 60,
        "max_parallel_requests": None,
        "allowed_models": ["gpt-4o*"],
        "allowed_endpoints": None,
        "allowed_ips": None,
        "budgets": [],
    }
    # Neither counted nor recorded, and no secret of the project's is in it.
    assert len(plane.entries()) == 2
    assert b"sk-upstream" not in shown.content
    assert plane.is_idle()


async def test_allow_lists_and_what_is_used_up_do_not_keep_it_back(plane: Plane) -> None:
    _, secret = await plane.token(max_requests=1, allowed_endpoints=["POST /v1/chat/completions"])
    assert (await plane.serve(a_client(secret=secret))).status == 200
    assert (await plane.serve(a_client(secret=secret))).code == "quota_exceeded"
    for path in (PATH, f"{PATH}?a=b"):
        assert json.loads((await ask(plane, secret, path=path)).content)["remaining_requests"] == 0
    head = await ask(plane, secret, "HEAD")
    assert head.status == 200
    assert plane.upstream.connections == 1


async def test_it_says_how_a_token_stands(plane: Plane) -> None:
    budget = {"limit": "tokens", "amount": 5, "period": "total"}
    token, secret = await plane.token(max_requests=1)
    _, poor = await plane.token(budgets=[budget])
    _, other = await plane.token(budgets=[budget | {"mode": "soft"}])

    async def status(asked: str) -> object:
        return json.loads((await ask(plane, asked)).content)["status"]

    assert [await status(one) for one in (secret, poor, other)] == ["active"] * 3
    # No key is left that its upstream takes, then none at all.
    project = await Project.get(id=token.project_id)
    (key,) = await project.keys.all()
    plane.rests.suspend(key.id, 2**40)
    _, second = await Token.issue(project, by=BY, max_requests=1)
    assert await status(second) == "no_upstream_key"
    await project.add_key(api_key="sk-second", ring=RING, by=BY)
    _, third = await Token.issue(project, by=BY)
    assert await status(third) == "active"
    for one in await project.keys.all():
        await one.change(by=BY, is_active=False)
    _, fourth = await Token.issue(project, by=BY)
    assert await status(fourth) == "no_upstream_key"
    # What is used up outranks that.
    for one in await project.keys.all():
        await one.change(by=BY, is_active=True)
    assert (await plane.serve(a_client(secret=second))).status == 200
    _, fifth = await Token.issue(project, by=BY)
    assert await status(fifth) == "active"
    plane.plane._own_answers._page._kept.clear()
    assert await status(second) == "exhausted"


async def test_a_quota_that_is_set_anew_has_nothing_used_of_it(plane: Plane) -> None:
    limits: dict[str, Any] = {"max_requests": 3, "policies": [{"name": "all", "max_requests": 5}]}
    token, secret = await plane.token(**limits)
    assert (await plane.serve(a_client(secret=secret))).status == 200

    async def left() -> tuple[int, int]:
        found = json.loads((await ask(plane, secret)).content)
        return found["remaining_requests"], found["policies"][0]["remaining_requests"]

    assert await left() == (2, 4)
    rate = [{"name": "all", "requests_per_minute": 99}]
    await token.change(by=BY, max_requests=None, policies=rate)
    await token.change(by=BY, **limits)
    # Of the token's, what its `request_count` is counts, which no consumer has counted here.
    assert await left() == (3 - token.quota_base, 5)


async def test_a_spent_budget_is_shown_and_does_not_keep_it_back(plane: Plane) -> None:
    policy = {"name": "all", "budgets": [{"limit": "tokens", "amount": 200, "period": "month"}]}
    day = {"limit": "tokens", "amount": 200, "period": "day", "timezone": "Asia/Kolkata"}
    _, secret = await plane.token(budgets=[day], policies=[policy])
    body = b'{"model": "gpt-4o-mini", "max_tokens": 60}'
    # Its answer says no usage, so that what was held is charged.
    assert (await plane.serve(a_client("POST", body, secret=secret))).status == 200
    found = json.loads((await ask(plane, secret)).content)
    (shown,), (of_policy,) = found["budgets"], found["policies"][0]["budgets"]
    bound = len(body) + 60
    for budget in (shown, of_policy):
        assert budget["spent"] + budget["held"] == bound
        assert budget["remaining"] == 200 - bound
    assert shown["resets_at"].endswith("T18:30:00Z")
    assert (await plane.serve(a_client("POST", body, secret=secret))).code == "budget_exceeded"
    assert (await ask(plane, secret)).status == 200


async def test_an_end_and_an_address_do(plane: Plane) -> None:
    _, ended = await plane.token(expires_at=changes.now() - timedelta(seconds=1))
    assert (await ask(plane, ended)).code == "token_expired"
    _, elsewhere = await plane.token(allowed_ips=["203.0.113.7"])
    assert (await ask(plane, elsewhere)).code == "ip_not_allowed"
    assert (await ask(plane, "llmp_nobody")).code == "invalid_token"
    _, secret = await plane.token()
    refused = await ask(plane, secret, "DELETE")
    assert (refused.status, refused.field(b"allow")) == (405, b"GET, HEAD")
    by_post = await ask(plane, secret, "POST")
    assert (by_post.code, by_post.field(b"allow")) == ("method_not_allowed", b"GET, HEAD")
    assert (await ask(plane, secret, path="/v1/llm-proxy/other")).code == "endpoint_not_allowed"
    assert plane.is_idle()


class Counted:
    """What is used, and how often somebody asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.goes_on = asyncio.Event()

    async def of(
        self, subjects: Sequence[Limited], *, quotas: bool = False
    ) -> Sequence[Use] | None:
        assert quotas
        self.asked += 1
        await self.goes_on.wait()
        if self.away:
            return None
        return [Use(self.asked, (), (PolicyUse(None, ()),) * len(one.policies)) for one in subjects]


async def _asked(page: TokenPage, grant: Any) -> int:
    return int(json.loads(await page.of(grant))["remaining_requests"])


async def test_who_asks_all_the_time_reads_no_oftener_than_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spending, clock = Counted(), [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock[0], raising=False)
    page, grant = TokenPage(spending, Rests()), a_grant(max_requests=9)
    first, *others = [asyncio.ensure_future(_asked(page, grant)) for _ in range(3)]
    await asyncio.sleep(0)
    # One that leaves takes nothing from the rest.
    first.cancel()
    spending.goes_on.set()
    assert await asyncio.gather(*others) == [8, 8]
    clock[0] += 0.8
    assert await _asked(page, grant) == 8
    clock[0] += 0.2
    assert await _asked(page, grant) == 7
    # A change of the token is seen at once, and each token has its own.
    assert await _asked(page, a_grant(max_requests=9, token_id=grant.record.token_id)) == 6
    assert await _asked(page, a_grant(max_requests=9)) == 5


@pytest.mark.parametrize("whose", ["budgets", "project_budgets"])
@pytest.mark.parametrize(
    ("period", "mode", "status"),
    [("total", "hard", "exhausted"), ("total", "soft", "active"), ("day", "hard", "active")],
)
async def test_only_a_hard_budget_without_an_end_exhausts_a_token(
    period: Period, mode: BudgetMode, status: str, whose: str
) -> None:
    class Spent:
        async def of(
            self, subjects: Sequence[Limited], *, quotas: bool = False
        ) -> Sequence[Use] | None:
            return [Use(None, (BudgetUse(5, 0, None),) * len(one.budgets), ()) for one in subjects]

    budget = Budget("tokens", 5, period, "UTC", mode, "bound", (), 0)
    page = TokenPage(Spent(), Rests())
    assert json.loads(await page.of(a_grant(**{whose: (budget,)})))["status"] == status


async def test_what_cannot_be_read_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    spending = Counted()
    spending.away = True
    spending.goes_on.set()
    with pytest.raises(LimitsUndecided):
        await TokenPage(spending, Rests()).of(a_grant(policies=(Policy("any", max_requests=1),)))
