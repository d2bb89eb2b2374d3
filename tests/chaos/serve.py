"""`llm-proxy serve` with workers that die where a test says: `python -m tests.chaos.serve`.

The same module is the workers' entry point. `CHAOS_DIRECTORY` holds what is armed.
"""

import os
import sys
from pathlib import Path

from tests.chaos import patient
from tests.chaos.faults import Faults


def main() -> int:
    if len(sys.argv) > 1:
        Faults(Path(os.environ["CHAOS_DIRECTORY"])).install()
        return patient.work()
    return patient.serve("tests.chaos.serve")


if __name__ == "__main__":
    sys.exit(main())
