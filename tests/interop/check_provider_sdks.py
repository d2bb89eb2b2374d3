"""Providers' own SDKs through the proxy, unchanged but for URL and key: `make interop`.

Each presents its token in its own way, is answered by an upstream of its provider's form, and
raises its own error for a refusal. What reaches the upstream has the project's key and nothing of
the client's; where that is a signature, botocore's own code checks it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest

from config import Database
from fake_upstream.frames import chunk
from tests.fixtures.processes import bare_environment
from tests.fixtures.service import UPSTREAM_KEY, Issued, Service
from tests.interop.environments import python_environment
from tests.interop.provider_answers import (
    CHAT,
    CLAUDE,
    CLAUDE_EVENTS,
    CONVERSE,
    CONVERSE_FRAMES,
    GEMINI,
    OLLAMA,
    Answer,
    document,
    events,
    frames,
)
from tests.operations.certificate import Certificate, make_certificate
from tests.proxy.upstream.conftest import until
from tests.proxy.upstream_auth.signatures import AWS, fields_of, verify

_PROGRAM: Final = Path(__file__).parent / "clients" / "provider_sdks.py"
_SECONDS: Final = 240
_PACKAGES: Final = (
    "anthropic[bedrock]==2.14.0",
    "boto3==1.44.8",
    "google-genai==3.6.1",
    "groq==1.7.0",
    "mistralai==3.7.0",
    "ollama==0.6.3",
    "openai==3.57.0",
)
#: At most, of an answer that was cut.
TRIES: Final = 3
#: The release before, which asks for another version of the API.
_GOOGLE_2: Final = ("google-genai==2.34.0",)
#: Claude on AWS, which is no built-in provider: Anthropic's API at an address of AWS's.
_PROVIDERS: Final = """
[providers.claude-aws]
like = "anthropic"
base_url = "https://aws-external-anthropic.{region}.api.aws"
auth = "aws-sigv4"
service = "aws-external-anthropic"
keep_client_headers = ["anthropic-workspace-id"]
"""


class Sdk(NamedTuple):
    """What it asks for, of which provider, how that is answered, and what becomes of a refusal."""

    provider: str
    path: str
    answer: Answer
    unauthenticated: tuple[str, int | None, str | None]
    """The class that it raises, and status and code where it has them."""
    credential: str = "Authorization: Bearer"
    service: str = ""
    """What is signed for, where the project's key is AWS's."""
    packages: tuple[str, ...] = _PACKAGES
    over_tls: bool = False


_DENIED: Final = ("AccessDeniedException", None, "AccessDeniedException")
_UNKNOWN: Final = ("AuthenticationError", 401, None)
_GOOGLES: Final = ("ClientError", 401, "UNAUTHENTICATED")
_OF_VERTEX: Final = "/v1/projects/{project}/locations/{location}/publishers/anthropic/models/"
_INVOKED: Final = frames(b"".join(map(chunk, CLAUDE_EVENTS)))

SDKS: Final = {
    "google-genai": Sdk(
        "gemini",
        "/v1/models/{model}:generateContent",
        document(GEMINI),
        _GOOGLES,
        "x-goog-api-key:",
    ),
    "google-genai-stream": Sdk(
        "gemini",
        "/v1/models/{model}:streamGenerateContent",
        events(GEMINI),
        _GOOGLES,
        "x-goog-api-key:",
    ),
    "google-genai 2": Sdk(
        "gemini",
        "/v1beta/models/{model}:generateContent",
        document(GEMINI),
        _GOOGLES,
        "x-goog-api-key:",
        packages=_GOOGLE_2,
    ),
    "google-genai-stream 2": Sdk(
        "gemini",
        "/v1beta/models/{model}:streamGenerateContent",
        events(GEMINI),
        _GOOGLES,
        "x-goog-api-key:",
        packages=_GOOGLE_2,
    ),
    "google-genai-vertex": Sdk(
        "vertex",
        "/v1beta1/publishers/google/models/{model}:generateContent",
        document(GEMINI),
        _GOOGLES,
    ),
    "boto3-converse": Sdk(
        "bedrock", "/model/{model}/converse", document(CONVERSE), _DENIED, service="bedrock"
    ),
    "boto3-bearer": Sdk(
        "bedrock", "/model/{model}/converse", document(CONVERSE), _DENIED, over_tls=True
    ),
    "boto3-converse-stream": Sdk(
        "bedrock",
        "/model/{model}/converse-stream",
        frames(CONVERSE_FRAMES),
        _DENIED,
        service="bedrock",
    ),
    "boto3-invoke": Sdk(
        "bedrock", "/model/{model}/invoke", document(CLAUDE), _DENIED, service="bedrock"
    ),
    "boto3-invoke-stream": Sdk(
        "bedrock",
        "/model/{model}/invoke-with-response-stream",
        _INVOKED,
        _DENIED,
        service="bedrock",
    ),
    "anthropic-bedrock": Sdk("bedrock", "/model/{model}/invoke", document(CLAUDE), _UNKNOWN),
    "anthropic-bedrock-signed": Sdk(
        "bedrock",
        "/model/{model}/invoke-with-response-stream",
        _INVOKED,
        _UNKNOWN,
        service="bedrock",
    ),
    "anthropic-mantle": Sdk("bedrock-mantle", "/anthropic/v1/messages", document(CLAUDE), _UNKNOWN),
    "anthropic-mantle-signed": Sdk(
        "bedrock-mantle",
        "/anthropic/v1/messages",
        document(CLAUDE),
        _UNKNOWN,
        service="bedrock-mantle",
    ),
    "anthropic-aws": Sdk(
        "claude-aws",
        "/v1/messages",
        document(CLAUDE),
        _UNKNOWN,
        service="aws-external-anthropic",
    ),
    "anthropic-vertex": Sdk(
        "vertex", _OF_VERTEX + "{model}:rawPredict", document(CLAUDE), _UNKNOWN
    ),
    "anthropic-vertex-stream": Sdk(
        "vertex",
        _OF_VERTEX + "{model}:streamRawPredict",
        events(*CLAUDE_EVENTS, named=True),
        _UNKNOWN,
    ),
    "anthropic-foundry": Sdk(
        "azure-openai",
        "/anthropic/v1/messages",
        document(CLAUDE),
        _UNKNOWN,
        "api-key:",
    ),
    "azure-openai": Sdk(
        "azure-openai",
        "/openai/deployments/{deployment}/chat/completions",
        document(CHAT),
        _UNKNOWN,
        "api-key:",
    ),
    "azure-openai-v1": Sdk(
        "azure-openai",
        "/openai/v1/chat/completions",
        document(CHAT),
        _UNKNOWN,
        "api-key:",
    ),
    "bedrock-openai": Sdk(
        "bedrock-mantle", "/openai/v1/chat/completions", document(CHAT), _UNKNOWN
    ),
    "mistral": Sdk("mistral", "/v1/chat/completions", document(CHAT), ("SDKError", 401, None)),
    "groq": Sdk("groq", "/openai/v1/chat/completions", document(CHAT), _UNKNOWN),
    "ollama": Sdk("ollama", "/api/chat", document(OLLAMA), ("ResponseError", 401, None)),
}


class Upstream:
    """Answers everything alike, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer = Answer(b"")
        #: Whether the connection ends before the body that was announced.
        self.cuts = False
        self.got: list[tuple[bytes, bytes]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the proxy ends it."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
                lengths = [int(value) for name, _, value in fields if _is_length(name)]
                self.got.append((head, await reader.readexactly(sum(lengths))))
                body, kind = self.answer
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
                    % (kind.encode(), len(body) + self.cuts, body)
                )
                await writer.drain()
                if self.cuts:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def _is_length(name: bytes) -> bool:
    return name.strip().lower() == b"content-length"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all checks, which knows one provider more."""
    directory = tmp_path_factory.mktemp("proxy")
    providers = directory / "providers.toml"
    providers.write_text(_PROVIDERS)
    database = Database(dialect="sqlite", path=directory / "data" / "llm-proxy.db")
    service = Service(directory, database, {"PROVIDERS_FILE": str(providers)})
    try:
        service.start()
        yield service
        service.stop()
    finally:
        service.tear_down()


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    """One on a port of its own."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield upstream
    server.close()


