"""The files of deploy/ in a real nginx: only addresses and files are others."""

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.fixtures.processes import free_port
from tests.operations.certificate import Certificate
from tests.operations.tools import environment, tool

_DEPLOYED: Final = Path(__file__).parents[2] / "deploy"
_START_SECONDS: Final = 60
_AROUND: Final = """
daemon off;
worker_processes 1;
pid {here}/nginx.pid;
error_log {here}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {here}/access.log;
    client_body_temp_path {here}/body;
    proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/fastcgi;
    scgi_temp_path {here}/scgi;
    uwsgi_temp_path {here}/uwsgi;
    # So that what nginx forwards and what comes directly have different addresses.
    proxy_bind {source};
    include {here}/llm-proxy.conf;
}}
"""


@contextmanager
def nginx(directory: Path, files: Certificate, *, upstream: int, source: str) -> Iterator[str]:
    """Its URL; it asks 127.0.0.1:`upstream` from the address `source`."""
    port = free_port()
    changes = (
        ("127.0.0.1:8080", f"127.0.0.1:{upstream}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/letsencrypt/live/llm.example.com/fullchain.pem", str(files.certificate)),
        ("/etc/letsencrypt/live/llm.example.com/privkey.pem", str(files.key)),
    )
    with _running(directory, "nginx.conf", changes, port, source):
        yield f"https://127.0.0.1:{port}"


@contextmanager
def nginx_before_machines(directory: Path, first: int, second: int) -> Iterator[int]:
    """Its port; it asks these two of 127.0.0.1."""
    port = free_port()
    changes = (
        ("10.0.0.1:8080", f"127.0.0.1:{first}"),
        ("10.0.0.2:8080", f"127.0.0.1:{second}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
    )
    with _running(directory, "nginx-machines.conf", changes, port, "127.0.0.1"):
        yield port


@contextmanager
def _running(
    directory: Path, name: str, changes: Iterable[tuple[str, str]], port: int, source: str
) -> Iterator[None]:
    directory.mkdir()
    # Its workers may be another user's.
    directory.chmod(0o777)
    deployed = (_DEPLOYED / name).read_text()
    for ours, here in changes:
        assert deployed.count(ours) == 1, ours
        deployed = deployed.replace(ours, here)
    (directory / "llm-proxy.conf").write_text(deployed)
    around = directory / "nginx.conf"
    around.write_text(_AROUND.format(here=directory, source=source))
    process = subprocess.Popen(
        [tool("nginx"), "-p", directory, "-c", around, "-e", directory / "error.log"],
        env=environment(),
    )
    try:
        _wait_for(port, process, directory / "error.log")
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
