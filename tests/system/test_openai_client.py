"""The unmodified OpenAI client, with its base URL and its key changed and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fake_upstream import FakeUpstream, expected_text, expected_usage
from tests.fixtures.sdks import openai
from tests.fixtures.service import UPSTREAM_KEY, Issued, Service

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionUserMessageParam

MESSAGES: list[ChatCompletionUserMessageParam] = [
    {"role": "user", "content": "How many words are in this question, please?"}
]


def plain_client(service: Service, secret: str) -> openai.OpenAI:
    """The synchronous client; the test runs it in a thread, beside its upstream."""
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key=secret)


async def test_chat(service: Service, issued: Issued, up: FakeUpstream) -> None:
    def ask() -> tuple[str | None, int]:
        with plain_client(service, issued.secret) as client:
            answer = client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
        assert answer.usage is not None
        return answer.choices[0].message.content, answer.usage.total_tokens

    text, total = await asyncio.to_thread(ask)

    payload = {"model": "gpt-4o", "messages": MESSAGES}
    assert text == expected_text(payload)
    assert total == expected_usage("/v1/chat/completions", payload).total
    assert up.last.header("authorization") == f"Bearer {UPSTREAM_KEY}".encode()


async def test_streamed_chat(service: Service, issued: Issued) -> None:
    def ask() -> str:
        with plain_client(service, issued.secret) as client:
            stream = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    text = await asyncio.to_thread(ask)

    assert text == expected_text({"messages": MESSAGES})


async def test_async_client(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="gpt-4o", messages=MESSAGES)

    assert answer.choices[0].message.content == expected_text({"messages": MESSAGES})


async def test_async_streamed_chat_with_usage_asked_for(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    payload = {"model": "gpt-4o", "messages": MESSAGES}
    usage = chunks[-1].usage
    assert usage is not None
    assert chunks[-1].choices == []
    assert usage.total_tokens == expected_usage("/v1/chat/completions", payload).total


async def test_legacy_completion(client: openai.AsyncOpenAI) -> None:
    answer = await client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say it.")

    assert answer.choices[0].text == expected_text({"prompt": "Say it."})


async def test_embeddings(client: openai.AsyncOpenAI) -> None:
    answer = await client.embeddings.create(
        model="text-embedding-3-small", input=["one two", "three"]
    )

    assert [item.index for item in answer.data] == [0, 1]
    assert all(isinstance(number, float) for number in answer.data[1].embedding)
    assert answer.data[0].embedding != answer.data[1].embedding
    assert answer.usage.total_tokens == 3


async def test_models(client: openai.AsyncOpenAI) -> None:
    listed = [model.id async for model in client.models.list()]
    retrieved = await client.models.retrieve("gpt-4o")

    assert "gpt-4o" in listed
    assert retrieved.id == "gpt-4o"


async def test_responses(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(model="gpt-4o", input="Hello there")

    assert answer.output_text == expected_text({"input": "Hello there"})
    assert answer.usage is not None
    assert answer.usage.input_tokens == 2


async def test_streamed_responses(client: openai.AsyncOpenAI) -> None:
    stream = await client.responses.create(model="gpt-4o", input="Hello there", stream=True)
    text = ""
    last = ""
    async for event in stream:
        last = event.type
        if event.type == "response.output_text.delta":
            text += event.delta

    assert text == expected_text({"input": "Hello there"})
    assert last == "response.completed"


async def test_transcription_upload(client: openai.AsyncOpenAI, up: FakeUpstream) -> None:
    sound = bytes(range(256)) * 2000

    answer = await client.audio.transcriptions.create(
        model="whisper-1", file=("speech.wav", sound, "audio/wav")
    )

    assert answer.text == f"The fake upstream heard speech.wav, {len(sound)} bytes."
    content_type = up.last.header("content-type")
    assert content_type is not None
    assert content_type.startswith(b"multipart/form-data; boundary=")


async def test_speech_download(client: openai.AsyncOpenAI) -> None:
    answer = await client.audio.speech.create(model="tts-1", voice="alloy", input="Hello")

    assert len(answer.content) == 48_000


async def test_malformed_token_is_an_authentication_error(service: Service) -> None:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key="sk-not-ours") as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.models.list()

    assert caught.value.code == "invalid_token"


async def test_model_off_the_list_is_a_permission_error(service: Service, up: FakeUpstream) -> None:
    issued = await service.make_token(up.url, allowed_models=["gpt-4o-*"])
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=issued.secret) as client:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)
        await client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)

    assert caught.value.code == "model_not_allowed"
    assert caught.value.param == "model"
    assert up.count == 1


async def test_used_up_quota_is_a_rate_limit_error_and_is_not_retried(
    service: Service, up: FakeUpstream
) -> None:
    issued = await service.make_token(up.url, max_requests=1)
    sent = 0

    async def count(_: object) -> None:
        nonlocal sent
        sent += 1

    # The client's own transport, watched: its retries do not show in any other way.
    watched = openai.DefaultAsyncHttpxClient(event_hooks={"request": [count]})
    async with openai.AsyncOpenAI(
        base_url=f"{service.url}/v1", api_key=issued.secret, http_client=watched
    ) as client:
        await client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(model="gpt-4o", messages=MESSAGES)

    assert caught.value.code == "quota_exceeded"
    assert sent == 2
    assert up.count == 1


async def test_endpoint_off_the_list_is_not_found(
    client: openai.AsyncOpenAI, up: FakeUpstream
) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.fine_tuning.jobs.list()

    assert caught.value.code == "endpoint_not_allowed"
    assert up.count == 0


async def test_upstream_errors_keep_their_own_code(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("no-such-model")

    assert caught.value.code == "model_not_found"
