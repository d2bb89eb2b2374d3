"""Kinds of upstream as pages see them, handed in by the wiring: the data plane has their files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from web import key_test


class Endpoint(Protocol):
    """A line of what a provider lets through."""

    @property
    def method(self) -> str: ...

    @property
    def pattern(self) -> str: ...

    @property
    def dialect(self) -> str:
        """How its answers report usage."""
        ...

    @property
    def isolated(self) -> bool:
        """Whether it is served only in projects that isolate objects."""
        ...


class Off(Protocol):
    """What is not let through unless somebody switches it on."""

    @property
    def method(self) -> str: ...

    @property
    def pattern(self) -> str: ...

    @property
    def reason(self) -> str: ...


class Provider(key_test.Provider, Protocol):
    """A kind of upstream with all that it lets through."""

    @property
    def endpoints(self) -> Sequence[Endpoint]: ...

    @property
    def off(self) -> Sequence[Off]: ...
