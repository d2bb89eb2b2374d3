"""Short-lived tokens: fetched once, renewed in time, refused with the cause where there is none."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from time import time
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from loguru import logger

from proxy import errors
from proxy.upstream.pool import Pool
from proxy.upstream.target import Address, Presented, Unsigned, address_of
from proxy.upstream_auth import tokens
from proxy.upstream_auth.exchanges import Token
from proxy.upstream_auth.presenters import ReplacingField
from proxy.upstream_auth.presenting import UpstreamAuth
from proxy.upstream_auth.tokens import Tokens
from tests.proxy.upstream.conftest import PATIENT, no_authorities, until
from tests.proxy.upstream_auth.endpoints import TokenEndpoint, claims_of, pem, token_endpoint

SECRET: Final = "the-client~secret"
ADDRESS: Final[Address] = address_of("https://upstream.example")
KEY: Final = UUID(int=7)


@pytest.fixture
async def endpoint() -> AsyncIterator[TokenEndpoint]:
    async with token_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(PATIENT, no_authorities())
    yield pool
    await pool.close()


def provider(*token_uris: str, auth: str = "bearer", scope: str = "a b") -> Any:
    return SimpleNamespace(auth=auth, service="", token_uris=token_uris, scopes=(scope,))


def google(**changes: str) -> str:
    account = {"type": "service_account", "client_email": "a@b.example", "private_key": pem()}
    return json.dumps(account | changes)


def entra(**changes: str) -> str:
    client = {"tenant_id": "contoso.com", "client_id": "app-1", "client_secret": SECRET}
    return json.dumps(client | changes)


async def presented(auth: UpstreamAuth, of: Any, secret: str, key: UUID = KEY) -> str:
    """The token that a request would carry."""
    presenter = auth.of(of, ADDRESS, key_id=key, secret=secret).presenter
    assert presenter is not None
    asked = Unsigned("GET", ADDRESS, b"/v1/models", b"Accept: */*\r\n", (), True)
    made = await presenter.present(asked)
    assert made.target == b"/v1/models"
    found = re.fullmatch(rb"Accept: \*/\*\r\nAuthorization: Bearer (\S+)\r\n", made.fields)
    assert found is not None
    return found[1].decode()


async def test_a_service_account_signs_for_its_token(endpoint: TokenEndpoint, pool: Pool) -> None:
    auth, uri = UpstreamAuth(pool), f"{endpoint.url}/token"
    secret = google(token_uri=uri, private_key_id="k1")
    assert await presented(auth, provider("https://other.example/t", uri), secret) == "ya29.token-1"
    (line, form), *_ = endpoint.posts
    assert line == "POST /token HTTP/1.1"
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    header, claims = claims_of(form["assertion"])
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    issued = claims.pop("iat")
    assert isinstance(issued, int)
    assert claims.pop("exp") == issued + 3600
    assert claims == {"iss": "a@b.example", "scope": "a b", "aud": uri}


async def test_an_application_of_entra_asks_in_its_tenant(
    endpoint: TokenEndpoint, pool: Pool
) -> None:
    auth = UpstreamAuth(pool)
    assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"
    (line, form), *_ = endpoint.posts
    assert line == "POST /contoso.com/oauth2/v2.0/token HTTP/1.1"
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": SECRET,
        "scope": "a b",
    }
    template = provider(f"{endpoint.url}/{{tenant_id}}/t")
    assert await presented(auth, template, entra()) == "ya29.token-2"
    assert endpoint.posts[1][0] == "POST /contoso.com/t HTTP/1.1"


async def test_all_requests_of_a_key_share_one_token(endpoint: TokenEndpoint, pool: Pool) -> None:
    auth = UpstreamAuth(pool)
    endpoint.gate.clear()
    asking = [
        asyncio.create_task(presented(auth, provider(endpoint.url), entra())) for _ in range(50)
    ]
    await endpoint.asked.wait()
    asking.pop().cancel()
    endpoint.gate.set()
    assert set(await asyncio.gather(*asking)) == {"ya29.token-1"}
    assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"
    assert len(endpoint.posts) == 1
    # Another key is another account, and what it is fetched for is part of what a token is.
    assert await presented(auth, provider(endpoint.url), entra(), uuid4()) == "ya29.token-2"
    assert await presented(auth, provider(endpoint.url, scope="c"), entra()) == "ya29.token-3"


async def test_a_token_is_renewed_at_four_fifths_of_its_life_beside_the_requests(
    endpoint: TokenEndpoint, pool: Pool
) -> None:
    endpoint.life = 1
    auth = UpstreamAuth(pool)
    began = time()
    assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"
    endpoint.asked.clear()
    endpoint.life = 3600
    await endpoint.asked.wait()
    assert time() - began >= 0.8
    await until(lambda: len(endpoint.posts) == 2)
    while await presented(auth, provider(endpoint.url), entra()) != "ya29.token-2":
        await asyncio.sleep(0)
    assert len(endpoint.posts) == 2
    auth.close()


async def test_nothing_is_fetched_any_more_with_a_key_that_was_removed_or_is_not_used(
    endpoint: TokenEndpoint, pool: Pool
) -> None:
    store = Store()
    of_store, of_none = Tokens(store), Tokens()
    removed, unused = UpstreamAuth(pool, of_store), UpstreamAuth(pool, of_none)
    await presented(removed, provider(endpoint.url), entra())
    await presented(unused, provider(endpoint.url), entra())
    store.gone = True
    (of_removed,), (of_unused,) = of_store._tokens.values(), of_none._tokens.values()
    of_unused._used_at -= 1
    # As the timers do.
    of_removed._renew()
    of_unused._renew()
    await until(lambda: not _in_flight())
    assert len(endpoint.posts) == 2
    # The next request that needs it has it fetched.
    store.kept.clear()
    assert await presented(removed, provider(endpoint.url), entra()) == "ya29.token-3"
    removed.close()
    unused.close()


async def test_a_token_is_used_while_it_is_good_though_it_cannot_be_renewed(
    endpoint: TokenEndpoint, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth, now = UpstreamAuth(pool), time()
    assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"
    endpoint.answers = [(503, b"away")]
    for later in (0.81 * 3600, 0.9 * 3600, 3599):
        monkeypatch.setattr(tokens, "time", lambda later=later: now + later)
        assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"
        await until(lambda: not _in_flight())
    monkeypatch.setattr(tokens, "time", lambda: now + 4000)
    with pytest.raises(errors.UpstreamAuthUnavailable):
        await presented(auth, provider(endpoint.url), entra())
    auth.close()


def _in_flight() -> bool:
    return any(task.get_name() == "upstream-token" for task in asyncio.all_tasks())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, {"error": "invalid_grant", "error_description": f"bad {SECRET}"}),
         "answered 400: invalid_grant, bad (the secret)"),
        ((403, {"error": {"status": "DENIED", "message": "no"}}), "answered 403: DENIED, no"),
        ((500, b"<html>"), "answered 500"),
        ((200, b"[]"), "answered 200 without an access_token"),
        ((200, b'{"access_token": "caf\xe9"}'), "answered 200 without an access_token"),
        ((200, {"access_token": "two words"}), "answered 200 without an access_token"),
        ((200, {"access_token": "x" * 40_000}), "answered 200 without an access_token"),
        ((200, b" " * 400_000), "answered 200 without an access_token"),
        ((302, b""), "answered 302"),
    ],
)  # fmt: skip
async def test_a_refusal_says_why_without_the_secret_and_is_not_asked_for_again_at_once(
    endpoint: TokenEndpoint, pool: Pool, answer: tuple[int, object], said: str
) -> None:
    endpoint.answers = [answer]
    auth, lines = UpstreamAuth(pool), list[str]()
    sink = logger.add(lines.append, format="{message}")
    try:
        for _ in range(3):
            with pytest.raises(errors.UpstreamAuthUnavailable) as caught:
                await presented(auth, provider(endpoint.url), entra())
            refusal = caught.value
            assert (refusal.status, refusal.code) == (503, "upstream_auth_unavailable")
            assert said in f"{refusal.message.removesuffix('.')}{refusal.detail}"
            # Accounts are named to those who run the server alone.
            assert "invalid_grant" not in refusal.message
            assert refusal.retry_after is not None
            assert SECRET not in refusal.message + refusal.detail
    finally:
        logger.remove(sink)
    assert len(endpoint.posts) == 1
    assert sum(said in line for line in lines) == 1
    assert not any(SECRET in line for line in lines)


async def test_tries_are_put_off_longer_after_each_failure(
    endpoint: TokenEndpoint, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answers = [(500, b"")]
    auth, clock = UpstreamAuth(pool), [time()]
    monkeypatch.setattr(tokens, "time", lambda: clock[0])
    waits = []
    for tries in range(1, 9):
        with pytest.raises(errors.UpstreamAuthUnavailable) as caught:
            await presented(auth, provider(endpoint.url), entra())
        assert len(endpoint.posts) == tries
        waits.append(caught.value.retry_after)
        clock[0] += caught.value.retry_after or 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    endpoint.answers = []
    assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-9"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (google(token_uri="http://169.254.169.254/token"), "token_uri is none of the provider's"),
        (entra(authority="https://evil.example"), "authority is none of the provider's"),
        ('{"source": "environment"}', "UPSTREAM_AMBIENT_CREDENTIALS"),
        ('{"access_key_id": "AKIA", "secret_access_key": "s", "region": "r"}', "no service"),
        ('{"type": "external_account"}', "service_account"),
    ],
)
async def test_a_key_names_no_place_of_its_own(
    endpoint: TokenEndpoint, pool: Pool, secret: str, said: str
) -> None:
    with pytest.raises(errors.UpstreamAuthUnavailable, match=re.escape(said)):
        await presented(UpstreamAuth(pool), provider(endpoint.url), secret)
    assert not endpoint.posts


async def test_an_endpoint_is_dialled_by_the_rules_of_upstreams(
    endpoint: TokenEndpoint, pool: Pool
) -> None:
    metadata = provider("http://169.254.169.254")
    with pytest.raises(errors.UpstreamAuthUnavailable, match=r"not allowed as an upstream\.$"):
        await presented(UpstreamAuth(pool), metadata, entra())
    elsewhere = UpstreamAuth(pool, origins=frozenset(("https://api.example:443",)))
    with pytest.raises(errors.UpstreamAuthUnavailable, match="UPSTREAM_ORIGINS"):
        await presented(elsewhere, provider(endpoint.url), entra())
    assert not endpoint.posts
    listed = UpstreamAuth(pool, origins=frozenset((endpoint.url,)))
    assert await presented(listed, provider(endpoint.url), entra()) == "ya29.token-1"


class Store:
    """What workers share."""

    def __init__(self) -> None:
        self.kept: dict[tuple[UUID, str], tuple[Token, float]] = {}
        self.silent = self.gone = False

    async def is_gone(self, key_id: UUID) -> bool:
        return self.gone

    async def load(self, key_id: UUID, source: str) -> tuple[Token, float] | None:
        if self.silent:
            await asyncio.Event().wait()
        return self.kept.get((key_id, source))

    async def save(self, key_id: UUID, source: str, token: Token, fetched_at: float) -> None:
        self.kept[key_id, source] = token, fetched_at


async def test_a_worker_takes_what_another_fetched(endpoint: TokenEndpoint, pool: Pool) -> None:
    store = Store()
    books = Tokens(store), Tokens(store)
    first, second = (UpstreamAuth(pool, book) for book in books)
    assert await presented(first, provider(endpoint.url), entra()) == "ya29.token-1"
    await until(lambda: bool(store.kept))
    assert await presented(second, provider(endpoint.url), entra()) == "ya29.token-1"
    assert len(endpoint.posts) == 1
    # They do not all renew it at the same moment: who fetched it goes first.
    ((own,), (taken,)) = (book._tokens.values() for book in books)
    assert 0.02 * 3600 <= taken._renew_at - own._renew_at <= 0.08 * 3600
    # One that had to be renewed soon is not worth taking.
    ((name, (token, fetched_at)),) = store.kept.items()
    store.kept[name] = token, fetched_at - 4 * 3600
    third = UpstreamAuth(pool, Tokens(store))
    store.kept[name] = Token(token.text, time() + 600), time() - 3000
    assert await presented(third, provider(endpoint.url), entra()) == "ya29.token-2"


async def test_a_store_that_does_not_answer_holds_nobody_up_for_long(
    endpoint: TokenEndpoint, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "STORE_SECONDS", 0.01)
    store = Store()
    store.silent = True
    auth = UpstreamAuth(pool, Tokens(store))
    assert await presented(auth, provider(endpoint.url), entra()) == "ya29.token-1"


async def test_tokens_that_nobody_uses_are_forgotten(
    endpoint: TokenEndpoint, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Tokens()
    auth, now = UpstreamAuth(pool, kept), time()
    await presented(auth, provider(endpoint.url), entra())
    assert len(kept) == 1
    monkeypatch.setattr(tokens, "time", lambda: now + 3 * 3600)
    await presented(auth, provider(endpoint.url), entra(), uuid4())
    assert len(kept) == 1


def test_nothing_that_holds_a_secret_shows_it(pool: Pool) -> None:
    for secret in (google(), entra(), "sk-secret-of-a-provider"):
        made = UpstreamAuth(pool).of(provider("http://h"), ADDRESS, key_id=KEY, secret=secret)
        shown = repr(made)
        assert SECRET not in shown
        assert "PRIVATE" not in shown
        assert "sk-secret" not in shown
    assert SECRET not in repr(Token(SECRET, 1.0))
    assert SECRET not in repr(Presented(b"/?key=" + SECRET.encode(), SECRET.encode()))


async def test_a_clients_field_of_the_keys_name_goes_however_it_is_spelled() -> None:
    fields = b"x_team-KEY: theirs\r\nX-Team-Key: theirs\r\nx-other: kept\r\n"
    made = await ReplacingField(b"X-Team-Key: ours\r\n").present(
        Unsigned("GET", ADDRESS, b"/", fields, (), True)
    )
    assert made.fields == b"x-other: kept\r\nX-Team-Key: ours\r\n"
