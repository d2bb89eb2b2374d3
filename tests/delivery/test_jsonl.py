"""Files of one line for each item."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from delivery.jsonl import Jsonl
from tests.delivery.rows import a_request, an_event

MB = 1_000_000


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "exports").glob("*.jsonl*"))


async def test_each_item_is_a_line_with_its_id(tmp_path: Path) -> None:
    items = [a_request(), an_event()]
    sender = Jsonl(tmp_path, "audit.jsonl", MB)
    assert (await sender.send(items)).verdict == "taken"
    await sender.send([an_event("budget.exceeded")])
    path = tmp_path / "exports" / "audit.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["type"] for line in lines] == ["request", "token.expiring", "budget.exceeded"]
    assert [line["id"] for line in lines[:2]] == [item.id for item in items]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_a_line_that_a_machine_left_unfinished_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    path = tmp_path / "exports" / "audit.jsonl"
    path.write_bytes(b'{"id": "half')
    await Jsonl(tmp_path, "audit.jsonl", MB).send([an_event()])
    first, second = path.read_text().splitlines()
    assert first == '{"id": "half'
    assert json.loads(second)["type"] == "token.expiring"


async def test_files_stay_within_the_bound_and_the_oldest_go(tmp_path: Path) -> None:
    line = len(an_event(pad="x" * 900).line())
    most = 16 * line
    sender, other = (Jsonl(tmp_path, f"{name}.jsonl", most) for name in ("a", "b"))
    await other.send([an_event(number=-1, pad="x" * 900)])
    for number in range(40):
        await sender.send([an_event(number=number, pad="x" * 900)])
        size = sum(path.stat().st_size for path in (tmp_path / "exports").iterdir())
        assert size <= most
    kept = [
        json.loads(text)["data"]["number"]
        for name in reversed(files(tmp_path))
        if name.startswith("a")
        for text in (tmp_path / "exports" / name).read_text().splitlines()
    ]
    # Nothing is missing between the oldest that is kept and the newest.
    assert sorted(kept) == list(range(40 - len(kept), 40))
    assert len(kept) >= 10
    assert "b.jsonl" in files(tmp_path)


async def test_renamed_files_are_numbered_from_the_newest(tmp_path: Path) -> None:
    sender = Jsonl(tmp_path, "a.jsonl", 8 * 1200)
    for number in range(3):
        await sender.send([an_event(number=number, pad="x" * 900)])
    assert files(tmp_path) == ["a.jsonl", "a.jsonl.1", "a.jsonl.2"]
    numbers = [
        json.loads((tmp_path / "exports" / name).read_text())["data"]["number"]
        for name in files(tmp_path)
    ]
    assert numbers == [2, 1, 0]


async def test_what_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file where the directory is to be")
    outcome = await Jsonl(tmp_path, "a.jsonl", MB).send([an_event()])
    assert outcome.verdict == "again"
    assert "cannot be written" in outcome.why


async def test_no_link_leads_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "a.jsonl").symlink_to(tmp_path / "other")
    assert (await Jsonl(tmp_path, "a.jsonl", MB).send([an_event()])).verdict == "again"
    assert not (tmp_path / "other").exists()


async def test_what_a_full_disk_took_of_it_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Jsonl(tmp_path, "a.jsonl", MB)
    await sender.send([an_event()])
    path = tmp_path / "exports" / "a.jsonl"
    size = path.stat().st_size

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    outcome = await sender.send([an_event()])
    assert (outcome.verdict, path.stat().st_size) == ("again", size)
