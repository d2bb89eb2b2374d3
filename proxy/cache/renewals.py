"""Which answers were given anew: a mapped file, by which all workers of a machine see it at once.

It is only read where it is mapped: on a full disk a write there would kill the process, where one
to the file fails.

Who asks for a fresh answer (`Cache-Control: no-cache`) gets one that others are to have too, and
they may remember the one before. Keys share `_PLACES` numbers; where one has changed, those that
have it look into the store.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_PLACES: Final = 512
_NUMBER_BYTES: Final = 8
_BYTES: Final = _PLACES * _NUMBER_BYTES


class Renewals:
    """Opened by each worker. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Growing a file to its own size changes nothing, so no lock is needed.
            if os.fstat(self._descriptor).st_size < _BYTES:
                os.truncate(self._descriptor, _BYTES)
            self._map = mmap.mmap(self._descriptor, _BYTES, access=mmap.ACCESS_READ)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._view = memoryview(self._map).cast("Q")

    def of(self, key: bytes) -> int:
        """A number that changes when what is under a key is given anew."""
        return self._view[_place(key)]

    def tell(self, key: bytes) -> None:
        """What is under a key was given anew. By chance, as two may tell at once."""
        # On a full disk, those that remember the answer before give it until its time is over.
        with suppress(OSError):
            os.pwrite(self._descriptor, os.urandom(_NUMBER_BYTES), _place(key) * _NUMBER_BYTES)

    def close(self) -> None:
        """Unmap it; nothing may be asked any more."""
        self._view.release()
        self._map.close()
        os.close(self._descriptor)


def _place(key: bytes) -> int:
    return (key[0] | key[1] << 8) % _PLACES
