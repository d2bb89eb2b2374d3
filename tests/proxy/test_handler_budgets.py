"""What requests hold of budgets, how they are refused, and what they are charged in the end."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models import Token
from models.budgets import BudgetRule, with_budgets
from models.projects import Project
from proxy.limits.store import LimitsUnavailable, Reservation
from proxy.upstream.timeouts import Timeouts
from tests.proxy.accounts.several import Several, answering, well
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import HEAD_OK, Client, Peer, a_client

pytestmark = pytest.mark.usefixtures("both_ways")

SAID: Final = [{"role": "user", "content": "hi"}]
DOLLAR: Final = 10**9
#: Of gpt-4o, in nano-dollars for one token.
INPUT, OUTPUT = 2_500, 10_000
LEFT: Final = b"x-llm-proxy-budget-remaining"


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


def rule(limit: str, amount: float, period: str = "day", **more: Any) -> BudgetRule:
    return BudgetRule(limit=limit, amount=amount, period=period, **more)  # type: ignore[arg-type]


async def limited(
    plane: Plane,
    *rules: BudgetRule,
    project: list[BudgetRule] | None = None,
    base_url: str | None = None,
) -> str:
    """A token's secret, whose budgets these are."""
    token, secret = await plane.token(base_url=base_url)
    await Token.filter(id=token.id).update(budgets=with_budgets(rules, None, 1))
    if project:
        row = await Token.get(id=token.id).select_related("project")
        budgets = with_budgets(project, None, 1)
        await Project.filter(id=row.project.id).update(budgets=budgets)
    return secret


def body(**more: Any) -> bytes:
    said = {"model": "gpt-4o", "messages": SAID, "max_tokens": 100, **more}
    return json.dumps(said).encode()


def bound(text: bytes, answer: int = 100) -> int:
    return len(text) * INPUT + answer * OUTPUT


def answered(prompt: int | None = 10, completion: int = 20, status: bytes = b"200 OK") -> Any:
    usage = None if prompt is None else {"prompt_tokens": prompt, "completion_tokens": completion}
    said = json.dumps({"model": "gpt-4o", "choices": [], "usage": usage}).encode()
    if prompt is None:
        said = b'{"error": {"message": "no", "code": "bad"}}'

    async def script(peer: Peer) -> None:
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        while True:
            await peer.request()
            await peer.send(head % (status, len(said)) + said)

    return script


async def ask(plane: Plane, secret: str, text: bytes | None = None, **more: Any) -> Client:
    client = a_client("POST", body() if text is None else text, secret=secret, **more)
    async with asyncio.timeout(20):
        await plane.serve(client)
    return client


def error(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.content)["error"]
    return found


async def test_a_request_holds_its_bound_and_is_charged_what_it_used(plane: Plane) -> None:
    secret = await limited(plane, rule("usd", 1), rule("tokens", 1_000, "total"))
    plane.upstream.follow(answered())
    first = await ask(plane, secret)
    held, tokens = bound(body()), len(body()) + 100
    left = f"day;usd={(DOLLAR - held) / DOLLAR:.9f}".rstrip("0")
    assert first.field(LEFT) == f"{left}, total;tokens={1_000 - tokens}".encode()
    plane.upstream.follow(answered())
    second = await ask(plane, secret)
    used = 10 * INPUT + 20 * OUTPUT
    left = f"day;usd={(DOLLAR - used - held) / DOLLAR:.9f}".rstrip("0")
    assert second.field(LEFT) == f"{left}, total;tokens={1_000 - 30 - tokens}".encode()
    assert [entry.charge for entry in plane.entries()] == ["used", "used"]


async def test_a_request_that_may_cost_more_than_is_left_goes_nowhere(plane: Plane) -> None:
    secret = await limited(plane, rule("usd", 0.001))
    refused = await ask(plane, secret)
    assert (refused.status, refused.code) == (402, "budget_exceeded")
    assert refused.field(b"x-should-retry") == b"false"
    assert refused.field(b"retry-after") is None
    told = error(refused)
    assert (told["type"], told["code"]) == ("insufficient_quota", "budget_exceeded")
    assert told["budget"]["needed"] == bound(body()) / DOLLAR
    assert (told["budget"]["amount"], told["budget"]["spent"]) == (0.001, 0)
    assert told["budget"]["resets_at"].endswith("T00:00:00Z")
    assert f"${bound(body()) / DOLLAR:.9f}".rstrip("0") in told["message"]
    assert plane.entries() == []
    # A shorter answer costs less.
    plane.upstream.follow(answered(5, 1))
    assert (await ask(plane, secret, body(max_tokens=10))).status == 200


