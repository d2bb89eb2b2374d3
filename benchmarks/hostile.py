"""Whether one client can stop another: every attack of `attacks`, with an honest client beside it.

One worker, in the state in which the last attack left it. What counts is what the honest client
sees: `WORST_MS` at most, and a p99 of no more than `P99_RATIO` times that of the calm runs.
"""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import msgspec

from benchmarks.attacks import ATTACKS, Scene
from benchmarks.contenders import ROOT, Stage, environment
from benchmarks.honest import PATIENCE, HonestClient
from benchmarks.plan import Plan
from benchmarks.processes import Server, free_port
from benchmarks.proxy import Installation
from benchmarks.results import Hostile
from benchmarks.target import Target

WORST_MS: Final = 100.0
P99_RATIO: Final = 4.0
CALM: Final = "calm"
_STOP_SECONDS: Final = 5.0


class _Subject(NamedTuple):
    contender: str
    server: Server
    scene: Scene
    honest: HonestClient


def measure(
    stage: Stage, names: Sequence[str], plan: Plan, say: Callable[[str], None]
) -> list[Hostile]:
    """Calm, then each attack in turn, on our LLM Proxy and on the other checkout's."""
    with ExitStack() as stack:
        hostile = stack.enter_context(_hostile_upstream(stage))
        roots = {"proxy": ROOT}
        if stage.other is not None:
            roots["other: proxy"] = stage.other
        subjects = [
            _subject(stack, stage, hostile.port, contender, root)
            for contender, root in roots.items()
        ]
        found = []
        for subject in subjects:
            # What is loaded at first use is no part of what an attack costs.
            subject.honest.run(plan.honest_rate, plan.warm_up)
        for name in (CALM, *names, CALM):
            for subject in subjects:
                say(f"hostile, {subject.contender}: {name}")
                found.append(_one(subject, name, plan))
        return found


def _hostile_upstream(stage: Stage) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.servers.hostile_upstream", str(port)]
    return Server(command, port=port, core=stage.cores.load, env=environment(ROOT))


def _subject(
    stack: ExitStack, stage: Stage, hostile_port: int, contender: str, root: Path
) -> _Subject:
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-hostile-")))
    proxy = stack.enter_context(
        Installation(directory, stage.upstream.port, stage.cores.system, environment(root))
    )
    token = proxy.unlimited_token()
    scene = Scene(
        port=proxy.port,
        hostile=proxy.token_of_upstream(f"http://127.0.0.1:{hostile_port}", {}),
        limited=proxy.token_of_upstream(
            f"http://127.0.0.1:{hostile_port}", {"allowed_models": ["gpt-4o*", "*a*a*a*a*b"]}
        ),
    )
    honest = HonestClient(proxy.port, Target(proxy.port, token).request("openai"))
    return _Subject(contender, proxy.server, scene, stack.enter_context(honest))


def _one(subject: _Subject, name: str, plan: Plan) -> Hostile:
    subject.server.settle()
    came_of_it: dict[str, int] = {}
    if name == CALM:
        seen = subject.honest.run(plan.honest_rate, plan.hostile_window)
    else:
        attacker = _attacker(name, subject.scene)
        try:
            # The first thing that comes of it; where nothing does, that is what is to be measured.
            if attacker.stdout is not None:
                select.select([attacker.stdout], (), (), plan.attack_begins)
            seen = subject.honest.run(plan.honest_rate, plan.hostile_window)
        finally:
            came_of_it = _stopped(attacker)
    taken = sorted(seen.taken)
    return Hostile(
        contender=subject.contender,
        attack=name,
        item="" if name == CALM else ATTACKS[name].item,
        answered=len(taken),
        failed=seen.failed,
        p50_ms=_quantile(taken, 0.50),
        p99_ms=_quantile(taken, 0.99),
        worst_ms=_quantile(taken, 1.0),
        attacker_saw=came_of_it,
    )


def _attacker(name: str, scene: Scene) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.attacks", name]
    command.append(msgspec.json.encode(scene).decode())
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(ROOT), cwd=ROOT)


def _stopped(attacker: subprocess.Popen[bytes]) -> dict[str, int]:
    """Stop it, by force if need be; what it says that it saw."""
    attacker.send_signal(signal.SIGTERM)
    try:
        printed, _ = attacker.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        attacker.kill()
        printed, _ = attacker.communicate()
    return dict(json.loads(printed)) if printed.strip() else {}


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Milliseconds; as long as the client is patient where nothing was answered."""
    if not ordered:
        return PATIENCE * 1000
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def _calm_p99(found: Sequence[Hostile], contender: str) -> float:
    """Of the runs before and after the attacks."""
    return median(
        each.p99_ms for each in found if (each.attack, each.contender) == (CALM, contender)
    )


def verdict(found: Sequence[Hostile], one: Hostile) -> str:
    """What is wrong with what the honest client saw; "" where nothing is."""
    if one.attack == CALM:
        return ""
    wrong = []
    if one.failed:
        wrong.append(f"{one.failed} failed")
    if one.worst_ms > WORST_MS:
        wrong.append(f"worst > {WORST_MS:.0f} ms")
    ratio = one.p99_ms / _calm_p99(found, one.contender)
    if ratio > P99_RATIO:
        wrong.append(f"p99 {ratio:.1f} x calm")
    return ", ".join(wrong)
