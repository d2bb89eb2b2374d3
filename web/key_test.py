"""Whether an upstream takes a key: the request that its provider's file names for it, with it.

The name is resolved here and the connection made to that address, so that what was checked is
what is connected to: an upstream's name could lead to the machine's own metadata service.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from uuid import UUID

from config import split_base_url
from config.authorities import trusting
from models import Project, UpstreamKey, credentials
from models.bindings import Upstreams, place_of
from models.crypto import KeyRing
from models.errors import CorruptCiphertext, UnknownEncryptionKey
from models.text import clean_text

if TYPE_CHECKING:
    import httpx

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 4 * 1024 * 1024
_LONGEST_MESSAGE: Final = 200
#: Anthropic answers nothing without it. https://docs.anthropic.com/en/api/versioning
_ANTHROPIC_VERSION: Final = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it, in words."""

    works: bool
    message: str


class Provider(Protocol):
    """A kind of upstream, as far as testing a key needs it."""

    @property
    def base_url(self) -> str: ...

    @property
    def own_base_url(self) -> str | None: ...

    @property
    def v1_prefix(self) -> str: ...

    @property
    def error_shape(self) -> str: ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def test(self) -> tuple[str, str] | None:
        """Method and path of a request that is free and shows whether a key works."""
        ...


class Asked(NamedTuple):
    """A request of our own that tests a key."""

    base_url: str
    method: str
    path: str
    body: bytes


class Presenting(Protocol):
    """Puts a key into a request, as the data plane does."""

    async def __call__(
        self, provider: str, key_id: UUID, secret: str, auth: str | None, asked: Asked
    ) -> tuple[bytes, list[tuple[bytes, bytes]]] | str:
        """Path and query, and the fields of the key; or why it cannot be presented."""
        ...


class KeyTests(Protocol):
    """What it takes to test a key, as the wiring hands it in."""

    @property
    def ring(self) -> KeyRing: ...

    @property
    def providers(self) -> Mapping[str, Provider]: ...

    @property
    def upstreams(self) -> Upstreams: ...

    @property
    def is_refused(self) -> Callable[[str], bool]:
        """Whether a resolved address is never an upstream."""
        ...

    @property
    def present(self) -> Presenting: ...


@dataclass(frozen=True, slots=True)
class KeyTester:
    """The same, for those who have nothing else of it."""

    ring: KeyRing
    providers: Mapping[str, Provider]
    upstreams: Upstreams
    is_refused: Callable[[str], bool]
    present: Presenting

    async def test(self, project: Project, key: UpstreamKey) -> Result:
        """What comes of a test of this key."""
        return await ask(self, project, key)


class _Unreachable(Exception):
    """No answer, and why."""


async def ask(service: KeyTests, project: Project, key: UpstreamKey) -> Result:
    """The upstream's answer, within ten seconds."""
    place = place_of(key, project.provider, project.base_url)
    name = place.provider
    provider = service.providers.get(name)
    if provider is None:
        return Result(False, f"The provider {name} is not configured here any more.")
    base_url = place.base_url or provider.own_base_url
    if base_url is None:
        return Result(False, f"The provider {name} has no address of its own: give one.")
    if provider.test is None:
        return Result(False, f"The file of {name} names no request that tests a key for free.")
    if not service.upstreams.allows(*place):
        return Result(False, "UPSTREAM_ORIGINS does not list the project's address: nothing sent.")
    if not service.upstreams.fits(key.bound_to, *place):
        return Result(False, "The key was entered for another address: it was not sent.")
    try:
        secret = service.ring.decrypt(key.ciphertext, key.id)
    except (UnknownEncryptionKey, CorruptCiphertext):
        return Result(False, "The key cannot be decrypted with ENCRYPTION_KEY.")
    wider = None if key.provider else project.v1_prefix
    prefix = provider.v1_prefix if wider is None else wider
    asked = _asked(provider.test, base_url, prefix if key.v1_prefix is None else key.v1_prefix)
    began = perf_counter()
    try:
        async with asyncio.timeout(_SECONDS):
            made = await service.present(name, key.id, secret, key.auth, asked)
            if isinstance(made, str):
                return Result(False, made)
            target, fields = made
            status, body = await _ask(service, asked, target, _fields(provider) | _text(fields))
    except TimeoutError:
        return Result(False, "The upstream did not answer within 10 seconds.")
    except _Unreachable as exc:
        return Result(False, str(exc))
    # Some upstreams quote the key that they refuse.
    for part in credentials.secrets_in(secret):
        body = body.replace(part.encode(), b"(the key)")
    return _judge(status, body, perf_counter() - began, posted=asked.method == "POST")


