"""Budgets as the SDKs meet them: a typed error at once, and no second try where it is no use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anthropic
import openai
import pytest

from fake_upstream import FakeUpstream
from models import Token
from models.budgets import BudgetRule, with_budgets
from tests.fixtures.service import Issued, Service

MESSAGES: Any = [{"role": "user", "content": "Hello"}]


async def limited(
    service: Service, up: FakeUpstream, rules: Sequence[BudgetRule], **project: object
) -> Issued:
    issued = await service.make_token(up.url, project=project)
    async with service.models():
        await Token.filter(id=issued.token.id).update(budgets=with_budgets(rules, None, 1))
    return issued


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
    rule = BudgetRule(limit="usd", amount=0.000001, period="month")
    watched = Watched()
    error = await openai_error(service, await limited(service, up, [rule]), watched)
    assert (error.status_code, error.code, error.type) == (
        402, "budget_exceeded", "insufficient_quota",
    )  # fmt: skip
    body: Any = error.body
    assert body["budget"]["needed"] > body["budget"]["amount"] == 0.000001
    assert (watched.sent, up.count) == (1, 0)


async def test_openais_client_does_not_wait_for_more_than_a_minute_ever_has(
    service: Service, up: FakeUpstream
) -> None:
    rule = BudgetRule(limit="tokens", amount=10, period="minute")
    watched = Watched()
    error = await openai_error(service, await limited(service, up, [rule]), watched)
    assert isinstance(error, openai.RateLimitError)
    assert error.code == "tokens_per_minute_exceeded"
    assert (watched.sent, up.count) == (1, 0)


async def test_anthropics_client_is_told_once_of_a_spent_budget(
    service: Service, up: FakeUpstream
) -> None:
    rule = BudgetRule(limit="tokens", amount=10, period="total")
    issued = await limited(service, up, [rule], provider="anthropic")
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
