"""How Tortoise makes the models' classes: without a look at their sources.

For every class, its own included, it would parse the module again that the class is in, for
comments that begin with `#:` and become the columns' own, which takes 130 ms of each process. Here
a model that has something to say in the database lists it as its `column_comments`.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Late:
    """A pattern that is compiled where it is used first."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._wanted = pattern, flags

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._wanted), name)


def _without_source(_: object) -> str:
    # Of Tortoise's own base class, whose comments name no column.
    raise OSError


@contextmanager
def _answering(asked: ModuleType, name: str, by: str, answer: Any) -> Iterator[None]:
    """While this lasts, `asked.name` is `answer` for the module `by`."""
    usual = vars(asked)[name]

    def chosen(*given: Any, **named: Any) -> Any:
        asking = sys._getframe(1).f_globals["__name__"]
        return (answer if asking == by else usual)(*given, **named)

    vars(asked)[name] = chosen
    try:
        yield
    finally:
        vars(asked)[name] = usual


with (
    _answering(inspect, "getsource", "tortoise.models", _without_source),
    # Of domains in every script, which takes 35 ms to compile and checks nothing that is stored.
    _answering(re, "compile", "tortoise.validators", _Late),
):
    from tortoise import models


def _comments(model: type[models.Model]) -> dict[str, str]:
    listed: dict[str, str] = vars(model).get("column_comments", {})
    return listed


vars(models)["_get_comments"] = _comments
