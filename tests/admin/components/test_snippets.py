"""The examples on the page of a new secret run as they stand, against the address that it names.

What has to be installed for, `make interop` runs.
"""

import asyncio
import itertools
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from html import unescape
from typing import Final

import httpx
import pytest
from playwright._impl._driver import compute_driver_executable

from admin.components.offers import Offer
from admin.components.snippets import snippets
from fake_upstream import FakeUpstream
from models import Project
from proxy.providers.catalog import BUILT_IN
from tests.admin.components.test_offers import offered
from tests.admin.conftest import BY, KEY, RING, Browser

#: A name with all that quotes could trip over.
ODD: Final = "o'dd \"mo/del\\ $(id) `id` ${x}"
SECRET: Final = "llmp_0000000000000000000000000000000000000000000000"


def texts(provider: str, offers: list[Offer]) -> dict[str, str]:
    made = snippets("https://llm.example.com", SECRET, provider, offers)
    assert len({one.key for one in made}) == len(made)
    return {one.title: one.text for one in made}


def checked_by(program: list[str], text: str) -> None:
    done = subprocess.run(program, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{text}\n{done.stderr}"


_OPENAI = ("OpenAI Python", "OpenAI JavaScript")
_ANTHROPIC = ("Anthropic Python", "Anthropic JavaScript", "Claude Code")
_FRAMEWORKS = ("Vercel AI SDK", "LangChain")


@pytest.mark.parametrize(
    ("provider", "titles"),
    [
        ("openai", [*_OPENAI, "Codex", *_FRAMEWORKS, "LlamaIndex"]),
        ("anthropic", [*_ANTHROPIC, *_FRAMEWORKS]),
        ("mistral", [*_OPENAI, *_FRAMEWORKS, "LlamaIndex"]),
        ("deepseek", [*_OPENAI, *_ANTHROPIC, *_FRAMEWORKS, "LlamaIndex"]),
        ("gemini", ["Google Python"]),
        ("bedrock", ["boto3"]),
    ],
)
def test_the_tabs_are_those_that_the_provider_has_a_use_for(
    provider: str, titles: list[str]
) -> None:
    assert [*texts(provider, offered(provider))] == ["curl", *titles, "Environment"]


def test_a_token_without_any_api_for_text_is_shown_how_to_ask_about_itself() -> None:
    found = texts("openai", offered(allowed_endpoints=["GET /v1/models"]))
    assert [*found] == ["curl"]
    assert "https://llm.example.com/v1/llm-proxy/token" in found["curl"]


def test_claude_code_is_told_its_models_only_where_it_cannot_choose() -> None:
    assert "MODEL" not in texts("anthropic", offered("anthropic"))["Claude Code"]
    limited = texts("anthropic", offered("anthropic", allowed_models=["claude-haiku-*"]))
    assert (
        "export ANTHROPIC_MODEL=claude-haiku-5-5 ANTHROPIC_DEFAULT_HAIKU_MODEL=claude-haiku-5-5"
        in (limited["Claude Code"])
    )
    other = texts("deepseek", offered("deepseek"))["Claude Code"]
    assert "ANTHROPIC_BASE_URL=https://llm.example.com/anthropic " in other
    assert "ANTHROPIC_MODEL=deepseek-chat" in other


def test_llamaindex_has_its_own_class_for_models_that_it_does_not_know() -> None:
    assert "llms.openai import OpenAI\n" in texts("openai", offered())["LlamaIndex"]
    for provider, limits in (("groq", None), ("openai", ["house-model"])):
        found = texts(provider, offered(provider, allowed_models=limits))["LlamaIndex"]
        assert "llms.openai_like import OpenAILike\n" in found
        assert "is_chat_model=True" in found


def test_every_language_reads_every_example() -> None:
    """Whatever the model is called; one run of each program reads all."""
    node, _ = compute_driver_executable()
    shell: list[str] = []
    script: list[str] = []
    for provider in BUILT_IN:
        for limits in (None, [ODD]):
            for title, text in texts(provider, offered(provider, allowed_models=limits)).items():
                if text.startswith(("curl", "export")) or title == "Environment":
                    shell.append(text)
                elif "const " in text:
                    # Each in a scope of its own, whose imports JavaScript has as calls.
                    body = re.sub(r"^import .*", "", text, flags=re.MULTILINE)
                    script.append(f"async () => {{\n{body}\n}};")
                else:
                    compile(text, title, "exec")
    assert len(shell) > 50
    assert len(script) > 30
    checked_by(["bash", "-n"], "\n".join(shell))
    checked_by([str(node), "--input-type=module", "--check"], "\n".join(script))


def test_codex_gets_values_that_are_toml() -> None:
    text = texts("openai", offered(allowed_models=[ODD]))["Codex"]
    words = shlex.split(text.replace("\\\n", " "))
    values = [after for word, after in itertools.pairwise(words) if word == "-c"]
    told = tomllib.loads("\n".join(values).replace("=llm-proxy", '="llm-proxy"', 1))
    assert told["model_provider"] == "llm-proxy"
    assert told["model_providers"]["llm-proxy"]["base_url"] == "https://llm.example.com/v1"
    assert words[words.index("-m") + 1] == ODD


async def shown(admin: Browser, project: Project, **fields: str) -> dict[str, str]:
    """The examples that the page of a new token shows."""
    page = await admin.submit(
        f"/admin/tokens/new?project={project.id}",
        "/admin/tokens",
        name="web",
        project_id=str(project.id),
        expiry="30d",
        **fields,
    )
    found = re.findall(
        r'<h3>([^<]+)</h3>\s*<pre tabindex="0"><code[^>]*>(.*?)</code></pre>', page.text, re.DOTALL
    )
    return {title: unescape(text) for title, text in found}


async def curled(text: str) -> str:
    """What a shell says to these lines; where there is no curl, the request that they are."""
    if shutil.which("curl") is not None:
        lines = ["bash", "-ec", text.replace("curl ", "curl -sS --fail-with-body ", 1)]
        process = await asyncio.create_subprocess_exec(*lines, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert process.returncode == 0, out
        return out.decode()
    _, url, *words = shlex.split(text.replace("\\\n", " "))
    given = list(zip(words[::2], words[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    content = next(value for option, value in given if option == "-d")
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "bedrock", "ollama"])
async def test_the_line_for_curl_is_answered(admin: Browser, provider: str) -> None:
    models = {"ollama": "llama3.2", "bedrock": "anthropic.claude-*\namazon.nova-lite-v1:0"}
    async with FakeUpstream(api_keys={KEY}) as upstream:
        project = await Project.create_with_key(
            name="shop", provider=provider, base_url=upstream.url, api_key=KEY, ring=RING, by=BY
        )
        found = await shown(admin, project, allowed_models=models.get(provider, ""))
        assert json.loads(await curled(found["curl"]))
        (request,) = upstream.requests
        assert ("llama3.2" in request.body.decode()) is (provider == "ollama")


async def test_the_sdks_for_python_are_answered(admin: Browser) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        for provider, title in (("openai", "OpenAI Python"), ("anthropic", "Anthropic Python")):
            project = await Project.create_with_key(
                name=provider,
                provider=provider,
                base_url=upstream.url,
                api_key=KEY,
                ring=RING,
                by=BY,
            )
            text = (await shown(admin, project))[title]
            said: list[str] = []
            await asyncio.to_thread(exec, compile(text, title, "exec"), {"print": said.append})
            assert said
            assert said[0].strip()
