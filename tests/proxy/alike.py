"""A client whose requests are alike, as the server reads them."""

from __future__ import annotations

import re
from typing import Final

from proxy.downstream import RequestHead
from server.http.downstream import read_head
from tests.proxy.planes import Plane
from tests.proxy.scripted import CHAT, Client, Peer, Script

PATH: Final = "/v1/chat/completions"
MOST_UNTIL_KNOWN: Final = 6
ANSWER: Final = b'{"model": "gpt-4o", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}'


class Sender(Client):
    """A client whose body comes with its head."""

    def take_arrived(self) -> bytes | None:
        return b"".join(self.body.pop() for _ in self.body[:]) or None  # type: ignore[misc]


def a_head(
    secret: str, body: bytes = CHAT, path: str = PATH, number: int = 0, *fields: str
) -> RequestHead:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {secret}",
        "Content-Type: application/json",
        f"X-Client-Request-Id: {number:04}",
        *fields,
        f"Content-Length: {len(body)}",
    ]
    return read_head("\r\n".join([*lines, "\r\n"]).encode(), "192.0.2.1")


class Sending:
    """A token's client, and all that its upstream is sent."""

    def __init__(self, plane: Plane, secret: str, path: str = PATH, *fields: str) -> None:
        self.plane = plane
        self.secret = secret
        self._path = path
        self.fields = fields
        self._number = 0
        self.sent: list[bytes] = []
        #: How the upstream answers from now on.
        self.answers: Script = lambda peer: peer.answer(ANSWER)
        plane.upstream.follow(self._script)

    async def _script(self, peer: Peer) -> None:
        while True:
            self.sent.append(await peer.request())
            await self.answers(peer)

    def begin_anew(self) -> None:
        """As if it had sent nothing."""
        self.sent.clear()
        self._number = 0

    async def send(self, body: bytes = CHAT, path: str = "") -> Client:
        return await self.plane.serve(self.client(body, path))

    def client(self, body: bytes = CHAT, path: str = "") -> Sender:
        """The next one."""
        self._number += 1
        fields = [field.format(number=self._number) for field in self.fields]
        head = a_head(self.secret, body, path or self._path, self._number, *fields)
        return Sender(head, *([body] if body else []))

    async def become_known(self) -> None:
        """Send it until nothing is decided anew: a head has a likeness once its lines are known."""
        for _ in range(MOST_UNTIL_KNOWN):
            assert (await self.send()).status == 200
            if self.was_decided():
                return
        raise AssertionError("no request was alike to another")

    def was_decided(self) -> bool:
        """Whether what was decided before served the last one that was recorded."""
        return self.plane.seen.exchanges[-1].decided is not None


def answer_of(client: Client) -> tuple[object, ...]:
    """What a client was answered, to be compared with what another was."""
    assert client.answer is not None
    # Its id, what it took, how old it is, and what is left of its limits.
    lines = re.sub(rb"[0-9a-f-]{36}|\d+(\.\d+)?", b"", client.answer.block)
    content = re.sub(rb"req_\w+|[0-9a-f-]{36}", b"", client.content)
    return client.status, lines, content, client.ended
