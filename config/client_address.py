"""Whose request it is, behind however many reverse proxies: one rule for every plane.

`X-Forwarded-For` is a claim of its sender. Read from the right, each entry was written by the
hop after it, so it is believed for as long as those hops are TRUSTED_PROXIES.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from config.forms import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """The nearest address that is no proxy of ours.

    `peer` is the other end of the connection, `forwarded_for` the values of all `X-Forwarded-For`
    lines in order. Where an entry is not an address, the trusted hop that sent it is the answer.
    """
    chain = ",".join(forwarded_for)
    if len(chain) > _REMEMBERED_CHARACTERS:
        return _nearest(peer, chain, tuple(trusted))
    return _remembered_nearest(peer, chain, tuple(trusted))


def _nearest(peer: str, chain: str, trusted: tuple[Network, ...]) -> str:
    nearest = _parse(peer)
    if nearest is None:
        return peer
    if not trusted or not _is_trusted(nearest, trusted):
        return str(nearest)
    for entry in reversed(chain.split(",")):
        address = _parse(entry)
        if address is None:
            break
        nearest = address
        if not _is_trusted(address, trusted):
            break
    return str(nearest)


#: A client's requests bring the same addresses again and again.
_remembered_nearest: Final = lru_cache(maxsize=1024)(_nearest)
_REMEMBERED_CHARACTERS: Final = 256


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether the other end of the connection is one of TRUSTED_PROXIES."""
    address = _parse(peer)
    return address is not None and _is_trusted(address, trusted)


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if ip.version == 4:
        return address
    return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))


def _parse(entry: str) -> Address | None:
    """An address, without the port or the brackets that some proxies write."""
    text = entry.strip(" \t")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        # A socket that takes both families reports IPv4 peers like this.
        return address.ipv4_mapped
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)
