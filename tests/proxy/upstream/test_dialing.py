"""Where connections are made to, where never, and whom TLS believes."""

import asyncio
import os
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fake_upstream import FakeUpstream
from proxy.upstream import dialing
from proxy.upstream.address_policy import is_refused
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.dialing import dial, tls_context
from proxy.upstream.errors import ConnectFailed, ConnectionLost, ConnectTimedOut
from proxy.upstream.target import Origin, address_of
from proxy.upstream.timeouts import Timeouts
from tests.fixtures.plain_authority import (
    default_contexts_of_python_3_13,
    make_plain_authority,
)
from tests.proxy.upstream.conftest import PATIENT, Asking, no_authorities

#: Addresses of a documentation network (RFC 5737), to be resolved to and never really tried.
ELSEWHERE = "192.0.2.1"


REFUSED = [
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "192.0.0.192",
    "168.63.129.16", "0.0.0.0", "224.0.0.1", "239.255.255.255",
    "fe80::1", "fe80::1%eth0", "febf::1", "ff02::1", "::",
    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42",
    "::ffff:169.254.169.254", "::169.254.169.254", "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "64:ff9b::6464:64c8", "::ffff:224.0.0.1",
]  # fmt: skip
ALLOWED = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.100.100.201", "104.18.7.192",
    "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fd00::1", "2606:4700::6812:7c0",
    "64:ff9b::6812:7c0", "2002:0a00:0001::1",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_refused_addresses(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_allowed_addresses(address: str) -> None:
    assert not is_refused(address)


def origin_of(url: str) -> Origin:
    return address_of(url).origin


async def connect(origin: Origin, timeouts: Timeouts = PATIENT) -> UpstreamConnection:
    return await dial(origin, timeouts, no_authorities())


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
     "[::ffff:a9fe:a9fe]", "[fe80::1]", "0", "100.100.100.200"],
)  # fmt: skip
async def test_a_refused_address_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(ConnectFailed, match="not allowed"):
        await connect(origin_of(f"http://{host}"))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What host names resolve to, for the names in it; in order."""
    known: dict[str, list[str]] = {}
    really = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        found = []
        for address in known.get(host, [host]):
            found += really(address, port, *args, **options)
        return found

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    async def resolve_in_loop(self: Any, host: str, port: int, **options: Any) -> list[Any]:
        return resolve(host, port, **options)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve_in_loop)
    return known


#: uvloop resolves names by itself.
on_asyncio = pytest.mark.asyncio(loop_factories=["asyncio"])


@on_asyncio
async def test_a_name_that_leads_to_a_refused_address(names: dict[str, list[str]]) -> None:
    names["metadata.example"] = ["169.254.169.254"]
    with pytest.raises(ConnectFailed, match="not allowed"):
        await connect(Origin("http", "metadata.example", 80))


@on_asyncio
async def test_a_refused_address_among_others_is_left_out(
    up: FakeUpstream, names: dict[str, list[str]]
) -> None:
    names["mixed.example"] = ["169.254.169.254", "127.0.0.1"]
    connection = await connect(Origin("http", "mixed.example", up.port))
    assert connection.transport is not None
    assert connection.transport.get_extra_info("peername")[0] == "127.0.0.1"
    connection.close()


@on_asyncio
async def test_the_next_address_is_tried_when_one_refuses(
    up: FakeUpstream, names: dict[str, list[str]]
) -> None:
    names["two.example"] = ["127.0.0.2", "127.0.0.1"]
    connection = await connect(Origin("http", "two.example", up.port))
    assert connection.usable
    connection.close()


class _Silent:
    """Stands in for addresses that swallow what is sent to them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.tried: list[str] = []
        self.when_silent: Callable[[], None] = lambda: None
        self._really = dialing._connect

        async def connect(endpoint: dialing._Endpoint) -> socket.socket:
            self.tried.append(endpoint.sockaddr[0])
            if endpoint.sockaddr[0] in addresses:
                self.when_silent()
                await asyncio.Event().wait()
            return await self._really(endpoint)

        monkeypatch.setattr(dialing, "_connect", connect)


@on_asyncio
async def test_the_next_address_is_tried_while_one_is_silent(
    up: FakeUpstream, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = _Silent(monkeypatch, "127.0.0.2")
    # The silent one is waited for by then. A slow machine must not make the next one silent, too.
    silent.when_silent = lambda: monkeypatch.setattr(dialing, "ATTEMPT_DELAY", 60.0)
    names["two.example"] = ["127.0.0.2", "127.0.0.1", "127.0.0.3"]
    began = time.monotonic()
    connection = await connect(Origin("http", "two.example", up.port))
    assert dialing.ATTEMPT_DELAY == 60.0
    assert time.monotonic() - began < 60.0
    assert silent.tried == ["127.0.0.2", "127.0.0.1"]
    connection.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "dial" and task.done()]


@on_asyncio
async def test_connect_timeout(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _Silent(monkeypatch, "127.0.0.2", "127.0.0.3")
    names["silent.example"] = ["127.0.0.2", "127.0.0.3"]
    with pytest.raises(ConnectTimedOut, match=r"silent\.example"):
        await connect(Origin("http", "silent.example", 80), Timeouts(0.4, 5, 5))
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "dial"]


