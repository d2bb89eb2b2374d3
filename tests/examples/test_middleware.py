"""The examples of docs/middleware.md as they stand, with the unmodified OpenAI client."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast
from unittest.mock import Mock

import httpx
import pytest

from config import Database
from examples.middleware import prompt_length, redact_emails
from examples.middleware.prompt_length import MOST_CHARACTERS
from fake_upstream import expected_text
from proxy.middleware import View
from tests.fixtures.sdks import openai
from tests.server.door import Door, open_door

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

_ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ("redact_emails", "tag_header", "prompt_length")
MODEL: Final = "gpt-4o"


def said(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


@pytest.fixture
async def door(sqlite_template: Database, tmp_path: Path) -> AsyncIterator[Door]:
    named = ",".join(f"examples.middleware.{name}:middleware" for name in EXAMPLES)
    async with open_door(sqlite_template, tmp_path, MIDDLEWARE=named) as door:
        yield door


@pytest.fixture
async def client(door: Door) -> AsyncIterator[openai.AsyncOpenAI]:
    url = f"http://127.0.0.1:{door.port}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key=door.secret, max_retries=0) as client:
        yield client


async def ask(client: openai.AsyncOpenAI, text: str, *, streams: bool, tag: str = "") -> str:
    """What is answered, in either way."""
    headers = {"x-llm-proxy-tags": tag} if tag else None
    if not streams:
        answer = await client.chat.completions.create(
            model=MODEL, messages=said(text), extra_headers=headers
        )
        return answer.choices[0].message.content or ""
    stream = await client.chat.completions.create(
        model=MODEL, messages=said(text), stream=True, extra_headers=headers
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
async def test_each_does_what_it_says(
    door: Door, client: openai.AsyncOpenAI, streams: bool
) -> None:
    # Addresses
    asked = "Write to zoe.o'neil@mail.example.org, then to +1@x.example: hello@ is none."
    sent = "Write to zoe.o'[email], then to [email]: hello@ is none."
    text = await ask(client, asked, streams=streams)
    assert text == expected_text({"messages": said(sent)})
    assert json.loads(door.up.last.body)["messages"] == said(sent)
    assert "x.example" not in door.up.last.body.decode()
    # A tag
    await ask(client, "Hi", streams=streams, tag="team=search")
    assert door.up.last.header("x-team") == b"search"
    raw = await client.chat.completions.with_raw_response.create(
        model=MODEL, messages=said("Hi"),
        extra_headers={"x-llm-proxy-tags": "team=search", "x-team": "another"},
    )  # fmt: skip
    assert raw.headers["x-team"] == "search"
    assert "middleware;dur=" in raw.headers["server-timing"]
    assert door.up.last.header("x-team") == b"search"
    await ask(client, "Hi", streams=streams)
    assert door.up.last.header("x-team") is None
    # Length
    before = door.up.count
    assert await ask(client, "x" * MOST_CHARACTERS, streams=streams)
    with pytest.raises(openai.BadRequestError) as refused:
        await ask(client, "x" * (MOST_CHARACTERS + 1), streams=streams)
    assert refused.value.code == "prompt_too_long"
    assert door.up.count == before + 1


async def test_large_and_unreadable_bodies_do_not_pass_unseen(
    door: Door, client: openai.AsyncOpenAI
) -> None:
    await client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "data:;base64," + "A" * 200_000}},
                    {"type": "text", "text": "I am zoe@mail.example"},
                ],
            }
        ],
    )
    assert len(door.up.last.body) > 200_000
    assert b"zoe@mail.example" not in door.up.last.body
    headers = {"authorization": f"Bearer {door.secret}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}") as http:
        deep = b'{"messages": %b%b}' % (b"[" * 1_500, b"]" * 1_500)
        for content in (b"{", b" " * 30_000, deep):
            refused = await http.post("/v1/chat/completions", content=content, headers=headers)
            assert refused.status_code == 400
            assert refused.json()["error"]["code"] == "unreadable_prompt"
        large = b"@" * (redact_emails.MOST_BYTES + 1)
        refused = await http.post("/v1/chat/completions", content=large, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "prompt_too_large")
        # Codes that others choose are no labels.
        counted = (await http.get("/metrics")).text
        assert 'llm_proxy_refusals_total{code="middleware_refused"} 4.0' in counted
        assert "prompt_too_large" not in counted


async def test_what_is_nested_too_deeply_to_be_measured_is_refused() -> None:
    deep = b'{"input": "%b", "messages": %b1%b}' % (
        b"x" * MOST_CHARACTERS,
        b"[" * 1_500,
        b"]" * 1_500,
    )
    view = SimpleNamespace(body=deep, headers={}, refuse=Mock(side_effect=PermissionError))
    with pytest.raises(PermissionError):
        await prompt_length.PromptLength().request(cast(View, view))
    assert view.refuse.call_args.args[:2] == (400, "unreadable_prompt")


def test_the_documentation_shows_them_as_they_are() -> None:
    page = (_ROOT / "docs" / "middleware.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    for name in EXAMPLES:
        text = (_ROOT / "examples" / "middleware" / f"{name}.py").read_text(encoding="utf-8")
        assert text in blocks, name