async def test_a_projects_budget_refuses_without_its_amounts(plane: Plane) -> None:
    secret = await limited(plane, project=[rule("tokens", 50, "month")])
    refused = await ask(plane, secret)
    told = error(refused)["budget"]
    assert (told["scope"], told["needed"]) == ("project", len(body()) + 100)
    assert not {"amount", "spent"} & told.keys()
    assert refused.code == "budget_exceeded"


async def test_what_others_hold_may_be_waited_for(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", len(body()) + 150))
    running = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        running.set()
        await peer.send(HEAD_OK + b"Content-Length: 9\r\n\r\n{")
        await peer.gone()

    plane.upstream.follow(script)
    first = a_client("POST", body(), secret=secret)
    task = plane.begin(first)
    await running.wait()
    held = await ask(plane, secret)
    assert (held.status, held.code, held.field(b"retry-after")) == (429, "budget_held", b"5")
    assert held.field(b"x-should-retry") is None
    await plane.leave(first, task)


async def test_tokens_for_a_minute_are_told_as_the_field_tells_them(plane: Plane) -> None:
    hold = len(body()) + 100
    # What runs in of it while this test waits for its machine is not enough.
    secret = await limited(plane, rule("tokens", hold + 10, "minute"))
    plane.upstream.follow(answered(hold, 0))
    first = await ask(plane, secret)
    assert first.field(b"x-ratelimit-limit-tokens") == b"%d" % (hold + 10)
    assert first.field(b"x-ratelimit-remaining-tokens") == b"10"
    refused = await ask(plane, secret)
    assert (refused.status, refused.code) == (429, "tokens_per_minute_exceeded")
    assert 30 < int(refused.field(b"retry-after") or 0) < 60
    assert error(refused)["budget"]["period"] == "minute"
    final = await ask(plane, secret, body(max_tokens=2 * hold))
    assert (final.code, final.field(b"x-should-retry")) == ("tokens_per_minute_exceeded", b"false")
    assert final.field(b"retry-after") is None


async def test_the_upstreams_own_tokens_for_a_minute_stay(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", 10_000, "minute"))

    async def script(peer: Peer) -> None:
        await peer.request()
        own = b"x-ratelimit-limit-tokens: 7\r\nx-ratelimit-remaining-tokens: 3\r\n"
        await peer.send(HEAD_OK + own + b"Content-Length: 2\r\n\r\n{}")

    plane.upstream.follow(script)
    client = await ask(plane, secret)
    assert client.field(b"x-ratelimit-limit-tokens") == b"7"
    assert client.field(b"x-ratelimit-remaining-tokens") == b"3"
    assert client.field(LEFT) is not None


async def lost(peer: Peer) -> None:
    await peer.request()
    peer.close()


async def cut(peer: Peer) -> None:
    await peer.request()
    await peer.send(HEAD_OK + b"Content-Length: 50\r\n\r\n{")
    peer.close()


async def without_usage(peer: Peer) -> None:
    await peer.request()
    await peer.send(HEAD_OK + b"Content-Length: 2\r\n\r\n{}")


ENDINGS: Final[dict[str, tuple[Callable[[Peer], Awaitable[None]], str]]] = {
    "its usage is known": (answered(), "used"),
    "an error that states usage": (answered(10, 0, b"500 No"), "used"),
    "an error that states none": (answered(None, 0, b"400 No"), "none"),
    "the upstream is overloaded": (answered(None, 0, b"529 No"), "none"),
    "a gateway failed": (answered(None, 0, b"502 No"), "held"),
    "a gateway gave up": (answered(None, 0, b"504 No"), "held"),
    "the connection was lost": (lost, "held"),
    "the answer was cut": (cut, "held"),
    "an answer without usage": (without_usage, "held"),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_is_charged_however_a_request_ends(plane: Plane, ending: str) -> None:
    script, charge = ENDINGS[ending]
    text = body()
    hold, used = len(text) + 100, 30 if ending == "its usage is known" else 10
    secret = await limited(plane, rule("tokens", 1_000))
    plane.upstream.follow(script)
    await ask(plane, secret, text)
    (entry,) = plane.entries()
    assert entry.charge == charge
    plane.upstream.follow(answered())
    after = await ask(plane, secret, text)
    spent = {"used": used, "held": hold, "none": 0}[charge]
    assert after.field(LEFT) == b"day;tokens=%d" % (1_000 - spent - hold)


async def test_a_request_of_which_nothing_went_upstream_is_charged_nothing(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", 1_000), base_url="http://127.0.0.1:1")
    refused = await ask(plane, secret)
    assert refused.status == 502
    assert [entry.charge for entry in plane.entries()] == ["none"]


async def test_an_upstream_that_takes_too_long_is_charged_what_was_held(
    tmp_path: Path, sqlite_database: Database
) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with a_plane(tmp_path, sqlite_database, Timeouts(60, 0.05, 60)) as plane:
        secret = await limited(plane, rule("usd", 1))
        plane.upstream.follow(silent)
        assert (await ask(plane, secret)).status == 504
        assert [entry.charge for entry in plane.entries()] == ["held"]


async def test_a_client_that_leaves_is_charged_what_it_held(plane: Plane) -> None:
    secret = await limited(plane, rule("usd", 1))
    begun = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 50\r\n\r\n{")
        begun.set()
        await peer.gone()

    plane.upstream.follow(script)
    client = a_client("POST", body(), secret=secret)
    task = plane.begin(client)
    await begun.wait()
    await plane.leave(client, task)
    (entry,) = plane.entries()
    assert (entry.charge, entry.outcome) == ("held", "client_left")


async def test_an_account_that_may_have_worked_before_another_is_charged_as_it_was_held(
    plane: Plane,
) -> None:
    several = await Several(plane).make(
        answering(504), well, failover={"max_attempts": 2, "statuses": [504]}
    )
    budgets = with_budgets([rule("tokens", 100_000)], None, 1)
    await Token.filter(id=several.token.id).update(budgets=budgets)
    client = await several.ask()
    assert (client.status, several.asked) == (200, [0, 1])
    (entry,) = plane.entries()
    assert (entry.charge, entry.prompt_tokens) == ("held", 3)


@pytest.mark.parametrize("status", [429, 502])
async def test_an_account_that_did_nothing_before_another_costs_nothing(
    plane: Plane, status: int
) -> None:
    several = await Several(plane).make(
        answering(status), well, failover={"max_attempts": 2, "statuses": [status]}
    )
    budgets = with_budgets([rule("tokens", 100_000)], None, 1)
    await Token.filter(id=several.token.id).update(budgets=budgets)
    await several.ask()
    assert [entry.charge for entry in plane.entries()] == ["used"]


async def test_a_bill_above_its_bound_is_charged_and_told(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", 10_000))
    plane.upstream.follow(answered(5_000, 7))
    await ask(plane, secret)
    assert plane.seen.exchanges[-1].overshot == ("tokens",)
    after = await ask(plane, secret)
    assert after.field(LEFT) == b"day;tokens=%d" % (10_000 - 5_007 - len(body()) - 100)


async def test_a_typical_hold_is_what_requests_used_before(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", 1_000, hold="typical"))
    plane.upstream.follow(answered(10, 20))
    first = await ask(plane, secret)
    assert first.field(LEFT) == b"day;tokens=%d" % (1_000 - len(body()) - 100)
    plane.upstream.follow(answered(10, 20))
    second = await ask(plane, secret)
    assert second.field(LEFT) == b"day;tokens=%d" % (1_000 - 30 - 30)
    # Of another model nothing is known, and never more than the bound is held.
    plane.upstream.follow(answered(1, 1))
    short = body(max_tokens=1, messages=[])
    third = await ask(plane, secret, short)
    assert third.field(LEFT) == b"day;tokens=%d" % (1_000 - 60 - min(30, len(short) + 1))


@pytest.mark.parametrize(
    ("limit", "text", "says"),
    [
        ("usd", body(model="unheard-of"), '[prices."openai/unheard-of"] with input and output'),
        ("tokens", body(model="unheard-of", max_tokens=None), "with max_output"),
        ("usd", body(n="some"), "How many answers"),
    ],
)
async def test_what_cannot_be_bounded_is_refused_unless_the_budget_is_soft(
    plane: Plane, limit: str, text: bytes, says: str
) -> None:
    secret = await limited(plane, rule(limit, 1_000))
    refused = await ask(plane, secret, text)
    assert (refused.status, refused.code) == (403, "not_meterable")
    assert says in error(refused)["message"]
    secret = await limited(plane, rule(limit, 1_000, mode="soft"))
    plane.upstream.follow(answered())
    assert (await ask(plane, secret, text)).status == 200


async def test_a_batch_is_refused_by_a_budget(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", 10**9))
    refused = await ask(plane, secret, b'{"input_file_id": "a"}', path="/v1/batches")
    assert refused.code == "not_meterable"
    assert "batch" in error(refused)["message"]


@pytest.mark.parametrize(
    "text",
    [
        b'{"model": "gpt-4o-mini", "model": "gpt-4o", "messages": []}',
        b'{"Model": "gpt-4o", "model": "gpt-4o-mini", "messages": []}',
        b'{"messages": []}',
        b"[]",
    ],
)
async def test_a_model_that_is_in_doubt_cannot_be_bounded(plane: Plane, text: bytes) -> None:
    secret = await limited(plane, rule("usd", 1_000))
    refused = await ask(plane, secret, text)
    assert (refused.status, refused.code) == (400, "invalid_request")


FORM: Final = (
    b'--a-boundary\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o-transcribe\r\n'
    b'--a-boundary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF'
    b"\r\n--a-boundary--\r\n"
)
LONG: Final = body(messages=[{"role": "user", "content": "a" * 100_000}])
BODIES: Final[dict[str, tuple[bytes, int, dict[str, Any]]]] = {
    # Of a compressed body what it decodes to counts.
    "compressed": (gzip.compress(LONG), len(LONG) + 100, {"fields": ("Content-Encoding: gzip",)}),
    "long": (LONG, len(LONG) + 100, {}),
    "without a length": (LONG, len(LONG) + 100, {"length": None}),
    # A file may be as long as the context.
    "a form": (
        FORM,
        16_000 + 2_000,
        {
            "path": "/v1/audio/transcriptions",
            "fields": ("Content-Type: multipart/form-data; boundary=a-boundary",),
        },
    ),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_bodies_of_every_kind_are_bounded(plane: Plane, kind: str) -> None:
    text, tokens, more = BODIES[kind]
    secret = await limited(plane, rule("tokens", 10**6))

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.read(len(text))
        await peer.answer()

    plane.upstream.follow(script)
    client = await ask(plane, secret, text, **more)
    assert client.field(LEFT) == b"day;tokens=%d" % (10**6 - tokens), client.content


async def test_a_path_may_name_the_model(plane: Plane) -> None:
    token, secret = await plane.token(project={"provider": "gemini"})
    budgets = with_budgets([rule("tokens", 10**6)], None, 1)
    await Token.filter(id=token.id).update(budgets=budgets)
    said = {
        "contents": [{"parts": [{"text": "hi"}]}],
        "generationConfig": {"maxOutputTokens": 50, "candidateCount": 2},
    }
    text = json.dumps(said).encode()
    plane.upstream.follow(answered(None, 0))
    path = "/v1beta/models/gemini-2.5-flash:generateContent"
    client = await ask(plane, secret, text, path=path)
    assert client.field(LEFT) == b"day;tokens=%d" % (10**6 - len(text) - 100)
    refused = await ask(plane, secret, text, path=path.replace("2.5", "0.0"))
    assert refused.status == 200
    unbounded = json.dumps({**said, "generationConfig": {}}).encode()
    refused = await ask(plane, secret, unbounded, path=path.replace("2.5", "0.0"))
    assert (refused.code, error(refused)["status"]) == ("not_meterable", "PERMISSION_DENIED")


async def test_more_models_than_are_kept_cannot_be_bounded(plane: Plane) -> None:
    secret = await limited(plane, rule("usd", 1_000))
    refused = await ask(plane, secret, body(models=["gpt-4o", *map(str, range(3_000))]))
    assert (refused.code, "too many models" in error(refused)["message"]) == (
        "not_meterable", True,
    )  # fmt: skip


async def test_of_several_models_the_dearest_is_held(plane: Plane) -> None:
    secret = await limited(plane, rule("usd", 1))
    text = body(model="gpt-4o-mini", models=["gpt-4o-mini", "gpt-4o"])
    plane.upstream.follow(answered())
    client = await ask(plane, secret, text)
    left = f"day;usd={(DOLLAR - bound(text)) / DOLLAR:.9f}".rstrip("0")
    assert client.field(LEFT) == left.encode()


async def test_a_policys_budget_counts_what_the_policy_counts(plane: Plane) -> None:
    rules = with_budgets([rule("tokens", 400, "total")], None, 1)
    policy = {"name": "dear ones", "models": ["gpt-4o"], "budgets": rules}
    token, secret = await plane.token()
    await Token.filter(id=token.id).update(policies=[policy])
    plane.upstream.follow(answered(100, 100))
    first = await ask(plane, secret)
    # What is left is told of the token's own budgets alone.
    assert (first.status, first.field(LEFT)) == (200, None)
    refused = await ask(plane, secret, body(max_tokens=200))
    told = error(refused)
    assert (told["code"], told["policy"]) == ("budget_exceeded", "dear ones")
    assert (told["budget"]["policy"], told["budget"]["spent"]) == ("dear ones", 200)
    other = await ask(plane, secret, body(model="gpt-4o-mini", max_tokens=10_000))
    assert other.status == 200
    assert [entry.charge for entry in plane.entries()] == ["used", ""]


async def test_fifty_clients_spend_nearly_all_of_a_budget_and_not_a_nano_dollar_more(
    plane: Plane,
) -> None:
    text, seed = body(max_tokens=50), 20261129
    numbers, most = random.Random(seed), bound(text, 50)
    amount = 60 * most // 1_000 * 1_000
    secret = await limited(plane, rule("usd", amount / DOLLAR))

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            prompt, completion = numbers.randint(1, len(text)), numbers.randint(1, 50)
            usage = {"prompt_tokens": prompt, "completion_tokens": completion}
            await peer.answer(json.dumps({"model": "gpt-4o", "usage": usage}).encode())

    async def client() -> None:
        while True:
            answer = await ask(plane, secret, text)
            if answer.code == "budget_exceeded":
                return
            assert answer.code in (None, "budget_held")
            await asyncio.sleep(0)

    plane.upstream.follow(script)
    async with asyncio.timeout(120):
        await asyncio.gather(*(client() for _ in range(50)))
    entries = plane.entries()
    assert {entry.charge for entry in entries} == {"used"}
    spent = sum(entry.cost_nanos or 0 for entry in entries)
    assert (seed, amount - most < spent <= amount) == (seed, True)
    assert spent >= amount * 95 // 100


async def test_a_request_that_uses_nothing_is_not_refused_by_a_spent_budget(plane: Plane) -> None:
    secret = await limited(plane, rule("tokens", 1))
    plane.upstream.follow(answered())
    client = a_client("GET", secret=secret, path="/v1/models")
    await plane.serve(client)
    assert client.status == 200
    assert [entry.charge for entry in plane.entries()] == [""]


async def test_soft_budgets_refuse_nothing_while_limits_cannot_be_decided(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def decide(*_: Any) -> Reservation:
        raise LimitsUnavailable("away")

    monkeypatch.setattr(plane.limits, "decide", decide)
    plane.upstream.follow(answered())
    soft = await limited(plane, rule("tokens", 1, mode="soft"))
    assert (await ask(plane, soft)).status == 200
    assert [entry.charge for entry in plane.entries()] == ["used"]
    hard = await limited(plane, rule("tokens", 1_000), rule("usd", 1, mode="soft"))
    assert (await ask(plane, hard)).code == "database_unavailable"
    # It holds nothing, so that nothing has to be decided.
    assert (await plane.serve(a_client("GET", secret=hard))).status == 200


async def test_a_token_without_budgets_has_no_charge(plane: Plane) -> None:
    _, secret = await plane.token()
    plane.upstream.follow(answered())
    client = await ask(plane, secret)
    assert client.field(LEFT) is None
    assert [entry.charge for entry in plane.entries()] == [""]