@asynccontextmanager
async def _tls(proxy: Service, certificate: Certificate) -> AsyncIterator[str]:
    """What ends TLS before the proxy; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection("127.0.0.1", proxy.port)
        await asyncio.gather(carry(reader, ahead), carry(behind, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def ask(name: str, proxy: Service, *keys: str) -> list[dict[str, Any]]:
    """What the SDK saw with each of some keys, one after the other."""
    packages = SDKS[name].packages
    python = python_environment(
        "provider-sdks" if packages is _PACKAGES else "google-genai-2", *packages
    )
    certificate = make_certificate(proxy.directory)
    async with _tls(proxy, certificate) as secure:
        environ = bare_environment() | {
            "BASE_URL": secure if SDKS[name].over_tls else proxy.url,
            "API_KEYS": json.dumps(keys),
            "AWS_CA_BUNDLE": str(certificate.certificate),
        }
        process = await asyncio.create_subprocess_exec(
            str(python),
            str(_PROGRAM),
            name.partition(" ")[0],
            env=environ,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    seen: list[dict[str, Any]] = json.loads(output)
    sys.stderr.write(f"{name}: {seen}\n")
    return seen


def check_arrived(sdk: Sdk, issued: Issued, head: bytes, body: bytes) -> None:
    """That the upstream got the project's key or signature, and nothing of the client's."""
    text = head.decode("latin-1")
    assert issued.secret not in text
    lowered = text.lower()
    assert lowered.count("api-key") + lowered.count("\r\nauthorization:") == 1
    if sdk.service:
        line, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
        verify(line, fields_of(lines), body, sdk.service)
    else:
        assert text.count(f"\r\n{sdk.credential} {UPSTREAM_KEY}\r\n") == 1
        for private in ("x-amz-", "aws4-"):
            assert private not in lowered
    if sdk.provider == "claude-aws":
        assert "anthropic-workspace-id: wrkspc_1" in lowered


@pytest.mark.parametrize("name", SDKS)
async def test_it_is_answered_counted_and_refused_in_words_that_it_knows(
    proxy: Service, up: Upstream, name: str
) -> None:
    sdk = SDKS[name]
    up.answer = sdk.answer
    project = {"provider": sdk.provider}
    if sdk.service:
        project["api_key"] = json.dumps(AWS)
    issued = await proxy.make_token(up.url, project=project, max_requests=1)
    refused = proxy.log.count("quota_exceeded")
    answered, unknown, used_up = await ask(
        name, proxy, issued.secret, "llmp_nothing", issued.secret
    )
    assert answered == {"text": "Seven.", "error": None}
    (entry,) = await proxy.entries(issued.token.id, 1)
    assert (entry.endpoint, entry.usage, entry.outcome) == (sdk.path, "exact", "complete")
    assert (entry.prompt_tokens, entry.completion_tokens) == (7, 5)
    ((head, body),) = up.got
    target = head.split(b" ", 2)[1].decode()
    check_arrived(sdk, issued, head, body)

    error = unknown["error"]
    assert (error["kind"], error["status"], error["code"]) == sdk.unauthenticated
    assert "malformed" in error["message"]

    # It does not repeat what a retry cannot mend; the second one is ours.
    assert "All requests of this token have been used" in used_up["error"]["message"]
    assert await _refusals(proxy, issued, target) == refused + 2


# Over TLS it is for what ends TLS to pass a reset on.
@pytest.mark.parametrize("name", [name for name, sdk in SDKS.items() if not sdk.over_tls])
async def test_it_notices_an_answer_that_was_cut(proxy: Service, up: Upstream, name: str) -> None:
    """Though all that it wants has come: boto3 takes an orderly close for the whole of it."""
    up.answer, up.cuts = SDKS[name].answer, True
    issued = await proxy.make_token(up.url, project={"provider": SDKS[name].provider})
    (seen,) = await ask(name, proxy, issued.secret)
    assert seen["error"] is not None
    assert len(up.got) <= TRIES


async def _refusals(proxy: Service, issued: Issued, path: str) -> int:
    """How many refusals for a used-up token are in the log, after one that is made now."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{proxy.url}{path}", headers=issued.bearer, json={})
    last = answer.headers["x-llm-proxy-request-id"]
    await until(lambda: last in proxy.log)
    return proxy.log.count("quota_exceeded")
