"""Addresses that are never an upstream, whatever name led to them.

Metadata services hand out a machine's credentials to every process on it; link-local, multicast
and unspecified addresses are no servers. Private and loopback ones are: a local vLLM, say.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final

_METADATA: Final = (
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure's WireServer
    "192.0.0.192/32",  # Oracle Cloud
    "fd00:42::42/128",  # Scaleway
    "fd00:c1::a9fe:a9fe/128",  # Oracle Cloud
    "fd00:ec2::/32",  # AWS: metadata, container credentials, name server
    "fd20:ce::254/128",  # Google Cloud
)
_NETWORKS: Final = tuple(map(ipaddress.ip_network, _METADATA))

# Ways to write an IPv4 address as an IPv6 one that some gateway or kernel translates back; the
# number says how many bits follow the IPv4 address.
_EMBEDDING: Final = (
    (IPv6Network("::/96"), 0),  # IPv4-compatible, RFC 4291 2.5.5.1
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of one's own, RFC 8215
    (IPv6Network("2002::/16"), 80),  # 6to4
)


def is_refused(address: str) -> bool:
    """Whether a resolved address is never an upstream.

    Checked where the connection is made, since a name can resolve to anything by then.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    return any(map(_is_refused, (ip, *_embedded(ip))))


def _is_refused(ip: IPv4Address | IPv6Address) -> bool:
    return (
        ip.is_link_local
        or ip.is_multicast
        or ip.is_unspecified
        or any(ip in network for network in _NETWORKS)
    )


def _embedded(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(ip, IPv4Address) or ip.is_loopback:
        return []
    return [
        IPv4Address(int(ip) >> bits & 0xFFFF_FFFF) for network, bits in _EMBEDDING if ip in network
    ]
