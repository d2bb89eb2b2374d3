#!/usr/bin/env bash
# Setting a field of a msgspec.Struct never becomes CPython's fast instruction for slots.
#
# Seen with msgspec 0.22.0 and CPython 3.11.7, 3.12.1 and 3.13.0. A Struct has slots, is made by C, and reading its fields
# is specialised like reading any slot. But its type has a `tp_setattro` of its own (which minds `frozen` and the
# garbage collector), and the interpreter specialises STORE_ATTR only for types without one. So an object that
# is made once and whose fields are then set some forty times, as the state of a request is, costs more as a
# Struct than as a plain class with `__slots__`: each set is a look-up of the name in the type, and a call.
#
# Output seen:
#   class with __slots__: LOAD_ATTR_SLOT, STORE_ATTR_SLOT
#   msgspec.Struct: LOAD_ATTR_SLOT, STORE_ATTR
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet msgspec==0.22.0
"$work/venv/bin/python" - <<'PY'
import dis

import msgspec


class Slots:
    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class Struct(msgspec.Struct):
    count: int


def instructions(of: type) -> list[str]:
    scope = {}
    # A function of its own for each, since what is learnt belongs to the code.
    exec("def bump(one):\n    one.count = one.count + 1", scope)
    one = of(0)
    for _ in range(1000):
        scope["bump"](one)
    names = [each.opname for each in dis.get_instructions(scope["bump"], adaptive=True)]
    return [name for name in names if "_ATTR" in name]


slots, struct = instructions(Slots), instructions(Struct)
print("class with __slots__:", ", ".join(slots))
print("msgspec.Struct:", ", ".join(struct))
assert slots == ["LOAD_ATTR_SLOT", "STORE_ATTR_SLOT"]
assert struct[0] == "LOAD_ATTR_SLOT"
assert struct[1] != "STORE_ATTR_SLOT"
PY
