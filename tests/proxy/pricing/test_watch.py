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


async def test_two_that_keep_the_prices_at_once_do_not_take_each_others_draft(
    tmp_path: Path, log: asyncio.Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    move = Path.replace

    def behind_another(draft: Path, target: Path) -> Path:
        monkeypatch.undo()
        watch.read_and_keep(path, tmp_path)
        return move(draft, target)

    monkeypatch.setattr(Path, "replace", behind_another)
    watch.read_and_keep(path, tmp_path)
    assert log.empty()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["prices-last.toml", "prices.toml"]


def test_what_is_kept_is_open_to_nobody_else(tmp_path: Path) -> None:
    path, data = tmp_path / "prices.toml", tmp_path / "data"
    write(path, 1)
    watch.read_and_keep(path, data)
    watch.ask(data)
    modes = {file.name: file.stat().st_mode & 0o777 for file in data.iterdir()}
    assert modes == {"prices-last.toml": 0o600, "prices-reload": 0o600}


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
        assert await log.get() == "INFO PRICES_FILE was read again; entries: 1\n"
        assert await log.get() == "INFO PRICES_FILE was read again; entries: 1\n"
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


async def test_a_process_that_stood_by_goes_on_with_what_others_read_before_a_mistake(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    standby = PriceWatch(path, tmp_path, supervised=True, every=60)
    write(path, 2)
    watch.read_and_keep(path, tmp_path)
    write(path, -1)
    watch.ask(tmp_path)
    standby.open()
    assert (await log.get()).startswith("ERROR prices stay as they are: ")
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


async def test_entries_that_price_nothing_are_warned_of(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    prices = PriceWatch(path, tmp_path, every=60, providers=["vocal"])
    prices.open()
    prices.reload()
    assert (await log.get()).startswith("INFO ")
    line = await log.get()
    assert line.startswith("WARNING PRICES_FILE: ")
    assert 'did you mean "vocal"?' in line
    await prices.close()


def test_a_file_with_a_mistake_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    write(path, -1)
    with pytest.raises(ConfigError):
        PriceWatch(path, tmp_path)


async def test_a_worker_that_begins_during_a_mistake_goes_on_with_what_was_read_whole_last(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path, data = tmp_path / "prices.toml", tmp_path / "data"
    write(path, 1)
    watch.read_and_keep(path, data)
    write(path, -1)
    first = PriceWatch(path, data, supervised=True, every=60)
    line = await log.get()
    assert line.startswith("ERROR prices are what they were before a mistake: PRICES_FILE: ")
    assert "local/m.input" in line
    assert nanos(first) == 1_000_000
    # What it reads later is kept as well.
    write(path, 2)
    first.open()
    first.reload()
    await log.get()
    await first.close()
    for spoil in (lambda: path.write_text("[", encoding="utf-8"), path.unlink):
        spoil()
        assert nanos(PriceWatch(path, data, supervised=True)) == 2_000_000
        assert "before a mistake" in await log.get()
    write(path, 3)
    assert nanos(PriceWatch(path, data, supervised=True)) == 3_000_000
    assert log.empty()
    assert {file.name for file in data.iterdir()} == {"prices-last.toml"}


@pytest.mark.parametrize("kept", [None, "[", '[prices."local/m"]\ninput = 1\n'])
def test_nobody_begins_with_a_mistake_where_nothing_whole_was_read(
    tmp_path: Path, kept: str | None
) -> None:
    path = tmp_path / "prices.toml"
    write(path, -1)
    if kept is not None:
        (tmp_path / "prices-last.toml").write_text(kept, encoding="utf-8")
    # It is of an earlier run; nobody has read a whole file for this one.
    with pytest.raises(ConfigError):
        PriceWatch(path, tmp_path)
    with pytest.raises(ConfigError):
        watch.read_and_keep(path, tmp_path)
    if kept is None or kept == "[":
        with pytest.raises(ConfigError):
            PriceWatch(path, tmp_path, supervised=True)


async def test_what_cannot_be_kept_is_read_all_the_same(
    tmp_path: Path, log: asyncio.Queue[str]
) -> None:
    path, no_directory = tmp_path / "prices.toml", tmp_path / "file"
    write(path, 1)
    no_directory.touch()
    assert len(watch.read_and_keep(path, no_directory).entries) == 1
    assert (await log.get()).startswith("WARNING the prices are not kept")


async def test_without_a_file_there_is_nothing_to_watch(tmp_path: Path) -> None:
    prices = PriceWatch(None, tmp_path)
    prices.open()
    prices.reload()
    await prices.close()
    assert nanos(prices) is None


@pytest.mark.parametrize("turns", range(5))
async def test_it_ends_also_in_the_moment_in_which_it_is_to_read_again(
    tmp_path: Path, turns: int
) -> None:
    path = tmp_path / "prices.toml"
    write(path, 1)
    worker = PriceWatch(path, tmp_path, every=3600)
    worker.open()
    for _ in range(5):
        await asyncio.sleep(0)
    worker.reload()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await worker.close()
