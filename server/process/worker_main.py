"""What each worker process runs: `python -m server.process.worker_main --control=DESCRIPTOR`.

It loads everything, waits until its supervisor hands it the listening socket, and only then opens
database, journal and limits: before that, it does not count as a worker.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from server.process.child import Parent
    from server.process.worker import Worker

#: New objects from which on garbage is looked for among them. Requests leave none, so each look
#: finds those of requests that are under way, and at Python's 700 that is 1.3 % of what they cost.
_YOUNG_MAX: Final = 5_000


def main() -> int:
    """The entry point; the exit code."""
    # A fifth of the time that loading takes would go into looking for garbage, and there is none.
    # So whatever is ours is loaded here: the first of these modules brings most of the others.
    gc.disable()
    import uvloop  # noqa: PLC0415

    from app import create_app  # noqa: PLC0415
    from config import ConfigError, generate_missing, load  # noqa: PLC0415
    from server import descriptors  # noqa: PLC0415
    from server.process.child import Parent  # noqa: PLC0415
    from server.process.supervisor import CANNOT_START  # noqa: PLC0415
    from server.process.worker import Worker  # noqa: PLC0415
    from telemetry import logs  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="server.process.worker_main")
    parser.add_argument("--control", type=int, required=True)
    parent = Parent(parser.parse_args().control)
    descriptors.raise_limit()
    try:
        settings = generate_missing(load())[0]
        logs.configure(settings.log_level, settings.log_format)
        app = create_app(settings=settings, supervised=True)
    except ConfigError as error:
        sys.stderr.writelines(problem + "\n" for problem in error.problems)
        return CANNOT_START
    _keep_from_collector()
    gc.set_threshold(_YOUNG_MAX)
    gc.enable()
    listener = parent.listener()
    if listener is None:
        return 0
    worker = Worker(
        app,
        listener,
        drain_seconds=settings.graceful_shutdown_timeout,
        delay_seconds=settings.shutdown_delay,
    )
    uvloop.run(_work(worker, parent))
    return 0


async def _work(worker: Worker, parent: Parent) -> None:
    from server.process.worker import stop_on_signals, stop_with_parent  # noqa: PLC0415

    stop_on_signals(worker)
    stop_with_parent(worker, parent.control)
    serving = asyncio.Event()
    work = asyncio.create_task(worker.serve(serving))
    asked = asyncio.create_task(serving.wait())
    await asyncio.wait((work, asked), return_when=asyncio.FIRST_COMPLETED)
    if serving.is_set():
        _keep_from_collector()
        parent.tell_serving()
    asked.cancel()
    await work


def _keep_from_collector() -> None:
    """What is there by now stays, the little garbage as well: to look for that takes 100 ms."""
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
