"""Reads `/metrics` as a Prometheus does."""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.fixtures.service import Service

_ARRIVES_WITHIN_S: Final = 60.0


class Scrape:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    @property
    def samples(self) -> list[Sample]:
        """All of them."""
        return [sample for family in self.families.values() for sample in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def values(self, name: str, label: str) -> set[str]:
        """What a label says in the samples of this name."""
        return {sample.labels[label] for sample in self.samples if sample.name == name}


async def scrape(service: Service, **headers: str) -> Scrape:
    """What the service says now."""
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    return Scrape(answer.text)


async def scrape_settled(service: Service) -> Scrape:
    """What it says once each worker has folded in all that it was asked so far."""
    for worker in service.workers():
        with service.only(worker):
            await scrape(service)
    return await scrape(service)


async def scrape_until(service: Service, right: Callable[[Scrape], bool]) -> Scrape:
    """What it says once `right`; other workers fold their numbers in a few times a second."""
    async with asyncio.timeout(_ARRIVES_WITHIN_S):
        while not right(found := await scrape(service)):
            await asyncio.sleep(0.05)
    return found
