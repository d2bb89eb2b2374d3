"""Where the tests' files are: in memory, where the machine has room for them there.

Each commit waits for the disk, some milliseconds, and a run makes tens of thousands of them. What a
test tries is whether a process's end loses anything; a machine's end none of them can try.
"""

import os
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
#: Several times what a run has there at a time.
_ROOM_BYTES: Final = 6 << 30


def keep_files_there() -> None:
    """From now on, unless a directory is given: pytest's temporary ones of this run."""
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return
    # Containers have 64 MiB of it, and tests start what they install.
    roomy = found.f_bavail * found.f_frsize >= _ROOM_BYTES
    if roomy and not found.f_flag & os.ST_NOEXEC and os.access(_MEMORY, os.W_OK):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
