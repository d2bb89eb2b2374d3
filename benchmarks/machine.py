"""The machine a run happens on: which core is whose, how many descriptors, what to call it."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.results import Machine

_WANTED_DESCRIPTORS: Final = 16_384
#: Of a forwarder's descriptors: what is open besides its streams.
_OTHER_DESCRIPTORS: Final = 384


class Cores(NamedTuple):
    """Which core is for what. None where cores cannot be chosen: then the kernel does it."""

    system: int | None
    load: int | None
    available: frozenset[int] = frozenset()

    @classmethod
    def of_this_machine(cls) -> Cores:
        """The last core for the system under test, the first for everything else."""
        if not hasattr(os, "sched_getaffinity"):
            return cls(None, None)
        available = sorted(os.sched_getaffinity(0))
        return cls(available[-1], available[0], frozenset(available))

    @property
    def pinned(self) -> bool:
        """Whether the system under test has a core to itself."""
        return self.system is not None and self.system != self.load


def on_core(core: int | None) -> AbstractContextManager[None]:
    """Stay on one core, and start processes there: children inherit the place."""
    return on_cores(frozenset() if core is None else frozenset((core,)))


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """The same for several; where none is named, nothing changes."""
    if not cores or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_descriptors() -> int:
    """Raise this process's limit, which its children inherit, as far as it may; how far it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    wanted = min(wanted, _WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def most_streams() -> int:
    """How many streams the descriptors of a forwarder suffice for, each with two connections."""
    return (allow_descriptors() - _OTHER_DESCRIPTORS) // 2


def describe(cores: Cores) -> Machine:
    """What a reader needs to know of where the figures come from."""
    return Machine(
        cpu=_processor(),
        cores=os.cpu_count() or 1,
        pinned=cores.pinned,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages={name: version(name) for name in ("sanic", "uvloop", "httptools", "httpx")},
        load_average=os.getloadavg(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
