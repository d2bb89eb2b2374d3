"""Who is let in: in which order it is checked, what a refusal looks like, what is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from config import Database
from models import secrets
from models.upstream_keys import UpstreamKey
from proxy.fair_share import Shares
from proxy.hops import MOST_HOPS
from proxy.limits.store import Claim, LimitsUnavailable, Reservation
from tests.models.rows import API_KEY, BY, RING
from tests.proxy.planes import Plane, a_plane
from tests.proxy.providers.test_files import providers
from tests.proxy.scripted import CHAT, Client, Peer, a_client, error_of
from tests.proxy.served import Served
from tests.proxy.upstream.conftest import until

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database, max_active_requests=2) as plane:
        yield plane


async def held(plane: Plane, secret: str) -> tuple[Client, Served]:
    """A request whose client does not send its body."""
    forever, reading = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reading.set()
        await forever.wait()

    client = a_client("POST", hold, secret=secret, length=9)
    task = plane.begin(client)
    await reading.wait()
    return client, task


CORS = b"access-control-allow-origin"


class Fault(NamedTuple):
    """Something that is wrong with a request, by the refusal that it earns, and its mending."""

    code: str
    mend: Callable[[], Awaitable[Any]]


async def test_checks_come_in_the_contracts_order(plane: Plane) -> None:
    """Everything is wrong at once, and mended one by one: each refusal hides those behind it."""
    token, secret = await plane.token(
        max_requests=1, project={"allowed_origins": ["https://a.example"]}
    )
    await plane.serve(a_client("GET", secret=secret))
    await token.change(by=BY, allowed_ips=["203.0.113.1"], allowed_models=["gpt-5"])
    project = await token.project
    request: dict[str, Any] = {
        "method": "DELETE",
        "path": "/v1/fine_tuning/jobs",
        "length": (1 << 22) + 1,
        "hops": MOST_HOPS + 1,
        "fields": ("Origin: https://b.example",),
    }
    body: list[bytes] = []
    await UpstreamKey.filter(project_id=project.id).update(is_active=False)
    await project.deactivate(by=BY)
    expired, revoked = (await plane.token(project={})), (await plane.token())
    await expired[0].change(by=BY, expires_at=expired[0].created_at)
    await revoked[0].revoke(by=BY)
    _, holder = await plane.token()
    occupied = [await held(plane, holder) for _ in range(2)]

    def set_(**changes: Any) -> Callable[[], Awaitable[None]]:
        async def change() -> None:
            request.update(changes)

        return change

    async def go_on() -> None:
        plane.plane.draining = False

    async def make_room() -> None:
        for client, task in occupied:
            await plane.leave(client, task)

    async def send_a_body() -> None:
        body.append(CHAT)
        request.update(length=len(CHAT))

    plane.plane.draining = True
    faults = [
        Fault("shutting_down", go_on),
        Fault("overloaded", make_room),
        Fault("loop_detected", set_(hops=MOST_HOPS)),
        Fault("missing_token", set_(secret="sk-nonsense")),
        Fault("invalid_token", set_(secret=secrets.generate())),
        Fault("invalid_token", set_(secret=revoked[1])),
        Fault("token_revoked", set_(secret=expired[1])),
        Fault("token_expired", set_(secret=secret)),
        Fault("project_inactive", lambda: project.activate(by=BY)),
        Fault("ip_not_allowed", lambda: token.change(by=BY, allowed_ips=None)),
        Fault("origin_not_allowed", set_(fields=("Origin: https://a.example",))),
        Fault("endpoint_not_allowed", set_(path="/v1/chat/completions")),
        Fault("method_not_allowed", set_(method="POST")),
        Fault("request_too_large", send_a_body),
        Fault("model_not_allowed", lambda: token.change(by=BY, allowed_models=None)),
        Fault(
            "no_upstream_key",
            lambda: project.add_key(api_key=API_KEY, ring=RING, by=BY),
        ),
        Fault("quota_exceeded", lambda: token.change(by=BY, max_requests=2)),
    ]
    for fault in faults:
        client = await plane.serve(a_client(request["method"], *body, **_but_method(request)))
        assert client.code == fault.code, client.content
        assert client.ended == "finish"
        await fault.mend()
    client = await plane.serve(a_client(request["method"], *body, **_but_method(request)))
    assert client.status == 200
    assert len(plane.entries()) == 2
    assert plane.upstream.connections == 1
    assert await plane.admitted(secret) == 0


def _but_method(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "method"}


async def test_what_is_refused_before_a_body_is_read_leaves_it_unread(plane: Plane) -> None:
    _, secret = await plane.token()
    client = await plane.serve(a_client(secret=secret, length=(1 << 22) + 1))
    assert client.code == "request_too_large"
    assert client.body == []
    client = await plane.serve(a_client("POST", CHAT, secret=secret, path="/v1/nothing"))
    assert client.code == "endpoint_not_allowed"
    assert client.body == [CHAT]


async def test_a_refusal_speaks_its_providers_language(plane: Plane) -> None:
    project = {"provider": "anthropic"}
    _, secret = await plane.token(project=project, allowed_endpoints=["GET /v1/models"])
    client = await plane.serve(a_client(secret=secret, path="/v1/messages"))
    assert error_of(client) == {
        "type": "invalid_request_error",
        "message": "The token does not allow POST /v1/messages of the provider anthropic.",
        "code": "endpoint_not_allowed",
    }
    assert client.field(b"x-should-retry") == b"false"
    # Before it is known whose request this is, OpenAI's.
    client = await plane.serve(a_client(path="/v1/messages"))
    assert set(error_of(client)) == {"message", "type", "param", "code"}
    assert client.field(b"www-authenticate") == b"Bearer"
    assert plane.seen.refusals == [
        ("endpoint_not_allowed", "anthropic"),
        ("missing_token", "openai"),
    ]
    assert plane.entries() == []


async def test_awss_clients_are_told_in_their_own_words(
    tmp_path: Path, sqlite_database: Database
) -> None:
    known = providers(tmp_path, '[providers.openai]\nerror_shape = "aws"\n')
    async with a_plane(tmp_path, sqlite_database, providers=known) as plane:
        _, secret = await plane.token(requests_per_minute=1)
        await plane.serve(a_client(secret=secret))
        refused = await plane.serve(a_client(secret=secret))
        assert refused.field(b"x-amzn-errortype") == b"ThrottlingException"
        seconds = int(refused.field(b"retry-after") or 0)
        assert refused.field(b"x-amz-retry-after") == b"%d" % (seconds * 1000)
        assert {*json.loads(refused.content)} == {"message", "code"}
        # Google's key says whose client it is, before a project is known.
        fields = ("x-goog-api-key: llmp_nothing",)
        stranger = await plane.serve(a_client("GET", path="/v1/models", fields=fields))
        assert error_of(stranger)["status"] == "UNAUTHENTICATED"


async def test_a_refused_model_is_named(plane: Plane) -> None:
    _, secret = await plane.token(allowed_models=["gpt-5*"])
    client = await plane.serve(a_client(secret=secret))
    assert (client.code, client.status) == ("model_not_allowed", 403)
    assert error_of(client)["param"] == "model"


@pytest.mark.parametrize("usage", ["", ', usage = "generic"'])
async def test_an_endpoint_that_was_added_is_held_to_the_models_as_others_are(
    tmp_path: Path, sqlite_database: Database, usage: str
) -> None:
    file = (
        f'[providers.openai]\nalso_allow = [{{ method = "POST", path = "/v1/threads/*"{usage} }}]\n'
    )
    known = providers(tmp_path, file)

    def asked(model: str | None, path: str) -> Client:
        body = json.dumps({"assistant_id": "a"} | ({} if model is None else {"model": model}))
        return a_client("POST", body.encode(), secret=secret, path=path)

    async with a_plane(tmp_path, sqlite_database, providers=known) as plane:
        _, secret = await plane.token(allowed_models=["gpt-4o-mini"])
        for path in ("/v1/threads/runs", "/v1/threads/t_1/runs"):
            refused = await plane.serve(asked("gpt-4o", path))
            assert (refused.status, refused.code) == (403, "model_not_allowed")
            # The assistant's own model is not known here.
            assert (await plane.serve(asked(None, path))).code == "invalid_request"
        assert plane.upstream.connections == 0
        served = await plane.serve(asked("gpt-4o-mini", "/v1/threads/t_1/runs"))
        assert (served.status, served.ended) == (200, "finish")
        (entry,) = plane.entries()
        assert (entry.endpoint, entry.model) == ("/v1/threads/*", "gpt-4o-mini")
        _, secret = await plane.token()
        assert (await plane.serve(asked("gpt-4o", "/v1/threads/t_1/runs"))).status == 200


async def test_a_preflight_needs_no_token_and_leaves_no_entry(plane: Plane) -> None:
    await plane.token(project={"allowed_origins": ["https://a.example"]})
    fields = ("Origin: https://a.example", "Access-Control-Request-Method: POST")
    client = await plane.serve(a_client("OPTIONS", path="/v1/chat/completions", fields=fields))
    assert (client.status, client.ended) == (204, "finish")
    assert plane.source.asked == []
    assert plane.entries() == []
    # Which is its only privilege.
    plane.plane.draining = True
    client = await plane.serve(a_client("OPTIONS", path="/v1/chat/completions", fields=fields))
    assert client.code == "shutting_down"


async def test_the_page_whose_preflight_was_let_through_reads_every_refusal(plane: Plane) -> None:
    token, secret = await plane.token(project={"allowed_origins": ["https://a.example"]})
    _, elsewhere = await plane.token()

    async def reader(origin: str = "https://a.example", **wanted: Any) -> tuple[str | None, Any]:
        client = await plane.serve(a_client(fields=(f"Origin: {origin}",), **wanted))
        assert client.field(b"vary") == (b"Origin" if client.field(CORS) else None)
        return client.code, client.field(CORS)

    # No project is known of these.
    assert await reader() == ("missing_token", b"https://a.example")
    assert await reader(secret="sk-nonsense") == ("invalid_token", b"https://a.example")
    assert await reader("https://b.example") == ("missing_token", None)
    assert await reader(secret=secret, path="/v1/no") == (
        "endpoint_not_allowed",
        b"https://a.example",
    )
    assert await reader("https://b.example", secret=secret) == ("origin_not_allowed", None)
    # Its project has said of no origin that it may.
    assert await reader(secret=elsewhere, path="/v1/no") == ("endpoint_not_allowed", None)
    await token.revoke(by=BY)
    assert await reader(secret=secret) == ("token_revoked", b"https://a.example")
    plane.source.away = True
    assert await reader(secret=secrets.generate()) == (
        "database_unavailable",
        b"https://a.example",
    )
    plane.source.away = False
    plane.plane.draining = True
    assert await reader(secret=secret) == ("shutting_down", b"https://a.example")


async def test_a_token_in_the_query_goes_nowhere(plane: Plane) -> None:
    """Not even beside one where it belongs: the upstream would be told it."""
    _, secret = await plane.token()
    encoded = secret.replace("llmp", "%6clm%70")
    # The third is of a token that is known by then.
    for field, value in (("", secret), (secret, secret), (secret, encoded), ("", encoded)):
        client = await plane.serve(a_client("GET", path=f"/v1/models?key={value}", secret=field))
        assert (client.status, client.code) == (401, "missing_token")
        assert secret.encode() not in client.content
        assert encoded.encode() not in client.content
    assert plane.upstream.connections == 0


async def test_other_tools_keys_stay_behind(plane: Plane) -> None:
    _, secret = await plane.token()
    sent: list[bytes] = []

    async def keep(peer: Peer) -> None:
        sent.append(await peer.request())
        await peer.answer()

    plane.upstream.follow(keep)
    client = a_client(
        fields=(
            "Authorization: Basic czpz",
            "x-api-key: sk-ant-left-over",
            f"x-goog-api-key: {secret}",
            "X-Amz-Date: 20261128T000000Z",
            "X-Amz-Security-Token: session",
        )
    )
    assert (await plane.serve(client)).status == 200
    for part in (b"Basic", b"left-over", secret.encode(), b"x-amz", b"x-goog"):
        assert part.lower() not in sent[0].lower()
    assert b"Authorization: Bearer sk-upstream" in sent[0]


async def test_as_many_run_at_once_as_are_allowed(plane: Plane) -> None:
    _, secret = await plane.token()
    _, holder = await plane.token()
    client, task = await held(plane, holder)
    assert (await plane.serve(a_client(secret=secret))).status == 200
    other, other_task = await held(plane, holder)
    refused = await plane.serve(a_client(secret=secret))
    assert (refused.status, refused.code) == (503, "overloaded")
    assert refused.field(b"retry-after") == b"1"
    await plane.leave(client, task)
    assert (await plane.serve(a_client(secret=secret))).status == 200
    await plane.leave(other, other_task)
    assert plane.is_idle()


async def test_what_could_not_be_recorded_is_not_let_in(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await plane.token()
    monkeypatch.setattr(plane.journal, "can_keep", False)
    client = await plane.serve(a_client(secret=secret))
    assert client.code == "overloaded"
    assert plane.upstream.connections == 0


async def test_while_the_plane_drains_what_runs_goes_on(plane: Plane) -> None:
    _, secret = await plane.token()
    asked, answer = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await answer.wait()
        await peer.answer()

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    task = plane.begin(client)
    await asked.wait()
    plane.plane.draining = True
    refused = await plane.serve(a_client(secret=secret))
    assert (refused.status, refused.code) == (503, "shutting_down")
    answer.set()
    await task
    assert (client.status, client.ended) == (200, "finish")


async def test_one_token_has_no_more_than_its_share(
    tmp_path: Path, sqlite_database: Database
) -> None:
    """It counts from the token's check on, also while its bodies are waited for."""
    shares = Shares(token=0.25, project=0.75)
    async with a_plane(tmp_path, sqlite_database, max_active_requests=4, shares=shares) as plane:
        _, secret = await plane.token()
        client, task = await held(plane, secret)
        # Again and again: whoever was refused gives no place back.
        for _ in range(3):
            refused = await plane.serve(a_client(secret=secret))
            assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
            assert refused.field(b"retry-after") == b"1"
        _, other = await plane.token()
        assert (await plane.serve(a_client(secret=other))).status == 200
        # Whoever was refused holds no place.
        await plane.leave(client, task)
        assert (await plane.serve(a_client(secret=secret))).status == 200
        assert plane.is_idle()


