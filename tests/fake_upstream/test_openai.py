"""Every OpenAI endpoint, through the unmodified client and its typed objects."""

from __future__ import annotations

from typing import Any

import pytest

from fake_upstream import FakeUpstream, expected_text, expected_usage, generated
from fake_upstream.media import PNG, SPEECH_BYTES
from tests.fixtures.sdks import openai

CHAT: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Say hello to me."}]},
    ],
}


async def test_chat(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(**CHAT)

    expected = expected_usage("/v1/chat/completions", CHAT)
    assert answer.choices[0].message.content == expected_text(CHAT)
    assert "fake upstream" in expected_text(CHAT)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == expected.prompt == 6
    assert answer.usage.completion_tokens == expected.completion
    assert answer.usage.total_tokens == expected.total
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == expected.cached == 3


async def test_chat_with_several_choices_and_a_limit(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(**CHAT, n=2, max_completion_tokens=3)

    assert [choice.message.content for choice in answer.choices] == ["Hello from the"] * 2
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 6


async def test_reasoning_models_report_reasoning(client: openai.AsyncOpenAI) -> None:
    body = CHAT | {"model": "o3-mini"}
    answer = await client.chat.completions.create(**body)

    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 8
    expected = expected_usage("/v1/chat/completions", body)
    assert answer.usage.completion_tokens == expected.completion


async def test_streamed_chat_without_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(**CHAT, stream=True)
    chunks = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected_text(CHAT)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


async def test_streamed_chat_with_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        **CHAT, n=2, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = [chunk async for chunk in stream]

    assert {chunk.choices[0].index for chunk in chunks} == {0, 1}
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in chunks)
    assert last.choices == []
    assert last.usage is not None
    expected = expected_usage("/v1/chat/completions", CHAT | {"n": 2})
    assert (last.usage.prompt_tokens, last.usage.total_tokens) == (expected.prompt, expected.total)


@pytest.mark.parametrize("prompt", ["Once upon a time", [1, 2, 3, 4], ["Once upon", "a time"]])
async def test_completions(client: openai.AsyncOpenAI, prompt: Any) -> None:
    answer = await client.completions.create(model="gpt-3.5-turbo-instruct", prompt=prompt)

    assert answer.choices[0].text == expected_text({})
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 4


async def test_streamed_completions(client: openai.AsyncOpenAI) -> None:
    stream = await client.completions.create(
        model="m", prompt="Once", stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].text for chunk in chunks) == expected_text({})
    assert last.usage is not None
    assert last.usage.prompt_tokens == 1


async def test_responses(client: openai.AsyncOpenAI) -> None:
    body = {"model": "gpt-5", "instructions": "Be brief.", "input": "Say hello."}
    answer = await client.responses.create(**body)

    expected = expected_usage("/v1/responses", body)
    assert answer.output_text == expected_text(body)
    assert answer.usage.input_tokens == expected.prompt == 4
    assert answer.usage.input_tokens_details.cached_tokens == expected.cached
    assert answer.usage.output_tokens == expected.completion
    assert answer.usage.output_tokens_details.reasoning_tokens == 8


async def test_streamed_responses(client: openai.AsyncOpenAI) -> None:
    stream = await client.responses.create(model="gpt-4o", input="Hello", stream=True)
    events = [event async for event in stream]

    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == expected_text({})
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == text
    assert events[-1].response.usage is not None


async def test_the_response_stream_helper_follows_the_events(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model="gpt-4o", input="Hello") as stream:
        final = await stream.get_final_response()

    assert final.output_text == expected_text({})


