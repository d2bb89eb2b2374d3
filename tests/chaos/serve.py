"""`llm-proxy serve` with workers that die where a test says: `python -m tests.chaos.serve`.

The same module is the workers' entry point. `CHAOS_DIRECTORY` holds what is armed.
"""

import os
import sys
from pathlib import Path

from server import launch
from server.supervisor import python
from tests.chaos.faults import Faults


def main() -> int:
    if len(sys.argv) > 1:
        Faults(Path(os.environ["CHAOS_DIRECTORY"])).install()
        # It imports everything, which the supervisor has no use for.
        from server import worker_main

        return worker_main.main()
    launch.python = lambda _, *arguments: python("tests.chaos.serve", *arguments)  # type: ignore[attr-defined]
    return launch.serve()


if __name__ == "__main__":
    sys.exit(main())
