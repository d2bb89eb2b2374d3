"""Header fields as a provider's file has them: what is added for it, and what of the client's is
kept or replaced. Worked out once for a grant; most providers have no such rules."""

from __future__ import annotations

from typing import NamedTuple

from proxy.header_rules import for_upstream, kept_for_upstream, may_cross_upstream
from proxy.headers import RawHeaders
from proxy.providers.provider import Provider


class FieldRules(NamedTuple):
    """Names are in lower case."""

    keep: frozenset[bytes]
    """The client's, which cross although they otherwise would not."""
    replaced: frozenset[bytes]
    """The client's, in whose place the provider's stand, or that hold its credential."""
    added: RawHeaders

    def for_upstream(self, headers: RawHeaders) -> RawHeaders:
        """What goes upstream of a client's fields, and what is added to them."""
        crossing = for_upstream(headers) + kept_for_upstream(headers, self.keep)
        return [field for field in crossing if field[0].lower() not in self.replaced] + self.added


def rules_of(provider: Provider) -> FieldRules | None:
    """A provider's rules; None where it has none."""
    added = [(name.encode("ascii"), value.encode("ascii")) for name, value in provider.headers]
    replaced = {name for name, _ in added}
    if provider.auth.startswith("header:"):
        replaced.add(provider.auth.removeprefix("header:").lower().encode("ascii"))
    # One that crosses by itself must not cross twice.
    names = (name.encode("ascii") for name in provider.keep_client_headers)
    keep = frozenset(name for name in names if not may_cross_upstream(name))
    if not keep and not replaced:
        return None
    return FieldRules(keep, frozenset(replaced), added)
