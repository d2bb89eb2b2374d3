"""PRICES_FILE is read again by SIGHUP, to the service or to a worker alone."""

import asyncio
import os
import signal
from pathlib import Path

import httpx

from fake_upstream import FakeUpstream
from models.request_log import RequestLog
from tests.fixtures.service import Issued, RunService, Service


def write(path: Path, dollars: int) -> None:
    path.write_text(f'[prices."openai/*"]\ninput = {dollars}\noutput = 0\n', encoding="utf-8")


async def test_sighup_has_the_prices_read_again(
    run_service: RunService, up: FakeUpstream, tmp_path: Path
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    service = run_service(PRICES_FILE=str(path))
    issued = await service.make_token(up.url)
    (worker,) = service.workers()
    entries = [await ask(service, issued, 1)]

    write(path, 2)
    service.send(signal.SIGHUP)
    await until_logged(service, ("PRICES_FILE was read again",), 1)
    entries.append(await ask(service, issued, 2))
    write(path, 3)
    os.kill(worker, signal.SIGHUP)
    await until_logged(service, ("PRICES_FILE was read again",), 2)
    entries.append(await ask(service, issued, 3))
    write(path, -1)
    service.send(signal.SIGHUP)
    await until_logged(service, ("prices stay as they are",), 1)
    entries.append(await ask(service, issued, 4))

    # One that replaces it while the mistake stands serves, and by the same prices.
    assert service.workers() == {worker}
    standby = service.standby()
    os.kill(worker, signal.SIGKILL)
    # The standby was made ready before the mistake or during it, the next one during it.
    kept = "prices stay as they are", "prices are what they were before a mistake"
    await until_logged(service, kept, 3)
    entries.append(await ask(service, issued, 5))
    assert service.workers() == {standby}
    assert kept[1] in service.log

    assert {entry.cost_source for entry in entries} == {"prices_file"}
    assert [(entry.cost_nanos or 0) / 1_000 / (entry.prompt_tokens or 1) for entry in entries] == [
        1, 2, 3, 3, 3,
    ]  # fmt: skip


async def ask(service: Service, issued: Issued, number: int) -> RequestLog:
    """One more request, the `number`th; its row."""
    payload = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Count these."}]}
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http:
        answer = await http.post("/v1/chat/completions", json=payload, timeout=60)
    assert answer.status_code == 200
    rows = await service.entries(issued.token.id, number)
    wanted = answer.headers["x-llm-proxy-request-id"]
    return next(row for row in rows if str(row.id) == wanted)


async def until_logged(service: Service, kinds: tuple[str, ...], times: int) -> None:
    async with asyncio.timeout(60):
        while sum(map(service.log.count, kinds)) < times:
            await asyncio.sleep(0.02)
