"""Examples for the clients that people use, which run as they stand: with address, secret, model.

`docs/clients.md` says how each is set up, and `make interop` runs these lines with the clients.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from admin.components.offers import Offer
from admin.components.typical_models import Api, is_typical

_HELLO: Final = "Say hello."
_MESSAGES: Final = [{"role": "user", "content": _HELLO}]
#: Anthropic's API asks for a bound of each answer.
_MOST: Final = 100
#: Says what a token may do, to any token, and asks no upstream.
_ABOUT_ITSELF: Final = "/v1/llm-proxy/token"


class Snippet(NamedTuple):
    """One tab."""

    key: str
    title: str
    text: str


class _Filled(NamedTuple):
    """What the texts are made of."""

    base_url: str
    secret: str
    provider: str
    offers: Mapping[Api, Offer]

    def get(self, api: Api) -> tuple[str, str] | None:
        """The client's base URL and the model, where the token may use the API."""
        offer = self.offers.get(api)
        return None if offer is None else (self.base_url + offer.root, offer.model)


def snippets(base_url: str, secret: str, provider: str, offers: Sequence[Offer]) -> list[Snippet]:
    """What to paste, for what the token may use."""
    filled = _Filled(base_url, secret, provider, {offer.api: offer for offer in offers})
    if not offers:
        return [_itself(filled)]
    return [
        _curl(filled, offers[0]),
        *_openai(filled),
        *_anthropic(filled),
        *_codex(filled),
        *_frameworks(filled),
        *_clouds(filled),
        *_environment(filled),
    ]


def _text(value: str) -> str:
    """A string as Python, JavaScript and TOML write it."""
    return json.dumps(value, ensure_ascii=False)


def _itself(filled: _Filled) -> Snippet:
    url = shlex.quote(filled.base_url + _ABOUT_ITSELF)
    return Snippet("curl", "curl", f'curl {url} \\\n  -H "Authorization: Bearer {filled.secret}"')


def body_of(offer: Offer) -> dict[str, Any]:
    """The least that the API takes for an answer."""
    if offer.api == "responses":
        return {"model": offer.model, "input": _HELLO}
    if offer.api == "messages":
        return {"model": offer.model, "max_tokens": _MOST, "messages": _MESSAGES}
    if offer.api == "embeddings":
        return {"model": offer.model, "input": _HELLO}
    if offer.api == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": _HELLO}]}]}
    if offer.api == "converse":
        return {"messages": [{"role": "user", "content": [{"text": _HELLO}]}]}
    return {"model": offer.model, "messages": _MESSAGES}


def _curl(filled: _Filled, offer: Offer) -> Snippet:
    fields = [f"Authorization: Bearer {filled.secret}", "Content-Type: application/json"]
    if offer.api == "messages":
        fields[:1] = [f"x-api-key: {filled.secret}", "anthropic-version: 2023-06-01"]
    lines = [
        f"curl {shlex.quote(filled.base_url + offer.path)}",
        *(f'-H "{field}"' for field in fields),
        f"-d {shlex.quote(json.dumps(body_of(offer), ensure_ascii=False))}",
    ]
    return Snippet("curl", "curl", " \\\n  ".join(lines))


def _openai(filled: _Filled) -> Iterator[Snippet]:
    for api in ("chat", "responses", "embeddings"):
        if (found := filled.get(api)) is not None:
            break
    else:
        return
    url, model = found
    call, answer, asked = {
        "chat": ("chat.completions", "choices[0].message.content", _MESSAGES),
        "responses": ("responses", "output_text", _HELLO),
        "embeddings": ("embeddings", "data[0].embedding", _HELLO),
    }[api]
    name = "messages" if api == "chat" else "input"
    yield Snippet(
        "python",
        "OpenAI Python",
        "from openai import OpenAI\n\n"
        f"client = OpenAI(base_url={_text(url)}, api_key={_text(filled.secret)})\n"
        f"answer = client.{call}.create(\n"
        f"    model={_text(model)},\n"
        f"    {name}={json.dumps(asked)},\n"
        ")\n"
        f"print(answer.{answer})",
    )
    yield Snippet(
        "javascript",
        "OpenAI JavaScript",
        'import OpenAI from "openai";\n\n'
        f"const client = new OpenAI({{ baseURL: {_text(url)}, apiKey: {_text(filled.secret)} }});\n"
        f"const answer = await client.{call}.create({{\n"
        f"  model: {_text(model)},\n"
        f"  {name}: {json.dumps(asked)},\n"
        "});\n"
        f"console.log(answer.{answer});",
    )


