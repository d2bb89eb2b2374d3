"""What of the limits engine's count is believed; with a node, the rest is in `proxy`'s tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from uuid import UUID

import pytest

from models import admissions


class Node:
    """A machine without journals, on which so many were admitted under one epoch of a quota."""

    def __init__(self, used: tuple[int, int] | None) -> None:
        self._used = used

    def journals(self) -> list[str]:
        return []

    async def waiting(self, token_id: UUID, positions: Mapping[str, int]) -> int:
        raise NotImplementedError

    async def used(self, token_id: UUID) -> tuple[int, int] | None:
        return self._used


@pytest.fixture(autouse=True)
def _no_node_afterwards() -> Iterator[None]:
    yield
    admissions.configure(None)


@pytest.mark.parametrize(
    ("used", "let_in"),
    [(None, 5), ((2, 9), 9), ((2, 4), 5), ((1, 9), 5), ((3, 9), 5)],
)
async def test_what_was_admitted_counts_under_the_quota_that_holds(
    used: tuple[int, int] | None, let_in: int
) -> None:
    admissions.configure(Node(used))
    token = SimpleNamespace(id=UUID(int=1), request_count=5, quota_epoch=2)
    assert await admissions.let_in(token) == let_in  # type: ignore[arg-type]