async def test_limits_are_asked_only_where_there_are_some(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def decide(claims: tuple[Claim, ...]) -> Reservation:
        raise LimitsUnavailable("away")

    monkeypatch.setattr(plane.limits, "decide", decide)
    _, unlimited = await plane.token()
    assert (await plane.serve(a_client(secret=unlimited))).status == 200
    _, limited = await plane.token(requests_per_minute=10)
    refused = await plane.serve(a_client(secret=limited))
    assert (refused.status, refused.code) == (503, "database_unavailable")
    assert refused.field(b"retry-after") == b"1"
    assert plane.upstream.connections == 1
    assert plane.is_idle()


@pytest.mark.parametrize(
    ("limits", "code", "retry"),
    [
        ({"max_requests": 1}, "quota_exceeded", False),
        ({"requests_per_minute": 1}, "rate_limit_exceeded", True),
        ({"project": {"requests_per_minute": 1}}, "rate_limit_exceeded", True),
    ],
)
async def test_a_limit_that_is_used_up(
    plane: Plane, limits: dict[str, Any], code: str, *, retry: bool
) -> None:
    _, secret = await plane.token(**limits)
    client = await plane.serve(a_client(secret=secret))
    assert client.status == 200
    assert client.field(b"x-ratelimit-limit-requests") == b"1"
    assert client.field(b"x-ratelimit-remaining-requests") == b"0"
    refused = await plane.serve(a_client(secret=secret))
    assert (refused.status, refused.code) == (429, code)
    assert (refused.field(b"retry-after") is not None) is retry
    assert (refused.field(b"x-should-retry") == b"false") is not retry
    assert len(plane.entries()) == 1


@pytest.mark.parametrize("owner", ["token", "project"])
async def test_a_policy_that_is_used_up_refuses_what_it_counts_alone(
    plane: Plane, owner: str
) -> None:
    policies = [
        {"name": "mini", "models": ["gpt-4o-mini"], "max_requests": 1},
        {"name": "lists", "endpoints": ["GET /v1/models"], "requests_per_minute": 1},
    ]
    limits: dict[str, Any] = {"policies": policies}
    _, secret = await plane.token(**(limits if owner == "token" else {"project": limits}))

    async def ask(model: str) -> Client:
        body = json.dumps({"model": model}).encode()
        return await plane.serve(a_client("POST", body, secret=secret))

    assert (await ask("gpt-4o-mini")).status == 200
    refused = await ask("gpt-4o-mini")
    assert (refused.status, refused.code) == (429, "quota_exceeded")
    assert json.loads(refused.content)["error"]["policy"] == "mini"
    assert refused.field(b"x-should-retry") == b"false"
    assert (await ask("gpt-4o")).status == 200
    assert (await plane.serve(a_client("GET", secret=secret))).status == 200
    refused = await plane.serve(a_client("GET", secret=secret))
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert json.loads(refused.content)["error"]["policy"] == "lists"
    assert refused.field(b"x-ratelimit-limit-requests") == b"1"


async def test_a_slot_is_taken_while_its_request_runs(plane: Plane) -> None:
    _, secret = await plane.token(max_parallel_requests=1)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await answer.wait()
        await peer.answer()
        await peer.gone()

    plane.upstream.follow(script)
    client = a_client(secret=secret)
    task = plane.begin(client)
    await asked.wait()
    refused = await plane.serve(a_client(secret=secret))
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    answer.set()
    await until(task.done)
    assert (await plane.admitted(secret, 1)) == 1


async def test_a_token_that_is_not_known_while_the_database_is_away(plane: Plane) -> None:
    _, secret = await plane.token()
    _, known = await plane.token()
    assert (await plane.serve(a_client(secret=known))).status == 200
    plane.source.away = True
    refused = await plane.serve(a_client(secret=secret))
    assert (refused.status, refused.code) == (503, "database_unavailable")
    assert refused.field(b"retry-after") == b"1"
    assert (await plane.serve(a_client(secret=known))).status == 200


async def test_a_body_is_dropped_where_no_upload_may_read_it(plane: Plane) -> None:
    unknown = a_client("POST", CHAT, secret=secrets.generate())
    await plane.serve(unknown)
    assert (unknown.code, "drop body" in unknown.happened) == ("invalid_token", True)

    async def breaks_off(peer: Peer) -> None:
        await peer.head()
        peer.break_off()

    plane.upstream.follow(breaks_off)
    _, secret = await plane.token()
    sent = a_client("POST", CHAT, secret=secret)
    await plane.serve(sent)
    assert (sent.code, "drop body" in sent.happened) == ("upstream_unreachable", False)
