"""The server's own identity, by the clouds' own libraries, from what the environment names."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import pytest

from proxy import errors
from proxy.upstream.target import Unsigned, address_of
from proxy.upstream_auth import ambient
from proxy.upstream_auth.presenting import UpstreamAuth, region_in
from proxy.upstream_auth.tokens import Tokens
from tests.proxy.upstream_auth.endpoints import claims_of, pem, token_endpoint
from tests.proxy.upstream_auth.test_tokens import Store

KEY: Final = '{"source": "environment"}'
HOST: Final = "https://bedrock-runtime.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither files of whoever runs the tests, nor a metadata service that would be waited for."""
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        "CLOUDSDK_CONFIG": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    ambient._azure.cache_clear()


@asynccontextmanager
async def answering(said: dict[str, object]) -> AsyncIterator[tuple[str, list[str]]]:
    """A service of a machine that gives everybody this JSON; its URL, and what it was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = json.dumps(said).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()


async def authorization(auth: UpstreamAuth, key: str = KEY, host: str = HOST, **facts: Any) -> str:
    """What a request would carry."""
    known = {"auth": "bearer", "service": "", "token_uris": (), "scopes": ()} | facts
    address = address_of(host)
    made = auth.of(SimpleNamespace(**known), address, key_id=UUID(int=1), secret=key)
    assert made.presenter is not None
    asked = await made.presenter.present(Unsigned("GET", address, b"/", b"", (), True))
    return asked.fields.decode()


async def test_amazons_variables_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFROMENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "shh")
    fields = await authorization(UpstreamAuth(ambient=True), service="bedrock")
    # The region is the one that the address names.
    assert "Credential=AKIAFROMENVIRONMENT/" in fields
    assert "/eu-west-1/bedrock/aws4_request" in fields
    assert "Security-Token" not in fields


async def test_a_containers_role_signs_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    said: dict[str, object] = {
        "AccessKeyId": "ASIAOFTHECONTAINER",
        "SecretAccessKey": "shh",
        "Token": "the/session",
        "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    async with answering(said) as (url, asked):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/role")
        token = await ambient.aws("us-east-1")
        assert token.expires_at == pytest.approx(ends.timestamp(), abs=1)
        auth, store = UpstreamAuth(ambient=True), Store()
        fields = await authorization(auth, service="bedrock")
        assert await authorization(auth, service="bedrock")
        assert "Credential=ASIAOFTHECONTAINER/" in fields
        assert "X-Amz-Security-Token: the/session" in fields
        assert len(asked) == 2
        # It is this machine's, so it is not stored for others.
        shared = UpstreamAuth(tokens=Tokens(store), ambient=True)
        await authorization(shared, service="bedrock")
        await asyncio.sleep(0)
        assert not store.kept


async def test_a_file_that_the_environment_names_is_googles_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with token_endpoint() as endpoint:
        account = {
            "type": "service_account",
            "client_email": "a@b.example",
            "private_key": pem(),
            "token_uri": f"{endpoint.url}/token",
        }
        file = tmp_path / "adc.json"
        file.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        fields = await authorization(UpstreamAuth(ambient=True), scopes=("https://scope",))
        assert fields == "Authorization: Bearer ya29.token-1\r\n"
        ((_, form),) = endpoint.posts
        assert claims_of(form["assertion"])[1]["scope"] == "https://scope"


async def test_a_managed_identity_is_entras(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    said: dict[str, object] = {
        "access_token": "eyJ.of.azure",
        "expires_on": str(int(time()) + 3600),
        "resource": "https://cognitiveservices.azure.com",
        "token_type": "Bearer",
    }
    async with answering(said) as (url, asked):
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi")
        monkeypatch.setenv("IDENTITY_HEADER", "of-this-machine")
        scopes = ("https://cognitiveservices.azure.com/.default",)
        fields = await authorization(UpstreamAuth(ambient=True), scopes=scopes)
        assert fields == "Authorization: Bearer eyJ.of.azure\r\n"
        assert "resource=https" in asked[0]


async def test_without_an_identity_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    auth = UpstreamAuth(ambient=True)
    with pytest.raises(errors.UpstreamAuthUnavailable, match="finds no credentials"):
        await authorization(auth, service="bedrock")
    with pytest.raises(errors.UpstreamAuthUnavailable, match="has no region"):
        await authorization(auth, service="bedrock", host="https://gateway.example")
    with pytest.raises(errors.UpstreamAuthUnavailable, match="DefaultCredentialsError"):
        await authorization(auth, scopes=("s",))
    off = UpstreamAuth()
    with pytest.raises(errors.UpstreamAuthUnavailable, match="UPSTREAM_AMBIENT_CREDENTIALS"):
        await authorization(off, service="bedrock")


@pytest.mark.parametrize(
    ("module", "facts", "extra"),
    [
        ("botocore.session", {"service": "bedrock"}, "aws"),
        ("google.auth", {"scopes": ("s",)}, "google"),
        ("azure.identity", {"scopes": ("s/.default",)}, "azure"),
    ],
)
async def test_a_library_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, facts: dict[str, Any], extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(errors.UpstreamAuthUnavailable) as caught:
        await authorization(UpstreamAuth(ambient=True), **facts)
    assert f"pip install 'llm-proxy[{extra}]'" in caught.value.message


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bedrock-mantle.us-gov-west-1.api.aws", "us-gov-west-1"),
        ("127.0.0.1", ""),
        ("a-b-c.d-e-f.example.com", ""),
    ],
)
def test_a_region_is_read_from_an_address_of_amazons_alone(host: str, region: str) -> None:
    assert region_in(host) == region
