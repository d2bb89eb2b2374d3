"""Budgets as the SDKs meet them: a typed error at once, and no second try where it is no use."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.sdks import anthropic, openai
from tests.fixtures.service import Issued, Service

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


class Watched:
    """Counts what a client sends: its retries do not show in any other way."""

    def __init__(self) -> None:
        self.sent = 0
        self.hooks: Any = {"request": [self.count]}

    async def count(self, _: object) -> None:
        self.sent += 1


async def openai_error(service: Service, issued: Issued, watched: Watched) -> openai.APIStatusError:
    async with openai.AsyncOpenAI(
        base_url=f"{service.url}/v1",
        api_key=issued.secret,
        http_client=openai.DefaultAsyncHttpxClient(event_hooks=watched.hooks),
    ) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="gpt-4o", messages=MESSAGES, max_tokens=9)
    return caught.value


async def test_openais_client_is_told_once_of_a_spent_budget(
    service: Service, up: FakeUpstream
) -> None:
    rule = {"limit": "usd", "amount": 0.000001, "period": "month"}
    watched = Watched()
    error = await openai_error(service, await service.make_token(up.url, budgets=[rule]), watched)
    assert (error.status_code, error.code, error.type) == (
        402, "budget_exceeded", "insufficient_quota",
    )  # fmt: skip
    body: Any = error.body
    assert body["budget"]["needed"] > body["budget"]["amount"] == 0.000001
    assert (watched.sent, up.count) == (1, 0)


async def test_openais_client_does_not_wait_for_more_than_a_minute_ever_has(
    service: Service, up: FakeUpstream
) -> None:
    rule = {"limit": "tokens", "amount": 10, "period": "minute"}
    watched = Watched()
    error = await openai_error(service, await service.make_token(up.url, budgets=[rule]), watched)
    assert isinstance(error, openai.RateLimitError)
    assert error.code == "tokens_per_minute_exceeded"
    assert (watched.sent, up.count) == (1, 0)


async def test_anthropics_client_is_told_once_of_a_spent_budget(
    service: Service, up: FakeUpstream
) -> None:
    rule = {"limit": "tokens", "amount": 10, "period": "total"}
    issued = await service.make_token(up.url, project={"provider": "anthropic"}, budgets=[rule])
    watched = Watched()
    async with anthropic.AsyncAnthropic(
        base_url=service.url,
        api_key=issued.secret,
        http_client=anthropic.DefaultAsyncHttpxClient(event_hooks=watched.hooks),
    ) as client:
        with pytest.raises(anthropic.PaymentRequiredError) as caught:
            await client.messages.create(model="claude-opus-5", messages=MESSAGES, max_tokens=100)
    body: Any = caught.value.body
    assert (body["error"]["type"], body["error"]["code"]) == ("billing_error", "budget_exceeded")
    assert body["error"]["budget"]["needed"] > 100
    assert (watched.sent, up.count) == (1, 0)


async def test_what_requests_used_is_what_their_budgets_have_spent(
    service: Service, up: FakeUpstream
) -> None:
    budgets = [
        {"limit": "usd", "amount": 1, "period": "day"},
        {"limit": "tokens", "amount": 100_000, "period": "total"},
    ]
    issued = await service.make_token(up.url, budgets=budgets)
    payload = {"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 100}
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=30) as client:
        for _ in range(3):
            answer = await client.post("/v1/chat/completions", json=payload)
            assert answer.status_code == 200
        rows = await service.entries(issued.token.id, 3)
        told = (await client.get("/v1/llm-proxy/token")).json()
    assert {row.charge for row in rows} == {"used"}
    in_usd, in_tokens = told["budgets"]
    assert in_usd["spent"] == pytest.approx(sum(row.cost_nanos or 0 for row in rows) / 10**9)
    used = sum((row.prompt_tokens or 0) + (row.completion_tokens or 0) for row in rows)
    assert (in_tokens["spent"], in_tokens["held"]) == (used, 0)


async def test_what_is_used_up_is_exhausted_until_it_has_room(
    service: Service, up: FakeUpstream
) -> None:
    total = {"limit": "tokens", "amount": 100_000, "period": "total"}
    issued = await service.make_token(up.url, budgets=[total], max_requests=9)
    payload = {"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 100}
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=30) as client:
        assert (await client.post("/v1/chat/completions", json=payload)).status_code == 200
    (row,) = await service.entries(issued.token.id, 1)
    used = (row.prompt_tokens or 0) + (row.completion_tokens or 0)
    manager = {"authorization": f"Bearer {service.settings.management_token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=manager, timeout=30) as client:

        async def status_with(**fields: Any) -> str:
            answer = await client.patch(f"/manage/tokens/{issued.token.id}", json=fields)
            assert answer.status_code == 200, answer.text
            listed = await client.get("/manage/tokens", params={"status": answer.json()["status"]})
            assert str(issued.token.id) in [one["id"] for one in listed.json()["data"]]
            return str(answer.json()["status"])

        assert await status_with(max_requests=1) == "exhausted"
        assert await status_with(max_requests=2) == "active"
        assert await status_with(budgets=[total | {"amount": used}]) == "exhausted"
        own = await client.get("/v1/llm-proxy/token", headers=issued.bearer)
        assert own.json()["status"] == "exhausted"
        assert await status_with(budgets=[total | {"amount": used + 1}]) == "active"
        assert await status_with(budgets=[total | {"amount": used}]) == "exhausted"
        assert await status_with(budgets=None) == "active"
