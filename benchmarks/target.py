"""Where requests go, and their bytes: what a client of OpenAI would send, ready to be written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

import httpx

Profile = Literal["plain", "openai", "changing"]
PROFILES: Final[tuple[Profile, ...]] = ("plain", "openai", "changing")

PATH: Final = "/v1/chat/completions"
_BODY: Final = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "What is the capital of France? One word only."}],
    "temperature": 0.2,
    "max_tokens": 64,
}
_PLAIN: Final = (("Content-Type", "application/json"),)
# As openai-python sends them, in its order.
_OPENAI: Final = (
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Connection", "keep-alive"),
    ("Accept", "application/json"),
    ("Content-Type", "application/json"),
    ("User-Agent", "AsyncOpenAI/Python 3.54.0"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "3.54.0"),
    ("X-Stainless-OS", "Linux"),
    ("X-Stainless-Arch", "x64"),
    ("X-Stainless-Runtime", "CPython"),
    ("X-Stainless-Runtime-Version", "3.11.7"),
    ("X-Stainless-Async", "async:asyncio"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-read-timeout", "600"),
)
#: Stands in a request where `numbered` puts a number that no other request of the run has.
_NUMBER: Final = b"<request-number>"
#: What a client that sends an id of its own adds: no two of its heads are alike.
_CHANGING: Final = (*_OPENAI, ("X-Client-Request-Id", _NUMBER.decode()))
_HEADERS: Final = {"plain": _PLAIN, "openai": _OPENAI, "changing": _CHANGING}
_numbers: Iterator[int] = count(1)
SERVED: Final = (b"200",)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class BadAnswer(Exception):
    """A status other than the wanted one: what would be measured is not what was meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server on this machine, and the token it wants."""

    port: int
    token: str = "sk-benchmark"

    def request(self, profile: Profile = "plain", *, fake: str = "", stream: bool = False) -> bytes:
        """A chat completion. `fake` steers the upstream (`fake_upstream`)."""
        content = json.dumps(_BODY | {"stream": True} if stream else _BODY).encode()
        lines = [f"POST {PATH} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in _HEADERS[profile]]
        lines.append(f"Authorization: Bearer {self.token}")
        if fake:
            lines.append(f"x-fake: {fake}")
        lines.append(f"Content-Length: {len(content)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content

    def ask(self) -> httpx.Response:
        """Send one request, and wait for its answer."""
        headers = {"authorization": f"Bearer {self.token}"}
        url = f"http://127.0.0.1:{self.port}{PATH}"
        return httpx.post(url, json=_BODY, headers=headers).raise_for_status()


def changes(request: bytes) -> bool:
    """Whether each time it is sent it is to differ from all others."""
    return _NUMBER in request


def numbered(request: bytes) -> bytes:
    """The request as it is sent, of the same length each time."""
    return request.replace(_NUMBER, b"%016x" % next(_numbers), 1)


def is_whole(answer: bytes, statuses: tuple[bytes, ...] = SERVED) -> bool:
    """Whether a small answer has arrived to its end. Raises BadAnswer for any other status."""
    end = answer.find(b"\r\n\r\n")
    if end == -1:
        return False
    if answer[9:12] not in statuses:
        raise BadAnswer(answer[:2000].decode(errors="replace"))
    length = _LENGTH.search(answer, 0, end + 2)
    if length is None:
        return answer.endswith(b"0\r\n\r\n")
    return len(answer) - end - 4 >= int(length[1])


def closes(answer: bytes) -> bool:
    """Whether the server announces that it closes the connection behind this answer."""
    return b"\r\nconnection: close\r\n" in answer[: answer.find(b"\r\n\r\n") + 2].lower()


def body_began(answer: bytes) -> bool:
    """Whether more than the head has arrived."""
    end = answer.find(b"\r\n\r\n")
    return end != -1 and len(answer) > end + 4
