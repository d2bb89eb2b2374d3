"""`python -m fake_upstream`: the fake upstream in a process of its own, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from types import ModuleType

from fake_upstream.descriptors import allow_descriptors
from fake_upstream.server import FakeUpstream

uvloop: ModuleType | None
try:
    import uvloop
except ImportError:
    uvloop = None


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fake_upstream", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--api-key", action="append", help="accept only these keys; may repeat")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="S", help="before the first byte"
    )
    parser.add_argument(
        "--gap", type=float, default=0.0, metavar="S", help="between streamed events"
    )
    parser.add_argument(
        "--realistic", action="store_true", help="first token at 0.3 s, then every 20 ms"
    )
    parser.add_argument(
        "--behaviour", default="", metavar="X-FAKE", help="for requests that bring none"
    )
    return parser.parse_args(argv)


def _upstream(options: argparse.Namespace) -> FakeUpstream:
    realistic = options.realistic
    return FakeUpstream(
        host=options.host,
        port=options.port,
        api_keys=options.api_key,
        behaviour=options.behaviour,
        latency=options.latency or (0.3 if realistic else 0.0),
        gap=options.gap or (0.02 if realistic else 0.0),
        jitter=0.3 if realistic else 0.0,
    )


async def _serve(up: FakeUpstream) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with up:
        sys.stdout.write(f"fake upstream listening on {up.url}\n")
        sys.stdout.flush()
        await stopped.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed; asyncio's own otherwise."""
    return None if uvloop is None else uvloop.new_event_loop


def main(argv: list[str] | None = None) -> None:
    up = _upstream(_arguments(argv))
    allow_descriptors()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(up))


if __name__ == "__main__":
    main()
