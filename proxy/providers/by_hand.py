"""What a project makes of its provider's list by hand: narrower, wider, or both."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_to_bytes

from models.endpoint_rules import EndpointList, Extra
from proxy.providers.endpoints import Endpoint, Matcher, Route
from proxy.providers.provider import Provider


class ByHand:
    """One object for all grants with the same rules: plans are remembered by it."""

    __slots__ = ("_allowed", "_extra", "provider")

    def __init__(
        self, provider: Provider, allowed: EndpointList | None, extra: tuple[Extra, ...]
    ) -> None:
        self._allowed = allowed
        self._extra = Matcher(tuple(Endpoint(*one) for one in extra)) if extra else None
        self.provider = provider if self._extra is None else provider.widened(self._extra)
        """With what the project adds to it, which no list of the project takes away again."""

    def allows(self, method: str, path: bytes, route: Route) -> bool:
        """Whether the project lets a request by this route of its provider through."""
        if self._allowed is None or self._adds(method, path):
            return True
        if not self._allowed.allows(method, path.decode("ascii"), route.pattern):
            return False
        # What an upstream makes of it that decodes a path before it takes it apart.
        decoded = unquote_to_bytes(path) if b"%" in path else path
        other = None if decoded == path else self.provider.match(decoded).get(method)
        return (
            other is None
            or other.pattern == route.pattern
            or self._allowed.allows(method, decoded.decode("latin-1"), other.pattern)
        )

    def _adds(self, method: str, path: bytes) -> bool:
        return self._extra is not None and method in self._extra.match(path)


@lru_cache(maxsize=1024)
def _made(provider: Provider, allowed: tuple[str, ...] | None, extra: tuple[Extra, ...]) -> ByHand:
    return ByHand(provider, EndpointList.of(allowed), extra)


def by_hand(
    provider: Provider, allowed: tuple[str, ...] | None, extra: tuple[Extra, ...]
) -> ByHand | None:
    """None where a project leaves its provider's list as it is, as most do."""
    return None if allowed is None and not extra else _made(provider, allowed, extra)
