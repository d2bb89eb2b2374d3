"""Providers as pages show them: what is let through, and what its models cost.

Values of header fields are not shown: they may be secrets.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tortoise.functions import Count

from admin.components.provider_marks import Marked, marked
from admin.components.tables import address
from models import Project
from web.providers import Provider

_PER_PAGE: Final = 25


class ProviderFacts(Provider, Protocol):
    """A provider, as far as it is shown."""

    @property
    def auth(self) -> str: ...

    @property
    def listed_as(self) -> str: ...

    @property
    def keep_client_headers(self) -> Collection[str]: ...

    @property
    def meter_streams(self) -> bool: ...

    @property
    def cost(self) -> str: ...


class PricedModel(Protocol):
    """What a model costs: USD for a million tokens."""

    @property
    def model(self) -> str: ...

    @property
    def input(self) -> float | None: ...

    @property
    def cached(self) -> float | None: ...

    @property
    def output(self) -> float | None: ...

    @property
    def rises_over(self) -> int | None: ...

    @property
    def source(self) -> str: ...

    @property
    def context_length(self) -> int | None: ...

    @property
    def max_output(self) -> int | None: ...


class PriceList(Protocol):
    """The models that have a price, and what each costs."""

    def models(self, provider: str) -> Sequence[str]: ...

    def price(self, provider: str, model: str) -> PricedModel: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A provider in the list."""

    mark: Marked
    base_url: str
    endpoints: int
    models: int
    projects: int


async def overview(providers: Mapping[str, ProviderFacts], prices: PriceList) -> list[Known]:
    """All of them, those that projects use first."""
    counted = (
        await Project.filter(deleted_at__isnull=True)
        .annotate(number=Count("id"))
        .group_by("provider")
        .values("provider", "number")
    )
    projects = {row["provider"]: row["number"] for row in counted}
    found = [
        Known(
            mark=marked(name, facts.base_url),
            base_url=facts.base_url,
            endpoints=len(facts.endpoints),
            models=len(prices.models(name)),
            projects=projects.get(name, 0),
        )
        for name, facts in providers.items()
    ]
    return sorted(found, key=lambda one: (-one.projects, one.mark.title.casefold()))


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePage:
    """Part of a provider's price list, and the addresses of its other parts."""

    rows: Sequence[PricedModel]
    total: int
    first: int
    back: str | None
    on: str | None


async def price_page(
    prices: PriceList, provider: str, path: str, query: Mapping[str, str]
) -> PricePage:
    """The part that the address asks for, of models whose name has `q` in it."""
    text = query.get("q", "").casefold()
    names = [name for name in prices.models(provider) if text in name.casefold()]
    pages = max(1, -(-len(names) // _PER_PAGE))
    page = min(_number(query.get("page", "")), pages)
    rows = []
    for name in names[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
        rows.append(prices.price(provider, name))
        # Each may take milliseconds, in which no request is served.
        await asyncio.sleep(0)
    return PricePage(
        rows=rows,
        total=len(names),
        first=(page - 1) * _PER_PAGE + 1,
        back=address(path, query, page=str(page - 1)) if page > 1 else None,
        on=address(path, query, page=str(page + 1)) if page < pages else None,
    )


def _number(text: str) -> int:
    return max(1, int(text[:9])) if text.isascii() and text.isdigit() else 1
