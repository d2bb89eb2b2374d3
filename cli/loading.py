"""Imports of what a command needs: most of the time that a short one takes."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """While this lasts nothing looks for garbage, which takes a seventh of the time: none is made.

    What modules are made of stays, so that no later search goes through it either.
    """
    enabled, known = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        if enabled:
            gc.enable()
