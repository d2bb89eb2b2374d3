"""A run as small as can be, end to end: every part leaves its figures, and no process."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks import __main__ as benchmarks
from benchmarks import report
from benchmarks.plan import Plan
from benchmarks.results import Results

_PATIENCE_S = 60
_TINY = Plan(
    rounds=1,
    connections=2,
    warm_up=0.02,
    window=0.05,
    latency_window=0.1,
    first_byte_window=0.1,
    first_byte_rate=50.0,
    streams=4,
    stream_gap=0.05,
    stream_window=0.2,
    stream_rounds=1,
    waiting_streams=4,
    settle=0.05,
    hostile_window=0.3,
    attack_begins=60.0,
    postgres_workers=(1,),
    held_requests=20,
)


def test_a_tiny_run_leaves_every_figure_and_table(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    printed = io.StringIO()
    options = benchmarks.options_of(
        ["--only", "sanic,relay,proxy,limits,hits", "--json", str(path)]
    )
    benchmarks.run(options, _TINY, Console(file=printed, width=120))

    results = msgspec.json.decode(path.read_bytes(), type=Results)
    assert {(one.contender, one.profile) for one in results.throughput} == {
        (contender, profile)
        for contender in ("sanic", "proxy", "limits", "hits")
        for profile in ("plain", "openai", "changing")
    }
    assert all(cost > 0 for one in results.throughput for cost in one.cpu_us)
    assert {one.contender for one in results.latency} == {"direct", "proxy", "limits", "hits"}
    assert {one.contender for one in results.first_byte} == {"direct", "proxy", "limits", "hits"}
    assert [one.contender for one in results.streaming] == ["relay", "proxy"]
    assert [(one.contender, one.kind) for one in results.refused] == [
        ("limits", "served"),
        ("limits", "unknown token"),
        ("limits", "rate used up"),
    ]
    assert [one.contender for one in results.memory] == ["proxy"]
    assert {goal.name.partition(":")[0] for goal in results.goals} == {
        "proxy",
        "limits",
        "hits",
        "a hit, p50",
        "refused, unknown token",
        "refused, rate used up",
        "added latency, p50",
        "added latency, p99",
        "CPU per streamed event",
        "CPU per streamed event, of a raw relay's",
        "memory per stream, 4 waiting",
    }
    assert "LLM Proxy, limits on" in printed.getvalue()


def test_an_attack_leaves_what_the_honest_client_and_the_attacker_saw(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    printed = io.StringIO()
    attacks = ("answer: gzip blank lines", "unknown tokens")
    options = benchmarks.options_of(
        ["--part", "hostile", "--attack", ",".join(attacks), "--json", str(path)]
    )
    benchmarks.run(options, _TINY, Console(file=printed, width=160))

    results = msgspec.json.decode(path.read_bytes(), type=Results)
    assert [one.attack for one in results.hostile] == ["calm", *attacks, "calm"]
    assert all(one.answered + one.failed for one in results.hostile)
    saw = {one.attack: one.attacker_saw for one in results.hostile}
    assert saw[attacks[0]]["200"] > 0
    assert saw[attacks[1]]["401"] > 0
    assert "unknown tokens" in printed.getvalue()


def test_a_tiny_run_on_postgres_compares_one_service_and_two(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    printed = io.StringIO()
    options = benchmarks.options_of(["--part", "postgres", "--json", str(path)])
    benchmarks.run(options, _TINY, Console(file=printed, width=120))

    results = msgspec.json.decode(path.read_bytes(), type=Results)
    (found,) = results.shared
    assert found.contender == "limits"
    (served,) = results.workers
    assert (served.contender, served.workers) == ("limits", 1)
    assert all(figure > 0 for figure in (*served.cpu_us, *served.postgres_cpu_us))
    for figures in (found.one_service, found.two_services, found.one_token, found.cpu_us):
        assert all(figure > 0 for figure in figures)
    assert "WAL bytes per request" in printed.getvalue()


def test_the_json_of_a_run_makes_the_same_tables_again(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    printed = io.StringIO()
    options = benchmarks.options_of(
        ["--only", "upstream", "--part", "throughput", "--json", str(path)]
    )
    benchmarks.run(options, _TINY, Console(file=printed, width=120))

    again = io.StringIO()
    results = msgspec.json.decode(path.read_bytes(), type=Results)
    report.show(results, Console(file=again, width=120))
    assert again.getvalue()
    assert again.getvalue() in printed.getvalue()


def test_a_run_that_is_told_to_stop_leaves_no_process(tmp_path: Path) -> None:
    marker = f"BENCHMARK_TEST={tmp_path.name}-{os.getpid()}"
    run = subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--only", "upstream", "--part", "throughput"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": marker, "PYTHONUNBUFFERED": "1"},
    )
    assert run.stdout is not None
    while "throughput" not in (line := run.stdout.readline()):
        assert line, "it ended before it measured anything"
    run.send_signal(signal.SIGTERM)
    assert run.wait(_PATIENCE_S) == 143
    run.stdout.close()
    deadline = time.monotonic() + _PATIENCE_S
    while _with(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _with(marker)


def _with(marker: str) -> list[str]:
    """Processes whose environment holds the marker; HOME is one of the few that are handed on."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker.encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:
            continue
    return found
