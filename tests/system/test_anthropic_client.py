"""Anthropic's own client through a running service."""

from __future__ import annotations

from typing import Any, Final

from fake_upstream import FakeUpstream, expected_text
from tests.fixtures.sdks import anthropic
from tests.fixtures.service import Service

_PARAMS: Final[Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello"}],
}


async def test_results_of_a_batch_are_fetched_through_us(
    service: Service, up: FakeUpstream
) -> None:
    issued = await service.make_token(up.url, project={"provider": "anthropic"})
    async with anthropic.AsyncAnthropic(
        base_url=service.url, api_key=issued.secret, max_retries=0
    ) as client:
        made = await client.messages.batches.create(
            requests=[{"custom_id": "one", "params": _PARAMS}]
        )
        # Its address is Anthropic's, where neither the token nor this test has anything to ask.
        results = [one async for one in await client.messages.batches.results(made.id)]

    [only] = results
    assert only.result.type == "succeeded"
    [block] = only.result.message.content
    assert block.type == "text"
    assert block.text == expected_text(_PARAMS)
