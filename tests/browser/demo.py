"""A database that looks as after a month of use: what screenshots and crowded pages are made of.

The same every time but for the clock: random numbers from a fixed seed.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from cli.made_up import Team, requests
from config import Settings
from models import (
    Actor,
    AdminUser,
    Destination,
    DestinationState,
    Event,
    ManagementToken,
    OutboxItem,
    Project,
    Token,
)
from models.crypto import KeyRing
from models.entry import Entry
from models.ids import first_id_at
from models.ledger import apply_batch
from models.refusals import NOBODY_TEXT, Refused, SumKey
from models.usage import UsageHour
from setup.prepare import connected
from tests.models.rows import count_refusals

VIEWER: Final = ("erin", "viewer-of-the-demo")
_BY: Final = Actor("cli:alex", ip="192.0.2.14")
_DAYS: Final = 45
_PER_BATCH: Final = 4000
_HOUR: Final = timedelta(hours=1)
_SHARE: Final[dict[str, Any]] = {
    "budget": {"scope": "project", "policy": "every-reasoning-model", "limit": "tokens",
               "period": "month", "timezone": "Europe/Berlin", "amount": 250_000_000,
               "spent": 200_120_413, "resets_at": None},
    "share": 80, "project_name": "Retrieval and ranking, evaluation runs",
}  # fmt: skip
_CACHE: Final = {"ttl_seconds": 86_400, "scope": "project", "only": "deterministic"}
_NOWHERE: Final = "http://127.0.0.1:9"


_TEAMS: Final = (
    Team("Customer support", 12, ("helpdesk-bot", "summaries", "escalations"),
          {"gpt-4o-mini": 0.8, "gpt-4o": 0.2}),
    Team("Search", 9, ("indexer", "query-rewriter"),
          {"text-embedding-3-small": 0.7, "gpt-4o-mini": 0.3}),
    Team("Data science", 4, ("notebooks", "nightly-evals"), {"gpt-4o": 0.6, "o4-mini": 0.4}),
    Team("Mobile app", 5, ("ios-production", "android-production", "staging"),
          {"gpt-4o-mini": 1.0}),
    Team("Legal review", 1.5, ("contracts",), {"claude-sonnet-4-5": 1.0}, "anthropic"),
)  # fmt: skip

#: A token's name, why, with which status, for which model, how often in some hours.
_REFUSED: Final = (
    ("staging", "token_revoked", 401, "", 310),
    ("nightly-evals", "model_not_allowed", 403, "gpt-5.1", 42),
    ("helpdesk-bot", "quota_exceeded", 429, "gpt-4o-mini", 17),
    ("", "invalid_token", 401, "", 8),
)


_FEATURES: Final = ("answers", "summaries", "rag", "autocomplete", "a-b-test-of-the-new-prompt")


async def fill(settings: Settings, *, days: int = _DAYS) -> None:
    """Projects, tokens, a viewer, and requests up to now."""
    random = Random(6)
    ring = KeyRing(settings.encryption_keys)
    async with connected(settings):
        await AdminUser.create_with_password(
            username=VIEWER[0], password=VIEWER[1], role="viewer", by=_BY
        )
        entries: list[Entry] = []
        for team in _TEAMS:
            project, tokens = await _make(team, ring)
            entries += requests(random, team, project.id, tokens, days)
        await _age(random, days)
        entries.sort(key=lambda entry: entry.at_us)
        entries = [_kept(number, _labelled(number, entry)) for number, entry in enumerate(entries)]
        for start in range(0, len(entries), _PER_BATCH):
            await apply_batch("demo", start, start + _PER_BATCH, entries[start:][:_PER_BATCH])
        await _refuse(random)
        for name in ("Customer support", "Search"):
            await _bound(await Project.get(name=name))
        await _send_on(ring)
        await _hand_out()


def _labelled(number: int, entry: Entry) -> Entry:
    """Two of three say what they are for, and for whom."""
    if number % 3 == 0:
        return entry
    feature = _FEATURES[number % len(_FEATURES)]
    tags = (("team", "search" if number % 4 else "support"), ("feature", feature))
    return structs.replace(entry, tags=tags, end_user=f"user-{8200 + number * number % 23}")


def _kept(number: int, entry: Entry) -> Entry:
    """One of three embeddings was asked for before."""
    if entry.status != 200 or "embedding" not in entry.model:
        return entry
    if number % 3:
        return structs.replace(entry, cache="miss")
    used = dict.fromkeys(
        ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
    )
    return structs.replace(
        entry, cache="hit", saved_nanos=entry.cost_nanos, cost_nanos=0, counted=False, **used
    )


async def _send_on(ring: KeyRing) -> None:
    """Destinations, after all requests: one that delivers, one that fails, one that is off."""
    made = partial(Destination.make, ring=ring, by=_BY)
    # Nobody listens there, whoever tries.
    hook, _ = await made(kind="webhook", name="on-call", url=_NOWHERE, events=["key.suspended"])
    traces, _ = await made(kind="otlp", name="traces", url=_NOWHERE, filter={"outcome": "shutdown"})
    archive, _ = await made(kind="jsonl", name="archive", events=["budget.exceeded"])
    await archive.change(ring=ring, by=_BY, is_active=False)
    now = datetime.now(UTC)
    await DestinationState.create(
        destination_id=hook.id, delivered=41, dropped=2, failures=7, retry_at=now + _HOUR,
        last_delivered_at=now - 9 * _HOUR, failing_since=now - 8 * _HOUR, last_error_at=now,
        last_error="The receiver answered 503: upstream connect error.",
    )  # fmt: skip
    await DestinationState.create(
        destination_id=traces.id, delivered=48_201, last_delivered_at=now - timedelta(minutes=1)
    )
    await Event.create(at=now - 4 * _HOUR, kind="budget.threshold", data=_SHARE)
    suspended = {"reason": "401 invalid_api_key", "key_label": "main", "project_name": "Search"}
    for number in range(3):
        at = now - (3 - number) * _HOUR
        event = await Event.create(at=at, kind="key.suspended", data=suspended)
        await OutboxItem.create(
            destination_id=hook.id,
            kind="event",
            item_id=event.id,
            at=at,
            size=400,
        )


async def _hand_out() -> None:
    """Tokens of the management API: one that only looks, one that does not, one that ended."""
    await ManagementToken.issue(name="grafana", scope="read", by=_BY)
    await ManagementToken.issue(name="terraform", scope="write", by=_BY)
    laptop, _ = await ManagementToken.issue(name="laptop of alex", scope="write", by=_BY)
    await laptop.revoke(by=_BY)


async def _refuse(random: Random) -> None:
    """Some reasons for which some are refused, today and yesterday."""
    present = datetime.now(UTC).timestamp()
    for name, code, status, model, times in _REFUSED:
        token = await Token.filter(name=name).first()
        owner = ("", "") if token is None else (str(token.project_id), str(token.id))
        for _ in range(6):
            at = present - random.uniform(60, 30 * 3600)
            moment = first_id_at(datetime.fromtimestamp(at, UTC))
            one = Refused(
                str(UUID(int=moment.int | random.getrandbits(60))),
                at, *owner, "openai", "/v1/chat/completions", "POST", model, status, code,
                duration_us=random.randrange(200, 900),
            )  # fmt: skip
            project, of = (part or NOBODY_TEXT for part in owner)
            key = SumKey(int(at) // 3600, project, of, model, code)
            await count_refusals({key: times}, [one])


async def _bound(project: Project) -> None:
    """Budgets, one of them nearly used up: what was used before they were added counts."""
    hours = await UsageHour.filter(project_id=project.id, bucket__gte=_month())
    spent = sum(hour.cost_nanos or 0 for hour in hours)
    amount = round(max(spent, 10**6) / 0.87 / 10**9, 3)
    await project.change(
        by=_BY,
        budgets=[{"limit": "usd", "amount": amount, "period": "month"}],
        policies=[
            {"name": "embeddings", "endpoints": ["POST /v1/embeddings"], "requests_per_minute": 300}
        ],
    )
    token = await Token.filter(project_id=project.id).order_by("id").first()
    assert token is not None
    budgets: list[dict[str, Any]] = [
        {"limit": "usd", "amount": 2, "period": "day", "timezone": "Europe/Berlin"},
        {"limit": "tokens", "amount": 250_000, "period": "minute"},
    ]
    dear = {"limit": "usd", "amount": 0.5, "period": "week", "mode": "soft"}
    policy = {
        "name": "dear models",
        "models": ["gpt-4o*"],
        "max_requests": 5_000,
        "budgets": [dear],
    }
    await token.change(by=_BY, budgets=budgets, policies=[policy])


def _month() -> datetime:
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


async def _age(random: Random, days: int) -> None:
    """Nobody makes all of it within a second."""
    present = datetime.now(UTC)
    for project in await Project.all().order_by("id"):
        made = present - timedelta(days=random.uniform(days, 4 * days))
        await Project.filter(id=project.id).update(created_at=made, updated_at=made)
        for token in await Token.filter(project_id=project.id):
            later = made + (present - made) * random.random()
            await Token.filter(id=token.id).update(created_at=later)


async def _make(team: Team, ring: KeyRing) -> tuple[Project, list[UUID]]:
    project = await Project.create_with_key(
        name=team.name,
        provider=team.provider,
        api_key=f"sk-demo-{team.name.lower().replace(' ', '-')}-4f9a",
        ring=ring,
        by=_BY,
        requests_per_minute=600 if team.busy > 8 else None,
        cache=_CACHE if team.name == "Search" else None,
    )
    await project.add_key(api_key="sk-demo-second-key-77c2", ring=ring, by=_BY, label="second")
    tokens = []
    for number, name in enumerate(team.tokens):
        token, _ = await Token.issue(project, by=_BY, **_fields(name, number))
        tokens.append(token.id)
        if name == "staging":
            await token.revoke(by=_BY)
    return project, tokens


def _fields(name: str, number: int) -> Any:
    limits = {"max_requests": 50_000, "requests_per_minute": 120} if number == 0 else {}
    expires_at = datetime.now(UTC) + timedelta(days=30 * (number + 1)) if number else None
    return {"name": name, "expires_at": expires_at, **limits}
