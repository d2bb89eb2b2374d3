"""The steps of a request past sockets, counted of a worker whose connections are of memory."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import steps
from benchmarks.contenders import ROOT, environment
from tests.fixtures.commands import start

_RECEIVED = "server/http/connection.py ClientConnection.data_received"
_ASKED = "proxy/upstream/connection.py UpstreamConnection.data_received"
_DECIDED = "proxy/reserving.py Reserving.reserve"
_PASSED = "proxy/passing.py Passing.take"


@pytest.mark.parametrize(
    ("kind", "once"),
    [
        ("limits", {_RECEIVED, _ASKED, _DECIDED}),
        ("hits", {_RECEIVED}),
        ("events", {_ASKED, _PASSED}),
        ("unknown", {_RECEIVED}),
    ],
)
def test_each_request_is_counted_by_what_it_goes_through(kind: str, once: set[str]) -> None:
    # In a process of its own, since all that it does is a worker's.
    words = ("benchmarks.steps", "--kind", kind, "--turns=2")
    # One of them as a program.
    run = start(*words, cwd=ROOT, environ=environment(ROOT), is_forked=kind != "limits")
    out, err = run.communicate()
    assert run.returncode == 0, err
    rows = [line.strip("| ").split(" | ") for line in out.splitlines()]
    calls = {row[0]: row[1] for row in rows if len(row) == 3}
    for name in (_RECEIVED, _ASKED, _DECIDED, _PASSED):
        assert calls.get(name) == ("1.00" if name in once else None)


def test_the_table_has_what_runs_the_most_bytecodes_first() -> None:
    found = steps.Steps(Counter(a=10, b=20), Counter(a=300, b=400, c=5), 10)
    assert steps.table(found).splitlines()[2:] == [
        "| all | 3.0 | 70 |",
        "| b | 2.00 | 40 |",
        "| a | 1.00 | 30 |",
    ]
