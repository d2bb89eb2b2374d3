"""`llm-proxy demo`: the whole service with nothing outside this machine.

It serves what `serve` serves, on a database of its own, in front of the bundled fake upstream, and
prints a request to try.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli import details

if TYPE_CHECKING:
    from config import Settings

_PROJECT: Final = "demo"
_REQUEST: Final = {
    "model": "gpt-4o-mini",
    "stream": True,
    "messages": [{"role": "user", "content": "Say hello."}],
}


def demo() -> int:
    """Serve a fake upstream's answers, offline, until SIGTERM or Ctrl-C; the exit code.

    With a project and a token, on a database of its own in `DATA_DIR/demo`, whatever `DATABASE_URL`
    says; keys and providers that are set do not count.
    """
    # Heavy, and only needed here.
    from config import generate_missing, load  # noqa: PLC0415
    from server.process.launch import serve  # noqa: PLC0415
    from telemetry import logs  # noqa: PLC0415

    given = load()
    directory = given.data_dir / "demo"
    upstream = _start_upstream()
    try:
        url = _announced(upstream)
        environment = {
            "DATA_DIR": str(directory),
            "DATABASE_URL": f"sqlite:///{(directory / 'llm-proxy.db').resolve()}",
            "OPENAI_BASE_URL": url,
            # An empty value undoes what .env may say: the demo is offline.
            "OPENAI_API_KEY": "",
            "PROVIDERS_FILE": "",
            "WEB_CONCURRENCY": "1",
        }
        os.environ.update(environment)
        settings, _ = generate_missing(load())
        details.detail(f"Database: {settings.database.place}")
        logs.configure(settings.log_level, settings.log_format)
        secret = asyncio.run(_token(settings))
        return serve(announce=partial(_explain, given.host, given.port, secret, directory))
    finally:
        upstream.terminate()
        upstream.wait()


def _start_upstream() -> subprocess.Popen[str]:
    from server.process.supervisor import python  # noqa: PLC0415  (heavy, and only needed here)

    # A session of its own: Ctrl-C is for us, and running streams still need their upstream.
    return subprocess.Popen(  # noqa: S603  (a command line of ours)
        python("fake_upstream", "--port", "0", "--realistic"),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _announced(upstream: subprocess.Popen[str]) -> str:
    """The URL in the line that the fake upstream prints once it listens."""
    line = upstream.stdout.readline() if upstream.stdout is not None else ""
    return line.strip().rpartition(" ")[2]


async def _token(settings: Settings) -> str:
    """The demo project, made once, and a new token of it."""
    from cli import made_up  # noqa: PLC0415
    from models import Actor, Project, Token  # noqa: PLC0415
    from models.crypto import KeyRing  # noqa: PLC0415
    from setup import prepare  # noqa: PLC0415

    await prepare.prepare(settings)
    by = Actor(name="demo")
    async with prepare.connected(settings):
        project = await Project.get_or_none(live_name=_PROJECT)
        if project is None:
            await made_up.fill(KeyRing(settings.encryption_keys), by)
            project = await Project.create_with_key(
                name=_PROJECT,
                provider="openai",
                api_key="sk-demo-key-of-the-fake-upstream",
                ring=KeyRing(settings.encryption_keys),
                by=by,
            )
        _, secret = await Token.issue(project, name="demo", by=by)
    return secret


def _explain(host: str, port: int, secret: str, directory: Path) -> None:
    from server.process.launch import local_url  # noqa: PLC0415  (heavy, and only needed here)

    url = local_url(host, port)
    command = _curl(f"{url}/v1/chat/completions", secret, _REQUEST)
    sys.stdout.write(
        "\nLLM Proxy, with a fake upstream in place of OpenAI. Try:\n\n"
        f"{command}\n\n"
        f"Admin: {url}/admin/, user admin, password in {directory / 'admin-password'}.\n"
        "Its dashboard shows a week of made-up use: the projects that are called so.\n"
        "Ctrl-C ends it.\n\n"
    )
    sys.stdout.flush()


def _curl(url: str, secret: str, request: Mapping[str, object]) -> str:
    parts = (
        "curl", "-N", url,
        "-H", f"Authorization: Bearer {secret}",
        "-H", "Content-Type: application/json",
        "-d", json.dumps(request),
    )  # fmt: skip
    return shlex.join(parts)
