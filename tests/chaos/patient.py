"""`llm-proxy serve` for a machine that may stand still: `python -m tests.chaos.patient`.

What it gives up in seconds in life it waits for here, since what is asked is not how long it takes.
The same module is the workers' entry point.
"""

import gc
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

#: An earlier release is run by this, too; where its modules were.
_EARLIER: Final = {
    "models.db.sessions": "models.sessions",
    "models.ledger": "models.entry",
    "proxy.access.grants": "proxy.grants",
    "proxy.limits.postgres": "proxy.limits_postgres",
    "proxy.limits.sqlite": "proxy.limits_sqlite",
    "server.process.launch": "server.launch",
    "server.process.supervisor": "server.supervisor",
    "server.process.worker": "server.worker",
    "server.process.worker_main": "server.worker_main",
    "server.resources": "app",
    "telemetry.database_watch": "server.database_watch",
}
_SECONDS: Final = 60.0
OF_A_SUPERVISOR: Final = ("server.process.supervisor:GRACE_AFTER_DRAIN",)
OF_A_WORKER: Final = (
    "server.resources:_LAST_DRAIN",
    "server.resources:_LAST_TRANSACTIONS",
    "models.heartbeats:_LOCK_WAIT_S",
    "models.ledger:_LOCK_WAIT_S",
    "models.db.sessions:_IDLE_IN_TRANSACTION_S",
    "models.db.sessions:_LOCK_WAIT_S",
    "proxy.access.grants:_LOAD_TIMEOUT",
    "proxy.access.grants:_REFRESH_TIMEOUT",
    "proxy.limits.postgres:_CLOSE_TIMEOUT_S",
    "proxy.limits.postgres:_COMMAND_TIMEOUT_S",
    "proxy.limits.postgres:_TIMEOUT_S",
    "proxy.limits.sqlite:_BUSY_TIMEOUT_S",
    "proxy.limits.sqlite:_CLOSE_TIMEOUT_S",
    "telemetry.database_watch:_PATIENCE_S",
    "server.process.worker:GRACE_AFTER_DRAIN",
    "server.process.worker:_LAST_WORDS",
)


def serve(module: str) -> int:
    """The supervisor, whose workers are started by that module."""
    gc.disable()
    _wait_for(OF_A_SUPERVISOR)
    launch, python = _found("server.process.launch"), _found("server.process.supervisor").python
    gc.freeze()
    gc.enable()
    launch.python = lambda _, *arguments: python(module, *arguments)
    status: int = launch.serve()
    return status


def work() -> int:
    """One worker."""
    # As a worker begins, which looks for garbage again once it has loaded everything.
    gc.disable()
    worker_main = _found("server.process.worker_main")
    # This imports everything, which the supervisor has no use for.
    _wait_for(OF_A_WORKER)
    status: int = worker_main.main()
    return status


def main() -> int:
    """Either, by its arguments."""
    return work() if len(sys.argv) > 1 else serve("tests.chaos.patient")


def _found(module: str) -> Any:
    with suppress(ImportError):
        return import_module(module)
    return import_module(_EARLIER[module])


def _wait_for(names: Sequence[str]) -> None:
    for name in names:
        module, _, constant = name.partition(":")
        # An earlier release may lack one.
        with suppress(ImportError, AttributeError, KeyError):
            owner = _found(module)
            if hasattr(owner, constant):
                setattr(owner, constant, _SECONDS)


if __name__ == "__main__":
    sys.exit(main())
