"""Whose request it is: only hops that are trusted are believed."""

from ipaddress import ip_network

import pytest

from config.client_address import client_address

_TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        # A stranger's claim is not believed.
        ("192.0.2.1", ["203.0.113.5"], "192.0.2.1"),
        # A proxy of ours without a claim is the client itself.
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        # What the client wrote stands left of what our proxy saw.
        ("10.0.0.1", ["1.1.1.1, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5, 10.9.9.9"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5", "10.9.9.9, 10.8.8.8"], "203.0.113.5"),
        ("10.0.0.1", ["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
        # Past something that is no address nobody can be believed.
        ("10.0.0.1", ["203.0.113.5, unknown, 10.3.3.3"], "10.3.3.3"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5, "], "10.0.0.1"),
        # Ports, brackets, zones and the IPv4 in an IPv6 are ways of writing.
        ("10.0.0.1", ["203.0.113.5:1234"], "203.0.113.5"),
        ("10.0.0.1", ["[2001:DB8::5]:1234"], "2001:db8::5"),
        ("10.0.0.1", ["2001:db8:0::5"], "2001:db8::5"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.5"], "203.0.113.5"),
        ("::1", ["203.0.113.5"], "203.0.113.5"),
        ("fe80::1%eth0", [], "fe80::1"),
        ("", ["203.0.113.5"], ""),
    ],
)
def test_address(peer: str, forwarded_for: list[str], address: str) -> None:
    assert client_address(peer, forwarded_for, _TRUSTED) == address


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert client_address("10.0.0.1", ["203.0.113.5"], ()) == "10.0.0.1"
