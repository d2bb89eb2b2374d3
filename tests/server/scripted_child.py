"""A worker that does what a file says: `python -m tests.server.scripted_child CONTROL DIRECTORY`.

Once it is told to serve it takes the first line of `DIRECTORY/script`: the code to exit with, or
nothing, to serve until it is ended. Its process id is then a line of `DIRECTORY/told`.
"""

import os
import signal
import sys
from pathlib import Path

from server.process.child import Parent


def main() -> int:
    parent = Parent(int(sys.argv[1]))
    directory = Path(sys.argv[2])
    if parent.listener() is None:
        return 0
    script = directory / "script"
    line, _, rest = script.read_text().partition("\n")
    script.write_text(rest)
    with (directory / "told").open("a") as told:
        told.write(f"{os.getpid()}\n")
    if line:
        return int(line)
    parent.tell_serving()
    signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
