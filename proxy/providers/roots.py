"""Which paths are the data plane's: those that begin as some provider's endpoints do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from proxy.providers.provider import Provider

V1: Final = "v1"


def roots(providers: Mapping[str, Provider]) -> tuple[str, ...]:
    """First segments of all providers' paths, `v1` first."""
    found = {root for provider in providers.values() for root in provider.roots}
    return (V1, *sorted(found - {V1}))


class DataPaths(NamedTuple):
    """Targets of requests that go to the data plane."""

    prefixes: tuple[bytes, ...]
    whole: frozenset[bytes]

    @classmethod
    def of(cls, names: Iterable[str] = (V1,)) -> DataPaths:
        """By their first segments; the most frequent one is looked for first."""
        paths = [f"/{name}".encode("ascii") for name in names]
        prefixes = tuple(path + end for path in paths for end in (b"/", b"?"))
        return cls(prefixes, frozenset(paths))

    def has(self, target: bytes) -> bool:
        """Whether a request of this target is the data plane's."""
        return target.startswith(self.prefixes) or target in self.whole


V1_PATHS: Final = DataPaths.of()
