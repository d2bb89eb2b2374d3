"""LLM Proxy as an operator would run it: `llm-proxy serve` with a directory of its own.

Set up through the public doors only, so that this measures whatever stands behind them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

import httpx

from benchmarks.processes import CannotStart, Server, free_port
from benchmarks.target import Target

MANAGEMENT_TOKEN: Final = "benchmark-management-token-0123456789"
# So high that they are decided on every request, and never reached.
LIMITS: Final = {
    "max_requests": 10**12,
    "requests_per_minute": 10**8,
    "max_parallel_requests": 10**5,
}
#: The first request is served, and all others of the next minute are refused.
ONE_A_MINUTE: Final = {"requests_per_minute": 1}
_READY_SECONDS: Final = 60.0


class Installation:
    """One worker on SQLite, unless `env` says otherwise, with all on that is on by default."""

    def __init__(
        self, directory: Path, upstream_port: int, core: int | None, env: Mapping[str, str]
    ) -> None:
        self.data = directory / "data"
        self._directory = directory
        self._core = core
        self.port = free_port()
        self._env = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            "DATA_DIR": str(self.data),
            "DATABASE_URL": f"sqlite:///{self.data}/llm-proxy.db",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream_port}",
            # Makes a project with a token on the first start.
            "OPENAI_API_KEY": "sk-benchmark",
            "MANAGEMENT_TOKEN": MANAGEMENT_TOKEN,
            # As a service runs: a line per request.
            "LOG_FORMAT": "json",
            "GRACEFUL_SHUTDOWN_TIMEOUT": "1",
            # Last, so that it may differ in any of these.
            **env,
        }
        self.server: Server

    def __enter__(self) -> Self:
        self.server = Server(
            [sys.executable, "-m", "cli", "serve"],
            port=self.port,
            core=self._core,
            env=self._env,
            cwd=self._directory,
        )
        self.server.__enter__()
        try:
            self._wait_until_ready()
        except BaseException:
            self.server.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.stop()

    def _wait_until_ready(self) -> None:
        # The port listens before a worker answers on it.
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/ready").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise CannotStart(f"LLM Proxy is not ready:\n{self.server.printed()}")

    def unlimited_token(self) -> str:
        """The token of the first project."""
        return (self.data / "default-token").read_text(encoding="ascii").strip()

    def limited_token(self) -> str:
        """A new token with every limit there is."""
        return self.token(LIMITS)

    def token(self, limits: Mapping[str, object]) -> str:
        """A new token of the first project."""
        with self._manage() as manage:
            # The one that a first start makes; the list is newest first.
            project = manage.get("/projects").raise_for_status().json()["data"][-1]
            return _new_token(manage, project, limits)

    def token_of_upstream(self, base_url: str, limits: Mapping[str, object]) -> str:
        """A token of a new project that has this upstream."""
        name = f"{base_url} {uuid4().hex}"
        with self._manage() as manage:
            fields = {"name": name, "api_key": "sk-benchmark", "base_url": base_url}
            project = manage.post("/projects", json=fields).raise_for_status().json()
            return _new_token(manage, project, limits)

    def token_that_keeps(self, base_url: str) -> str | None:
        """A token of a new project that keeps every answer; None where no project can.

        Raises CannotStart where the second of two requests is not answered with the first one's.
        """
        fields = {
            "name": f"keeps answers {uuid4().hex}",
            "api_key": "sk-benchmark",
            "base_url": base_url,
            "cache": {"ttl_seconds": 86_400, "scope": "project", "only": "all"},
        }
        with self._manage() as manage:
            made = manage.post("/projects", json=fields)
            if made.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
                # A release before has no such field.
                return None
            token = _new_token(manage, made.raise_for_status().json(), {})
        request = Target(self.port, token)
        answers = [request.ask() for _ in range(2)]
        if answers[1].headers.get("cache-status") != "llm-proxy; hit":
            raise CannotStart(f"LLM Proxy kept no answer: {answers[1].headers}")
        return token

    def _manage(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/manage",
            headers={"authorization": f"Bearer {MANAGEMENT_TOKEN}"},
        )


def _new_token(
    manage: httpx.Client, project: Mapping[str, object], limits: Mapping[str, object]
) -> str:
    made = manage.post("/tokens", json={"project_id": project["id"], **limits})
    return str(made.raise_for_status().json()["token"])
