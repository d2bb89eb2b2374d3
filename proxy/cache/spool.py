"""The file of one flight: what of its answer has come so far, for every worker of a machine.

Its name is the key, so that there is one for all of them. Who leads holds a lock on it, which the
kernel lets go with its process: a file without one is a dead leader's, and is removed. It comes to
its name with the lock already held, by a link. What it holds stays readable for those who have it
open when its name is gone.

A block of fixed size stands first, whose last written byte says how far the flight is, then the
head, then the body.
"""

from __future__ import annotations

import enum
import fcntl
import os
import struct
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

#: State; bytes of the head and of the whole body; Unix seconds of its birth; `monotonic` seconds of
#: the body's first byte; what it cost, -1 where that is unknown.
_BLOCK: Final = struct.Struct("<B3xIQddq")
_FIELDS: Final = struct.Struct("<IQddq")
_FIELDS_AT: Final = 4
_NUMBERS: Final = count()


class State(enum.IntEnum):
    """How far a flight is."""

    ASKED = 0
    ANSWERED = 1
    """Its head is there, and more of the body may come."""
    LANDED = 2
    """The whole of it is there."""
    FAILED = 3
    """It will not be whole, or is none to be shared: each asks for itself."""
    VOID = 4
    """Its leader has asked nobody: look again."""


class Progress(NamedTuple):
    """What the block says."""

    state: State
    head_bytes: int
    body_bytes: int
    """Of the whole body; 0 before it has landed."""
    born: float
    first_body_at: float
    """0.0 before any has come."""
    cost_nanos: int


_BEGUN: Final = Progress(State.ASKED, 0, 0, 0.0, 0.0, -1)


class Spool:
    """The open file. `create` makes it for a leader, `join` opens it for those that follow."""

    __slots__ = ("_descriptor", "_path", "leads", "progress", "size")

    def __init__(self, path: Path, descriptor: int, *, leads: bool) -> None:
        self._path = path
        self._descriptor = descriptor
        self.leads = leads
        self.progress = _BEGUN
        #: Bytes of the body that are there.
        self.size = 0

    @classmethod
    def create(cls, directory: Path, name: str) -> Spool | None:
        """Begin a flight; None where one of this name is under way. Raises OSError."""
        unnamed = directory / f".{os.getpid()}.{next(_NUMBERS)}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(unnamed, flags, 0o600)
        path = directory / name
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(descriptor, _BLOCK.pack(*_BEGUN), 0)
            os.link(unnamed, path)
        except FileExistsError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            unnamed.unlink(missing_ok=True)
        return cls(path, descriptor, leads=True)

    @classmethod
    def join(cls, directory: Path, name: str) -> Spool | None:
        """Open another's; None where there is none any more. Raises OSError."""
        path = directory / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        return cls(path, descriptor, leads=False)

    # By its leader

    def answered(self, head: bytes, born: float) -> None:
        """Write the head. Raises OSError."""
        if os.pwrite(self._descriptor, head, _BLOCK.size) != len(head):
            raise OSError("the disk is full")
        self._tell(self.progress._replace(state=State.ANSWERED, head_bytes=len(head), born=born))

    def append(self, data: bytes, now: float) -> None:
        """Write more of the body. Raises OSError."""
        if not self.size:
            self._tell(self.progress._replace(first_body_at=now))
        if os.pwrite(self._descriptor, data, self._body_at + self.size) != len(data):
            raise OSError("the disk is full")
        self.size += len(data)

    def land(self, cost_nanos: int | None) -> None:
        """Say that this is all. Raises OSError."""
        cost = -1 if cost_nanos is None else cost_nanos
        self._tell(
            self.progress._replace(state=State.LANDED, body_bytes=self.size, cost_nanos=cost)
        )

    def give_up(self, state: State) -> None:
        """Say that it will not land. Its block is there already, so that a full disk takes it."""
        self._tell(self.progress._replace(state=state))

    def _tell(self, progress: Progress) -> None:
        self.progress = progress
        os.pwrite(self._descriptor, _FIELDS.pack(*progress[1:]), _FIELDS_AT)
        # Last, so that what it says is there.
        os.pwrite(self._descriptor, bytes((progress.state,)), 0)

    # By all

    def look(self) -> None:
        """See how far its leader is; a dead one has failed. Raises OSError."""
        is_dead = self._is_dead()
        # Behind that, as it may have landed just before it died.
        progress = self._read_block()
        if is_dead and progress.state in (State.ASKED, State.ANSWERED):
            progress = progress._replace(state=State.FAILED)
        self.progress = progress
        if progress.state is State.LANDED:
            self.size = progress.body_bytes
        elif progress.state is State.ANSWERED:
            self.size = max(0, os.fstat(self._descriptor).st_size - self._body_at)

    def head(self) -> bytes:
        """Once it has been answered. Raises OSError."""
        size = min(self.progress.head_bytes, os.fstat(self._descriptor).st_size)
        return os.pread(self._descriptor, size, _BLOCK.size)

    def read(self, start: int, most: int) -> bytes:
        """Bytes of the body from `start` on. Raises OSError."""
        wanted = min(most, self.size - start)
        return os.pread(self._descriptor, wanted, self._body_at + start) if wanted > 0 else b""

    def unname(self) -> None:
        """Let another flight have the name, where this one has it."""
        try:
            named = self._path.stat()
        except OSError:
            return
        if os.path.samestat(named, os.fstat(self._descriptor)):
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is read any more."""
        os.close(self._descriptor)

    @property
    def _body_at(self) -> int:
        return _BLOCK.size + self.progress.head_bytes

    def _read_block(self) -> Progress:
        block = os.pread(self._descriptor, _BLOCK.size, 0)
        if len(block) < _BLOCK.size:
            # Its leader died, or is about to write it.
            return _BEGUN
        state, *fields = _BLOCK.unpack(block)
        # Damage, or what another release means by it.
        return Progress(State(state) if state <= State.VOID else State.FAILED, *fields)

    def _is_dead(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        # Nobody else has this lock, and so nobody else removes the name.
        self.unname()
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return True


def remove_dead(directory: Path) -> None:
    """Remove the files of leaders that were killed. Raises OSError."""
    for path in directory.iterdir():
        spool = Spool.join(directory, path.name)
        if spool is not None:
            spool.look()
            spool.close()
