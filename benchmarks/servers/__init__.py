"""Servers to measure against: each a process of its own, `python -m benchmarks.servers.NAME`."""
