"""Debian's PostgreSQL, with TLS and passwords, and without either for nobody."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures.processes import free_port
from tests.operations.certificate import make_certificate
from tests.operations.tools import environment, tool

_PASSWORD = "a/pass:word@of?the#tests"
_START_SECONDS = 90


@contextmanager
def tls_postgres() -> Iterator[str]:
    """The URL of a server's empty database, as a platform gives it."""
    # Not pytest's temporary directory, which only its owner may enter.
    directory = Path(tempfile.mkdtemp(prefix="llm-proxy-tls-postgres-"))
    directory.chmod(0o755)
    port = free_port()
    files = make_certificate(directory)
    (directory / "password").write_text(_PASSWORD)
    (directory / "log").touch()
    for path in (directory, *directory.iterdir()):
        _hand_over(path)
    data = directory / "data"
    _run(
        "initdb", "-D", data, "-U", "platform", "-E", "UTF8", "--auth=scram-sha-256",
        f"--pwfile={directory / 'password'}",
    )  # fmt: skip
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    process = _spawn(
        "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", "",
        "-c", "ssl=on", "-c", f"ssl_cert_file={files.certificate}",
        "-c", f"ssl_key_file={files.key}", "-c", "fsync=off",
        log=directory / "log",
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _START_SECONDS
        while "ready to accept connections" not in (directory / "log").read_text():
            assert process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < deadline, (directory / "log").read_text()
            time.sleep(0.05)
        password = "a%2Fpass%3Aword%40of%3Fthe%23tests"
        yield f"postgres://platform:{password}@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        # SIGINT would do the same; a second one at once leaves nobody to wait for.
        process.wait(timeout=60)
        shutil.rmtree(directory, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    # PostgreSQL refuses to run as root.
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _hand_over(path: Path) -> None:
    if (account := _account()) is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def _run(program: str, *arguments: str | Path) -> None:
    assert _spawn(program, *arguments, log=Path(os.devnull)).wait(timeout=60) == 0, program


def _spawn(program: str, *arguments: str | Path, log: Path) -> "subprocess.Popen[bytes]":
    account = _account()
    with log.open("ab") as output:
        return subprocess.Popen(
            [tool(program), *arguments],
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment(),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