def _anthropic(filled: _Filled) -> Iterator[Snippet]:
    if (found := filled.get("messages")) is None:
        return
    url, model = found
    yield Snippet(
        "anthropic-python",
        "Anthropic Python",
        "from anthropic import Anthropic\n\n"
        f"client = Anthropic(base_url={_text(url)}, api_key={_text(filled.secret)})\n"
        "answer = client.messages.create(\n"
        f"    model={_text(model)},\n"
        f"    max_tokens={_MOST},\n"
        f"    messages={json.dumps(_MESSAGES)},\n"
        ")\n"
        "print(answer.content[0].text)",
    )
    yield Snippet(
        "anthropic-javascript",
        "Anthropic JavaScript",
        'import Anthropic from "@anthropic-ai/sdk";\n\n'
        "const client = new Anthropic({\n"
        f"  baseURL: {_text(url)},\n"
        f"  apiKey: {_text(filled.secret)},\n"
        "});\n"
        "const answer = await client.messages.create({\n"
        f"  model: {_text(model)},\n"
        f"  max_tokens: {_MOST},\n"
        f"  messages: {json.dumps(_MESSAGES)},\n"
        "});\n"
        "console.log(answer.content[0].text);",
    )
    # It chooses models by itself, and a smaller one for small things.
    named = (
        f"export ANTHROPIC_MODEL={shlex.quote(model)}"
        f" ANTHROPIC_DEFAULT_HAIKU_MODEL={shlex.quote(model)}\n"
    )
    chooses = filled.provider == "anthropic" and not filled.offers["messages"].is_limited
    yield Snippet(
        "claude-code",
        "Claude Code",
        f"export ANTHROPIC_BASE_URL={shlex.quote(url)} ANTHROPIC_AUTH_TOKEN={filled.secret}\n"
        f"{'' if chooses else named}"
        f"claude -p {shlex.quote(_HELLO)}",
    )


def _codex(filled: _Filled) -> Iterator[Snippet]:
    if (found := filled.get("responses")) is None:
        return
    url, model = found
    provider = (
        f'model_providers.llm-proxy={{name="LLM Proxy", base_url={_text(url)}, '
        'env_key="LLM_PROXY_TOKEN", wire_api="responses"}'
    )
    yield Snippet(
        "codex",
        "Codex",
        f"export LLM_PROXY_TOKEN={filled.secret}\n"
        "codex exec -c model_provider=llm-proxy \\\n"
        f"  -c {shlex.quote(provider)} \\\n"
        f"  -m {shlex.quote(model)} {shlex.quote(_HELLO)}",
    )


def _frameworks(filled: _Filled) -> Iterator[Snippet]:
    if (found := filled.get("chat") or filled.get("responses")) is not None:
        yield from _openai_frameworks(filled, *found, chat="chat" in filled.offers)
    elif (found := filled.get("messages")) is not None:
        yield from _anthropic_frameworks(filled, *found)


def _openai_frameworks(filled: _Filled, url: str, model: str, *, chat: bool) -> Iterator[Snippet]:
    secret = _text(filled.secret)
    yield Snippet(
        "ai-sdk",
        "Vercel AI SDK",
        'import { createOpenAI } from "@ai-sdk/openai";\nimport { generateText } from "ai";\n\n'
        f"const openai = createOpenAI({{ baseURL: {_text(url)}, apiKey: {secret} }});\n"
        "const { text } = await generateText({\n"
        f"  model: openai{'.chat' if chat else ''}({_text(model)}),\n"
        f"  prompt: {_text(_HELLO)},\n"
        "});\n"
        "console.log(text);",
    )
    yield Snippet(
        "langchain",
        "LangChain",
        "from langchain_openai import ChatOpenAI\n\n"
        "model = ChatOpenAI(\n"
        f"    base_url={_text(url)},\n"
        f"    api_key={secret},\n"
        f"    model={_text(model)},\n"
        f"{'' if chat else '    use_responses_api=True,' + chr(10)}"
        ")\n"
        f"print(model.invoke({_text(_HELLO)}).text)",
    )
    if not chat:
        return
    # LlamaIndex's class for OpenAI takes no model that it does not know.
    known = filled.provider == "openai" and is_typical("openai", model)
    module, name, more = (
        ("openai", "OpenAI", "")
        if known
        else ("openai_like", "OpenAILike", "    is_chat_model=True,\n")
    )
    yield Snippet(
        "llamaindex",
        "LlamaIndex",
        f"from llama_index.llms.{module} import {name}\n\n"
        f"llm = {name}(\n"
        f"    api_base={_text(url)},\n"
        f"    api_key={secret},\n"
        f"    model={_text(model)},\n"
        f"{more}"
        ")\n"
        f"print(llm.complete({_text(_HELLO)}))",
    )


