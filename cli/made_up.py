"""A week of made-up use: what the demo's dashboard shows before anything was asked.

The same every time but for the clock: random numbers from a fixed seed. The projects' names say
that it is made up; their keys lead to the fake upstream, and their tokens' secrets are thrown away.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import cos, pi
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from models import Actor, Project, Token
from models.crypto import KeyRing
from models.entry import Entry, Outcome
from models.ids import first_id_at
from models.ledger import apply_batch

#: How the names of the projects begin.
MARK: Final = "Made up: "
_DAYS: Final = 7
_PER_BATCH: Final = 4000


class Team(NamedTuple):
    """A project: the requests of a busy hour, its tokens, and what it asks which model for."""

    name: str
    busy: float
    tokens: tuple[str, ...]
    models: Mapping[str, float]
    provider: str = "openai"


_TEAMS: Final = (
    Team("support", 12, ("helpdesk-bot", "summaries"), {"gpt-4o-mini": 0.8, "gpt-4o": 0.2}),
    Team("search", 9, ("indexer",), {"text-embedding-3-small": 0.7, "gpt-4o-mini": 0.3}),
    Team("research", 4, ("notebooks",), {"gpt-4o": 0.6, "o4-mini": 0.4}),
)
#: Dollars for a million tokens in and out.
_PRICES: Final = {
    "gpt-4o-mini": (0.15, 0.6),
    "gpt-4o": (2.5, 10.0),
    "o4-mini": (1.1, 4.4),
    "text-embedding-3-small": (0.02, 0.0),
    "claude-sonnet-4-5": (3.0, 15.0),
}


async def fill(ring: KeyRing, by: Actor) -> None:
    """Projects, tokens, and requests of a week up to now. The models are connected."""
    random = Random(7)  # noqa: S311  (no secret)
    entries: list[Entry] = []
    for team in _TEAMS:
        project = await Project.create_with_key(
            name=MARK + team.name, provider=team.provider, api_key="sk-made-up", ring=ring, by=by
        )
        began = datetime.now(UTC) - timedelta(days=_DAYS)
        await Project.filter(id=project.id).update(created_at=began)
        tokens = [(await Token.issue(project, name=name, by=by))[0].id for name in team.tokens]
        entries += requests(random, team, project.id, tokens, _DAYS)
    entries.sort(key=lambda entry: entry.at_us)
    for start in range(0, len(entries), _PER_BATCH):
        await apply_batch("made-up", start, start + _PER_BATCH, entries[start:][:_PER_BATCH])


def requests(
    random: Random, team: Team, project_id: UUID, tokens: list[UUID], days: int
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


def _entry(random: Random, team: Team, project_id: UUID, token_id: UUID, at: datetime) -> Entry:
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
