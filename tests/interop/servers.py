"""Servers that others wrote, each as a process of its own on a free port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from tests.fixtures.processes import bare_environment, free_port
from tests.fixtures.service import UPSTREAM_KEY
from tests.interop.environments import node_packages, python_environment

#: What the servers answer to, and what LiteLLM mocks.
MODEL: Final = "interop"
ANSWER: Final = "No model was asked for this: the server makes it up."

_HERE: Final = Path(__file__).parent
_START_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.1
_LITELLM: Final = "litellm[proxy]==1.108.7"
_AIMOCK: Final = {"@copilotkit/aimock": "1.43.0"}
_LLAMACPP: Final = ("xllamacpp==2026.10.11549", "gguf==0.19.0")
# Its wheel of Linux is of its parts apart: without one it has no backend.
_MLX: Final = ("mlx-lm==0.32.2", "mlx==0.32.4", "mlx-cpu==0.32.4; sys_platform == 'linux'")


@dataclass(frozen=True, slots=True)
class Running:
    """A server: its origin, which projects have as base URL, and its process."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def litellm(directory: Path) -> Iterator[Running]:
    """LiteLLM's proxy. `MODEL` and `limited` are mocks of its own.

    `whole`, `slow` and `cut` go to a fake upstream behind it, which does so.
    """
    fake = [sys.executable, "-m", "fake_upstream", "--api-key", UPSTREAM_KEY]
    with (
        _running("fake_upstream", directory, fake, "/__fake/requests", {}) as behind,
        _litellm(directory, behind.url) as server,
    ):
        yield server


def _litellm(directory: Path, behind: str) -> AbstractContextManager[Running]:
    python = python_environment("litellm", _LITELLM)

    def model(name: str, **parameters: object) -> dict[str, object]:
        given = {"model": "openai/gpt-4o-mini", "api_key": UPSTREAM_KEY, **parameters}
        return {"model_name": name, "litellm_params": given}

    def forwarded(name: str, behaviour: str) -> dict[str, object]:
        return model(name, api_base=f"{behind}/v1", extra_headers={"x-fake": behaviour})

    config = directory / "litellm.yaml"
    # JSON is YAML.
    config.write_text(
        json.dumps(
            {
                "model_list": [
                    model(MODEL, mock_response=ANSWER),
                    model("limited", mock_response="litellm.RateLimitError"),
                    forwarded("whole", "chunked"),
                    forwarded("slow", "gap=0.2"),
                    forwarded("cut", "break=3"),
                ],
                "litellm_settings": {"num_retries": 0, "telemetry": False},
                "router_settings": {"num_retries": 0, "disable_cooldowns": True},
                "general_settings": {"master_key": UPSTREAM_KEY},
            }
        )
    )
    command = [str(python.with_name("litellm")), "--config", str(config), "--telemetry", "False"]
    environ = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    return _running("litellm", directory, command, "/health/liveliness", environ)


def llamacpp(directory: Path) -> AbstractContextManager[Running]:
    """The server of llama.cpp, with a small model of random weights."""
    python = python_environment("llamacpp", *_LLAMACPP)
    script, model = _HERE / "llamacpp_server.py", directory / "random.gguf"
    command = [str(python), str(script), str(model), "--key", UPSTREAM_KEY]
    return _running("llamacpp", directory, command, "/health", {})


def mlx(directory: Path) -> AbstractContextManager[Running]:
    """`mlx_lm.server`, with a small model of random weights; it asks for no key."""
    python = python_environment("mlx", *_MLX)
    command = [str(python), str(_HERE / "mlx_server.py"), str(directory)]
    return _running("mlx", directory, command, "/health", {})


def aimock(directory: Path) -> AbstractContextManager[Running]:
    """aimock, which answers by fixtures: `slow` in many pieces, others in few."""
    node, folder = node_packages("aimock", _AIMOCK)
    slow = {"match": {"model": "slow"}, "response": {"content": ANSWER}}
    fixtures = directory / "fixtures.json"
    fixtures.write_text(
        json.dumps(
            {
                "fixtures": [
                    slow | {"latency": 200, "chunkSize": 4},
                    {"match": {}, "response": {"content": ANSWER}},
                ]
            }
        )
    )
    cli = folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    command = [node, str(cli), "--fixtures", str(fixtures)]
    return _running("aimock", directory, command, "/health", {})


@contextmanager
def _running(
    name: str, directory: Path, command: Sequence[str], ready: str, environ: Mapping[str, str]
) -> Iterator[Running]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = directory / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=_HERE.parents[1],
            env={**bare_environment(), "HOME": os.environ.get("HOME", str(directory)), **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(url + ready):
            text = log.read_text(errors="replace")
            assert process.poll() is None, f"{name} ended:\n{text}"
            assert time.monotonic() < deadline, f"{name} is not ready:\n{text}"
            time.sleep(_POLL_SECONDS)
        yield Running(name, url, process)
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


#: How each is started; the directory is for its files.
SERVERS: Final[Mapping[str, Callable[[Path], AbstractContextManager[Running]]]] = {
    "litellm": litellm,
    "llamacpp": llamacpp,
    "mlx": mlx,
    "aimock": aimock,
}
