"""What pydantic checks: each schema is made when it is used first, so that a start makes none."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from pydantic import BaseModel

_ROOMS = ("admin", "manage", "models", "proxy")


def _all(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all(below)


@pytest.fixture
def ours() -> list[type[BaseModel]]:
    import_module("app")
    return [one for one in _all(BaseModel) if one.__module__.partition(".")[0] in _ROOMS]


def test_each_can_be_made(ours: list[type[BaseModel]]) -> None:
    """A mistake in one would else show at the first request that needs it."""
    assert len(ours) > 90
    for one in ours:
        assert one.model_rebuild(force=True), one


def test_none_is_made_before_it_is_used(ours: list[type[BaseModel]]) -> None:
    assert [one for one in ours if not one.model_config.get("defer_build")] == []
