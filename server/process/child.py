"""A worker's process as its supervisor has it: started, made to serve, ended.

A socket pair joins the two. The supervisor sends the listening socket, which is the word to serve;
the worker sends a byte once it does. Each notices when the other one
ends, since its side closes.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Sequence
from typing import Final, Self

_GO: Final = b"g"
_SERVING: Final = b"s"


class Child:
    """One process. Until `serve` it holds nothing of the service."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control

    @classmethod
    async def start(cls, command: Sequence[str]) -> Self:
        """Run `command`, in which `{control}` is its side's descriptor. Raises OSError."""
        control, theirs = socket.socketpair()
        control.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                *(part.format(control=theirs.fileno()) for part in command),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            control.close()
            raise
        finally:
            theirs.close()
        return cls(process, control)

    @property
    def pid(self) -> int:
        return self._process.pid

    def serve(self, listener: socket.socket) -> None:
        """Have it serve on this socket, as soon as it can."""
        try:
            socket.send_fds(self._control, [_GO], [listener.fileno()])
        except OSError:
            # It has ended already, as `ended` says.
            return

    async def serving(self) -> bool:
        """Wait until it serves; False where it ends before."""
        try:
            return bool(await asyncio.get_running_loop().sock_recv(self._control, 1))
        except OSError:
            # It ended without having read what we sent.
            return False

    async def ended(self) -> int:
        """Wait for its end; the exit code, or minus the signal."""
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            # It ended by itself a moment ago.
            return

    def close(self) -> None:
        """Let go of it, once it has ended."""
        self._control.close()


class Parent:
    """The supervisor, as a worker has it: `descriptor` is the worker's side of the pair."""

    def __init__(self, descriptor: int) -> None:
        self.control = socket.socket(fileno=descriptor)

    def listener(self) -> socket.socket | None:
        """Wait for the word to serve, and on what; None where the supervisor is gone. Blocks."""
        message, descriptors, _, _ = socket.recv_fds(self.control, len(_GO), 1)
        return socket.socket(fileno=descriptors[0]) if message else None

    def tell_serving(self) -> None:
        """Say that connections are accepted."""
        try:
            self.control.send(_SERVING)
        except OSError:
            # The supervisor is gone, for which a drain has begun.
            return


def pause(failures: int, *, most: float) -> float:
    """How long to wait before another process is started, after so many that failed in a row."""
    return min(most, _FIRST_PAUSE * 2.0 ** min(failures - 1, _DOUBLINGS)) if failures else 0.0


_FIRST_PAUSE: Final = 0.1
_DOUBLINGS: Final = 16
