"""What the Dockerfile builds serves on a read-only root, under any user id."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.processes import free_port
from tests.fixtures.service import UPSTREAM_KEY
from tests.operations.image import Image, instructions
from tests.system.streams import CHAT, STREAM, text_of

START_SECONDS = 120

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="other users and read-only roots are for root on Linux to make",
    ),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Its files, owned by root; the volume is the user's."""
    directory = tmp_path_factory.mktemp("image")
    image = Image(directory)
    for path in (directory, *directory.parents):
        # pytest's directories are their owner's alone.
        if path.is_relative_to(directory.parents[1]):
            path.chmod(0o755)
    os.chown(image.data, image.user, image.user)
    return image


def test_everything_compiles(image: Image) -> None:
    """As the build does it, where an error stops it."""
    (step,) = (
        value for name, value in instructions() if name == "RUN" and value.endswith("/llm-proxy")
    )
    _, _, arguments = step.partition("-m compileall ")
    options = arguments.replace("/opt/venv", "").split()
    compiled = subprocess.run(
        [sys.executable, "-m", "compileall", *options[:-1], image.project], check=False
    )
    assert compiled.returncode == 0
    assert list(image.project.glob("proxy/__pycache__/handler.*.pyc"))


def test_only_the_volume_can_be_written_to(image: Image) -> None:
    tried = image.run(
        "python",
        "-c",
        "import os, sys; print(os.getuid(), os.getgroups(), os.access('/data', os.W_OK),"
        " [p for p in sys.argv[1:] if not os.statvfs(p).f_flag & os.ST_RDONLY])",
        *("/", "/srv/llm-proxy", "/srv/llm-proxy/proxy", "/opt/venv", "/etc", "/data"),
    )
    assert tried.stdout.strip() == f"{image.user} [] True ['/data']", tried.stderr


async def test_serves_is_healthy_and_stops(image: Image, tmp_path: Path) -> None:
    port = str(free_port())
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        given = {
            "PORT": port,
            "OPENAI_API_KEY": UPSTREAM_KEY,
            "OPENAI_BASE_URL": upstream.url,
            # Without one there is a warning, since the image listens on every address.
            "METRICS_TOKEN": "m" * 32,
        }
        process = image.serve(tmp_path / "log", **given)
        try:
            deadline = time.monotonic() + START_SECONDS
            # As where Docker hands its own proxy on: it is not what is asked for.
            while not image.is_healthy(PORT=port, HTTP_PROXY="http://127.0.0.1:1"):
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            secret = (image.data / "default-token").read_text().strip()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                http.headers["authorization"] = f"Bearer {secret}"
                answer = await http.post(CHAT, json=STREAM)
            listed = await asyncio.to_thread(image.run, "llm-proxy", "token", "list")
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)

    log = (tmp_path / "log").read_text()
    assert text_of(answer.content)
    assert "default" in listed.stdout, listed.stderr
    assert code == 0, log
    assert not image.is_healthy(PORT=port)
    # No terminal: JSON, and the generated secrets are in files alone.
    assert all(json.loads(line)["level"] == "INFO" for line in log.splitlines()), log
    assert secret not in log