async def test_a_background_response_is_polled_cancelled_deleted(
    client: openai.AsyncOpenAI,
) -> None:
    queued = await client.responses.create(model="gpt-4o", input="Hello", background=True)
    assert (queued.status, queued.usage) == ("queued", None)

    done = await client.responses.retrieve(queued.id)
    assert (done.status, done.output_text) == ("completed", expected_text({}))
    assert (await client.responses.input_items.list(queued.id)).data == []
    assert (await client.responses.cancel(queued.id)).status == "cancelled"
    await client.responses.delete(queued.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(queued.id)


async def test_embeddings_are_the_same_in_both_encodings(client: openai.AsyncOpenAI) -> None:
    body = {"model": "text-embedding-3-small", "input": ["one two", "three"]}
    packed = await client.embeddings.create(**body)
    plain = await client.embeddings.create(**body, encoding_format="float")

    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    assert packed.data[0].embedding != packed.data[1].embedding
    assert packed.usage.prompt_tokens == expected_usage("/v1/embeddings", body).prompt == 3


async def test_models(client: openai.AsyncOpenAI) -> None:
    assert "gpt-4o-mini" in [model.id for model in (await client.models.list()).data]
    assert (await client.models.retrieve("gpt-4o-mini")).object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("gpt-99")
    assert caught.value.code == "model_not_found"


async def test_moderations(client: openai.AsyncOpenAI) -> None:
    answer = await client.moderations.create(input=["one", "two"])

    assert [result.flagged for result in answer.results] == [False, False]


async def test_images(client: openai.AsyncOpenAI) -> None:
    made = await client.images.generate(model="gpt-image-1", prompt="A red fox", n=2)
    edited = await client.images.edit(image=("fox.png", PNG), prompt="Make it blue")

    assert made.data is not None
    assert [image.b64_json[:8] for image in made.data if image.b64_json] == ["iVBORw0K"] * 2
    assert made.usage is not None
    assert made.usage.input_tokens == 3
    assert edited.data is not None


async def test_a_transcription_names_the_file_and_its_size(client: openai.AsyncOpenAI) -> None:
    answer = await client.audio.transcriptions.create(
        model="whisper-1", file=("talk.wav", b"RIFF\r\n--" * 100_000)
    )

    assert answer.text == "The fake upstream heard talk.wav, 800000 bytes."
    assert answer.usage is not None
    assert answer.usage.type == "tokens"


async def test_speech_is_a_binary_download(client: openai.AsyncOpenAI) -> None:
    answer = await client.audio.speech.create(model="tts-1", voice="alloy", input="Hello")

    assert answer.content == generated(SPEECH_BYTES)


async def test_files_and_batches(client: openai.AsyncOpenAI) -> None:
    content = b'{"custom_id": "1"}\n'
    stored = await client.files.create(file=("in.jsonl", content), purpose="batch")
    assert (await client.files.retrieve(stored.id)).bytes == len(content)
    assert (await client.files.content(stored.id)).content == content
    assert [file.id async for file in client.files.list()] == [stored.id]

    batch = await client.batches.create(
        input_file_id=stored.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert (await client.batches.retrieve(batch.id)).status == "validating"
    assert (await client.batches.cancel(batch.id)).status == "cancelling"
    assert [found.id async for found in client.batches.list()] == [batch.id]

    assert (await client.files.delete(stored.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await client.files.retrieve(stored.id)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, "BadRequestError", None),
        (401, "AuthenticationError", "invalid_api_key"),
        (403, "PermissionDeniedError", "unsupported_country_region_territory"),
        (404, "NotFoundError", "model_not_found"),
        (409, "ConflictError", "conflict"),
        (422, "UnprocessableEntityError", "unprocessable_entity"),
        (429, "RateLimitError", "rate_limit_exceeded"),
        (500, "InternalServerError", None),
        (503, "InternalServerError", "overloaded"),
    ],
)
async def test_every_error_class(
    client: openai.AsyncOpenAI, status: int, error: str, code: str | None
) -> None:
    with pytest.raises(getattr(openai, error)) as caught:
        await client.chat.completions.create(**CHAT, extra_headers={"x-fake": f"status={status}"})

    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert ("retry-after" in caught.value.response.headers) is (status in (429, 503))


async def test_only_the_expected_keys_are_let_in(
    up: FakeUpstream, client: openai.AsyncOpenAI
) -> None:
    other = client.with_options(api_key="sk-other")
    with pytest.raises(openai.AuthenticationError):
        await other.models.list()
    up.api_keys = {"sk-other"}
    await other.models.list()
    with pytest.raises(openai.AuthenticationError):
        await client.models.list()
    up.api_keys = None
    await client.models.list()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"{}", b'{"messages": []}'])
async def test_a_bad_body_is_a_400(client: openai.AsyncOpenAI, body: bytes) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.post("/chat/completions", cast_to=object, content=body)
