"""What was decided of one request serves those that are alike, exactly as deciding anew would."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast
from uuid import UUID

import pytest
from msgspec import structs

from config import Database
from models import Token
from models.budgets import BudgetRule, with_budgets
from models.cache_rule import CacheRule
from models.entry import Entry
from models.upstream_keys import UpstreamKey
from proxy import decided
from proxy.access.grant import Grant
from proxy.decided import Decisions, Ready
from proxy.downstream import RequestHead
from proxy.providers.catalog import BUILT_IN
from proxy.upstream.target import Presenter, Target
from proxy.upstream_auth.presenting import UpstreamAuth
from server.http import framing
from tests.models.rows import BY, RING
from tests.proxy.alike import MOST_UNTIL_KNOWN, PATH, Sender, Sending, a_head, answer_of
from tests.proxy.middleware.shaped import shaped_plane
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import OPENAI, UPSTREAMS, a_grant, a_key, a_record
from tests.proxy.scripted import CHAT, Peer

SAYS: Final = CHAT[:-1]
#: Each is sent in turn by the same client.
BODIES: Final = (
    CHAT,
    CHAT,
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}',
    b"",
    SAYS + b', "stream": true}',
    SAYS + b', "stream": true, "stream_options": {"include_usage": true}}',
    SAYS + b', "user": "ada", "background": true}',
    b'{"model": "' + b"m" * 600 + b'"}',
    b'{"messages": []}',
    b"no JSON",
    CHAT,
)


@pytest.fixture(autouse=True)
def _no_heads_remembered() -> Iterator[None]:
    framing.forget()
    yield
    framing.forget()


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


def _entry(entry: Entry) -> Entry:
    times = dict.fromkeys(("at_us", "ttfb_us", "duration_us", "overhead_us"), 0)
    return structs.replace(entry, id="", **times)


#: Of a token and its project, whether the third request finds all decided, the path and more lines.
KINDS: Final[dict[str, tuple[dict[str, Any], dict[str, Any], bool, str, tuple[str, ...]]]] = {
    "plain": ({}, {}, True, PATH, ()),
    "tagged": ({}, {}, True, PATH, ("X-LLM-Proxy-Tags: team=a", "X-LLM-Proxy-User: eve")),
    "tagged by the token": ({"tags": {"team": "b"}}, {}, True, PATH, ()),
    "end user": ({}, {"end_user_from_body": True}, True, PATH, ()),
    "limits": (
        {"max_requests": 999, "requests_per_minute": 999, "max_parallel_requests": 9},
        {},
        True,
        PATH,
        (),
    ),
    "an address": ({"allowed_ips": ["192.0.2.0/24"]}, {}, True, PATH, ()),
    "models": ({"allowed_models": ["gpt-*"]}, {}, False, PATH, ()),
    "endpoints": ({"allowed_endpoints": [PATH]}, {}, True, PATH, ()),
    "responses": ({}, {}, True, "/v1/responses", ()),
    "embeddings": ({}, {}, True, "/v1/embeddings", ()),
    "nothing there": ({}, {}, False, "/v1/no/such", ()),
    "a query": ({}, {}, False, PATH + "?a=1", ()),
    "unmetered": ({}, {"unmetered": "refuse"}, False, PATH, ()),
    "isolated": ({}, {"isolation": "token"}, False, PATH, ()),
    # Of a machine that keeps none.
    "a cache": ({}, {"cache": {"ttl_seconds": 60, "scope": "project"}}, True, PATH, ()),
    "messages": ({}, {"provider": "anthropic"}, True, "/v1/messages", ()),
    "no cross": ({}, {}, True, PATH, ("Cookie: a=b", "OpenAI-Organization: org", "Via: 1.1 a")),
    "compressed": ({}, {}, False, PATH, ("Content-Encoding: gzip",)),
    "a hop": ({}, {}, False, PATH, ("X-LLM-Proxy-Hops: 1",)),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_requests_that_are_alike_go_and_are_recorded_as_if_each_was_decided_anew(
    plane: Plane, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, project, is_decided, path, fields = KINDS[kind]
    _, secret = await plane.token(project=project, **wanted)
    sending = Sending(plane, secret, path, *fields)

    async def all_of_them() -> tuple[list[bytes], list[Entry], list[tuple[object, ...]]]:
        sending.begin_anew()
        before = len(plane.seen.entries)
        bodies = [CHAT] * MOST_UNTIL_KNOWN + list(BODIES)
        answers = [answer_of(await sending.send(body)) for body in bodies]
        entries = [_entry(entry) for entry in plane.seen.entries[before:]]
        return list(sending.sent), entries, answers

    with monkeypatch.context() as general:
        general.setattr(Decisions, "keep", lambda *_: None)
        anew = await all_of_them()
        assert not any(one.decided for one in plane.seen.exchanges)
    assert await all_of_them() == anew
    assert any(one.decided for one in plane.seen.exchanges) == is_decided
    assert not any(one.decided for one in plane.seen.exchanges if not one.head.has_body)
    assert plane.is_idle()


async def test_a_budget_holds_what_an_alike_request_may_cost(plane: Plane) -> None:
    token, secret = await plane.token()
    rules = [BudgetRule(limit="usd", amount=1000, period="day")]
    await Token.filter(id=token.id).update(budgets=with_budgets(rules, None, 1))
    sending = Sending(plane, secret)
    await sending.become_known()
    assert (await sending.send(BODIES[2])).status == 200
    assert sending.was_decided()
    assert plane.seen.exchanges[-1].holds


async def _revoked(plane: Plane, token: Token) -> None:
    await token.revoke(by=BY)


async def _expired(plane: Plane, token: Token) -> None:
    await token.change(by=BY, expires_at=token.created_at + timedelta(microseconds=1))


async def _deactivated(plane: Plane, token: Token) -> None:
    await (await token.project).deactivate(by=BY)


async def _models(plane: Plane, token: Token) -> None:
    await (await token.project).change(by=BY, allowed_models=["o*"])


async def _no_key(plane: Plane, token: Token) -> None:
    for key in await UpstreamKey.filter(project_id=token.project_id):
        await key.change(by=BY, is_active=False)


async def _draining(plane: Plane, token: Token) -> None:
    plane.plane.draining = True


async def _full(plane: Plane, token: Token) -> None:
    plane.plane.body_budget.kept = plane.plane.body_budget.most


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_revoked, "token_revoked"),
        (_expired, "token_expired"),
        (_deactivated, "project_inactive"),
        (_models, "model_not_allowed"),
        (_no_key, "no_upstream_key"),
        (_draining, "shutting_down"),
        (_full, "overloaded"),
    ],
)
async def test_what_changes_between_two_alike_requests_refuses_the_second(
    plane: Plane, change: Callable[[Plane, Token], Awaitable[None]], code: str
) -> None:
    token, secret = await plane.token()
    sending = Sending(plane, secret)
    await sending.become_known()
    await change(plane, token)
    sent = len(sending.sent)
    assert (await sending.send()).code == code
    assert len(sending.sent) == sent
    plane.plane.body_budget.kept = 0


async def test_a_token_that_expires_is_refused_though_nothing_has_changed(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, secret = await plane.token()
    await token.change(by=BY, expires_at=token.created_at + timedelta(days=1))
    sending = Sending(plane, secret)
    await sending.become_known()
    tomorrow = token.created_at.timestamp() + 86_400
    for module in ("entrance", "access.authentication"):
        monkeypatch.setattr(f"proxy.{module}.time", lambda: tomorrow)
    assert (await sending.send()).code == "token_expired"


async def test_a_rotated_key_is_what_the_next_alike_request_presents(plane: Plane) -> None:
    token, secret = await plane.token()
    sending = Sending(plane, secret)
    await sending.become_known()
    project = await token.project
    (old,) = await UpstreamKey.filter(project_id=project.id)
    await project.add_key(api_key="sk-another-key-0123456789", ring=RING, by=BY)
    await old.remove(by=BY)
    assert (await sending.send()).status == 200
    assert b"sk-another-key" in sending.sent[-1]
    assert b"sk-upstream-key" not in sending.sent[-1]


async def test_another_token_with_the_same_head_goes_its_own_way(plane: Plane) -> None:
    _, secret = await plane.token()
    other = {"api_key": "sk-others-key-0123456789", "v1_prefix": "/v9"}
    _, of_other = await plane.token(project=other)
    sending = Sending(plane, secret)
    await sending.become_known()
    sending.secret = of_other
    assert (await sending.send()).status == 200
    assert not sending.was_decided()
    assert (await sending.send()).status == 200
    assert sending.was_decided()
    assert sending.sent[-1].startswith(b"POST /v9/chat/completions HTTP/1.1\r\n")
    assert b"sk-others-key" in sending.sent[-1]
    sending.secret = "llmp_" + "x" * 40
    sent = len(sending.sent)
    assert (await sending.send()).code == "invalid_token"
    assert len(sending.sent) == sent


def _kept_at(plane: Plane, where: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes of bodies are kept at each call of a method."""
    kept: list[int] = []
    called = getattr(where, name)

    def noting(*given: Any, **named: Any) -> Any:
        kept.append(plane.plane.body_budget.kept)
        return called(*given, **named)

    monkeypatch.setattr(where, name, noting)
    return kept


