"""`python -m fake_upstream` as a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

CHAT = {"model": "m", "stream": True, "messages": []}


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "fake_upstream", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        match = re.fullmatch(r"fake upstream listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert match, line
        yield process, match[1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_announces_itself_and_leaves_with_zero(number: signal.Signals) -> None:
    with running() as (process, url), httpx.Client() as http:
        assert http.get(f"{url}/v1/models").status_code == 200
        process.send_signal(number)
        assert process.wait(60) == 0


def test_keys_and_behaviour() -> None:
    with running("--api-key", "sk-a", "--behaviour", "events=3, packed") as (_, url):
        headers = {"authorization": "Bearer sk-a"}
        assert httpx.get(f"{url}/v1/models").status_code == 401
        answer = httpx.post(f"{url}/v1/chat/completions", json=CHAT, headers=headers)
        assert answer.text.count('"content": "') == 4
        assert httpx.get(f"{url}/__fake/requests").json()["count"] == 2


def test_realistic_pace() -> None:
    with running("--realistic", "--behaviour", "events=10") as (_, url):
        answer = httpx.post(f"{url}/v1/chat/completions", json=CHAT)
        # At the least 0.7 × (0.3 s + 12 gaps of 20 ms).
        assert answer.elapsed.total_seconds() > 0.37


def test_a_reset_works_on_the_loop_it_uses() -> None:
    with running() as (_, url), pytest.raises(httpx.ReadError):
        httpx.get(f"{url}/v1/models", headers={"x-fake": "break=10, reset"})
