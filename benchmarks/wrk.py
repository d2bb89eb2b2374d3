"""`wrk` in place of our own closed loop, where it is installed: the upstream gets more room."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.target import BadAnswer

_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
{headers}
function done(summary)
  io.write("answered ", summary.requests, " failed ", summary.errors.status
    + summary.errors.connect + summary.errors.read + summary.errors.timeout, "\\n")
end
"""
_SUMMARY = re.compile(r"answered (\d+) failed (\d+)")


@cache
def installed() -> bool:
    """Whether there is a wrk that starts."""
    path = shutil.which("wrk")
    # Its version comes with a usage error; a missing library would come with 127.
    return path is not None and (
        subprocess.run([path, "-v"], check=False, capture_output=True).returncode != 127
    )


def run(port: int, request: bytes, connections: int, seconds: float) -> int:
    """Repeat a request; how often it was answered. Raises BadAnswer where one failed."""
    head, _, body = request.decode("ascii").partition("\r\n\r\n")
    lines = [line.partition(": ") for line in head.split("\r\n")[1:]]
    script = _SCRIPT.format(
        body=json.dumps(body),
        headers="\n".join(
            f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
            for name, _, value in lines
            if name not in ("Host", "Content-Length")
        ),
    )
    path = head.split(" ", 2)[1]
    with tempfile.TemporaryDirectory(prefix="bench-wrk-") as directory:
        file = Path(directory, "request.lua")
        file.write_text(script, encoding="ascii")
        # Whole seconds are all that it takes.
        command = ["wrk", "-t1", f"-c{connections}", f"-d{math.ceil(seconds)}s", "-s", str(file)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{path}"],
            check=False,
            capture_output=True,
            text=True,
        )
    found = _SUMMARY.search(done.stdout)
    if found is None or int(found[2]):
        raise BadAnswer(done.stdout + done.stderr)
    return int(found[1])
