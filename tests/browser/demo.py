"""A database that looks as after a month of use: what screenshots and crowded pages are made of.

The same every time but for the clock: random numbers from a fixed seed.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import cos, pi
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

from config import Settings
from models import Actor, AdminUser, Project, Token
from models.crypto import KeyRing
from models.entry import Entry, Outcome
from models.ids import first_id_at
from models.ledger import apply_batch
from models.usage import UsageHour
from setup.prepare import connected

VIEWER: Final = ("erin", "viewer-of-the-demo")
_BY: Final = Actor("cli:alex", ip="192.0.2.14")
_DAYS: Final = 45
_PER_BATCH: Final = 4000


class _Team(NamedTuple):
    """A project: the requests of a busy hour, its tokens, and what it asks which model for."""

    name: str
    busy: float
    tokens: tuple[str, ...]
    models: Mapping[str, float]
    provider: str = "openai"


_TEAMS: Final = (
    _Team("Customer support", 12, ("helpdesk-bot", "summaries", "escalations"),
          {"gpt-4o-mini": 0.8, "gpt-4o": 0.2}),
    _Team("Search", 9, ("indexer", "query-rewriter"),
          {"text-embedding-3-small": 0.7, "gpt-4o-mini": 0.3}),
    _Team("Data science", 4, ("notebooks", "nightly-evals"), {"gpt-4o": 0.6, "o4-mini": 0.4}),
    _Team("Mobile app", 5, ("ios-production", "android-production", "staging"),
          {"gpt-4o-mini": 1.0}),
    _Team("Legal review", 1.5, ("contracts",), {"claude-sonnet-4-5": 1.0}, "anthropic"),
)  # fmt: skip
#: Dollars for a million tokens in and out.
_PRICES: Final = {
    "gpt-4o-mini": (0.15, 0.6),
    "gpt-4o": (2.5, 10.0),
    "o4-mini": (1.1, 4.4),
    "text-embedding-3-small": (0.02, 0.0),
    "claude-sonnet-4-5": (3.0, 15.0),
}


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
            entries += _requests(random, team, project.id, tokens, days)
        await _age(random, days)
        entries.sort(key=lambda entry: entry.at_us)
        for start in range(0, len(entries), _PER_BATCH):
            await apply_batch("demo", start, start + _PER_BATCH, entries[start:][:_PER_BATCH])
        for name in ("Customer support", "Search"):
            await _bound(await Project.get(name=name))


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


async def _make(team: _Team, ring: KeyRing) -> tuple[Project, list[UUID]]:
    project = await Project.create_with_key(
        name=team.name,
        provider=team.provider,
        api_key=f"sk-demo-{team.name.lower().replace(' ', '-')}-4f9a",
        ring=ring,
        by=_BY,
        requests_per_minute=600 if team.busy > 8 else None,
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


def _requests(
    random: Random, team: _Team, project_id: UUID, tokens: list[UUID], days: int
) -> Iterator[Entry]:
    present = datetime.now(UTC)
    hour = present.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    while hour <= present:
        # Busiest in the afternoon, quiet at night and at the weekend, and growing.
        tide = 0.55 - 0.45 * cos((hour.hour - 3) / 24 * 2 * pi)
        week = 0.35 if hour.weekday() >= 5 else 1.0
        growth = 1 - 0.4 * (present - hour) / timedelta(days=days)
        for _ in range(round(team.busy * tide * week * growth * random.uniform(0.6, 1.4))):
            at = hour + timedelta(seconds=random.uniform(0, 3600))
            if at < present:
                yield _entry(random, team, project_id, random.choice(tokens), at)
        hour += timedelta(hours=1)


def _entry(random: Random, team: _Team, project_id: UUID, token_id: UUID, at: datetime) -> Entry:
    model = random.choices(list(team.models), list(team.models.values()))[0]
    embedding = model.startswith("text-embedding")
    prompt = int(random.lognormvariate(6.4, 0.9))
    completion = 0 if embedding else int(random.lognormvariate(5.4, 0.8))
    cached = prompt // 2 if random.random() < 0.3 else 0
    ends: tuple[tuple[int, Outcome], ...] = (
        (200, "complete"), (429, "complete"), (500, "complete"), (200, "client_left"),
    )  # fmt: skip
    status, outcome = random.choices(ends, (965, 18, 9, 8))[0]
    spent = status == 200 and outcome == "complete"
    price_in, price_out = _PRICES[model]
    ttfb = int(random.lognormvariate(12.9, 0.55))
    return Entry(
        id=str(UUID(int=first_id_at(at).int | 7 << 76 | 2 << 62 | random.getrandbits(60))),
        at_us=int(at.timestamp() * 1_000_000),
        project_id=str(project_id),
        token_id=str(token_id),
        provider=team.provider,
        endpoint="/v1/messages" if team.provider == "anthropic"
        else "/v1/embeddings" if embedding else "/v1/chat/completions",
        method="POST",
        model=model,
        status=status,
        outcome=outcome,
        usage="exact" if spent else "unknown",
        prompt_tokens=prompt if spent else None,
        completion_tokens=completion if spent else None,
        cached_tokens=cached if spent else None,
        reasoning_tokens=completion // 3 if spent and model == "o4-mini" else 0,
        cost_nanos=int((prompt * price_in + completion * price_out) * 1000) if spent else None,
        bytes_in=prompt * 4 + 200,
        bytes_out=completion * 180 + 400,
        ttfb_us=ttfb,
        duration_us=ttfb + completion * 12_000,
        overhead_us=int(random.lognormvariate(5.3, 0.35)),
        counted=True,
    )  # fmt: skip
