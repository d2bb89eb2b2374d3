#!/usr/bin/env bash
# prometheus_client's multiprocess mode fails a scrape while another process is making its file.
#
# Seen with prometheus_client 0.26.0. A worker's metrics file is created empty and sized a moment later. A
# scrape between the two raises struct.error, so that `/metrics` of all workers fails because one of them is
# just starting.
#
# Output seen:
#   before: ok
#   beside an empty file: error
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet prometheus-client==0.26.0
mkdir "$work/metrics"
PROMETHEUS_MULTIPROC_DIR="$work/metrics" "$work/venv/bin/python" - <<'PY'
import os
import struct
from pathlib import Path
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

Counter("requests", "of this process").inc()
registry = CollectorRegistry()
MultiProcessCollector(registry)


def scrape():
    try:
        generate_latest(registry)
    except struct.error:
        return "error"
    return "ok"


before = scrape()
# What another process leaves between open() and ftruncate().
(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / "counter_99999.db").touch()
beside = scrape()
print("before:", before)
print("beside an empty file:", beside)
assert (before, beside) == ("ok", "error")
PY
