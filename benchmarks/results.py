"""What a run found, as values; written out they are the JSON of the run.

Times are in the unit their name says. A list holds one figure per round, in the order in which
the rounds were run, so that a reader of the JSON can see the drift the tables hide.
"""

from __future__ import annotations

from statistics import median

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """Where it ran. `load_average` is from before the run: what others were doing."""

    cpu: str
    cores: int
    pinned: bool
    system: str
    python: str
    packages: dict[str, str]
    load_average: tuple[float, float, float]


class Throughput(msgspec.Struct, frozen=True):
    """As fast as it goes, from a fixed number of connections that each wait for their answer."""

    contender: str
    profile: str
    requests_per_second: list[float]
    cpu_us: list[float]
    """Per request, what it put off until later included."""
    busy: list[float]
    """The share of its core that the contender used; far below 1 it was not the bottleneck."""


class Refused(msgspec.Struct, frozen=True):
    """Requests that are refused in one way, or that are served, from the same connections."""

    contender: str
    kind: str
    cpu_us: list[float]
    requests_per_second: list[float]


class Latency(msgspec.Struct, frozen=True):
    """At a constant rate, counted from the moment each request was due; microseconds."""

    contender: str
    rate: float
    p50_us: list[float]
    p99_us: list[float]


class Streaming(msgspec.Struct, frozen=True):
    """Many slow streams at once, every event a packet of its own."""

    contender: str
    streams: int
    cpu_us_per_event: list[float]
    events_per_second: list[float]
    events_per_packet: list[float]
    """As they arrived at the client; above 1, events were gathered on the way."""


class Memory(msgspec.Struct, frozen=True):
    """A fresh process, before, with so many streams waiting for their second event, and after."""

    contender: str
    streams: int
    before_bytes: int
    during_bytes: int
    after_bytes: int

    @property
    def bytes_per_stream(self) -> float:
        """What one waiting stream occupies."""
        return (self.during_bytes - self.before_bytes) / self.streams


class SoakSample(msgspec.Struct, frozen=True):
    """Where a soak stood at some second of it."""

    seconds: float
    requests: int
    rss_bytes: int


class Rows(msgspec.Struct, frozen=True):
    """What a request costs on a database of some size, from a working set of some tokens."""

    rows: int
    working_set: int
    cpu_us: list[float]
    requests_per_second: list[float]


class Workers(msgspec.Struct, frozen=True):
    """LLM Proxy with limits on PostgreSQL, in so many worker processes, nothing pinned."""

    contender: str
    workers: int
    requests_per_second: list[float]
    cpu_us: list[float]
    """Of LLM Proxy's processes, per request."""
    postgres_cpu_us: list[float]


class Shared(msgspec.Struct, frozen=True):
    """What limits on PostgreSQL bear. Rates are requests per second, at a commit of 2 ms."""

    contender: str
    one_service: list[float]
    two_services: list[float]
    one_token: list[float]
    cpu_us: list[float]
    """PostgreSQL's, per request."""
    held_cpu_us: list[float]
    """After many requests under one snapshot."""
    wal_bytes: list[float]
    p50_us: list[float]
    """Of a decision at 200 a second over a round trip of 4.3 ms."""
    p99_us: list[float]


class Hostile(msgspec.Struct, frozen=True):
    """What an honest client saw beside one attack; milliseconds from when each request was due."""

    contender: str
    attack: str
    item: str
    """What of it the attack tries."""
    answered: int
    failed: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    attacker_saw: dict[str, int]
    """Status codes, and how many of its connections broke."""


class Goal(msgspec.Struct, frozen=True):
    """A figure that was promised, and what it is."""

    name: str
    wanted: str
    found: str
    met: bool | None
    """None where the machine was too busy to tell."""


class Results(msgspec.Struct, kw_only=True):
    """One run. Parts that were not asked for are empty."""

    format: int = 1
    at: str
    version: str
    machine: Machine
    command: list[str]
    load_generator: str
    throughput: list[Throughput] = msgspec.field(default_factory=list)
    refused: list[Refused] = msgspec.field(default_factory=list)
    latency: list[Latency] = msgspec.field(default_factory=list)
    first_byte: list[Latency] = msgspec.field(default_factory=list)
    streaming: list[Streaming] = msgspec.field(default_factory=list)
    memory: list[Memory] = msgspec.field(default_factory=list)
    soak: list[SoakSample] = msgspec.field(default_factory=list)
    rows: list[Rows] = msgspec.field(default_factory=list)
    shared: list[Shared] = msgspec.field(default_factory=list)
    workers: list[Workers] = msgspec.field(default_factory=list)
    hostile: list[Hostile] = msgspec.field(default_factory=list)
    goals: list[Goal] = msgspec.field(default_factory=list)


def typical(figures: list[float]) -> float:
    """The median; NaN where there are none."""
    return median(figures) if figures else float("nan")


def encode(results: Results) -> bytes:
    """The JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"
