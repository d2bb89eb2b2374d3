"""From `MIDDLEWARE` to objects, before anything is served.

What cannot be used stops the start with a line that says which and why: a middleware that redacts
must not be missing unnoticed.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from asyncio import Task
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from config import ConfigError, Settings
from proxy.middleware.interface import Middleware

HOOKS: Final = ("request", "response_head", "event")
_PLAIN: Final = ("response_head", "event")
_CALLED_WITH: Final = {
    "request": ("view",), "response_head": ("view",), "event": ("view", "data"),
}  # fmt: skip


class Loaded:
    """One middleware: its name in the log, and its hooks; None where it has not got one."""

    __slots__ = ("abandoned", "event", "keeps_body", "name", "request", "response_head")

    def __init__(self, name: str, made: object) -> None:
        self.name = name
        self.request = _hook(made, "request")
        self.response_head = _hook(made, "response_head")
        self.event = _hook(made, "event")
        self.keeps_body = getattr(made, "keeps_body", False)
        #: Calls of `request` that were told to end and have not.
        self.abandoned: set[Task[Any]] = set()

    def __str__(self) -> str:
        hooks = ", ".join(hook for hook in HOOKS if getattr(self, hook) is not None)
        return f"{self.name} has {hooks}{', and keeps bodies' if self.keeps_body else ''}"


def load(settings: Settings) -> tuple[Loaded, ...]:
    """All that `MIDDLEWARE` names, in its order. Raises ConfigError, a line for each problem."""
    loaded: list[Loaded] = []
    problems: list[str] = []
    if settings.middleware and (here := str(Path.cwd())) not in sys.path:
        # As `python -m cli` has it. Behind all else, so that nothing there stands in for another.
        sys.path.append(here)
    for name in settings.middleware:
        try:
            loaded.append(_load(name, settings))
        except _CannotUse as exc:
            problems.append(f"MIDDLEWARE: {name}: {exc}. Allowed: package.module:factory.")
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(loaded)


def _hook(made: object, name: str) -> Callable[..., Any] | None:
    """One of its hooks; None where it has it only as it inherits from the interface."""
    found: Callable[..., Any] | None = getattr(made, name, None)
    inherited = getattr(found, "__func__", None) is getattr(Middleware, name)
    return None if inherited else found


class _CannotUse(Exception):
    """Why, in a few words."""


def _load(name: str, settings: Settings) -> Loaded:
    module, _, attribute = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except BaseException as exc:
        raise _CannotUse(f"the module cannot be imported ({_said(exc)})") from exc
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except BaseException as exc:
            raise _CannotUse(f"the module has no {attribute}") from exc
    if not callable(found):
        raise _CannotUse(f"{attribute} cannot be called")
    try:
        made = found(settings)
    except BaseException as exc:
        raise _CannotUse(f"{attribute}(settings) failed ({_said(exc)})") from exc
    try:
        return _checked(name, made)
    except _CannotUse:
        raise
    except BaseException as exc:
        said = f"what it returns, {type(made).__name__}, cannot be looked at ({_said(exc)})"
        raise _CannotUse(said) from exc


def _checked(name: str, made: object) -> Loaded:
    """What a factory has made, where it can be used."""
    hooks = {hook: _hook(made, hook) for hook in HOOKS}
    there = [hook for hook, found in hooks.items() if found is not None]
    if not there:
        listed = ", ".join(HOOKS)
        raise _CannotUse(f"what it returns, {type(made).__name__}, has none of {listed}")
    for hook in there:
        if not callable(hooks[hook]):
            raise _CannotUse(f"{hook} cannot be called")
        _check_form(hook, hooks[hook])
    if not isinstance(getattr(made, "keeps_body", False), bool):
        raise _CannotUse("keeps_body is neither True nor False")
    return Loaded(name, made)


def _check_form(hook: str, found: Any) -> None:
    """Whether it takes what it is called with, and is async or not as it has to be."""
    forms = found, vars(type(found)).get("__call__")
    if any(map(inspect.isasyncgenfunction, forms)) or any(map(inspect.isgeneratorfunction, forms)):
        raise _CannotUse(f"{hook} must not yield")
    if hook in _PLAIN and any(map(inspect.iscoroutinefunction, forms)):
        raise _CannotUse(f"{hook} must not be async")
    try:
        inspect.signature(found).bind(*_CALLED_WITH[hook])
    except TypeError as exc:
        listed = ", ".join(_CALLED_WITH[hook])
        raise _CannotUse(f"{hook} cannot be called with ({listed}): {exc}") from exc
    except ValueError:
        # One written in C may say nothing of it.
        return


def _said(exc: BaseException) -> str:
    """In one line; what is raised while a program is loaded quotes no request."""
    text = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
