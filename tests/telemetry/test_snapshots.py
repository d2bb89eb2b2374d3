"""Workers that keep their numbers in one directory, as threads of one process: `flock` is held by
descriptors and not by processes."""

import os
from pathlib import Path
from typing import Final

import pytest

from telemetry import families, snapshots
from telemetry.families import Numbers
from telemetry.metrics import Metrics, WorkerGauges
from tests.operations.scraping import Scrape
from tests.operations.test_observer import entry

GAUGES: Final = WorkerGauges(
    active_requests=2, upstream_connections=1, journal_pending=0, oldest_entry_seconds=3.0
)


class Worker:
    """One that counts requests."""

    def __init__(self, directory: Path) -> None:
        self.metrics = Metrics(lambda _provider, _model: None, directory)
        self.metrics.open()

    def serve(self, requests: int) -> None:
        """Let so many end, and the others see it."""
        self.metrics.add([entry() for _ in range(requests)], ())
        self.metrics.set_gauges(GAUGES)
        self.metrics.write(self.metrics.encode())

    def scrape(self) -> Scrape:
        """What it says of all."""
        self.metrics.encode()
        return Scrape(self.metrics.exposition().decode())

    def die(self) -> None:
        """As by SIGKILL: the kernel closes what it had open."""
        lock = self.metrics._snapshots._lock
        assert lock is not None
        os.close(lock)
        self.metrics._snapshots._lock = None


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


def requests(scrape: Scrape) -> float:
    return scrape.total("llm_proxy_requests_total")


def active(scrape: Scrape) -> float:
    return scrape.total("llm_proxy_active_requests")


def test_whichever_worker_is_asked_tells_of_all(directory: Path) -> None:
    workers = [Worker(directory) for _ in range(3)]
    for number, worker in enumerate(workers, 1):
        worker.serve(number)

    for worker in workers:
        found = worker.scrape()
        assert requests(found) == 6
        assert active(found) == 6
        assert found.total("llm_proxy_journal_oldest_entry_seconds") == 3
        assert found.total("llm_proxy_overhead_seconds_count") == 6


def test_a_killed_workers_sums_stay_and_its_gauges_go(directory: Path) -> None:
    victim, survivor = Worker(directory), Worker(directory)
    victim.serve(3)
    survivor.serve(1)
    victim.die()

    found = survivor.scrape()
    assert (requests(found), active(found)) == (4, 2)


def test_a_worker_that_ends_leaves_its_sums_with_what_it_had_not_told_yet(directory: Path) -> None:
    leaving, staying = Worker(directory), Worker(directory)
    leaving.serve(3)
    leaving.metrics.add([entry()], ())
    leaving.metrics.leave()
    # What a thread was about to write meanwhile comes too late.
    leaving.metrics.write(b"stale")

    found = staying.scrape()
    assert (requests(found), active(found)) == (4, 0)


def test_a_successor_goes_on_from_the_sums_and_files_do_not_grow_in_number(
    directory: Path,
) -> None:
    other = Worker(directory)
    other.serve(1)
    for number in range(1, 6):
        worker = Worker(directory)
        worker.serve(2)
        assert requests(worker.scrape()) == requests(other.scrape()) == 1 + 2 * number
        assert active(other.scrape()) == 4
        worker.die()

    assert sorted(file.name for file in directory.iterdir()) == [
        "0.lock", "0.snapshot", "1.lock", "1.snapshot",
    ]  # fmt: skip


def test_a_new_service_begins_with_nothing_and_an_old_worker_does_not_disturb_it(
    directory: Path,
) -> None:
    draining = Worker(directory)
    draining.serve(5)
    (directory / "counter_7.db").write_text("of a release before")

    snapshots.forget(directory)
    new = Worker(directory)
    new.serve(1)
    draining.serve(5)
    draining.metrics.leave()

    assert requests(new.scrape()) == 1
    assert sorted(file.name for file in directory.iterdir()) == ["0.lock", "0.snapshot"]


@pytest.mark.parametrize("content", [b"", b"\xc1", snapshots.encode(Numbers.none())[:-3]])
def test_a_snapshot_that_cannot_be_read_stops_no_scrape(directory: Path, content: bytes) -> None:
    worker = Worker(directory)
    worker.serve(1)
    (directory / "9.snapshot").write_bytes(content)

    assert requests(worker.scrape()) == 1


def test_a_snapshot_or_place_that_cannot_be_opened_stops_no_scrape(directory: Path) -> None:
    worker, other = Worker(directory), Worker(directory)
    worker.serve(1)
    other.serve(2)
    # What no account may open as a file, the superuser's included.
    (directory / "9.snapshot").mkdir()
    (directory / "1.lock").unlink()
    (directory / "1.lock").mkdir()

    scrape = worker.scrape()
    assert requests(scrape) == 3
    # Whether the other one runs cannot be told, so that what is true of the moment is left out.
    assert active(scrape) == GAUGES.active_requests


def test_an_unchanged_snapshot_is_not_written_again(directory: Path) -> None:
    worker = Worker(directory)
    worker.serve(1)
    file = directory / "0.snapshot"
    before = file.stat().st_ino
    worker.serve(0)
    assert file.stat().st_ino == before
    worker.serve(1)
    assert file.stat().st_ino != before


def test_a_directory_that_cannot_be_used_costs_what_others_tell_and_nothing_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "metrics").write_text("in the way")
    worker = Worker(tmp_path / "metrics")
    worker.serve(2)

    found = worker.scrape()
    assert (requests(found), active(found)) == (2, 2)
    worker.metrics.leave()


def test_a_snapshot_holds_every_kind_of_number() -> None:
    numbers = Numbers.none()
    numbers.count(families.REFUSALS, ("overloaded",), 1)
    numbers.set(families.OLDEST_ENTRY, 0.5)
    assert snapshots.decode(snapshots.encode(numbers)) == numbers
