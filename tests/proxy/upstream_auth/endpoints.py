"""A token endpoint on a real socket, as Google's and Entra's answer, and a key taken there."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem() -> str:
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return rsa_key().private_bytes(*form).decode()


class TokenEndpoint:
    """Answers each post with the next of `answers`, the last of them again and again.

    Without answers each post gets a token of its own, which lives `life` seconds. `gate` holds the
    answers back while it is closed.
    """

    def __init__(self) -> None:
        self.url = ""
        self.life: float = 3600
        self.answers: list[tuple[int, object]] = []
        self.posts: list[tuple[str, dict[str, str]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(fields["content-length"]))
                self.posts.append((lines[0], dict(parse_qsl(body.decode()))))
                self.asked.set()
                await self.gate.wait()
                status, said = self._answer()
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                writer.write(
                    b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % (status, len(content))
                    + content
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self) -> tuple[int, object]:
        if self.answers:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        token = f"ya29.token-{len(self.posts)}"
        return 200, {"access_token": token, "expires_in": self.life, "token_type": "Bearer"}


@asynccontextmanager
async def token_endpoint() -> AsyncIterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield endpoint
    finally:
        endpoint.gate.set()
        server.close()


def claims_of(assertion: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of an assertion, whose signature is verified."""
    signed, _, signature = assertion.rpartition(".")
    rsa_key().public_key().verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
    header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    return header, claims


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
