"""Prices that are read again while a worker serves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from config import ConfigError
from proxy.pricing import watch
from proxy.pricing.prices import Call
from proxy.pricing.watch import PriceWatch
from proxy.usage.accumulator import Usage


@pytest.fixture
def log() -> Iterator[asyncio.Queue[str]]:
    """What is logged, line by line."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    sink = logger.add(lambda line: lines.put_nowait(str(line)), format="{level} {message}")
    yield lines
    logger.remove(sink)


def write(path: Path, dollars: int) -> None:
    path.write_text(f'[prices."local/m"]\ninput = {dollars}\n', encoding="utf-8")


def nanos(prices: PriceWatch) -> int | None:
    return prices.prices.price(Call("local", "m"), Usage(1_000, 0, 0, 0), 0.0)[0]


async def test_a_mark_has_every_worker_read_the_file_again(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    workers = [PriceWatch(path, tmp_path, every=0.01) for _ in range(2)]
    for worker in workers:
        worker.open()
    assert [nanos(worker) for worker in workers] == [1_000_000] * 2
    for dollars in (2, 3):
        write(path, dollars)
        watch.ask(tmp_path)
        assert await log.get() == "INFO PRICES_FILE was read again: 1 entries\n"
        assert await log.get() == "INFO PRICES_FILE was read again: 1 entries\n"
        assert [nanos(worker) for worker in workers] == [dollars * 1_000_000] * 2
    for worker in workers:
        await worker.close()
    assert log.empty()


async def test_a_process_that_stood_by_reads_what_was_asked_for_meanwhile(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    standby = PriceWatch(path, tmp_path, every=60)
    write(path, 2)
    watch.ask(tmp_path)
    standby.open()
    await log.get()
    assert nanos(standby) == 2_000_000
    await standby.close()


async def test_a_file_with_a_mistake_changes_nothing(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    prices = PriceWatch(path, tmp_path, every=60)
    prices.open()
    write(path, -1)
    prices.reload()
    line = await log.get()
    assert line.startswith("ERROR prices stay as they are: PRICES_FILE: ")
    assert "local/m.input" in line
    assert nanos(prices) == 1_000_000
    write(path, 2)
    prices.reload()
    await log.get()
    assert nanos(prices) == 2_000_000
    await prices.close()


def test_a_file_with_a_mistake_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    write(path, -1)
    with pytest.raises(ConfigError):
        PriceWatch(path, tmp_path)


async def test_without_a_file_there_is_nothing_to_watch(tmp_path: Path) -> None:
    prices = PriceWatch(None, tmp_path)
    prices.open()
    prices.reload()
    await prices.close()
    assert nanos(prices) is None
