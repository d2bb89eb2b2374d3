"""Which answers were given anew: a mapped file, by which all workers of a machine see it at once.

Who asks for a fresh answer (`Cache-Control: no-cache`) gets one that others are to have too, and
they may remember the one before. Keys share `_PLACES` numbers; where one has changed, those that
have it look into the store.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

_PLACES: Final = 512


class Renewals:
    """Opened by each worker. Raises OSError."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Growing a file to its own size changes nothing, so no lock is needed.
            if os.fstat(descriptor).st_size < _PLACES * 8:
                os.truncate(descriptor, _PLACES * 8)
            self._map = mmap.mmap(descriptor, _PLACES * 8)
        finally:
            os.close(descriptor)
        self._view = memoryview(self._map).cast("Q")

    def of(self, key: bytes) -> int:
        """A number that changes when what is under a key is given anew."""
        return self._view[(key[0] | key[1] << 8) % _PLACES]

    def tell(self, key: bytes) -> None:
        """What is under a key was given anew. By chance, as two may tell at once."""
        self._view[_place(key)] = int.from_bytes(os.urandom(8), "big")

    def close(self) -> None:
        """Unmap it; nothing may be asked any more."""
        self._view.release()
        self._map.close()


def _place(key: bytes) -> int:
    return (key[0] | key[1] << 8) % _PLACES
