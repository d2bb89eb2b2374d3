"""How long and how much: the figures that make a run quick, thorough or a test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Durations are seconds."""

    rounds: int = 4
    connections: int = 32
    warm_up: float = 0.3
    window: float = 1.2
    latency_window: float = 1.5
    latency_rate: float = 3000.0
    """Requests per second, where the contender bears them."""
    first_byte_window: float = 1.0
    first_byte_rate: float = 200.0
    streams: int = 500
    stream_gap: float = 0.2
    """Between two events of one stream."""
    stream_window: float = 3.0
    stream_rounds: int = 3
    waiting_streams: int = 8000
    """As far as file descriptors allow; each takes two of a forwarder's."""
    settle: float = 1.0
    honest_rate: float = 100.0
    hostile_window: float = 3.0
    attack_begins: float = 3.0
    """At most, until something came of an attack."""
    postgres_workers: tuple[int, ...] = (1, 2)
    held_requests: int = 20_000
    """Under one snapshot, before what a request costs there is measured."""


THOROUGH = Plan()
QUICK = Plan(
    rounds=2,
    warm_up=0.15,
    window=0.5,
    latency_window=0.8,
    first_byte_window=0.5,
    stream_window=2.0,
    stream_rounds=1,
    waiting_streams=2000,
    settle=0.3,
    hostile_window=1.5,
    held_requests=2_000,
)
