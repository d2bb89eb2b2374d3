"""A wire to a server on this machine that is as long as one to another: bytes arrive late.

Threads and `sleep`, since the timers of an event loop are a millisecond coarse.
"""

import queue
import socket
import sys
import threading
import time


def _read(source: socket.socket, late: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
    while True:
        try:
            data = source.recv(65_536)
        except OSError:
            data = b""
        late.put((time.perf_counter(), data))
        if not data:
            return


def _write(
    target: socket.socket, late: "queue.SimpleQueue[tuple[float, bytes]]", delay: float
) -> None:
    while True:
        at, data = late.get()
        time.sleep(max(0.0, at + delay - time.perf_counter()))
        try:
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(data)
        except OSError:
            return


def _join(client: socket.socket, port: int, delay: float) -> None:
    server = socket.create_connection(("127.0.0.1", port))
    for source, target in ((client, server), (server, client)):
        source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        late: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(source, late), daemon=True).start()
        threading.Thread(target=_write, args=(target, late, delay), daemon=True).start()


def main(port: int, to: int, round_trip: float) -> None:
    """Every byte takes half of a round trip, in seconds."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            client, _ = listening.accept()
            _join(client, to, round_trip / 2)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
