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
"""


def test_libraries_are_loaded_once_nothing_looks_for_garbage_and_not_before_they_are_needed() -> (
    None
):
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "[]"]
