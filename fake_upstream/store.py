"""What the fake provider remembers between requests: responses, files, batches, each bounded."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class StoredFile:
    description: dict[str, Any]
    content: bytes


class Store:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.responses: dict[str, dict[str, Any]] = {}
        self.files: dict[str, StoredFile] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        #: What has become of each of a batch's requests.
        self.message_batches: dict[str, list[dict[str, Any]]] = {}

    def new_id(self, prefix: str) -> str:
        """`chatcmpl-fake00000001` and so on: unique within this upstream, and short."""
        return f"{prefix}fake{next(self._numbers):08x}"

    @staticmethod
    def keep(shelf: dict[str, T], key: str, value: T) -> None:
        """Remember a value, forgetting the oldest when the shelf is full."""
        if len(shelf) >= _LIMIT:
            del shelf[next(iter(shelf))]
        shelf[key] = value
