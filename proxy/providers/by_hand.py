"""What a project makes of its provider's list by hand: narrower, wider, or both."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_to_bytes

from models.endpoint_rules import EndpointList, Extra
from proxy.providers.endpoints import Endpoint, Matcher, Methods
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

    def allowed(self, methods: Methods, path: bytes) -> Methods:
        """What the project leaves of its provider's methods of a path."""
        listed = self._allowed
        if listed is None:
            return methods
        named = on_list(listed, self.provider, methods, path)
        if self._extra is not None:
            named |= self._extra.match(path).keys()
        return {method: route for method, route in methods.items() if method in named}


def on_list(listed: EndpointList, provider: Provider, methods: Methods, path: bytes) -> set[str]:
    """Which of a provider's methods of a path are on a list, a project's or a token's: as it was
    sent, and as an upstream reads it that decodes a path before it takes it apart."""
    named = listed.allowed(path.decode("ascii"), _lines(methods))
    if not named or b"%" not in path or (decoded := unquote_to_bytes(path)) == path:
        return named
    others = provider.match(decoded)
    also = listed.allowed(decoded.decode("latin-1"), _lines(others))
    return {
        method
        for method in named
        if method in also
        or method not in others
        or others[method].pattern == methods[method].pattern
    }


def _lines(methods: Methods) -> dict[str, str]:
    return {method: route.pattern for method, route in methods.items()}


@lru_cache(maxsize=1024)
def _made(provider: Provider, allowed: tuple[str, ...] | None, extra: tuple[Extra, ...]) -> ByHand:
    return ByHand(provider, EndpointList.of(allowed), extra)


def by_hand(
    provider: Provider, allowed: tuple[str, ...] | None, extra: tuple[Extra, ...]
) -> ByHand | None:
    """None where a project leaves its provider's list as it is, as most do."""
    return None if allowed is None and not extra else _made(provider, allowed, extra)