async def test_a_full_backlog_times_out() -> None:
    """A listener that accepts nobody: connects are neither refused nor answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        await asyncio.sleep(0.05)
        try:
            with pytest.raises(ConnectTimedOut):
                await connect(Origin("http", "127.0.0.1", port), Timeouts(0.4, 5, 5))
        finally:
            for filler in fillers:
                filler.close()


async def test_connection_refused(closed_port: int) -> None:
    with pytest.raises(ConnectFailed, match=r"No connection to 127\.0\.0\.1"):
        await connect(Origin("http", "127.0.0.1", closed_port))


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example", "nul\0.example"])
async def test_a_name_that_does_not_resolve(host: str) -> None:
    with pytest.raises((ConnectFailed, ConnectTimedOut)):
        await connect(Origin("http", host, 80), Timeouts(5, 5, 5))


async def test_ipv6() -> None:
    async with FakeUpstream(host="::1") as up:
        asking = Asking(up.url)
        assert (await asking.get())[0].status == 200
        await asking.pool.close()


async def test_sockets_are_set_up_for_small_writes_and_long_waits(up: FakeUpstream) -> None:
    connection = await connect(origin_of(up.url))
    assert connection.transport is not None
    descriptor = os.dup(connection.transport.get_extra_info("socket").fileno())
    with socket.socket(fileno=descriptor) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    connection.close()


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a certificate for 127.0.0.1 and localhost that signed itself."""
    directory = tmp_path_factory.mktemp("tls")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:good.example"
    files = ["-keyout", str(directory / "key"), "-out", str(directory / "certificate")]
    subprocess.run([*make.split(), *subject.split(), *files], check=True, capture_output=True)
    return directory


@pytest.fixture
async def secure(authority: Path) -> AsyncIterator[FakeUpstream]:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(authority / "certificate", authority / "key")
    async with FakeUpstream(ssl_context=serving) as up:
        yield up


@pytest.fixture
def trusting(authority: Path) -> ssl.SSLContext:
    context = tls_context()
    context.load_verify_locations(authority / "certificate")
    return context


async def test_tls(secure: FakeUpstream, trusting: ssl.SSLContext) -> None:
    asking = Asking(secure.url, tls=trusting)
    for _ in range(2):
        assert (await asking.get("bytes=300000, chunked"))[0].status == 200
    assert secure.connections == 1
    await asking.pool.close()


async def test_an_unknown_authority_is_not_believed(secure: FakeUpstream) -> None:
    with pytest.raises(ConnectFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await dial(origin_of(secure.url), PATIENT, tls_context())
    await secure.wait_until(lambda: secure.open_connections == 0)
    assert secure.heads == 0


@on_asyncio
async def test_a_certificate_is_for_the_name_that_was_asked_for(
    secure: FakeUpstream, trusting: ssl.SSLContext, names: dict[str, list[str]]
) -> None:
    names["good.example"] = names["wrong.example"] = ["127.0.0.1"]
    connection = await dial(Origin("https", "good.example", secure.port), PATIENT, trusting)
    connection.close()
    with pytest.raises(ConnectFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await dial(Origin("https", "wrong.example", secure.port), PATIENT, trusting)


async def test_tls_with_a_server_that_has_none(up: FakeUpstream, trusting: ssl.SSLContext) -> None:
    with pytest.raises(ConnectFailed):
        await dial(Origin("https", "127.0.0.1", up.port), PATIENT, trusting)


async def test_a_silent_handshake_times_out(trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = Origin("https", "127.0.0.1", listener.getsockname()[1])
        with pytest.raises(ConnectTimedOut):
            await dial(origin, Timeouts(0.4, 5, 5), trusting)
        accepted, _ = listener.accept()
        # Our end is closed, not left to itself.
        accepted.settimeout(60)
        while await asyncio.to_thread(accepted.recv, 4096):
            pass
        accepted.close()


async def test_a_body_that_runs_until_the_close_ends_with_tls_own_end(
    secure: FakeUpstream, trusting: ssl.SSLContext
) -> None:
    asking = Asking(secure.url, tls=trusting)
    assert (await asking.get("bytes=1000, close"))[1] == bytes(i % 256 for i in range(1000))
    await asking.pool.close()


async def test_a_cut_below_tls_ends_no_body(authority: Path, trusting: ssl.SSLContext) -> None:
    """Anybody on the way can close a TCP connection; only the upstream can say that it ended."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(authority / "certificate", authority / "key")

    def serve(listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        tls = serving.wrap_socket(accepted, server_side=True)
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
        # Without the wrapper's goodbye.
        socket.socket(fileno=tls.detach()).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asking = Asking(f"https://127.0.0.1:{listener.getsockname()[1]}", tls=trusting)
        served = asyncio.get_running_loop().run_in_executor(None, serve, listener)
        with pytest.raises(ConnectionLost):
            await asking.get()
        await served
        await asking.pool.close()


def test_the_context_verifies() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    believed = Path(ssl.get_default_verify_paths().capath or "/nowhere")
    assert context.cert_store_stats()["x509_ca"] > 0 or any(believed.iterdir())


async def test_a_private_authority_is_believed_alike_on_every_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_contexts_of_python_3_13(monkeypatch)
    private = make_plain_authority(tmp_path)
    context = tls_context()
    context.load_verify_locations(private.authority)
    async with FakeUpstream(ssl_context=private.serving()) as up:
        (await dial(origin_of(up.url), PATIENT, context)).close()
