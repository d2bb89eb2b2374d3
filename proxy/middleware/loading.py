"""From `MIDDLEWARE` to objects, before anything is served.

What cannot be used stops the start with a line that says which and why: a middleware that redacts
must not be missing unnoticed.
"""

from __future__ import annotations

import importlib
from asyncio import Task
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Final

from config import ConfigError, Settings
from proxy.middleware.interface import Middleware

HOOKS: Final = ("request", "response_head", "event")
_PLAIN: Final = ("response_head", "event")


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
        if not hasattr(found, part):
            raise _CannotUse(f"the module has no {attribute}")
        found = getattr(found, part)
    if not callable(found):
        raise _CannotUse(f"{attribute} cannot be called")
    try:
        made = found(settings)
    except BaseException as exc:
        raise _CannotUse(f"{attribute}(settings) failed ({_said(exc)})") from exc
    return _checked(name, made)


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
    for hook in _PLAIN:
        if iscoroutinefunction(hooks[hook]):
            raise _CannotUse(f"{hook} must not be async")
    if not isinstance(getattr(made, "keeps_body", False), bool):
        raise _CannotUse("keeps_body is neither True nor False")
    return Loaded(name, made)


def _said(exc: BaseException) -> str:
    """In one line; what is raised while a program is loaded quotes no request."""
    text = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
