"""In what order the files of a run are given to its processes, so that none waits for the last one.

Rooms whose tests start services come first, since they take longest. Each stays with one process
while there is other work: its tests share services, which every further process would start anew.

What xdist looks up at each test grows with the number of all tests, and of each test it is told six
times, of which a run that says little needs two: what its call came to, and that it is over.
"""

from collections.abc import Sequence
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.scheduler.protocol import Scheduling
from xdist.workermanage import WorkerController

#: Those that take longest together first.
_ROOMS: Final = ("system", "chaos", "browser", "cli", "migrations", "operations", "benchmarks")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Ours, for whoever has not asked for another one."""
    usual = config.getoption("dist") == "loadfile" and config.getoption("loadscopereorder")
    return LongestFirst(config, log) if usual else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """As pytest does, in a process of a run that neither names each test nor lists their times."""
    config = item.config
    asked = config.option.verbose > 0 or config.getoption("xmlpath") or config.option.durations
    if asked or not hasattr(config, "workerinput"):
        return None
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


class LongestFirst(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A process goes on in its room, then in one of `_ROOMS` that has no process, then anywhere."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._room_of: dict[WorkerController, str] = {}

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """As xdist does, which then looks for the place of every test, from the first one on."""
        super().add_node_collection(node, collection)
        if node in self.registered_collections:
            self.registered_collections[node] = _Indexed(collection)

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """As xdist does, which counts at every message what is left of all that a process had."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        had = self.assigned_work[node]
        if not self._pending_of({scope: had[scope]}):
            del had[scope]

    def _assign_work_unit(self, node: WorkerController) -> None:
        room = self._next_room(node)
        self._room_of[node] = room
        scopes = [scope for scope in self.workqueue if _room(scope) == room]
        # Most tests first, as they lie; but where services are started, few tests take longest.
        self.workqueue.move_to_end(scopes[-1] if room else scopes[0], last=False)
        super()._assign_work_unit(node)

    def _next_room(self, node: WorkerController) -> str:
        left = {_room(scope) for scope in self.workqueue}
        taken = self._room_of.values()
        unbegun = (room for room in _ROOMS if room not in taken)
        return next(
            room for room in (self._room_of.get(node), *unbegun, "", *_ROOMS) if room in left
        )


class _Indexed(list[str]):
    """Of which each is there once."""

    def __init__(self, found: Sequence[str]) -> None:
        super().__init__(found)
        self._places = {one: place for place, one in enumerate(found)}

    def index(self, value: str, *_within: Any) -> int:
        return self._places[value]


def _room(scope: str) -> str:
    """The one of `_ROOMS` that a file is in, or nothing."""
    room = scope.removeprefix("tests/").partition("/")[0]
    return room if room in _ROOMS else ""
