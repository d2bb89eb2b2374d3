"""What a worker loads, and when: most of the time until it serves goes into that."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_LOADED = """
import sys
from server.process import worker_main
print(sorted({"app", "models", "sanic", "tortoise", "uvloop"} & set(sys.modules)))
import app, server.process.worker
print(sorted({"httpx"} & set(sys.modules)))
import linecache
print([file for file in linecache.cache if "/models/" in file])
"""
_LOADED_BY_THE_SUPERVISOR = """
import sys
import server.process.launch
print(sorted({"app", "genai_prices", "httpx", "httpx2", "jinja2", "sanic"} & set(sys.modules)))
"""


def lines_of(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_nothing_is_loaded_before_it_is_wanted_and_no_source_is_parsed() -> None:
    assert lines_of(_LOADED) == ["[]", "[]", "[]"]


def test_a_supervisor_does_without_what_workers_alone_need() -> None:
    assert lines_of(_LOADED_BY_THE_SUPERVISOR) == ["[]"]
