#!/usr/bin/env bash
# `msgspec.json.Encoder.encode_lines` never lets go of the iterator of what it is given, unless that is a list.
#
# Seen with msgspec 0.22.0 and CPython 3.11.7. A list is read by its items; of a tuple, or of anything else, an
# iterator is made whose count of references is never taken back. The lines are right, and nothing warns: who
# encodes one object as a line by `encode_lines((one,))` loses some 50 bytes with each call.
#
# Output seen:
#   list: 0 iterators left of 1000 calls
#   tuple: 1000 iterators left of 1000 calls
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet msgspec==0.22.0
"$work/venv/bin/python" - <<'PY'
import gc

import msgspec

encoder = msgspec.json.Encoder()


def left(kind: type) -> int:
    """How many iterators there are more behind a thousand calls."""
    made = type(iter(kind()))
    before = sum(type(one) is made for one in gc.get_objects())
    for _ in range(1000):
        assert encoder.encode_lines(kind((1,))) == b"1\n"
    gc.collect()
    return sum(type(one) is made for one in gc.get_objects()) - before


found = {kind: left(kind) for kind in (list, tuple)}
for kind, number in found.items():
    print(f"{kind.__name__}: {number} iterators left of 1000 calls")
assert found[list] < 10
assert found[tuple] >= 1000
PY
