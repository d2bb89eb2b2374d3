"""Testing a key sends it only where it may go, and shows it nowhere."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from fake_upstream import FakeUpstream
from models import Project, UpstreamKey
from models.bindings import Upstreams, binding
from models.ids import new_id
from proxy.providers.catalog import BUILT_IN
from proxy.providers.provider import Probe
from proxy.upstream.pool import Pool
from proxy.upstream_auth.presenting import UpstreamAuth
from tests.admin.conftest import KEY, RING
from tests.fixtures.plain_authority import default_contexts_of_python_3_13, make_plain_authority
from tests.proxy.upstream.conftest import PATIENT, no_authorities
from tests.proxy.upstream_auth.endpoints import token_endpoint
from web import key_test


def _present(auth: UpstreamAuth) -> Any:
    """As the wiring hands it in."""
    return lambda provider, *key: auth.in_a_test(BUILT_IN[provider], *key)


async def _test_key(base_url: str, upstreams: Upstreams) -> key_test.Result:
    service: Any = SimpleNamespace(
        providers=BUILT_IN,
        upstreams=upstreams,
        ring=RING,
        is_refused=lambda _address: False,
        present=_present(UpstreamAuth()),
    )
    key = UpstreamKey(id=new_id(), bound_to=binding("openai", base_url))
    key.ciphertext = RING.encrypt(KEY, key.id)
    project = Project(provider="openai", base_url=base_url)
    return await key_test.ask(service, project, key)


AWS: Final = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI",
    "region": "us-east-1",
}


async def _test_json(upstream: str, key: object, **provider: Any) -> key_test.Result:
    """What comes of a test of a key that is JSON."""
    known = {"openai": replace(BUILT_IN["openai"], **provider)}
    pool = Pool(PATIENT, no_authorities())
    auth = UpstreamAuth(pool)
    service: Any = SimpleNamespace(
        providers=known,
        upstreams=Upstreams(),
        ring=RING,
        is_refused=lambda _address: False,
        present=lambda name, *given: auth.in_a_test(known[name], *given),
    )
    row = UpstreamKey(id=new_id(), bound_to=binding("openai", upstream))
    row.ciphertext = RING.encrypt(json.dumps(key), row.id)
    result = await key_test.ask(service, Project(provider="openai", base_url=upstream), row)
    auth.close()
    await pool.close()
    return result


async def test_a_signature_is_tested() -> None:
    async with FakeUpstream() as upstream:
        assert (await _test_json(upstream.url, AWS, service="bedrock")).works
        (asked,) = upstream.requests
        fields = dict(asked.headers)
        assert fields[b"authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EX")
        assert b"x-amz-date" in fields
        without = await _test_json(upstream.url, AWS)
        assert (without.works, "names no service" in without.message) == (False, True)


async def test_a_short_lived_token_is_fetched_and_tested() -> None:
    client = {"tenant_id": "contoso.com", "client_id": "app", "client_secret": "the-secret"}
    async with FakeUpstream(api_keys={"ya29.token-1"}) as upstream, token_endpoint() as tokens:
        assert (await _test_json(upstream.url, client, token_uris=(tokens.url,))).works
        tokens.answers = [(401, {"error": "invalid_client", "error_description": "the-secret"})]
        refused = await _test_json(upstream.url, client, token_uris=(tokens.url,))
        assert not refused.works
        assert "401: invalid_client" in refused.message
        assert "the-secret" not in refused.message
        assert upstream.count == 1


async def test_the_request_that_tests_is_the_providers_own() -> None:
    async with FakeUpstream() as upstream:
        changes = {"v1_prefix": "/api/v2", "headers": (("x-team", "search"),), "service": "bedrock"}
        await _test_json(upstream.url, AWS, test=Probe("GET", "/v1/me?x=%2F"), **changes)
        (asked,) = upstream.requests
        assert (asked.method, asked.target) == ("GET", b"/api/v2/me?x=%2F")
        assert (b"x-team", b"search") in asked.headers
        none = await _test_json(upstream.url, AWS, test=None)
        assert "names no request" in none.message


async def test_a_post_that_is_looked_at_shows_that_the_key_works() -> None:
    async with FakeUpstream() as upstream:
        upstream.reply("/v1/messages", b'{"error": {"message": "no model"}}', status=400)
        probe = Probe("POST", "/v1/messages")
        result = await _test_json(upstream.url, AWS, test=probe, service="bedrock")
        assert result.works


@pytest.mark.parametrize("listed", [True, False])
async def test_it_is_sent_only_to_origins_that_the_operator_lists(listed: bool) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        origin = upstream.url if listed else "https://elsewhere.example:443"
        result = await _test_key(upstream.url, Upstreams(origins=frozenset({origin})))
        assert (result.works, upstream.count) == (listed, int(listed))


async def test_an_upstream_that_quotes_the_key_shows_it_to_nobody() -> None:
    async with FakeUpstream() as upstream:
        body = f'{{"error": {{"message": "Incorrect API key: {KEY}."}}}}'.encode()
        upstream.reply("/v1/models", body, status=401)
        result = await _test_key(upstream.url, Upstreams())
    assert result.message.endswith("Incorrect API key: (the key).")


async def test_an_upstream_that_answers_nothing_but_brackets_refuses_the_key() -> None:
    async with FakeUpstream() as upstream:
        upstream.reply("/v1/models", b'{"error": ' + b"[" * 8_000, status=401)
        result = await _test_key(upstream.url, Upstreams())
    assert not result.works
    assert "refuses the key (401)" in result.message


async def _ask_before_saving(base_url: str, upstreams: Upstreams, **provider: Any) -> Any:
    known = {"openai": replace(BUILT_IN["openai"], **provider)}
    service: Any = SimpleNamespace(
        providers=known,
        upstreams=upstreams,
        ring=RING,
        is_refused=lambda _address: False,
        present=_present(UpstreamAuth()),
    )
    return await key_test.ask_before_saving(
        service, KEY, provider="openai", base_url=base_url, v1_prefix=None
    )


async def test_a_key_that_is_not_saved_goes_where_it_would_go_saved() -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        assert (await _ask_before_saving(upstream.url, Upstreams())).works
        asked = len(upstream.requests)
        elsewhere = Upstreams(origins=frozenset({"https://api.openai.com:443"}))
        assert not (await _ask_before_saving(upstream.url, elsewhere)).works
        assert await _ask_before_saving(upstream.url, Upstreams(), test=None) is None
        assert len(upstream.requests) == asked


async def test_a_private_authority_is_believed_as_for_requests_of_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_contexts_of_python_3_13(monkeypatch)
    private = make_plain_authority(tmp_path)
    async with FakeUpstream(ssl_context=private.serving()) as upstream:
        result = await _test_key(upstream.url, Upstreams())
        assert not result.works
        assert "CERTIFICATE_VERIFY_FAILED" in result.message
        monkeypatch.setenv("SSL_CERT_FILE", str(private.authority))
        assert (await _test_key(upstream.url, Upstreams())).works
