"""Header fields as a provider's file has them: what is added for it, and what of the client's is
kept or replaced. Worked out once for a grant; most providers have no such rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from proxy.header_rules import for_upstream, kept_for_upstream, may_cross_upstream
from proxy.headers import RawHeaders
from proxy.providers.provider import Provider


class FieldRules(NamedTuple):
    """Names are in lower case."""

    keep: frozenset[bytes]
    """The client's, which cross although they otherwise would not."""
    replaced: frozenset[bytes]
    """The client's, in whose place the provider's stand, or in which some provider takes a key."""
    added: RawHeaders

    @property
    def keys(self) -> frozenset[bytes]:
        """The client's in which some provider takes a key."""
        return self.replaced - {name for name, _ in self.added}

    def for_upstream(self, headers: RawHeaders) -> RawHeaders:
        """What goes upstream of a client's fields, and what is added to them."""
        crossing = for_upstream(headers) + kept_for_upstream(headers, self.keep)
        passed = [
            field
            for field in crossing
            # To servers that keep fields as CGI does, the one with an underscore is the same.
            if field[0].lower().replace(b"_", b"-") not in self.replaced
        ]
        return passed + self.added


def rules_of(provider: Provider, others: Iterable[Provider] = ()) -> FieldRules | None:
    """A provider's rules; None where it has none.

    A field in which it or any of `others` takes a key holds a key of the client's own: it goes to
    none of them.
    """
    added = [(name.encode("ascii"), value.encode("ascii")) for name, value in provider.headers]
    replaced = {name for name, _ in added}
    for one in (provider, *others):
        if one.auth.startswith("header:"):
            replaced.add(one.auth.removeprefix("header:").lower().encode("ascii"))
    # One that crosses by itself must not cross twice.
    names = (name.encode("ascii") for name in provider.keep_client_headers)
    keep = frozenset(name for name in names if not may_cross_upstream(name))
    # Those that cross for nobody need no rule.
    replaced = {name for name in replaced if name in keep or may_cross_upstream(name)}
    if not keep and not replaced and not added:
        return None
    return FieldRules(keep, frozenset(replaced), added)