async def test_the_body_of_one_that_waits_for_its_limits_is_kept(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await plane.token(requests_per_minute=999)
    sending = Sending(plane, secret)
    await sending.become_known()
    kept = _kept_at(plane, plane.limits, "decide", monkeypatch)
    assert (await sending.send()).status == 200
    assert sending.was_decided()
    assert kept == [len(CHAT)]
    assert plane.is_idle()


async def test_one_that_is_alike_waits_for_a_connection_where_none_is_kept(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await plane.token()
    sending = Sending(plane, secret)
    await sending.become_known()
    for idle in plane.pool._idle.values():
        for connection in idle:
            connection.close()
    kept = _kept_at(plane, plane.pool, "acquire", monkeypatch)
    assert (await sending.send()).status == 200
    assert sending.was_decided()
    # Meanwhile its body is in memory.
    assert kept == [len(CHAT)]
    assert plane.is_idle()
    assert plane.upstream.connections == 2
    assert re.sub(rb"Id: \d+", b"", sending.sent[-1]) == re.sub(rb"Id: \d+", b"", sending.sent[-2])


async def test_one_that_is_alike_is_not_repeated_where_the_upstream_breaks_off(
    plane: Plane,
) -> None:
    _, secret = await plane.token()
    sending = Sending(plane, secret)
    asked: list[bytes] = []

    async def script(peer: Peer) -> None:
        while BODIES[2] not in (request := await peer.request()):
            await peer.answer()
        asked.append(request)
        peer.break_off()

    plane.upstream.follow(script)
    await sending.become_known()
    assert (await sending.send(BODIES[2])).code == "upstream_unreachable"
    assert len(asked) == plane.upstream.connections == 1
    assert not plane.pool.connections
    assert plane.is_idle()


def _heads(secret: str, path: str, count: int) -> Iterator[RequestHead]:
    """Of so many likenesses."""
    for number in range(count):
        fields = f"X-Kind: {number}"
        for _ in range(MOST_UNTIL_KNOWN):
            a_head(secret, CHAT, path, 0, fields)
        yield a_head(secret, CHAT, path, 1, fields)


async def _grant(plane: Plane, secret: str) -> Grant:
    found = plane.grants.recognised(a_head(secret))
    assert found is not None
    return found.grant


@pytest.mark.parametrize("of_heads", [5, 100])
async def test_no_more_is_kept_of_a_grant_or_of_a_worker_than_its_bound(
    of_heads: int, plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decided, "OF_A_GRANT_MAX", 3)
    monkeypatch.setattr(decided, "LIKENESSES_MAX", of_heads)
    secrets = [(await plane.token())[1] for _ in range(3)]
    plane.plane._usual.__self__._decisions._most = (  # type: ignore[attr-defined]
        5 if of_heads > 5 else 100
    )
    kept = []
    for secret in secrets:
        sending = Sending(plane, secret)
        await sending.send()
        for head in _heads(secret, PATH, 7):
            await plane.serve(Sender(head, CHAT))
            grants = [await _grant(plane, one) for one in secrets[: secrets.index(secret) + 1]]
            kept.append(sum(len(grant.decided) for grant in grants))
            assert all(len(grant.decided) <= 3 for grant in grants)
    assert max(kept) <= 5
    assert kept[-1]


class _Sees:
    """A middleware that changes nothing."""

    async def on_request(self, request: object) -> None:
        """Only look."""


async def test_what_middlewares_may_have_changed_is_decided_anew(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async with shaped_plane(tmp_path, sqlite_database, _Sees()) as plane:
        _, secret = await plane.token()
        sending = Sending(plane, secret)
        for _ in range(MOST_UNTIL_KNOWN):
            assert (await sending.send()).status == 200
        assert any(one.head.likeness for one in plane.seen.exchanges)
        assert not any(one.decided for one in plane.seen.exchanges)


async def test_a_decision_goes_with_its_grant_and_is_not_printed(plane: Plane) -> None:
    token, secret = await plane.token()
    sending = Sending(plane, secret)
    await sending.become_known()
    grant = await _grant(plane, secret)
    ready = [Ready(a_head(secret), CHAT, decided) for decided in grant.decided.values()]
    printed = repr((grant, *grant.decided.values(), *ready, *plane.seen.exchanges))
    assert "sk-upstream-key" not in printed
    assert secret not in printed
    assert CHAT.decode() not in printed
    await token.revoke(by=BY)
    await sending.send()
    assert plane.grants.recognised(a_head(secret)) is None


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, True),
        ({"keys": (a_key(), a_key())}, False),
        ({"keys": (a_key(model_map={"a": "b"}),)}, False),
        ({"cache": CacheRule(60, "project", "all")}, True),
    ],
)
def test_requests_go_alike_where_the_client_s_lines_and_one_key_are_all_there_is(
    changes: dict[str, Any], alike: bool
) -> None:
    assert a_grant(**changes).goes_alike == alike


class _Presents(UpstreamAuth):
    """Has each key presented by more than a line."""

    def target(self, *given: Any, key_id: UUID, **_: Any) -> Target:
        presenter = cast(Presenter, SimpleNamespace(needs_body=False))
        return Target(given[1], b"", key_id, presenter=presenter)


def test_requests_whose_key_is_more_than_a_line_are_decided_each_anew() -> None:
    assert not Grant.of(a_record(), BUILT_IN, UPSTREAMS, _Presents()).goes_alike


def test_requests_that_a_provider_has_rules_for_are_decided_each_anew() -> None:
    ruled = replace(OPENAI, headers=(("x-own", "line"),))
    assert not Grant.of(a_record(), {"openai": ruled}, UPSTREAMS).goes_alike
