"""Who takes part: how each is started, and what load can be sent to it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.machine import Cores
from benchmarks.processes import Server, free_port
from benchmarks.proxy import ONE_A_MINUTE, Installation
from benchmarks.target import Target
from models import secrets

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Contender:
    """A running server under a name, and where its load goes."""

    name: str
    label: str
    target: Target
    server: Server
    forwards: bool = True
    """Whether there is an upstream behind it."""
    only_streams: bool = False
    """Whether it is there to be compared with in streams, and takes part in nothing else."""
    refused: Mapping[str, tuple[Target, bytes]] = field(default_factory=dict)
    """Ways to be refused: where to ask, and the status that comes."""

    @property
    def is_proxy(self) -> bool:
        """Whether this is LLM Proxy, of this checkout or of another."""
        return self.name.removeprefix("other: ") in _PROXIES


NGINX: Final = "nginx"
#: Whose answers come from those that are kept.
HITS: Final = "hits"
_PROXIES: Final = ("proxy", "limits", HITS)
#: Every name that `--only` knows, in the order of the tables.
NAMES: Final = ("upstream", NGINX, "sanic", "httpx", "relay", *_PROXIES)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where contenders appear: whose core is whose, and the upstream behind all of them."""

    cores: Cores
    upstream: Target
    other: Path | None = None
    """Another checkout, whose LLM Proxy takes part as well."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of LLM Proxy that differ from a plain installation's."""

    def all(self, names: frozenset[str]) -> AbstractContextManager[list[Contender]]:
        """Start those that are named and can be."""
        return _all(self, names)

    def python(self, module: str, *arguments: str) -> AbstractContextManager[Server]:
        """A Python server of ours on the system's core; its first argument is its port."""
        port = free_port()
        command = [sys.executable, "-m", module, str(port), *arguments]
        return Server(command, port=port, core=self.cores.system, env=environment(ROOT))


def environment(root: Path) -> dict[str, str]:
    """What a contender gets of ours: nothing that could configure it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}


def missing(names: frozenset[str]) -> frozenset[str]:
    """Those of them that cannot take part on this machine."""
    return names & {NGINX} if shutil.which("nginx") is None else frozenset()


@contextmanager
def fake_upstream(core: int | None) -> Iterator[tuple[Target, Server]]:
    """The bundled upstream, which answers every request at once and alike."""
    port = free_port()
    command = [sys.executable, "-m", "fake_upstream", "--port", str(port)]
    with Server(command, port=port, core=core, env=environment(ROOT)) as server:
        yield Target(port), server


@contextmanager
def _all(stage: Stage, names: frozenset[str]) -> Iterator[list[Contender]]:
    with ExitStack() as stack:
        found: list[Contender] = []
        for group, start in _STARTS.items():
            if names & set(group):
                found += stack.enter_context(start(stage))
        if stage.other is not None:
            found += stack.enter_context(_proxy(stage, stage.other, "other: "))
        yield [one for one in found if one.name.removeprefix("other: ") in names]


@contextmanager
def _upstream(stage: Stage) -> Iterator[list[Contender]]:
    with fake_upstream(stage.cores.system) as (target, server):
        yield [Contender("upstream", "the upstream alone", target, server, forwards=False)]


@contextmanager
def _sanic(stage: Stage) -> Iterator[list[Contender]]:
    with stage.python("benchmarks.servers.bare_sanic") as server:
        label = "Sanic answering by itself"
        yield [Contender("sanic", label, Target(server.port), server, forwards=False)]


@contextmanager
def _httpx(stage: Stage) -> Iterator[list[Contender]]:
    upstream = f"http://127.0.0.1:{stage.upstream.port}"
    with stage.python("benchmarks.servers.httpx_forwarder", upstream) as server:
        yield [Contender("httpx", "plain httpx forwarder", Target(server.port), server)]


@contextmanager
def _relay(stage: Stage) -> Iterator[list[Contender]]:
    with stage.python("benchmarks.servers.raw_relay", str(stage.upstream.port)) as server:
        target = Target(server.port)
        yield [Contender("relay", "raw relay of sockets", target, server, only_streams=True)]


_NGINX_CONFIGURATION: Final = """
daemon off; master_process off; worker_rlimit_nofile 16384; pid nginx.pid; error_log stderr;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path body;
  proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream fake {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://fake; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@contextmanager
def _nginx(stage: Stage) -> Iterator[list[Contender]]:
    nginx = shutil.which("nginx")
    if nginx is None:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as directory:
        port = free_port()
        path = Path(directory, "nginx.conf")
        path.write_text(_NGINX_CONFIGURATION.format(port=port, upstream=stage.upstream.port))
        command = [nginx, "-p", directory, "-c", str(path), "-e", "stderr"]
        with Server(command, port=port, core=stage.cores.system) as server:
            yield [Contender(NGINX, "nginx proxy_pass", Target(port), server)]


@contextmanager
def _own_proxy(stage: Stage) -> Iterator[list[Contender]]:
    with _proxy(stage, ROOT, "") as found:
        yield found


@contextmanager
def _proxy(stage: Stage, root: Path, prefix: str) -> Iterator[list[Contender]]:
    """One LLM Proxy, reached with a token that has no limits, with one that has all, and with one
    of a project that keeps answers."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-proxy-") as directory,
        Installation(
            Path(directory),
            stage.upstream.port,
            stage.cores.system,
            {**environment(root), **stage.settings},
        ) as proxy,
    ):
        port = proxy.server.port
        unlimited = Target(port, proxy.unlimited_token())
        limited = Target(port, proxy.limited_token())
        refused = {
            "unknown token": (Target(port, secrets.generate()), b"401"),
            "rate used up": (Target(port, proxy.token(ONE_A_MINUTE)), b"429"),
        }
        label = f"{prefix}LLM Proxy"
        found = [
            Contender(f"{prefix}proxy", label, unlimited, proxy.server),
            Contender(
                f"{prefix}limits", f"{label}, limits on", limited, proxy.server, refused=refused
            ),
        ]
        token = proxy.token_that_keeps(f"http://127.0.0.1:{stage.upstream.port}")
        # Another checkout may be older than the cache.
        if token is not None:
            label = f"{label}, answers kept"
            found.append(Contender(f"{prefix}{HITS}", label, Target(port, token), proxy.server))
        yield found


_Start = Callable[[Stage], AbstractContextManager[list[Contender]]]
_STARTS: Final[Mapping[tuple[str, ...], _Start]] = {
    ("upstream",): _upstream,
    (NGINX,): _nginx,
    ("sanic",): _sanic,
    ("httpx",): _httpx,
    ("relay",): _relay,
    _PROXIES: _own_proxy,
}
