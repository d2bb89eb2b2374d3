"""Structs whose fields are set by Python's own way."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

import msgspec

from proxy.settable import settable
from tests.proxy.rows import a_request, an_exchange


def _nothing() -> None: ...


@settable
class _Cell(msgspec.Struct, eq=False, weakref=True):
    of: Any = None
    then: Callable[[], None] = _nothing


def test_fields_are_set_as_those_of_other_classes() -> None:
    cell = _Cell(1)
    cell.of = [2]
    del cell.then
    assert cell.of == [2]
    assert not hasattr(cell, "then")
    assert _Cell.__setattr__ is object.__setattr__


def test_a_cycle_through_one_is_collected() -> None:
    cell = _Cell()
    cell.of = cell
    gone = ref(cell)
    del cell
    gc.collect()
    assert gone() is None


async def test_an_exchange_is_known_to_the_garbage_collector_from_the_beginning() -> None:
    exchange = await asyncio.create_task(_begun())
    assert gc.is_tracked(exchange)


async def _begun() -> Any:
    return an_exchange(a_request())
