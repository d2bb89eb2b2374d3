"""Anthropic's endpoints, through the unmodified client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_upstream import FakeUpstream, expected_text, expected_usage
from tests.fixtures.sdks import anthropic

MESSAGE: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 1000,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Say hello to me."}],
}


async def test_message(claude: anthropic.AsyncAnthropic) -> None:
    answer = await claude.messages.create(**MESSAGE)

    expected = expected_usage("/v1/messages", MESSAGE)
    assert answer.content[0].type == "text"
    assert answer.content[0].text == expected_text(MESSAGE)
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens == expected.prompt - expected.cached
    assert answer.usage.cache_read_input_tokens == expected.cached == 3
    assert answer.usage.output_tokens == expected.completion


async def test_streamed_message(claude: anthropic.AsyncAnthropic) -> None:
    async with claude.messages.stream(**MESSAGE) as stream:
        text = "".join([part async for part in stream.text_stream])
        final = await stream.get_final_message()

    assert text == expected_text(MESSAGE)
    expected = expected_usage("/v1/messages", MESSAGE)
    assert final.usage.output_tokens == expected.completion
    assert final.usage.cache_read_input_tokens == expected.cached


async def test_streamed_events_come_in_order(claude: anthropic.AsyncAnthropic) -> None:
    stream = await claude.messages.create(
        **MESSAGE, stream=True, extra_headers={"x-fake": "events=1"}
    )

    assert [event.type async for event in stream] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


async def test_token_count(claude: anthropic.AsyncAnthropic) -> None:
    counted = await claude.messages.count_tokens(
        model="claude-sonnet-5-5", messages=[{"role": "user", "content": "One two three"}]
    )

    assert counted.input_tokens == 3


async def test_models(claude: anthropic.AsyncAnthropic) -> None:
    listed = [model.id async for model in claude.models.list()]

    assert "claude-sonnet-5-5" in listed
    assert (await claude.models.retrieve("claude-sonnet-5-5")).type == "model"
    with pytest.raises(anthropic.NotFoundError):
        await claude.models.retrieve("gpt-4o")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "BadRequestError", "invalid_request_error"),
        (401, "AuthenticationError", "authentication_error"),
        (403, "PermissionDeniedError", "permission_error"),
        (404, "NotFoundError", "not_found_error"),
        (429, "RateLimitError", "rate_limit_error"),
        (500, "InternalServerError", "api_error"),
    ],
)
async def test_errors_have_its_shape(
    claude: anthropic.AsyncAnthropic, status: int, error: str, kind: str
) -> None:
    with pytest.raises(getattr(anthropic, error)) as caught:
        await claude.messages.create(**MESSAGE, extra_headers={"x-fake": f"status={status}"})

    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"]["type"] == kind


async def test_a_wrong_key(up: FakeUpstream) -> None:
    async with anthropic.AsyncAnthropic(base_url=up.url, api_key="sk-wrong") as claude:
        with pytest.raises(anthropic.AuthenticationError):
            await claude.messages.create(**MESSAGE)


async def test_a_batch_has_ended_and_its_results_are_at_anthropics(
    claude: anthropic.AsyncAnthropic,
) -> None:
    asked: Any = [{"custom_id": "one", "params": MESSAGE}]
    made = await claude.messages.batches.create(requests=asked)
    assert (made.processing_status, made.results_url) == ("in_progress", None)
    [listed] = (await claude.messages.batches.list()).data
    assert listed.results_url == f"https://api.anthropic.com/v1/messages/batches/{made.id}/results"
    raw = await claude.get(f"/v1/messages/batches/{made.id}/results", cast_to=str)
    assert json.loads(raw)["result"]["message"]["content"][0]["text"] == expected_text(MESSAGE)
