"""Work that one worker of a machine does for all: whose turn it is."""

import fcntl
import os
from pathlib import Path


class MachineTurn:
    """A lock on a file of the machine's, which the kernel takes back from a worker that dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether it is this worker's turn, from now on until it gives up. Raises OSError."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def give_up(self) -> None:
        """Let another worker have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
