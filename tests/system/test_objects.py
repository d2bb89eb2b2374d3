"""Objects of an isolating project, on a machine with two workers and through the OpenAI client."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
import pytest

from fake_upstream import FakeUpstream
from models.objects import UpstreamObject
from tests.fixtures.sdks import openai
from tests.fixtures.service import UPSTREAM_KEY, Service
from tests.proxy.limits.stores import eventually

#: Connections that are opened one after another, so that both workers are asked.
TRIES = 8


async def test_what_one_worker_made_the_others_know_before_its_answer_completes(
    service: Service, up: FakeUpstream
) -> None:
    bearer = {"authorization": f"Bearer {service.settings.management_token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=bearer, timeout=30) as manage:
        sent = {
            "name": "isolated " + up.url, "api_key": UPSTREAM_KEY, "base_url": up.url,
            "isolation": "token",
        }  # fmt: skip
        project = (await manage.post("/manage/projects", json=sent)).json()["id"]
        issued = [
            (await manage.post("/manage/tokens", json={"project_id": project})).json()["token"]
            for _ in range(2)
        ]
    for number in range(TRIES):
        made = await _upload(service, issued[number % 2], number)
        # Each on a connection of its own, at once: from either worker.
        # A list is not waited for: what the database does not have yet stands in a journal.
        assert made in await _listed(service, issued[number % 2])
        assert await _found(service, issued[number % 2], made) == made
        with pytest.raises(openai.NotFoundError, match=f"No such File object: {made}"):
            await _found(service, issued[1 - number % 2], made)
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=issued[0]) as client:
        mine = [file.filename async for file in client.files.list()]
        assert sorted(mine) == sorted(f"{number}.jsonl" for number in range(0, TRIES, 2))
        await client.files.delete((await client.files.list()).data[0].id)
        assert len((await client.files.list()).data) == TRIES // 2 - 1

    async def are_stored() -> bool:
        return await UpstreamObject.filter(project_id=UUID(project)).count() == TRIES - 1

    # Journals get into the database a moment later; one was deleted.
    async with service.models(), asyncio.timeout(30):
        await eventually(are_stored)


async def _upload(service: Service, secret: str, number: int) -> str:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=secret) as client:
        content = (f"{number}.jsonl", b'{"custom_id": "1"}')
        return str((await client.files.create(file=content, purpose="batch")).id)


async def _found(service: Service, secret: str, made: str) -> str:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=secret) as client:
        return str((await client.files.retrieve(made)).id)


async def _listed(service: Service, secret: str) -> list[str]:
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=secret) as client:
        return [file.id async for file in client.files.list()]
