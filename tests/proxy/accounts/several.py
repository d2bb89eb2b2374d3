"""A project with several keys at one scripted upstream, which answers each by what a test says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

from models.entry import Entry
from models.projects import Project
from models.tokens import Token
from models.upstream_keys import UpstreamKey
from tests.models.rows import BY, RING
from tests.proxy.planes import Plane
from tests.proxy.scripted import HEAD_OK, Client, Peer, a_client

#: What an account does with a request that has been read.
Behaviour: TypeAlias = Callable[[Peer], Awaitable[None]]
ANSWER: Final = (
    b'{"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,'
    b'"total_tokens":5}}'
)


async def well(peer: Peer) -> None:
    """A whole answer."""
    await peer.answer(ANSWER)


def answering(status: int, body: bytes = b"{}", *fields: str) -> Behaviour:
    """Another status."""
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
    lines = head + "".join(f"{field}\r\n" for field in fields)

    async def answer(peer: Peer) -> None:
        await peer.answer(body, lines.encode())

    return answer


async def lost(peer: Peer) -> None:
    """The connection goes once the request has been read."""
    peer.break_off()


async def silent(peer: Peer) -> None:
    """Nothing, for as long as somebody waits."""
    await peer.gone()


async def cut(peer: Peer) -> None:
    """The beginning of an answer, and no more."""
    await peer.send(HEAD_OK + b'Content-Length: 100\r\n\r\n{"model":')
    peer.break_off()


async def informed(peer: Peer) -> None:
    """An interim answer before one that fails."""
    await peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    await answering(503)(peer)


async def babbling(peer: Peer) -> None:
    """What is no HTTP."""
    await peer.send(b"220 mail.example.com ESMTP\r\n\r\n")
    await peer.gone()


async def streaming_and_cut(peer: Peer) -> None:
    """The first events of a stream, and no more."""
    head = HEAD_OK.replace(b"application/json", b"text/event-stream")
    await peer.send(head + b'Transfer-Encoding: chunked\r\n\r\n10\r\ndata: {"id":1}\n\n\r\n')
    peer.break_off()


class Several:
    """`keys` in the order in which the token asks them; `asked` says which were, by number."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.keys: list[UUID] = []
        self.behave: list[Behaviour] = []
        self.asked: list[int] = []
        #: What reached the upstream, as it came.
        self.requests: list[bytes] = []
        self.secret = ""
        self.token: Token

    async def make(
        self,
        *behave: Behaviour,
        failover: dict[str, Any] | None,
        provider: str = "openai",
        first_at: str | None = None,
        maps: Sequence[dict[str, str] | None] = (),
        **wanted: Any,
    ) -> Several:
        """A project with a key for each behaviour, one priority after the other.

        `first_at` is another address, of the first one alone.
        """
        self.behave = list(behave)
        self.token, self.secret = await self.plane.token(
            base_url=first_at,
            project={"failover": failover, "api_key": "sk-account-0", "provider": provider},
            **wanted,
        )
        project = await Project.get(id=self.token.project_id)
        self.keys = [(await project.keys.all())[0].id]
        for number in range(1, len(behave)):
            key = await project.add_key(
                api_key=f"sk-account-{number}",
                ring=RING,
                by=BY,
                priority=number,
                base_url=None if first_at is None else self.plane.upstream.url,
            )
            self.keys.append(key.id)
        for key_id, names in zip(self.keys, maps, strict=False):
            await (await UpstreamKey.get(id=key_id)).change(by=BY, model_map=names)
        self.plane.upstream.follow(self._serve)
        return self

    async def _serve(self, peer: Peer) -> None:
        while True:
            request = await peer.request()
            number = int(request.partition(b"sk-account-")[2][:1])
            self.asked.append(number)
            self.requests.append(request)
            await self.behave[number](peer)

    async def ask(self, *body: bytes, method: str = "POST", **more: Any) -> Client:
        """One request, until it has ended."""
        return await self.plane.serve(a_client(method, *body, secret=self.secret, **more))

    @property
    def entry(self) -> Entry:
        """The last one in the journal."""
        return self.plane.entries()[-1]

    def attempts(self) -> list[tuple[int, int | str]]:
        """Those of the last entry: which key, and what came of it."""
        return [
            (self.keys.index(UUID(one.key_id)), one.error or one.status)
            for one in self.entry.attempts or ()
        ]
