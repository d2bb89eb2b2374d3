"""Lists of client addresses: single ones, networks, and texts with `*`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from models.patterns import Pattern

#: Addresses whose answer a list keeps, and how long in characters they may be.
_KNOWN_MAX: Final = 1024
_ADDRESS_MAX: Final = 64
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Where IPv6 writes the addresses of IPv4.
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class AddressList:
    """`"10.0.0.7" in AddressList.of(("10.0.0.0/8", "192.168.*"))`."""

    networks: tuple[Network, ...]
    pattern: Pattern | None
    #: What was asked before: a client comes from the same few addresses.
    _known: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, entries: tuple[str, ...]) -> AddressList:
        """From entries that were validated where they were set."""
        return _parse(entries)

    def __contains__(self, address: object) -> bool:
        text = str(address)
        known = self._known.get(text)
        if known is None:
            known = self._holds(text)
            if len(text) <= _ADDRESS_MAX:
                if len(self._known) >= _KNOWN_MAX:
                    self._known.clear()
                self._known[text] = known
        return known

    def _holds(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if self.pattern is not None and self.pattern.allows(str(ip)):
            return True
        return any(ip.version == network.version and ip in network for network in self.networks)


@lru_cache(maxsize=1024)
def _parse(entries: tuple[str, ...]) -> AddressList:
    with_star = [entry for entry in entries if "*" in entry]
    networks = tuple(_network(entry) for entry in entries if "*" not in entry)
    return AddressList(networks, Pattern.of(with_star) if with_star else None)


def _network(entry: str) -> Network:
    network = ipaddress.ip_network(entry, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        # Addresses are compared as IPv4, too.
        network = ipaddress.IPv4Network(
            (network.network_address.packed[-4:], network.prefixlen - _MAPPED.prefixlen)
        )
    return network