async def ask_before_saving(
    service: KeyTests, api_key: str, *, provider: str, base_url: str | None, v1_prefix: str | None
) -> Result | None:
    """The same for a key and a project that are not stored yet; None where no test is free.

    Raises credentials.BadCredential for JSON that is no key.
    """
    known = service.providers.get(provider)
    if known is not None and known.test is None:
        return None
    project = Project(provider=provider, base_url=base_url, v1_prefix=v1_prefix)
    return await ask(service, project, UpstreamKey.draft(project, api_key, ring=service.ring))


def _asked(test: tuple[str, str], base_url: str, v1_prefix: str) -> Asked:
    """The request as it goes upstream; the file has it as clients send it."""
    method, path = test
    if path == "/v1" or path.startswith("/v1/"):
        path = v1_prefix + path.removeprefix("/v1")
    return Asked(base_url, method, path, b"{}" if method == "POST" else b"")


def _fields(provider: Provider) -> dict[str, str]:
    fields = {"accept-encoding": "identity"}
    if provider.error_shape == "anthropic":
        fields["anthropic-version"] = _ANTHROPIC_VERSION
    return fields | dict(provider.headers)


def _text(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("ascii").lower(): value.decode("latin-1") for name, value in fields}


async def _ask(
    service: KeyTests, asked: Asked, target: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    # Takes 40 ms, which most processes never need, and for which nobody else should wait.
    await asyncio.to_thread(import_module, "httpx")
    import httpx  # noqa: PLC0415

    base = split_base_url(asked.base_url)
    host = base.host
    address = await _allowed_address(service, host, base.port)
    literal = f"[{address}]" if ":" in address else address
    url = httpx.URL(f"{base.scheme}://{literal}:{base.port}").copy_with(raw_path=target)
    content = asked.body or None
    more = {"host": base.authority} | ({"content-type": "application/json"} if content else {})
    # As for requests of clients, and not httpx's own list, which knows no private authority.
    tls = await asyncio.to_thread(trusting)
    async with httpx.AsyncClient(verify=tls, timeout=_SECONDS, trust_env=False) as client:
        request = client.build_request(
            asked.method,
            url,
            content=content,
            headers={**headers, **more},
            extensions={"sni_hostname": host},
        )
        try:
            response = await client.send(request, stream=True)
            body = await _read(response)
        except httpx.HTTPError as exc:
            raise _Unreachable(f"No answer from {host}: {str(exc) or type(exc).__name__}.") from exc
    return response.status_code, body


async def _allowed_address(service: KeyTests, host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise _Unreachable(f"The name {host} does not resolve.") from exc
    for _, _, _, _, address in found:
        if not service.is_refused(str(address[0])):
            return str(address[0])
    raise _Unreachable(f"The address of {host} is not allowed as an upstream.")


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _MOST_BYTES:
            break
    await response.aclose()
    return bytes(body)


def _judge(status: int, body: bytes, seconds: float, *, posted: bool) -> Result:
    took = f"{seconds * 1000:.0f} ms"
    parsed = _json(body)
    if status == 200:
        models = parsed.get("data")
        number = f"{len(models):,} models, " if isinstance(models, list) else ""
        return Result(True, f"It works: {number}{took}.")
    error = parsed.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    said = f" {clean_text(str(message), limit=_LONGEST_MESSAGE)}" if message else ""
    if status in (401, 403):
        return Result(False, f"The upstream refuses the key ({status}).{said}")
    if posted and status in (400, 422):
        # It has looked at the request, which is empty, and so let the key in.
        return Result(True, f"It works: the upstream takes the key, {took}.")
    return Result(False, f"The upstream answered {status} after {took}.{said}")


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
