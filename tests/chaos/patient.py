"""`llm-proxy serve` for a machine that may stand still: `python -m tests.chaos.patient`.

What it gives up in seconds in life it waits for here, since what is asked is not how long it takes.
The same module is the workers' entry point.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pkgutil import resolve_name
from typing import Final

from server import launch
from server.supervisor import python

_SECONDS: Final = 60.0
OF_A_SUPERVISOR: Final = ("server.supervisor:GRACE_AFTER_DRAIN",)
OF_A_WORKER: Final = (
    "app:_LAST_DRAIN",
    "app:_LAST_TRANSACTIONS",
    "models.heartbeats:_LOCK_WAIT_S",
    "models.ledger:_LOCK_WAIT_S",
    "models.sessions:_IDLE_IN_TRANSACTION_S",
    "models.sessions:_LOCK_WAIT_S",
    "proxy.grants:_LOAD_TIMEOUT",
    "proxy.grants:_REFRESH_TIMEOUT",
    "proxy.limits_postgres:_CLOSE_TIMEOUT_S",
    "proxy.limits_postgres:_COMMAND_TIMEOUT_S",
    "proxy.limits_postgres:_TIMEOUT_S",
    "proxy.limits_sqlite:_BUSY_TIMEOUT_S",
    "proxy.limits_sqlite:_CLOSE_TIMEOUT_S",
    "server.database_watch:_PATIENCE_S",
    "server.worker:GRACE_AFTER_DRAIN",
    "server.worker:_LAST_WORDS",
)


def serve(module: str) -> int:
    """The supervisor, whose workers are started by that module."""
    _wait_for(OF_A_SUPERVISOR)
    launch.python = lambda _, *arguments: python(module, *arguments)  # type: ignore[attr-defined]
    return launch.serve()


def work() -> int:
    """One worker."""
    # It imports everything, which the supervisor has no use for.
    from server import worker_main

    _wait_for(OF_A_WORKER)
    return worker_main.main()


def _wait_for(names: Sequence[str]) -> None:
    for name in names:
        module, _, constant = name.partition(":")
        # An earlier release is run by this, too, and may lack one.
        with suppress(ImportError, AttributeError):
            owner = resolve_name(module)
            if hasattr(owner, constant):
                setattr(owner, constant, _SECONDS)


if __name__ == "__main__":
    sys.exit(work() if len(sys.argv) > 1 else serve("tests.chaos.patient"))
