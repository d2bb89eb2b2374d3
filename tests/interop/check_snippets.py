"""The examples on the page of a new token, run as they stand with the clients that they are for.

`make interop`; not part of `make test`, which does not find this file and runs those alone for
which nothing has to be installed (`tests/admin/components/test_snippets.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from admin.components.snippets import snippets
from fake_upstream import FakeUpstream
from tests.admin.components.test_offers import offered
from tests.fixtures.service import Service
from tests.interop.check_tools import Asked, ask, counted, shell
from tests.interop.environments import node_packages, python_environment
from tests.interop.fixtures import proxy, up

__all__ = ["proxy", "up"]

_SDKS: Final = (
    "openai==3.57.0", "anthropic==2.14.0", "google-genai==3.6.1", "boto3==1.44.8",
)  # fmt: skip
#: LlamaIndex wants an older SDK of OpenAI's.
_FRAMEWORKS: Final = (
    "langchain-openai==1.7.4", "langchain-anthropic==1.7.10", "llama-index-llms-openai==0.8.3",
    "llama-index-llms-openai-like==0.8.1",
)  # fmt: skip
_NODE: Final = {
    "openai": "7.59.0", "@anthropic-ai/sdk": "1.14.0", "ai": "7.0.173",
    "@ai-sdk/openai": "4.0.118", "@ai-sdk/anthropic": "4.0.105",
}  # fmt: skip


async def _python(text: str, home: Path) -> str:
    program = home / "program.py"
    program.write_text(text)
    wanted = _FRAMEWORKS if "lang" in text or "llama_index" in text else _SDKS
    name = "snippets-frameworks" if wanted is _FRAMEWORKS else "snippets-sdks"
    return await ask([python_environment(name, *wanted), program], home)


async def _node(text: str, home: Path) -> str:
    node, folder = node_packages("snippets-node", _NODE)
    # Imports are looked for from where the file lies.
    program = folder / f"{home.name}.mjs"
    program.write_text(text)
    return await ask([node, program], home)


@pytest.mark.parametrize(
    "example",
    [
        *(
            ("openai", "gpt-4o-mini", title)
            for title in (
                "OpenAI Python", "OpenAI JavaScript", "Vercel AI SDK", "LangChain", "LlamaIndex",
            )
        ),
        ("openai", "house-model", "LlamaIndex"),
        *(
            ("anthropic", "claude-sonnet-5-5", title)
            for title in (
                "Anthropic Python", "Anthropic JavaScript", "Vercel AI SDK", "LangChain",
            )
        ),
        ("gemini", "gemini-2.5-flash", "Google Python"),
        ("bedrock", "amazon.nova-lite-v1:0", "boto3"),
    ],
)  # fmt: skip
async def test_an_example_is_answered(
    proxy: Service, up: FakeUpstream, tmp_path: Path, example: tuple[str, str, str]
) -> None:
    asked, text = await _example(proxy, up, *example)
    run = _node if "const " in text else _python
    assert (await run(text, tmp_path)).strip()
    await counted(proxy, asked)


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", None])
async def test_claude_code_is_answered(
    proxy: Service, up: FakeUpstream, tmp_path: Path, model: str | None
) -> None:
    """Also where the token may use one model alone."""
    node, folder = node_packages("claude-code", {"@anthropic-ai/claude-code": "2.1.197"})
    await ask([node, folder / "node_modules/@anthropic-ai/claude-code/install.cjs"], tmp_path)
    asked, text = await _example(proxy, up, "anthropic", model, "Claude Code")
    assert (await shell(asked, text, folder, tmp_path)).strip()
    await counted(proxy, asked)


async def test_codex_is_answered(proxy: Service, up: FakeUpstream, tmp_path: Path) -> None:
    _, folder = node_packages("codex", {"@openai/codex": "0.171.0"})
    asked, text = await _example(proxy, up, "openai", "gpt-5", "Codex")
    # It wants to know a directory before it works in one.
    line = text.replace("exec", "exec --skip-git-repo-check")
    assert (await shell(asked, line, folder, tmp_path)).strip()
    await counted(proxy, asked)


async def _example(
    proxy: Service, up: FakeUpstream, provider: str, model: str | None, title: str
) -> tuple[Asked, str]:
    """A token that may use one model, and what its page shows."""
    limits = None if model is None else [model]
    issued = await proxy.make_token(up.url, project={"provider": provider}, allowed_models=limits)
    offers = offered(provider, allowed_models=limits)
    made = snippets(proxy.url, issued.secret, provider, offers)
    return Asked(issued, proxy.url), next(one.text for one in made if one.title == title)
