"""What is done to LLM Proxy while an honest client uses it: `python -m benchmarks.attacks NAME …`.

Each attack runs in a process of its own until it is stopped, only ever against a port of this
machine, with a bounded number of connections and bodies made beforehand. What came of it (status
codes, broken connections) is printed on SIGTERM. A new one is a row of `ATTACKS`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets as random
import signal
import sys
import urllib.parse
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Final

import msgspec
import uvloop

from models import secrets

_KIB: Final = 1024
_MIB: Final = 1024 * 1024
#: Bytes a second of each attack in all, as over a gigabit link: what is asked for over loopback
#: without end only shows how fast this machine copies.
_LINK: Final = 125_000_000
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([0-9]{3})")


class Scene(msgspec.Struct, frozen=True):
    """Where an attack goes and what the attacker was given."""

    port: int
    hostile: str
    """A token without limits, of a project whose upstream is the attacker's: what is measured is
    the proxy, and not how long the honest client's upstream takes to read 8 MB of brackets."""
    limited: str
    """One of such a project that may use some models."""


@dataclass(frozen=True, slots=True)
class Attack:
    """`item` is what the row of the report begins with; `run` attacks until it is cancelled."""

    item: str
    run: Callable[[Scene, Counter[str]], Awaitable[None]]


def _request(
    method: str, path: str, token: str = "", body: bytes | None = None, **fields: str
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def _chat(token: str, body: bytes, **fields: str) -> bytes:
    return _request(
        "POST", "/v1/chat/completions", token, body, Content_Type="application/json", **fields
    )


def _filled(unit: bytes, size: int = 8 * _MIB) -> bytes:
    return unit * (size // len(unit))


_START: Final = b'{"model":"gpt-4o","messages":[{"role":"user","content":'
BODIES: Final[Mapping[str, Callable[[], bytes]]] = {
    "escapes": lambda: _START + b'"' + _filled(b"\\n") + b'"}]}',
    "empty strings": lambda: _START + b"[" + _filled(b'"",') + b'""]}]}',
    "brackets": lambda: _START + b"[" + _filled(b"[],") + b"[]]}]}",
    "nesting": lambda: _START + _filled(b"[", _MIB),
    "members": lambda: b'{"model":"gpt-4o",' + _filled(b'"a":0,') + b'"b":0}',
    "60 MB of escapes": lambda: _START + b'"' + _filled(b"\\n", 60 * _MIB) + b'"}]}',
    "model name": lambda: b'{"model":"' + _filled(b"a", 4 * _MIB) + b'"}',
    "surrogates": lambda: _START + b'"' + _filled(b"\\ud800") + b'"}]}',
}


def _body(name: str) -> Callable[[Scene], bytes]:
    return lambda scene: _chat(scene.hostile, BODIES[name]())


def _form() -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'
    return _filled(part, 8 * _MIB) + b"--b--\r\n"


async def _exchange(
    scene: Scene, requests: Iterator[bytes], seen: Counter[str], link: float
) -> None:
    """One request after another, each answered or refused, on as few connections as it takes."""
    writer: asyncio.StreamWriter | None = None
    try:
        while True:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
            try:
                request = next(requests)
                writer.write(request)
                open_after, size = await _drop_answer(reader, seen)
                await asyncio.sleep((len(request) + size) / link)
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                seen["broken"] += 1
                open_after = False
                await asyncio.sleep(0.01)
            if not open_after:
                writer.close()
                writer = None
    finally:
        if writer is not None:
            writer.close()


async def _drop_answer(reader: asyncio.StreamReader, seen: Counter[str]) -> tuple[bool, int]:
    """Read an answer; whether the connection can take another request, and the answer's size."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    seen[head[9:12].decode()] += 1
    length = re.search(rb"\r\ncontent-length: *([0-9]+)", head)
    total = len(head)
    if length is not None:
        left = int(length[1])
        total += left
        while left:
            piece = await reader.read(min(left, 256 * _KIB))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
    elif b"chunked" in head:
        while size := int((await reader.readuntil(b"\r\n"))[:-2], 16):
            await reader.readexactly(size + 2)
            total += size
        await reader.readuntil(b"\r\n")
    return b"\r\nconnection: close" not in head, total


async def _flood(
    scene: Scene, requests: Callable[[], Iterator[bytes]], connections: int, seen: Counter[str]
) -> None:
    link = _LINK / connections
    await asyncio.gather(*[_exchange(scene, requests(), seen, link) for _ in range(connections)])


def _same(request: Callable[[Scene], bytes], connections: int) -> Callable[..., Awaitable[None]]:
    """The same request over and over."""

    async def run(scene: Scene, seen: Counter[str]) -> None:
        sent = request(scene)

        def again() -> Iterator[bytes]:
            while True:
                yield sent

        await _flood(scene, again, connections, seen)

    return run


def _different(
    request: Callable[[Scene, int], bytes], connections: int
) -> Callable[..., Awaitable[None]]:
    """A request that is another one each time."""

    async def run(scene: Scene, seen: Counter[str]) -> None:
        numbers = count()
        await _flood(
            scene, lambda: (request(scene, number) for number in numbers), connections, seen
        )

    return run


def _hold(
    begin: Callable[[Scene], bytes], connections: int, trickle: bytes = b"", every: float = 0.5
) -> Callable[..., Awaitable[None]]:
    """Connections that begin something and go on with a byte now and then, or not at all."""

    async def one(scene: Scene, seen: Counter[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        seen["connected"] += 1
        try:
            writer.write(begin(scene))
            while not writer.is_closing():
                await asyncio.sleep(every)
                writer.write(trickle)
        finally:
            with suppress(OSError):
                if status := _STATUS.match(bytes(reader._buffer)):  # type: ignore[attr-defined]
                    seen[status[1].decode()] += 1
            writer.close()

    async def run(scene: Scene, seen: Counter[str]) -> None:
        tasks = []
        for _ in range(connections):
            tasks.append(asyncio.create_task(one(scene, seen)))
            await asyncio.sleep(0.001)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        seen["broken"] += sum(isinstance(each, OSError) for each in found)
        await asyncio.Event().wait()

    return run


def _never_read(
    request: Callable[[Scene], bytes], connections: int
) -> Callable[..., Awaitable[None]]:
    """Connections that ask for much and read nothing."""

    async def run(scene: Scene, seen: Counter[str]) -> None:
        opened = []
        for _ in range(connections):
            reader, writer = await asyncio.open_connection("127.0.0.1", scene.port, limit=_KIB)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request(scene))
            seen["connected"] += 1
            opened.append((reader, writer))
        await asyncio.Event().wait()

    return run


def _posed(name: str) -> Callable[[Scene], bytes]:
    """A request that the attacker's own upstream answers badly."""
    return lambda scene: _chat(
        scene.hostile, b'{"model":"m","stream":true}', X_Attack=name, Accept_Encoding="gzip, zstd"
    )


async def _guess_passwords(scene: Scene, seen: Counter[str]) -> None:
    """Twenty at a time, each with the sign-in page's own cookie and form."""

    async def one() -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
            try:
                writer.write(_request("GET", "/admin/login", Connection="close"))
                page = (await reader.read(_MIB)).decode(errors="replace")
                while more := await reader.read(_MIB):
                    page += more.decode(errors="replace")
            finally:
                writer.close()
            fields = dict(re.findall(r'name="([^"]+)"[^>]*? value="([^"]*)"', page))
            cookies = "; ".join(re.findall(r"(?i)set-cookie: ([^;\r\n]+)", page))
            form = {**fields, "username": "admin", "password": random.token_hex(8)}
            body = urllib.parse.urlencode(form).encode()
            sent = _request(
                "POST", "/admin/login", "", body, Connection="close", Cookie=cookies,
                Content_Type="application/x-www-form-urlencoded",
                Origin="http://127.0.0.1",
            )  # fmt: skip
            reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
            try:
                writer.write(sent)
                seen[(await reader.readline())[9:12].decode()] += 1
            finally:
                writer.close()

    await asyncio.gather(*[one() for _ in range(20)])


def _head_of(method: str, path: str, length: int, **fields: str) -> Callable[[Scene], bytes]:
    """A request whose body is announced and does not come."""
    return lambda scene: _request(
        method, path, scene.hostile, None, Content_Length=str(length), **fields
    )


_SMALL: Final = b'{"model":"%b","messages":[]}'
_FORM: Final = {"Content_Type": "application/x-www-form-urlencoded"}
ATTACKS: Final[Mapping[str, Attack]] = {
    **{
        f"body: {name}": Attack("1", _same(_body(name), 2)) for name in BODIES
    },
    "body: escapes by a limited token": Attack(
        "1", _same(lambda scene: _chat(scene.limited, BODIES["escapes"]()), 2)
    ),
    "body: model name by a limited token": Attack(
        "1", _same(lambda scene: _chat(scene.limited, BODIES["model name"]()), 2)
    ),
    "body: parts of a form": Attack(
        "1",
        _same(
            lambda scene: _request(
                "POST", "/v1/audio/transcriptions", scene.limited, _form(),
                Content_Type="multipart/form-data; boundary=b",
            ),
            2,
        ),
    ),
    "connections: idle": Attack("3", _hold(lambda _: b"", 1000)),
    "connections: heads that trickle": Attack(
        "3", _hold(lambda _: b"GET /v1/models HTTP/1.1\r\nHost: a\r\nX-A: ", 300, b"a")
    ),
    "bodies that trickle into /admin": Attack(
        "4", _hold(_head_of("POST", "/admin/login", 60_000, **_FORM), 300, b"a")
    ),
    "bodies that trickle into /manage": Attack(
        "4", _hold(_head_of("POST", "/manage/projects", 60_000), 300, b"a")
    ),
    "bodies that trickle into /v1": Attack(
        "5",
        _hold(
            _head_of("POST", "/v1/chat/completions", 60_000, Content_Type="application/json"),
            300,
            b" ",
        ),
    ),
    "passwords guessed": Attack("6", _guess_passwords),
    **{
        f"answer: {name.replace('-', ' ')}": Attack("10", _same(_posed(name), 4))
        for name in (
            "blank-lines", "tiny-events", "usage-events", "endless-event", "large-event",
            "gzip-blank-lines", "gzip-usage-events", "gzip-members", "deflate-json",
            "zstd-frames", "json-quotes", "json-escapes", "tiny-chunks", "many-fields",
        )
    },
    "model names": Attack(
        "13",
        _different(lambda scene, n: _chat(scene.hostile, _SMALL % f"m-{n}".encode()), 4),
    ),
    "clients that never read": Attack("14", _never_read(_posed("large-body"), 50)),
    "/metrics": Attack("15", _same(lambda _: _request("GET", "/metrics"), 4)),
    "/ready": Attack("15", _same(lambda _: _request("GET", "/ready"), 4)),
    "unknown tokens": Attack(
        "16", _different(lambda _, n: _request("GET", "/v1/models", secrets.generate()), 8)
    ),
    "/manage guessed": Attack(
        "17",
        _different(
            lambda _, n: _request("GET", "/manage/projects", random.token_urlsafe(32)), 8
        ),
    ),
    "malformed heads": Attack(
        "corpus", _same(lambda _: b"GET /v1/models HTTP/1.1\r\nHost: a\r\nX A: 1\r\n\r\n", 4)
    ),
    "heads of 200 fields": Attack(
        "corpus",
        _same(
            lambda scene: _request(
                "GET", "/v1/models", scene.hostile, None, **{f"X-{n}": "a" for n in range(190)}
            ),
            4,
        ),
    ),
    "chunks of one byte": Attack(
        "corpus",
        _same(
            lambda scene: _request(
                "POST", "/v1/chat/completions", scene.hostile,
                Content_Type="application/json", Transfer_Encoding="chunked",
            )
            + b"1\r\n \r\n" * 500_000
            + b"0\r\n\r\n",
            2,
        ),
    ),
}  # fmt: skip


async def _attack(name: str, scene: Scene) -> None:
    seen: Counter[str] = Counter()
    task = asyncio.ensure_future(ATTACKS[name].run(scene, seen))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    watcher = asyncio.ensure_future(_say_when_under_way(seen))
    with suppress(asyncio.CancelledError):
        await task
    watcher.cancel()
    sys.stdout.write(json.dumps(seen))


async def _say_when_under_way(seen: Counter[str]) -> None:
    """A line once something came of it: an answer, or a connection that is held."""
    while not seen:  # noqa: ASYNC110  # A Counter wakes nobody.
        await asyncio.sleep(0.01)
    sys.stdout.write("\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # What is measured shares the machine with what attacks it.
    os.nice(10)
    uvloop.run(_attack(sys.argv[1], msgspec.json.decode(sys.argv[2], type=Scene)))
