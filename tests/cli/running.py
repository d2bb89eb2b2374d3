"""Running commands: in this process, which is quick, or in one of their own, which is real."""

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from cli.__main__ import main
from config.database import parse_database_url
from models.db import database
from tests.fixtures.commands import ForkedCommand, start
from tests.fixtures.processes import bare_environment

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
API_KEY = "sk-proj-abcdefghijklmnop"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands in `directory` with nothing but `environ` in the environment."""

    directory: Path
    environ: dict[str, str]

    def __call__(self, *words: str, stdin: str = "", **environ: str) -> Ran:
        """Run a command in this process. Exit codes and output are as of a real one."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.directory),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "argv", ["llm-proxy", *words]),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            mock.patch.dict(os.environ, self.environ | environ, clear=True),
        ):
            try:
                main()
            except SystemExit as exc:
                code = exc.code
        assert isinstance(code, int)
        return Ran(code, out.getvalue(), err.getvalue())

    def start(
        self, *words: str, is_forked: bool = True, **environ: str
    ) -> "ForkedCommand | subprocess.Popen[str]":
        """Start a command in a process of its own."""
        environment = self.environment(**environ)
        return start("cli", *words, cwd=self.directory, environ=environment, is_forked=is_forked)

    def process(self, *words: str, stdin: str = "", is_forked: bool = True, **environ: str) -> Ran:
        """Run a command in a process of its own."""
        process = self.start(*words, is_forked=is_forked, **environ)
        out, err = process.communicate(stdin, timeout=60)
        assert process.returncode is not None
        return Ran(process.returncode, out, err)

    def environment(self, **environ: str) -> dict[str, str]:
        """What a process is given."""
        return {
            **bare_environment(),
            # The editable install may not be there, as on a platform.
            "PYTHONPATH": str(ROOT),
            **self.environ,
            **environ,
        }

    def project(self, name: str = "docs", **environ: str) -> str:
        """The id of a new project."""
        made = self("project", "create", "--name", name, "--api-key", API_KEY, "--json", **environ)
        assert made.code == 0, made.err
        return str(made.json["id"])

    def token(self, project: str = "docs", *options: str) -> Any:
        """A new token, as JSON."""
        made = self("token", "create", "--project", project, "--json", *options)
        assert made.code == 0, made.err
        return made.json

    def on_database(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, with the models connected to the same database."""

        async def connected() -> T:
            await database.connect(parse_database_url(self.environ["DATABASE_URL"]))
            try:
                return await work()
            finally:
                await database.disconnect()

        return asyncio.run(connected())
