"""`key test`: what an upstream says of a key, asked from a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from models import KeyState, changes
from tests.cli.running import CommandLine

GOOD = "sk-good-0123456789"


class _Upstream(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        good = self.headers["authorization"] == f"Bearer {GOOD}" and self.path == "/v1/models"
        body = b'{"data": [{}, {}]}' if good else b'{"error": {"message": "Not you"}}'
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _suspend(cli: CommandLine, key_id: str) -> None:
    async def suspend() -> None:
        await KeyState.create(key_id=key_id, suspended_at=changes.now(), failed_tests=1)

    cli.on_database(suspend)


def test_a_key_is_tested_and_one_that_works_is_suspended_no_longer(
    cli: CommandLine, upstream: str
) -> None:
    for api_key, code, said in (
        (GOOD, 0, "It works: 2 models"),
        ("sk-bad-0123456789", 1, "The upstream refuses the key (401). Not you"),
    ):
        made = cli(
            "project", "create", "--name", api_key, "--api-key", api_key, "--base-url", upstream,
            "--json",
        )  # fmt: skip
        (key,) = made.json["keys"]
        _suspend(cli, key["id"])
        ran = cli("key", "test", key["id"])
        assert (ran.code, said in ran.out, api_key in ran.out + ran.err) == (code, True, False)
        told = cli("key", "test", key["id"], "--json")
        assert (told.code, told.json["works"], said in told.json["message"]) == (
            code, code == 0, True,
        )  # fmt: skip
        (now,) = cli("key", "list", "--project", api_key, "--json").json["data"]
        assert now["state"] == ("active" if code == 0 else "suspended")


def test_a_key_that_is_none_is_not_found(cli_on_sqlite: CommandLine) -> None:
    assert cli_on_sqlite("key", "test", "0199").code == 1
