"""LLM Proxy itself on PostgreSQL, limits on, with one worker and with two.

Nothing is pinned: workers, PostgreSQL, upstream and load generator share all cores of the machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import uvloop

from benchmarks import postgres, throughput
from benchmarks.contenders import ROOT, Contender, Stage, environment
from benchmarks.machine import on_cores
from benchmarks.plan import Plan
from benchmarks.processes import Server
from benchmarks.proxy import LIMITS, Installation
from benchmarks.ratios import OTHER
from benchmarks.results import Workers
from benchmarks.target import Target


class _Build(NamedTuple):
    prefix: str
    root: Path


class _Subject(NamedTuple):
    found: Workers
    contender: Contender


def measure(stage: Stage, plan: Plan, say: Callable[[str], None]) -> list[Workers]:
    """Each number of workers of ours and of the other checkout, in turns."""
    builds = [_Build("", ROOT)]
    if stage.other is not None:
        builds.append(_Build(OTHER, stage.other.resolve()))
    with on_cores(stage.cores.available), ExitStack() as stack:
        server = stack.enter_context(postgres.running_postgres())
        subjects = [
            _subject(stack, stage, server, build, workers)
            for build in builds
            for workers in plan.postgres_workers
        ]
        for number in range(plan.rounds):
            say(f"workers on PostgreSQL, round {number + 1} of {plan.rounds}")
            for subject in subjects:
                _turn(subject, server, plan)
        return [subject.found for subject in subjects]


def _turn(subject: _Subject, server: Server, plan: Plan) -> None:
    found, one = subject
    before = server.cpu_of_each()
    sample = throughput.window(one, [one.target.request("changing")], plan)
    spent = sum(cpu - before.get(pid, 0.0) for pid, cpu in server.cpu_of_each().items())
    found.requests_per_second.append(sample.requests_per_second)
    found.cpu_us.append(sample.cpu_us)
    # The warm-up is in it as well, at the same rate.
    requests = sample.requests_per_second * (plan.warm_up + plan.window)
    found.postgres_cpu_us.append(spent / max(1.0, requests) * 1e6)


def _subject(
    stack: ExitStack, stage: Stage, server: Server, build: _Build, workers: int
) -> _Subject:
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-workers-")))
    name = f"{'other' if build.prefix else 'ours'}_{workers}"
    url = uvloop.run(postgres.new_database(server.port, name, 0))
    postgres.migrate(url, build.root, directory)
    settings = {"DATABASE_URL": url, "WEB_CONCURRENCY": str(workers), **postgres.SETTINGS}
    env = {**environment(build.root), **settings}
    proxy = stack.enter_context(Installation(directory, stage.upstream.port, None, env))
    token = proxy.token_of_upstream(f"http://127.0.0.1:{stage.upstream.port}", LIMITS)
    contender = Contender(f"{build.prefix}limits", "", Target(proxy.port, token), proxy.server)
    return _Subject(Workers(contender.name, workers, [], [], []), contender)
