"""`llm-proxy serve` with workers that die where a test says: `python -m tests.chaos.serve`.

The same module is the workers' entry point. `CHAOS_DIRECTORY` holds what is armed.
"""

import gc
import os
import sys
from pathlib import Path

from tests.chaos import patient


def main() -> int:
    if len(sys.argv) > 1:
        # What faults are made in is loaded here, of which a supervisor needs little.
        gc.disable()
        from tests.chaos.faults import Faults

        Faults(Path(os.environ["CHAOS_DIRECTORY"])).install()
        return patient.work()
    return patient.serve("tests.chaos.serve")


if __name__ == "__main__":
    sys.exit(main())
