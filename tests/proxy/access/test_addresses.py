"""Lists of addresses: their answers are kept, as few as are bounded, and stay the same."""

from __future__ import annotations

from proxy.access.addresses import AddressList

ENTRIES = ("10.0.0.0/8", "192.168.*", "2001:db8::/32")
CASES = {
    "10.1.2.3": True,
    "11.1.2.3": False,
    "192.168.7.7": True,
    "::ffff:10.0.0.1": True,
    "2001:db8::1%eth0": True,
    "2001:db9::1": False,
    "": False,
    "10.1.2.3, 11.1.2.3": False,
    "x" * 10_000: False,
}


def test_a_list_answers_the_same_when_it_is_asked_again() -> None:
    allowed = AddressList.of(ENTRIES)
    for _ in range(3):
        assert {address: address in allowed for address in CASES} == CASES


def test_a_list_keeps_no_more_answers_than_are_bounded() -> None:
    allowed = AddressList.of((*ENTRIES, "198.51.100.0/24"))
    for number in range(5000):
        address = f"10.0.{number >> 8}.{number & 255}"
        assert address in allowed
        assert "9" * 100 + address not in allowed
    assert len(allowed._known) <= 1024
    assert max(map(len, allowed._known)) <= 64
    assert AddressList.of(ENTRIES) == AddressList.of(ENTRIES)