def _anthropic_frameworks(filled: _Filled, url: str, model: str) -> Iterator[Snippet]:
    secret = _text(filled.secret)
    yield Snippet(
        "ai-sdk",
        "Vercel AI SDK",
        'import { createAnthropic } from "@ai-sdk/anthropic";\n'
        'import { generateText } from "ai";\n\n'
        "const anthropic = createAnthropic({\n"
        f"  baseURL: {_text(url + '/v1')},\n"
        f"  apiKey: {secret},\n"
        "});\n"
        "const { text } = await generateText({\n"
        f"  model: anthropic({_text(model)}),\n"
        f"  prompt: {_text(_HELLO)},\n"
        "});\n"
        "console.log(text);",
    )
    yield Snippet(
        "langchain",
        "LangChain",
        "from langchain_anthropic import ChatAnthropic\n\n"
        "model = ChatAnthropic(\n"
        f"    base_url={_text(url)},\n"
        f"    api_key={secret},\n"
        f"    model={_text(model)},\n"
        ")\n"
        f"print(model.invoke({_text(_HELLO)}).text)",
    )


def _clouds(filled: _Filled) -> Iterator[Snippet]:
    """SDKs of Google and Amazon, for their own APIs."""
    if (gemini := _gemini(filled)) is not None:
        yield Snippet(
            "google-python",
            "Google Python",
            "from google import genai\nfrom google.genai import types\n\n"
            "client = genai.Client(\n"
            f"    api_key={_text(filled.secret)},\n"
            f"    http_options=types.HttpOptions(base_url={_text(filled.base_url)}),\n"
            ")\n"
            "answer = client.models.generate_content(\n"
            f"    model={_text(gemini.model)}, contents={_text(_HELLO)}\n"
            ")\n"
            "print(answer.text)",
        )
    if (converse := filled.offers.get("converse")) is not None:
        yield Snippet(
            "boto3",
            "boto3",
            "import boto3\n\n"
            "client = boto3.client(\n"
            '    "bedrock-runtime",\n'
            '    region_name="us-east-1",\n'
            f"    endpoint_url={_text(filled.base_url)},\n"
            f"    aws_access_key_id={_text(filled.secret)},\n"
            '    aws_secret_access_key="any",\n'
            ")\n"
            "answer = client.converse(\n"
            f"    modelId={_text(converse.model)},\n"
            f"    messages={json.dumps(body_of(converse)['messages'])},\n"
            ")\n"
            'print(answer["output"]["message"]["content"][0]["text"])',
        )


def _environment(filled: _Filled) -> Iterator[Snippet]:
    lines: list[str] = []
    openai = filled.get("chat") or filled.get("responses") or filled.get("embeddings")
    if openai is not None:
        lines += [f"OPENAI_BASE_URL={openai[0]}", f"OPENAI_API_KEY={filled.secret}"]
    if (anthropic := filled.get("messages")) is not None:
        lines += [f"ANTHROPIC_BASE_URL={anthropic[0]}", f"ANTHROPIC_API_KEY={filled.secret}"]
    if _gemini(filled) is not None:
        lines += [f"GOOGLE_GEMINI_BASE_URL={filled.base_url}", f"GEMINI_API_KEY={filled.secret}"]
    if "converse" in filled.offers:
        lines += [
            f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={filled.base_url}",
            f"AWS_ACCESS_KEY_ID={filled.secret}",
            "AWS_SECRET_ACCESS_KEY=any",
        ]
    if lines:
        yield Snippet("environment", "Environment", "\n".join(lines))


def _gemini(filled: _Filled) -> Offer | None:
    """Gemini's API. For Vertex AI the SDK signs in at Google by itself."""
    offer = filled.offers.get("gemini")
    return offer if offer is not None and offer.root == "/v1beta" else None
