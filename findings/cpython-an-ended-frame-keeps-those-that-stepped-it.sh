#!/usr/bin/env bash
# CPython: who steps a coroutine and holds the error that it gives it keeps all of its frames, since 3.12.
#
# Seen with CPython 3.12.1 and 3.13.0; 3.11.7 keeps nothing. A server that drives a request by plain calls
# (or any `Task`-like class of one's own) hands it an exception; the request raises it, handles it and ends.
# Its frame is then kept by the exception's traceback, and, since 3.12, keeps in `f_back` the frames of
# those that stepped it, with their variables as they were when they ended. One of these is the exception:
# a circle, which holds the request's body until garbage is looked for. Whoever tells of an error has to
# delete it from their frame before it ends, though no traceback of theirs was ever made.
#
# Output seen (PYTHON is a 3.12 or newer):
#   held by who told: kept
#   deleted by who told: gone
set -euo pipefail
PYTHON=${PYTHON:-$(command -v python3.13 || command -v python3.12)}
"$PYTHON" - <<'PY'
import gc
import sys
import weakref

assert sys.version_info >= (3, 12), sys.version


class Body:
    pass


class Wait:
    error = None

    def __await__(self):
        yield
        error, self.error = self.error, None
        try:
            raise error
        finally:
            del error


async def request(wait, body):
    try:
        await wait
    except KeyError:
        assert body is not None


def tell(coroutine, wait, error, deletes):
    wait.error = error
    if deletes:
        del error
    try:
        coroutine.send(None)
    except StopIteration:
        pass


def left(deletes):
    wait, body = Wait(), Body()
    coroutine, seen = request(wait, body), weakref.ref(body)
    del body
    coroutine.send(None)
    tell(coroutine, wait, KeyError(), deletes)
    del coroutine
    return "gone" if seen() is None else "kept"


gc.disable()
found = left(deletes=False), left(deletes=True)
print(f"held by who told: {found[0]}\ndeleted by who told: {found[1]}")
assert found == ("kept", "gone"), found
PY
