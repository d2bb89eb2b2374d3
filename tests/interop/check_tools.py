"""What people use, through the proxy: the lines of docs/clients.md as they stand.

Only the address, the token and the model's name are others. `make interop`; not part of `make
test`, which does not find this file.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.processes import bare_environment
from tests.fixtures.service import Issued, Service
from tests.interop.environments import node_packages, python_environment
from tests.interop.fixtures import proxy, up

__all__ = ["proxy", "up"]

_PAGE: Final = Path(__file__).parents[2] / "docs" / "clients.md"
_SECONDS: Final = 180
_FRAMEWORKS: Final = (
    "langchain-openai==1.7.4", "langchain-anthropic==1.7.10", "llama-index-llms-openai==0.8.3",
)  # fmt: skip

_AGENTS: Final = (
    "pydantic-ai-slim[openai]==2.62.0", "openai-agents==0.24.0", "litellm==1.110.2", "dspy==3.4.1",
)  # fmt: skip


def blocks(title: str) -> list[str]:
    """The code blocks below a heading, without the prompts of their lines."""
    _, _, rest = _PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    section = rest.partition("\n## ")[0]
    found = re.findall(r"^```\w*\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [re.sub(r"^\$ ", "", block, flags=re.MULTILINE) for block in found]


@dataclass(frozen=True, slots=True)
class Asked:
    """A token, and where it is for."""

    issued: Issued
    url: str

    def filled(self, text: str) -> str:
        """What a reader makes of a block."""
        return text.replace("https://llm.example.com", self.url).replace(
            "llmp_…", self.issued.secret
        )


async def ask(command: Sequence[str | Path], home: Path, **environ: str) -> str:
    """What a program says that ends well."""

    def run() -> str:
        done = subprocess.run(
            command, cwd=home, env=bare_environment() | {"HOME": str(home)} | environ,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return await asyncio.to_thread(run)


async def asked_of(proxy: Service, up: FakeUpstream, provider: str = "openai") -> Asked:
    return Asked(await proxy.make_token(up.url, project={"provider": provider}), proxy.url)


async def counted(proxy: Service, asked: Asked) -> None:
    """Fail unless a request is in the log with its usage."""
    await proxy.entries(asked.issued.token.id, 1, status=200, usage="exact")


#: The heading, the number of the block, and the provider that it is for.
_LANGCHAIN: Final = ("LangChain", 0, "openai")
_LANGCHAIN_ANTHROPIC: Final = ("LangChain", 1, "anthropic")
_LLAMA_INDEX: Final = ("LlamaIndex", 0, "openai")


@pytest.mark.parametrize(
    ("block", "ask_it"),
    [
        (_LANGCHAIN, 'print(model.invoke("Say hello.").content)'),
        (_LANGCHAIN, 'print(*(one.content for one in model.stream("Say hello.")))'),
        (_LANGCHAIN_ANTHROPIC, 'print(model.invoke("Say hello.").content)'),
        (_LLAMA_INDEX, 'print(llm.complete("Say hello."))'),
        (_LLAMA_INDEX, 'print(*(one.delta for one in llm.stream_complete("Say hello.")))'),
    ],
)
async def test_a_framework_answers_with_what_the_page_says(
    proxy: Service, up: FakeUpstream, tmp_path: Path, block: tuple[str, int, str], ask_it: str
) -> None:
    title, number, provider = block
    asked = await asked_of(proxy, up, provider)
    program = tmp_path / "program.py"
    program.write_text(f"{asked.filled(blocks(title)[number])}\n{ask_it}\n")
    python = python_environment("frameworks", *_FRAMEWORKS)
    assert (await ask([python, program], tmp_path)).strip()
    await counted(proxy, asked)


@pytest.mark.parametrize(
    ("title", "ask_it"),
    [
        ("Pydantic AI", 'print(agent.run_sync("Say hello.").output)'),
        (
            "OpenAI Agents SDK",
            'from agents import Runner\nprint(Runner.run_sync(agent, "Say hello.").final_output)',
        ),
        ("LiteLLM", 'print(ask(messages=[{"role": "user", "content": "Say hello."}]).choices[0])'),
        ("DSPy", 'print(*lm("Say hello."))'),
    ],
)
async def test_a_framework_of_agents_answers_with_what_the_page_says(
    proxy: Service, up: FakeUpstream, tmp_path: Path, title: str, ask_it: str
) -> None:
    asked = await asked_of(proxy, up)
    program = tmp_path / "program.py"
    program.write_text(f"{asked.filled(blocks(title)[0])}\n{ask_it}\n")
    # Prices would be fetched from the network, and answers of another run be taken from a cache.
    own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "DSPY_CACHEDIR": str(tmp_path)}
    said = await ask([python_environment("agents", *_AGENTS), program], tmp_path, **own)
    assert said.strip()
    await counted(proxy, asked)


async def test_claude_code_answers_with_what_the_page_says(
    proxy: Service, up: FakeUpstream, tmp_path: Path
) -> None:
    asked = await asked_of(proxy, up, "anthropic")
    node, folder = node_packages("claude-code", {"@anthropic-ai/claude-code": "2.1.197"})
    # Its own script puts the program in its place, and scripts are not run when it is installed.
    await ask([node, folder / "node_modules/@anthropic-ai/claude-code/install.cjs"], tmp_path)
    said = await shell(asked, blocks("Claude Code")[0], folder, tmp_path)
    assert said.strip()
    await counted(proxy, asked)


async def test_codex_answers_with_what_the_page_says(
    proxy: Service, up: FakeUpstream, tmp_path: Path
) -> None:
    asked = await asked_of(proxy, up)
    _, folder = node_packages("codex", {"@openai/codex": "0.171.0"})
    file, lines = blocks("Codex")
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text(asked.filled(file))
    # It wants to know a directory before it works in one.
    said = await shell(asked, lines.replace("exec", "exec --skip-git-repo-check"), folder, tmp_path)
    assert said.strip()
    await counted(proxy, asked)


async def test_aider_answers_with_what_the_page_says(
    proxy: Service, up: FakeUpstream, tmp_path: Path
) -> None:
    asked = await asked_of(proxy, up)
    python = python_environment("aider", "aider-chat==0.86.2")
    alone = "--no-git --yes-always --no-check-update --analytics-disable --message 'Say hello.'"
    lines = blocks("Aider")[0].rstrip() + f" {alone}\n"
    said = await shell(asked, lines, python.parents[1], tmp_path)
    assert "Tokens: " in said
    await counted(proxy, asked)


async def shell(asked: Asked, lines: str, folder: Path, home: Path) -> str:
    """What a shell says that is given these lines, with the programs of `folder` on its path."""
    programs = f"{folder / 'node_modules' / '.bin'}:{folder / 'bin'}:{bare_environment()['PATH']}"
    return await ask(["/bin/bash", "-ec", asked.filled(lines)], home, PATH=programs)
