"""The text of `/metrics` from the workers' files: as prometheus_client makes it, and in steps."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from telemetry import exposition
from tests.operations.scraping import Scrape

_BOUNDS: Final = ("0.005", "0.1", "10.0", "+Inf")
_HOSTILE: Final = 'a"b\\c\nd'


def _file(directory: Path, name: str, values: dict[str, float]) -> None:
    written: Any = MmapedDict(str(directory / name))  # type: ignore[no-untyped-call]
    for key, value in values.items():
        written.write_value(key, value, 0.0)
    written.close()


def _key(family: str, name: str, **labels: str) -> str:
    return str(mmap_key(family, name, list(labels), list(labels.values()), f"About {family}.\n\\"))


def _worker(directory: Path, pid: int, endpoints: int) -> None:
    """The files of one worker."""
    counters, histograms = {}, {}
    for number in range(endpoints):
        where = {"provider": "openai", "endpoint": f"/v1/{number}", "method": _HOSTILE}
        counters[_key("requests", "requests_total", **where, status="200")] = pid + 0.5
        histograms[_key("seconds", "seconds_sum", **where)] = 1e21 * pid
        for place, bound in enumerate(_BOUNDS):
            histograms[_key("seconds", "seconds_bucket", **where, le=bound)] = float(place)
    _file(directory, f"counter_{pid}.db", counters)
    _file(directory, f"histogram_{pid}.db", histograms)
    _file(directory, f"gauge_livesum_{pid}.db", {_key("active", "active"): 3.0})
    _file(directory, f"gauge_livemax_{pid}.db", {_key("oldest", "oldest"): pid / 8})


def _text(files: list[Path]) -> bytes:
    making = exposition.steps(files)
    while True:
        try:
            next(making)
        except StopIteration as end:
            return bytes(end.value)


def test_it_says_what_prometheus_client_says(tmp_path: Path) -> None:
    for pid in (7, 11, 90001):
        _worker(tmp_path, pid, endpoints=pid % 5 + 1)
    (tmp_path / "counter_12.db").touch()
    files = sorted(tmp_path.glob("*.db"))

    class Theirs:
        def collect(self) -> Any:
            begun = [str(file) for file in files if file.stat().st_size]
            return MultiProcessCollector.merge(begun)  # type: ignore[no-untyped-call]

    registry = CollectorRegistry()
    registry.register(Theirs())
    theirs = Scrape(generate_latest(registry).decode())

    ours = Scrape(_text([*files, tmp_path / "gauge_livesum_404.db"]).decode())

    assert (
        ours.families.keys()
        == theirs.families.keys()
        == {
            "requests",
            "seconds",
            "active",
            "oldest",
        }
    )
    for name, family in theirs.families.items():
        same = ours.families[name]
        assert (same.type, same.documentation) == (family.type, family.documentation)
        assert sorted(map(_plain, same.samples)) == sorted(map(_plain, family.samples))


def _plain(sample: Any) -> tuple[str, str, float]:
    return sample.name, json.dumps(sample.labels, sort_keys=True), sample.value


def test_no_step_takes_more_samples_than_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[int] = []
    for name in ("_values", "_lines"):
        monkeypatch.setattr(exposition, name, _counting(getattr(exposition, name), worked))
    monkeypatch.setattr(exposition, "_place", _counted(exposition._place, worked))
    for pid in (7, 11):
        _worker(tmp_path, pid, endpoints=300)

    steps = 0
    most = 0
    for _ in exposition.steps(sorted(tmp_path.glob("*.db"))):
        steps += 1
        most = max(most, len(worked))
        worked.clear()

    assert steps > 6 * 300 * 2 / exposition._STEP
    assert most <= exposition._STEP + 2


def _counting(produce: Any, worked: list[int]) -> Any:
    def counting(*args: Any) -> Iterator[Any]:
        for item in produce(*args):
            worked.append(1)
            yield item

    return counting


def _counted(do: Any, worked: list[int]) -> Any:
    def counted(*args: Any) -> None:
        worked.append(1)
        do(*args)

    return counted
